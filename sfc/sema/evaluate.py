"""Computes expressions at compile time: 64-bit integers, reals and booleans."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator

from sfc.diagnostics import nearest
from sfc.ir.limits import INTEGER_LIMIT
from sfc.sema.scope import Scope
from sfc.span import Span
from sfc.syntax import ast

Value = int | float | bool


def _round(value: float) -> int:
    """Rounds to the nearest integer, halves away from zero."""
    whole = math.floor(abs(value))
    whole += abs(value) - whole >= 0.5
    return -whole if value < 0 else whole


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "min": (1, 99, lambda *values: min(values)),
    "max": (1, 99, lambda *values: max(values)),
    "abs": (1, 1, abs),
    "floor": (1, 1, math.floor),
    "ceil": (1, 1, math.ceil),
    "round": (1, 1, _round),
    "sqrt": (1, 1, math.sqrt),
    "log2": (1, 1, math.log2),
}
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}


def evaluate(expression: ast.Expression, scope: Scope, spike: int | None = None) -> Value:
    """Returns the value of an expression.

    Args:
        spike: what the name `spike` stands for, where it stands for something.

    Raises:
        Abandon: a mistake was reported.
    """
    if isinstance(expression, ast.Number | ast.Boolean):
        return expression.value
    with scope.deeper(expression.span):
        if isinstance(expression, ast.Reference):
            return _reference(expression, scope, spike)
        if isinstance(expression, ast.Unary):
            return _unary(expression, scope, spike)
        if isinstance(expression, ast.Call):
            return _call(expression, scope, spike)
        return _operation(expression, scope, spike)


def number(expression: ast.Expression, scope: Scope, spike: int | None = None) -> int | float:
    """Returns the value of an expression that must be a number."""
    return _number(evaluate(expression, scope, spike), expression.span, scope)


def integer(
    expression: ast.Expression, scope: Scope, what: str, low: int, high: int, help: str = ""
) -> int:
    """Returns the value of an expression that must be an integer within low..high.

    Args:
        what: how a message calls the value, for instance "the delay".
        help: printed with a message that it is out of range.
    """
    value = number(expression, scope)
    if isinstance(expression, ast.Reference) and (value != int(value) or not low <= value <= high):
        scope.once(("value", expression.name.text, low, high))
    if value != int(value):
        message = f"{what} is {value!r}; an integer is needed"
        help = f"write {math.floor(value)} or {math.ceil(value)}, or use floor, ceil or round"
        scope.error("E0301", message, expression.span, help=help)
    if not low <= value <= high:
        shown = int(value) if abs(value) <= INTEGER_LIMIT else value
        message = f"{what} is {shown}; it can be {low} to {high}"
        scope.error("E0302", message, expression.span, help=help)
    return int(value)


def mentioned(expression: ast.Expression) -> Iterator[ast.Reference]:
    """Yields every reference in an expression."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Reference):
            yield part
        elif isinstance(part, ast.Unary):
            waiting.append(part.operand)
        elif isinstance(part, ast.Call):
            waiting += [argument.expression for argument in part.arguments]
        elif isinstance(part, ast.Operation):
            waiting += [part.first, *(operand for _, operand in part.rest)]


def _reference(reference: ast.Reference, scope: Scope, spike: int | None) -> Value:
    if reference.name.text == "spike" and not reference.trailers:
        if spike is not None:
            return spike
        message = "`spike` is known only in the weight of a projection"
        scope.error("E0201", message, reference.span, help="declare a constant with its value")
    value: Value = scope.lookup(reference.name, "constant", "parameter")
    if reference.trailers:
        message = f"`{reference.name.text}` is a number and has no parts"
        scope.error("E0202", message, reference.trailers[0].span)
    return value


def _operation(expression: ast.Operation, scope: Scope, spike: int | None) -> Value:
    left, place = evaluate(expression.first, scope, spike), expression.first.span
    for symbol, operand in expression.rest:
        right = evaluate(operand, scope, spike)
        left = _binary(symbol, left, right, (place, operand.span), scope)
        place = place.to(operand.span)
    return left


def _unary(expression: ast.Unary, scope: Scope, spike: int | None) -> Value:
    value = evaluate(expression.operand, scope, spike)
    if expression.operator == "not":
        return not _truth(value, expression.operand.span, scope)
    value = _number(value, expression.operand.span, scope)
    return -value if expression.operator == "-" else value


def _binary(
    symbol: str, left: Value, right: Value, places: tuple[Span, Span], scope: Scope
) -> Value:
    span = places[0].to(places[1])
    if symbol in ("and", "or"):
        truths = (_truth(left, places[0], scope), _truth(right, places[1], scope))
        return all(truths) if symbol == "and" else any(truths)
    if symbol in ("==", "!=") and isinstance(left, bool) and isinstance(right, bool):
        return _COMPARISONS[symbol](left, right)
    left, right = _number(left, places[0], scope), _number(right, places[1], scope)
    if symbol in _COMPARISONS:
        return _COMPARISONS[symbol](left, right)
    if symbol in ("/", "%") and right == 0:
        scope.error("E0304", "division by zero", span)
    if symbol == "**" and abs(right) > 1024:
        scope.error("E0304", f"the exponent is {right}; it can be -1024 to 1024", places[1])
    try:
        return _checked(_ARITHMETIC[symbol](left, right), span, scope)
    except (OverflowError, ZeroDivisionError):
        scope.error("E0304", f"{left} {symbol} {right} has no value", span)


def _call(call: ast.Call, scope: Scope, spike: int | None) -> Value:
    name = call.name.text
    if name not in _FUNCTIONS:
        help = nearest(name, _FUNCTIONS) or f"the functions are {', '.join(_FUNCTIONS)}"
        scope.error("E0201", f"unknown function `{name}`", call.name.span, help=help)
    low, high, function = _FUNCTIONS[name]
    if any(argument.name for argument in call.arguments):
        help = "write the values without names"
        scope.error("E0205", f"`{name}` has no named arguments", call.span, help=help)
    if not low <= len(call.arguments) <= high:
        wanted = f"{low} argument{'s' if low > 1 else ''}" + (" or more" if high > low else "")
        message = f"`{name}` takes {wanted}, found {len(call.arguments)}"
        scope.error("E0305", message, call.span)
    values = [number(argument.expression, scope, spike) for argument in call.arguments]
    try:
        return _checked(function(*values), call.span, scope)
    except (ValueError, OverflowError):
        shown = ", ".join(str(value) for value in values)
        scope.error("E0304", f"{name}({shown}) has no value", call.span)


def _checked(value: Value | complex, span: Span, scope: Scope) -> Value:
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        scope.error("E0304", "the result is not a finite real number", span)
    if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
        scope.error("E0304", "the result exceeds the largest integer, 2^63 - 1", span)
    return value


def _number(value: Value, span: Span, scope: Scope) -> int | float:
    if isinstance(value, bool):
        scope.error("E0305", f"a number is needed, found {str(value).lower()}", span)
    return value


def _truth(value: Value, span: Span, scope: Scope) -> bool:
    if not isinstance(value, bool):
        scope.error("E0305", f"true or false is needed, found the number {value}", span)
    return bool(value)
