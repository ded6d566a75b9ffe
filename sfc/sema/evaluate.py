"""Computes expressions at compile time: 64-bit integers, reals, booleans and arrays of these."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sfc.diagnostics import nearest
from sfc.ir.limits import ARRAY_LIMIT, INTEGER_LIMIT
from sfc.sema import paths
from sfc.sema.functions import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    OF_ARRAYS,
    Scalar,
    Value,
    described,
)
from sfc.sema.scope import Kind, Scope
from sfc.span import Span
from sfc.syntax import ast

_NUMBERS: tuple[Kind, ...] = ("constant", "parameter")
_WITH_LENGTH: tuple[Kind, ...] = (*_NUMBERS, "population", "input", "chain")


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
        if isinstance(expression, ast.Array):
            return _array(expression, scope, spike)
        return _operation(expression, scope, spike)


def number(expression: ast.Expression, scope: Scope, spike: int | None = None) -> int | float:
    """Returns the value of an expression that must be a number."""
    return _number(evaluate(expression, scope, spike), expression.span, scope)


def truth(expression: ast.Expression, scope: Scope) -> bool:
    """Returns the value of an expression that must be true or false."""
    return _truth(evaluate(expression, scope), expression.span, scope)


def integer(
    expression: ast.Expression, scope: Scope, what: str, low: int, high: int, help: str = ""
) -> int:
    """Returns the value of an expression that must be an integer within low..high.

    Args:
        what: how a message calls the value, for instance "the delay".
        help: printed with a message that it is out of range.
    """
    value = number(expression, scope)
    wrong = value != int(value) or not low <= value <= high
    if wrong and isinstance(expression, ast.Reference) and not expression.trailers:
        scope.once(("value", scope.path, expression.name.text, low, high))
    if value != int(value):
        message = f"{what} is {value!r}; an integer is needed"
        help = f"write {math.floor(value)} or {math.ceil(value)}, or use floor, ceil or round"
        scope.error("E0301", message, expression.span, help=help)
    if not low <= value <= high:
        shown = int(value) if abs(value) <= INTEGER_LIMIT else value
        message = f"{what} is {shown}; it can be {low} to {high}"
        scope.error("E0302", message, expression.span, help=help)
    return int(value)


def whole_range(interval: ast.Interval, scope: Scope, limit: int = ARRAY_LIMIT) -> range:
    """Returns the integers of ``a..b``, both included, or the one of ``a``.

    A range that runs down is empty.

    Args:
        limit: most integers.
    """
    what = "an end of a range"
    low = integer(interval.low, scope, what, -INTEGER_LIMIT, INTEGER_LIMIT)
    if interval.high is None:
        return range(low, low + 1)
    high = integer(interval.high, scope, what, -INTEGER_LIMIT, INTEGER_LIMIT)
    if high - low >= limit:
        message = f"{low}..{high} are {high - low + 1:,} integers; at most {limit:,} are possible"
        scope.error("E0306", message, interval.span)
    return range(low, high + 1)


def elements(interval: ast.Interval, scope: Scope) -> tuple[Value, ...]:
    """Returns what a loop over ``a..b`` or over an array goes through."""
    if interval.high is None:
        value = evaluate(interval.low, scope)
        if isinstance(value, tuple):
            return value
        message = f"a range or an array is needed, found {described(value)}"
        scope.error("E0305", message, interval.span, help="write a range, for instance 0..9")
    return tuple(whole_range(interval, scope))


def index_ends(interval: ast.Interval, scope: Scope) -> tuple[int, int | None]:
    """Returns the integers of ``a..b``, or the one of ``a`` and None."""
    low, high = (
        None if end is None else integer(end, scope, "an index", -(2**62), 2**62)
        for end in (interval.low, interval.high)
    )
    assert low is not None
    return low, high


def follow(
    reference: ast.Reference, scope: Scope, kinds: tuple[Kind, ...], relays: bool = True
) -> paths.Found:
    """Goes along a reference as far as it leads; see `sfc.sema.paths.follow`."""
    return paths.follow(reference, scope, index_ends, kinds, relays)


def mentioned(expression: ast.Expression) -> Iterator[ast.Reference]:
    """Yields every reference in an expression."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Reference):
            yield part
            indices = (t for t in part.trailers if isinstance(t, ast.Index))
            waiting += [end for trailer in indices for end in _both(trailer.intervals)]
        elif isinstance(part, ast.Unary):
            waiting.append(part.operand)
        elif isinstance(part, ast.Call):
            waiting += [argument.expression for argument in part.arguments]
        elif isinstance(part, ast.Array):
            waiting += _both(part.items)
        elif isinstance(part, ast.Operation):
            waiting += [part.first, *(operand for _, operand in part.rest)]


def _both(intervals: tuple[ast.Interval, ...]) -> list[ast.Expression]:
    return [end for item in intervals for end in (item.low, item.high) if end is not None]


def _reference(reference: ast.Reference, scope: Scope, spike: int | None) -> Value:
    if reference.name.text == "spike" and not reference.trailers:
        if spike is not None:
            return spike
        message = "`spike` is known only in the weight of a projection"
        scope.error("E0201", message, reference.span, help="declare a constant with its value")
    found = follow(reference, scope, _NUMBERS)
    if found.kind not in _NUMBERS:
        scope.wrong_kind(found.text, reference.span, found.symbol, found.kind, _NUMBERS)
    if found.rest:
        message = f"`{found.text}` is a number and has no parts"
        scope.error("E0202", message, found.rest[0].span)
    value: Value = found.value
    return value


