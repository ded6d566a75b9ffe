"""Patterns that say for every synapse where it goes or how strong it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import nearest
from sfc.files import find_within
from sfc.ir.circuit import Pattern, Weight
from sfc.ir.integers import WEIGHT_EXPONENTS, mantissa_step
from sfc.ir.limits import INTEGER_LIMIT, PAIR_LIMIT, SYNAPSE_LIMIT, SYNAPSE_TABLE_LIMIT
from sfc.ir.patterns import Convolution, Sparse, Toeplitz, as_rows
from sfc.ir.synapses import table
from sfc.sema.evaluate import elements, ends, evaluate, integer, mentioned, number, truth
from sfc.sema.functions import described
from sfc.sema.nodes import Node
from sfc.sema.references import counted, declared, node, population
from sfc.sema.scope import Scope, Symbol
from sfc.sim.arrays import read_npz
from sfc.span import Span
from sfc.syntax import ast

Clauses = dict[str, ast.Clause]

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "sparse": ("p", "seed"),
    "conv": ("kernel", "stride", "padding"),
    "toeplitz": ("values", "first"),
}
_NEEDED = {"sparse": 1, "conv": 1, "toeplitz": 1}
_ARRAY_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a projection.

    Attributes:
        source_index, target_index: the indices of ``x[i] -> y[j] for …``, where there is a ``for``.
    """

    source: Node
    target: Node
    source_index: ast.Index | None
    target_index: ast.Index | None
    span: Span

    @classmethod
    def of(cls, source: ast.Reference, target: ast.Reference, indexed: bool, scope: Scope) -> Ends:
        """Returns the ends that two references name; with `indexed` their last index varies."""
        span = source.span.to(target.span)
        if not indexed:
            return cls(node(source, scope), population(target, scope), None, None, span)
        source, source_index = _without_index(source, scope)
        target, target_index = _without_index(target, scope)
        return cls(node(source, scope), population(target, scope), source_index, target_index, span)


def expression_of(clause: ast.Clause) -> ast.Expression:
    """Returns the expression of a clause that has one."""
    assert not isinstance(clause.value, ast.Name | tuple)
    return clause.value


def sparse(call: ast.Call, source: Node, target: Node, scope: Scope) -> Sparse:
    """Returns the pattern ``sparse(p, seed)``."""
    arguments = _arguments(call, scope)
    probability = number(arguments["p"], scope)
    if not 0 <= probability <= 1:
        message = f"the probability is {probability}; it can be 0 to 1"
        scope.error("E0302", message, arguments["p"].span)
    expected = probability * source.size * target.size
    if expected > SYNAPSE_TABLE_LIMIT / 2:
        message = (
            f"about {expected:,.0f} synapses are expected; "
            f"at most {SYNAPSE_TABLE_LIMIT // 2:,} are possible"
        )
        scope.error("E0306", message, call.span, help="use all_to_all, or a smaller probability")
    seed = 0
    if "seed" in arguments:
        seed = integer(arguments["seed"], scope, "the seed", 0, INTEGER_LIMIT)
    return Sparse(float(probability), seed)


def listed_pattern(
    clauses: Clauses,
    ends: Ends,
    spike: int | None,
    gate: Weight | None,
    span: Span,
    scope: Scope,
) -> tuple[Pattern, Weight]:
    """Returns a pattern whose synapses have weights of their own, and the unit of these.

    Args:
        spike: what `spike` means in the weight.
        gate: the weight of a gate.
    """
    if "for" in clauses:
        return _pairs(clauses, ends, spike, gate, scope)
    scale: float = 1
    if "weight" in clauses:
        scale = number(expression_of(clauses["weight"]), scope, spike)
    pattern = clauses["pattern"].value
    if isinstance(pattern, tuple):
        return _matrix(pattern, ends, scale, scope)
    assert isinstance(pattern, ast.Call)
    arguments = _arguments(pattern, scope)
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
    mantissas, weight = _held(values * scale, arguments["values"].span, scope)
    return Toeplitz(first, tuple(mantissas.tolist())), weight


def _convolution(
    call: ast.Call, arguments: dict[str, ast.Expression], ends: Ends, scale: float, scope: Scope
) -> tuple[Pattern, Weight]:
    flat = len(ends.source.shape) == 1
    kernel = _numbers(arguments["kernel"], 1 if flat else 2, scope)
    steps = {}
    for key, default in (("stride", 1), ("padding", 0)):
        steps[key] = (default, default)
        if key in arguments:
            steps[key] = _two_integers(arguments[key], f"the {key}", default, scope)
        if flat:
            steps[key] = (default, steps[key][1])
    kernel = kernel.reshape(as_rows(kernel.shape))
    mantissas, weight = _held(kernel * scale, arguments["kernel"].span, scope)
    rows = tuple(tuple(row) for row in mantissas.tolist())
    pattern = Convolution(rows, steps["stride"], steps["padding"])
    source, target = as_rows(ends.source.shape), as_rows(ends.target.shape)
    if len(ends.target.shape) != len(ends.source.shape) or pattern.target_shape(source) != target:
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
    if prod(target) * kernel.size > SYNAPSE_TABLE_LIMIT:
        message = f"the convolution has more than {SYNAPSE_TABLE_LIMIT:,} synapses"
        scope.error("E0306", message, call.span)
    return pattern, weight


