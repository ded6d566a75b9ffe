"""Expressions of index variables, computed for all values of these at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sema.evaluate import evaluate, mentioned
from sfc.sema.scope import Scope
from sfc.syntax import ast

Vector = NDArray[Any]

_EXACT = 2**53
"""Largest magnitude up to which doubles hold every integer."""


class NotVectorised(Exception):
    """An expression must be computed value by value: it is unusual, or it may have a mistake."""


_OPERATORS: dict[str, Callable[[Vector, Vector], Vector]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def vector(
    expression: ast.Expression, columns: Mapping[str, Vector], scope: Scope, spike: int | None
) -> Vector:
    """Returns the values of an expression for all rows of the index variables' columns.

    The values are those that `sfc.sema.evaluate.evaluate` gives row by row.

    Args:
        columns: (n,) integers, by index variable.
        spike: what the name `spike` stands for.

    Raises:
        NotVectorised: it has to be computed row by row.
        Abandon: a mistake was reported.
    """
    if not any(reference.name.text in columns for reference in mentioned(expression)):
        value = evaluate(expression, scope, spike)
        if isinstance(value, tuple):
            raise NotVectorised
        return _checked(np.asarray(value))
    if isinstance(expression, ast.Reference) and not expression.trailers:
        return columns[expression.name.text]
    if isinstance(expression, ast.Unary):
        inner = vector(expression.operand, columns, scope, spike)
        if expression.operator == "not":
            return np.logical_not(_truths(inner))
        return -_numbers(inner) if expression.operator == "-" else _numbers(inner)
    if isinstance(expression, ast.Operation):
        left = vector(expression.first, columns, scope, spike)
        for symbol, operand in expression.rest:
            left = _binary(symbol, left, vector(operand, columns, scope, spike))
        return left
    raise NotVectorised


def _binary(symbol: str, left: Vector, right: Vector) -> Vector:
    if symbol in ("and", "or"):
        combine = np.logical_and if symbol == "and" else np.logical_or
        return combine(_truths(left), _truths(right))
    left, right = _numbers(left), _numbers(right)
    if symbol in ("/", "%") and (right != 0).all():
        return _checked(np.true_divide(left, right) if symbol == "/" else np.mod(left, right))
    if symbol not in _OPERATORS:
        raise NotVectorised
    return _checked(_OPERATORS[symbol](left, right))


def _checked(values: Vector) -> Vector:
    """Returns truths, or numbers that 64-bit integers and doubles hold exactly."""
    if values.dtype.kind == "b":
        return values
    if values.dtype.kind not in "if" or not (np.abs(values) < _EXACT).all():
        raise NotVectorised
    return values


def _numbers(values: Vector) -> Vector:
    if values.dtype.kind not in "if":
        raise NotVectorised
    return values


def _truths(values: Vector) -> Vector:
    if values.dtype.kind != "b":
        raise NotVectorised
    return values
