"""The functions and operators of expressions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

Scalar = int | float | bool
Value = Scalar | tuple[Any, ...]
"""What an expression can be; an array is a tuple of values."""


def _round(value: float) -> int:
    """Rounds to the nearest integer, halves away from zero."""
    whole = math.floor(abs(value))
    whole += abs(value) - whole >= 0.5
    return -whole if value < 0 else whole


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "min": (1, 99, lambda *values: min(values)),
    "max": (1, 99, lambda *values: max(values)),
    "sum": (1, 99, lambda *values: sum(values)),
    "abs": (1, 1, abs),
    "floor": (1, 1, math.floor),
    "ceil": (1, 1, math.ceil),
    "round": (1, 1, _round),
    "sqrt": (1, 1, math.sqrt),
    "log2": (1, 1, math.log2),
}
"""Functions of numbers: fewest and most arguments, and what computes them."""

OF_ARRAYS = ("min", "max", "sum")
"""Functions that take one array as well."""

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

ARITHMETIC: dict[str, Callable[[Any, Any], Scalar]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}


def described(value: object) -> str:
    """Returns what a value is, in a few words."""
    if isinstance(value, tuple):
        return f"an array of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"the number {value}"