def _array(array: ast.Array, scope: Scope, spike: int | None) -> Value:
    values: list[Value] = []
    for item in array.items:
        if item.high is None:
            values.append(evaluate(item.low, scope, spike))
        else:
            values += whole_range(item, scope, ARRAY_LIMIT - len(values))
    scope.shared.elements += len(values)
    if scope.shared.elements > ARRAY_LIMIT:
        message = f"the arrays of the circuit have more than {ARRAY_LIMIT:,} elements together"
        scope.fatal("E0306", message, array.span)
    return tuple(values)


def _operation(expression: ast.Operation, scope: Scope, spike: int | None) -> Value:
    left, place = evaluate(expression.first, scope, spike), expression.first.span
    for symbol, operand in expression.rest:
        if symbol in ("and", "or") and _truth(left, place, scope) == (symbol == "or"):
            continue
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
        return _truth(right, places[1], scope)
    if symbol in ("==", "!=") and type(left) is type(right) and isinstance(left, bool | tuple):
        if _is_nested(left) or _is_nested(right):
            scope.error("E0305", "arrays of arrays cannot be compared", span)
        return COMPARISONS[symbol](left, right)
    left, right = _number(left, places[0], scope), _number(right, places[1], scope)
    if symbol in COMPARISONS:
        return COMPARISONS[symbol](left, right)
    if symbol in ("/", "%") and right == 0:
        scope.error("E0304", "division by zero", span)
    if symbol == "**" and abs(right) > 1024:
        scope.error("E0304", f"the exponent is {right}; it can be -1024 to 1024", places[1])
    try:
        return _checked(ARITHMETIC[symbol](left, right), span, scope)
    except (OverflowError, ZeroDivisionError):
        scope.error("E0304", f"{left} {symbol} {right} has no value", span)


def _is_nested(value: Value) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, tuple) for item in value)


def _call(call: ast.Call, scope: Scope, spike: int | None) -> Value:
    name = call.name.text
    known = [*FUNCTIONS, "length"]
    if name not in known:
        help = nearest(name, known) or f"the functions are {', '.join(known)}"
        if name == "range":
            help = "a range is written 0..9; both ends are included"
        scope.error("E0201", f"unknown function `{name}`", call.name.span, help=help)
    low, high, function = FUNCTIONS.get(name, (1, 1, len))
    if any(argument.name for argument in call.arguments):
        help = "write the values without names"
        scope.error("E0205", f"`{name}` has no named arguments", call.span, help=help)
    if not low <= len(call.arguments) <= high:
        wanted = f"{low} argument{'s' if low > 1 else ''}" + (" or more" if high > low else "")
        message = f"`{name}` takes {wanted}, found {len(call.arguments)}"
        scope.error("E0305", message, call.span)
    if name == "length":
        return _length(call.arguments[0].expression, scope)
    values = _values(call, scope, spike)
    try:
        return _checked(function(*values), call.span, scope)
    except (ValueError, OverflowError):
        shown = ", ".join(str(value) for value in values)
        scope.error("E0304", f"{name}({shown}) has no value", call.span)


def _values(call: ast.Call, scope: Scope, spike: int | None) -> list[int | float]:
    """Returns the arguments of a function of numbers; some take one array instead."""
    expressions = [argument.expression for argument in call.arguments]
    if call.name.text not in OF_ARRAYS or len(expressions) != 1:
        return [number(expression, scope, spike) for expression in expressions]
    value = evaluate(expressions[0], scope, spike)
    values = value if isinstance(value, tuple) else (value,)
    return [_number(value, expressions[0].span, scope) for value in values]


def _length(expression: ast.Expression, scope: Scope) -> int:
    """Returns the number of elements of an array, neurons of a population, relays of a chain."""
    if isinstance(expression, ast.Reference):
        found = follow(expression, scope, _WITH_LENGTH)
        if found.kind in ("population", "input") and not found.rest:
            return int(found.value.size)
        if found.kind == "chain" and not found.rest:
            return len(found.value.relays)
        if found.kind == "array of instances" and not found.rest:
            return len(found.value)
    value = evaluate(expression, scope)
    if isinstance(value, tuple):
        return len(value)
    message = f"`length` takes an array, a population or a chain, found {described(value)}"
    scope.error("E0305", message, expression.span)


def _checked(value: Value | complex, span: Span, scope: Scope) -> Scalar:
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        scope.error("E0304", "the result is not a finite real number", span)
    if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
        scope.error("E0304", "the result exceeds the largest integer, 2^63 - 1", span)
    assert not isinstance(value, tuple)
    return value


def _number(value: Value, span: Span, scope: Scope) -> int | float:
    if isinstance(value, bool | tuple):
        scope.error("E0305", f"a number is needed, found {described(value)}", span)
    return value


def _truth(value: Value, span: Span, scope: Scope) -> bool:
    if not isinstance(value, bool):
        scope.error("E0305", f"true or false is needed, found {described(value)}", span)
    return bool(value)