def _matrix(
    texts: tuple[Any, ...], ends: Ends, scale: float, scope: Scope
) -> tuple[Pattern, Weight]:
    path, key = texts
    file = find_within(path.value, scope.shared.folders_of(path.span), "E0403", path.span)
    arrays = read_npz(file, _ARRAY_BYTES, "E0403")
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
    sources, targets = np.nonzero(array)
    if len(sources) > SYNAPSE_TABLE_LIMIT:
        message = f"more than {SYNAPSE_TABLE_LIMIT:,} of the weights are not 0"
        scope.error("E0306", message, key.span)
    values = array[sources, targets].astype(np.float64) * scale
    mantissas, weight = _held(values, key.span, scope, (sources, targets))
    return table(sources, targets, mantissas), weight


def _pairs(
    clauses: Clauses, ends: Ends, spike: int | None, gate: Weight | None, scope: Scope
) -> tuple[Pattern, Weight]:
    """Goes through the index variables of ``x[i] -> y[j] for i in 0..9, j in 0..9 if …``."""
    variables = clauses["for"].value
    assert isinstance(variables, tuple)
    inner = Scope(scope.shared, scope, scope.path, scope.level, scope.made)
    names, ranges = [], []
    for variable in variables:
        assert isinstance(variable, ast.IndexVariable)
        symbol = Symbol("constant", variable.name, lambda: None, "done")
        inner.enter(variable.name, symbol)
        names.append(symbol)
        ranges.append(elements(variable.interval, inner if len(names) > 1 else scope))
        symbol.value = 0
    if prod(len(values) for values in ranges) > PAIR_LIMIT:
        message = f"the index variables take more than {PAIR_LIMIT:,} values together"
        scope.error("E0306", message, clauses["for"].span, help="use a pattern")
    condition = expression_of(clauses["if"]) if "if" in clauses else None
    weight = expression_of(clauses["weight"]) if "weight" in clauses else None
    varies = weight is not None and any(
        reference.name.text == symbol.name.text
        for reference in mentioned(weight)
        for symbol in names
    )
    constant = gate.value if gate else 0.0
    if weight is not None and not varies:
        constant = number(weight, scope, spike)
    rows: list[tuple[int, int]] = []
    values: list[float] = []
    for combination in product(*ranges):
        for symbol, value in zip(names, combination, strict=True):
            symbol.value = value
        if condition is not None and not truth(condition, inner):
            continue
        rows.append(
            (
                _place(ends.source_index, ends.source, ends.span, inner),
                _place(ends.target_index, ends.target, ends.span, inner),
            )
        )
        values.append(number(weight, inner, spike) if varies and weight else constant)
    span = weight.span if weight is not None else clauses["for"].span
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    mantissas, unit = _held(np.array(values, np.float64), span, scope, (pairs[:, 0], pairs[:, 1]))
    return table(pairs[:, 0], pairs[:, 1], mantissas), unit


def _place(index: ast.Index | None, end: Node, span: Span, scope: Scope) -> int:
    """Returns the number within a population or slice that an index says, row by row."""
    if index is None:
        if end.size > 1:
            message = f"`{end.name}` needs an index where there is a `for`"
            scope.error("E0402", message, span, help=f"write {end.name}[i]")
        return 0
    shape = end.shape
    if len(index.intervals) != len(shape):
        found = counted(len(index.intervals), "index").replace("indexs", "indices")
        message = f"`{end.name}` has {counted(len(shape), 'extent')}, found {found}"
        scope.error("E0308", message, index.span, labels=declared(end))
    place = 0
    for interval, size in zip(index.intervals, shape, strict=True):
        low, high = ends(interval, scope)
        if high is not None:
            message = "one index is needed here, not a range"
            scope.error("E0202", message, interval.span)
        if not 0 <= low < size:
            message = f"index {low} is outside `{end.name}`, whose indices are 0 to {size - 1}"
            help = "count around with %, or exclude it with `if`"
            scope.error("E0308", message, interval.span, labels=declared(end), help=help)
        place = place * size + low
    return place


def _without_index(
    reference: ast.Reference, scope: Scope
) -> tuple[ast.Reference, ast.Index | None]:
    """Splits ``net.h[i]`` into ``net.h`` and the index."""
    last = reference.trailers[-1] if reference.trailers else None
    if not isinstance(last, ast.Index):
        return reference, None
    return ast.Reference(reference.name, reference.trailers[:-1], reference.span), last


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
    for exponent in sorted(WEIGHT_EXPONENTS, key=lambda e: (e < 0, abs(e))):
        mantissas = values / 2.0**exponent
        low, high = mantissas.min(initial=0), mantissas.max(initial=0)
        step = mantissa_step(int(np.floor(low)), int(np.ceil(high)))
        if step is not None and (mantissas % step == 0).all():
            return mantissas.astype(np.int64), Weight(1, exponent)
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


def _numbers(expression: ast.Expression, dimensions: int, scope: Scope) -> NDArray[np.float64]:
    """Returns an array of numbers with one or two dimensions."""
    value = evaluate(expression, scope)
    rows = value if dimensions == 2 else (value,)
    if not _is_table(rows):
        form = "[[1, 2], [3, 4]]" if dimensions == 2 else "[1, 2, 1]"
        message = f"numbers such as {form} are needed here, found {described(value)}"
        scope.error("E0305", message, expression.span)
    array = np.array(value, np.float64)
    if array.size > SYNAPSE_LIMIT:
        scope.error("E0306", "too many numbers", expression.span)
    return array


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
    if isinstance(expression, ast.Array) and len(expression.items) == 2:
        rows, columns = (integer(i.low, scope, what, low, 2**20) for i in expression.items)
        return rows, columns
    both = integer(expression, scope, what, low, 2**20)
    return both, both
