"""Patterns that say for every synapse where it goes or how strong it is."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import SfcError, nearest
from sfc.files import find_within
from sfc.ir.circuit import Pattern, Weight
from sfc.ir.integers import WEIGHT_EXPONENTS, mantissa_step
from sfc.ir.limits import INTEGER_LIMIT, REAL_WEIGHT_LIMIT
from sfc.ir.patterns import Convolution, Sparse, Toeplitz, as_rows, shape_of
from sfc.ir.reals import real_table
from sfc.ir.synapses import table
from sfc.sema.ends import Clauses, Ends, expression_of
from sfc.sema.evaluate import evaluate, integer, number
from sfc.sema.functions import described
from sfc.sema.models import constant_weight
from sfc.sema.nodes import Node
from sfc.sema.pairs import pairs
from sfc.sema.references import declared
from sfc.sema.scope import Scope
from sfc.sim.arrays import read_npz
from sfc.span import Span
from sfc.syntax import ast

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "sparse": ("p", "seed"),
    "conv": ("kernel", "stride", "padding"),
    "toeplitz": ("values", "first"),
}
_NEEDED = {"sparse": 1, "conv": 1, "toeplitz": 1}
_ARRAY_BYTES = 2**28
_LARGEST = 256 * 2.0 ** WEIGHT_EXPONENTS[-1]


def synapses_of(
    clauses: Clauses, ends: Ends, spike: int | None, gate: Weight | None, scope: Scope
) -> tuple[Pattern, Weight]:
    """Returns a pattern that is more than a word, and the weight or the unit of its weights.

    Args:
        spike: what `spike` means in the weight.
        gate: the weight of a gate.
    """
    if "for" in clauses:
        sources, targets, values = pairs(clauses, ends, spike, gate.value if gate else 0.0, scope)
        span = clauses["for"].span
        if "weight" in clauses:
            span = expression_of(clauses["weight"]).span
        mantissas, unit = _held(values, span, scope, (sources, targets))
        scope.draft.count_synapses(len(sources), span)
        return table(sources, targets, mantissas), unit
    scale: float = 1
    if "weight" in clauses:
        scale = number(expression_of(clauses["weight"]), scope, spike)
    pattern = clauses["pattern"].value
    if isinstance(pattern, tuple):
        return _matrix(pattern, ends, scale, scope)
    assert isinstance(pattern, ast.Call)
    arguments = _arguments(pattern, scope)
    if pattern.name.text == "sparse":
        place = clauses["weight"].span if "weight" in clauses else pattern.span
        weight = gate or constant_weight(scale, scope, place, "the weight")
        return _sparse(pattern, arguments, ends, scope), weight
    if pattern.name.text == "toeplitz":
        return _toeplitz(pattern, arguments, ends, scale, scope)
    return _convolution(pattern, arguments, ends, scale, scope)


def _arguments(call: ast.Call, scope: Scope) -> dict[str, ast.Expression]:
    name = call.name.text
    known = _ARGUMENTS[name]
    values: dict[str, ast.Expression] = {}
    for position, argument in enumerate(call.arguments):
        key = argument.name.text if argument.name else dict(enumerate(known)).get(position, "")
        if key not in known or key in values:
            problem = f"has no argument `{key}`" if key else "has too many arguments"
            problem = f"has two values for `{key}`" if key in values else problem
            span = argument.name.span if argument.name else argument.expression.span
            help = nearest(key, known) or f"it takes ({', '.join(known)})"
            scope.error("E0205", f"`{name}` {problem}", span, help=help)
        values[key] = argument.expression
    for key in known[: _NEEDED[name]]:
        if key not in values:
            help = f"write {name}({', '.join(known)})"
            scope.error("E0402", f"`{name}` needs {key}", call.span, help=help)
    return values


def _sparse(
    call: ast.Call, arguments: dict[str, ast.Expression], ends: Ends, scope: Scope
) -> Sparse:
    probability = number(arguments["p"], scope)
    if not 0 <= probability <= 1:
        message = f"the probability is {probability}; it can be 0 to 1"
        scope.error("E0302", message, arguments["p"].span)
    expected = probability * ends.source.size * ends.target.size
    scope.draft.count_synapses(int(1.01 * expected) + 1000, call.span)
    seed = 0
    if "seed" in arguments:
        seed = integer(arguments["seed"], scope, "the seed", 0, INTEGER_LIMIT)
    return Sparse(float(probability), seed)


def _toeplitz(
    call: ast.Call, arguments: dict[str, ast.Expression], ends: Ends, scale: float, scope: Scope
) -> tuple[Pattern, Weight]:
    values = _numbers(arguments["values"], 1, scope)
    if "first" in arguments:
        first = integer(arguments["first"], scope, "the first distance", -(2**31), 2**31)
    elif len(values) % 2:
        first = -(len(values) // 2)
    else:
        message = f"{len(values)} values have no middle"
        help = "give an odd number of them, or the first distance: toeplitz(values, first)"
        scope.error("E0402", message, call.span, help=help)
    mantissas, weight = _held(_scaled(values, scale), arguments["values"].span, scope)
    scope.draft.count_synapses(len(values) * min(ends.source.size, ends.target.size), call.span)
    return Toeplitz(first, tuple(mantissas.tolist())), weight


def _convolution(
    call: ast.Call, arguments: dict[str, ast.Expression], ends: Ends, scale: float, scope: Scope
) -> tuple[Pattern, Weight]:
    source, target = _grid(ends.source), _grid(ends.target)
    flat = len(source) == len(target) == 1
    source, target = as_rows(source), as_rows(target)
    kernel = _numbers(arguments["kernel"], 1 if flat else 2, scope)
    steps = {}
    for key, default in (("stride", 1), ("padding", 0)):
        steps[key] = (default, default)
        if key in arguments:
            steps[key] = _two_integers(arguments[key], f"the {key}", default, scope)
        if flat:
            steps[key] = (default, steps[key][1])
    kernel = kernel.reshape(as_rows(kernel.shape))
    mantissas, weight = _held(_scaled(kernel, scale), arguments["kernel"].span, scope)
    rows = tuple(tuple(row) for row in mantissas.tolist())
    pattern = Convolution(rows, steps["stride"], steps["padding"])
    if pattern.target_shape(source) != target:
        needed = pattern.target_shape(source)[1 if flat else 0 :]
        message = (
            f"this convolution of `{ends.source.name}`, which is {list(ends.source.shape)}, yields "
            f"{list(needed)}; `{ends.target.name}` is {list(ends.target.shape)}"
        )
        help = f"declare {ends.target.thing.name}[{', '.join(map(str, needed))}]"
        if min(needed) < 1:
            help = "the kernel is larger than the padded source: pad more, or use a smaller one"
        labels = declared(ends.source, ends.target)
        scope.error("E0401", message, call.span, labels=labels, help=help)
    scope.draft.count_synapses(prod(target) * kernel.size, call.span)
    return pattern, weight


def _grid(node: Node) -> tuple[int, ...]:
    """Returns the extents of a population or slice, one of a single index included."""
    return shape_of(node.thing.shape, node.part)


def _matrix(
    texts: tuple[Any, ...], ends: Ends, scale: float, scope: Scope
) -> tuple[Pattern, Weight]:
    path, key = texts
    file = find_within(path.value, scope.shared.folders_of(path.span), "E0403", path.span)
    try:
        arrays = read_npz(file, _ARRAY_BYTES, "E0403")
    except SfcError as error:
        scope.error("E0403", error.diagnostics[0].message, path.span)
    if key.value not in arrays:
        help = nearest(key.value, arrays) or f"it has {', '.join(sorted(arrays)[:12]) or 'none'}"
        message = f"{path.value} has no array `{key.value}`"
        scope.error("E0403", message, key.span, help=help)
    array = arrays[key.value]
    shape = (ends.source.size, ends.target.size)
    if array.shape != shape:
        message = (
            f"`{ends.source.name} -> {ends.target.name}` needs a matrix of {list(shape)}; "
            f"`{key.value}` in {path.value} is {list(array.shape)}"
        )
        help = "transpose it in the file" if array.shape == shape[::-1] else ""
        labels = declared(ends.source, ends.target)
        scope.error("E0401", message, key.span, labels=labels, help=help)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        message = f"`{key.value}` in {path.value} holds {array.dtype} values, not finite numbers"
        scope.error("E0403", message, key.span)
    scope.draft.count_synapses(int(np.count_nonzero(array)), key.span)
    sources, targets = np.nonzero(array)
    values = _scaled(array[sources, targets], scale)
    is_rounded = array.dtype.kind == "f" and _exact(values) is None
    if is_rounded and (np.abs(values) <= REAL_WEIGHT_LIMIT).all():
        return real_table(sources, targets, values, key.span), Weight(1, 0)
    mantissas, weight = _held(values, key.span, scope, (sources, targets))
    return table(sources, targets, mantissas), weight


def _held(
    values: NDArray[np.float64],
    span: Span,
    scope: Scope,
    places: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> tuple[NDArray[np.int64], Weight]:
    """Returns mantissas and their common unit; reports the first weight that cannot be held.

    Args:
        places: sources and targets of the values, for the message.
    """
    if not np.isfinite(values).all():
        scope.error("E0304", "a weight is not a finite number", span)
    if (exact := _exact(values)) is not None:
        return exact
    scale = max(abs(values.min(initial=0)), abs(values.max(initial=0)))
    exponent = next((e for e in WEIGHT_EXPONENTS if scale <= 254 * 2.0**e), WEIGHT_EXPONENTS[-1])
    mixed = 2 if values.min(initial=0) < 0 < values.max(initial=0) else 1
    grid = mixed * 2.0**exponent
    wrong = (values % grid != 0) | (np.abs(values) > 255 * 2.0**exponent)
    first = int(np.flatnonzero(wrong.ravel())[0]) if wrong.any() else 0
    value = float(values.ravel()[first])
    limit = 255 // mixed * mixed * 2.0**exponent
    near = max(-limit, min(limit, round(value / grid) * grid))
    where = ""
    if places is not None:
        where = f" from neuron {places[0][first]} to neuron {places[1][first]}"
    message = (
        f"the weight {value:g}{where} cannot be held beside the largest, {scale:g}: the weights of "
        f"a projection are 8-bit mantissas times one power of two, here multiples of {grid:g}"
    )
    scope.error("E0303", message, span, help=f"the nearest that can be held is {near:g}")


def _exact(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], Weight] | None:
    """Returns values as mantissas and their unit, if they can be held without rounding."""
    if np.abs(values).max(initial=0) > _LARGEST:
        return None
    for exponent in sorted(WEIGHT_EXPONENTS, key=lambda e: (e < 0, abs(e))):
        mantissas = values / 2.0**exponent
        low, high = mantissas.min(initial=0), mantissas.max(initial=0)
        step = mantissa_step(int(np.floor(low)), int(np.ceil(high)))
        if step is not None and (mantissas % step == 0).all():
            return mantissas.astype(np.int64), Weight(1, exponent)
    return None


def _scaled(values: NDArray[Any], scale: float) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        scaled: NDArray[np.float64] = values.astype(np.float64) * scale
        return scaled


def _numbers(expression: ast.Expression, dimensions: int, scope: Scope) -> NDArray[np.float64]:
    """Returns an array of numbers with one or two dimensions."""
    value = evaluate(expression, scope)
    rows = value if dimensions == 2 else (value,)
    if not _is_table(rows):
        form = "[[1, 2], [3, 4]]" if dimensions == 2 else "[1, 2, 1]"
        message = f"numbers such as {form} are needed here, found {described(value)}"
        scope.error("E0305", message, expression.span)
    return np.array(value, np.float64)


def _is_table(rows: object) -> bool:
    """Tells whether something is rows of numbers, all of one length."""
    if not isinstance(rows, tuple) or not all(isinstance(row, tuple) and row for row in rows):
        return False
    flat = [item for row in rows for item in row]
    return len({len(row) for row in rows}) == 1 and not any(
        isinstance(item, bool | tuple) for item in flat
    )


def _two_integers(expression: ast.Expression, what: str, low: int, scope: Scope) -> tuple[int, int]:
    """Returns ``n`` as (n, n), or the two integers of ``[rows, columns]``."""
    value = evaluate(expression, scope)
    both = value if isinstance(value, tuple) else (value, value)
    steps = range(low, 2**20 + 1)
    if len(both) != 2 or any(isinstance(v, bool | tuple) or v not in steps for v in both):
        message = f"{what} is one integer or two, {low} to {2**20}, found {described(value)}"
        scope.error("E0302", message, expression.span, help=f"write {low}, or [{low}, {low}]")
    return int(both[0]), int(both[1])
