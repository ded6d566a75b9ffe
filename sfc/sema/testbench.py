"""Tests of a circuit file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sfc.ir.circuit import Circuit, Matrix
from sfc.ir.integers import WeightRange
from sfc.ir.limits import TEST_FRAME_LIMIT
from sfc.ir.patterns import Part, shape_of
from sfc.ir.testbench import (
    ANY_PHASE,
    Assignment,
    Expectation,
    ExpectedQuantity,
    Stimulus,
    Testbench,
)
from sfc.sema.evaluate import elements, evaluate, follow, index_ends, integer, whole_range
from sfc.sema.functions import described
from sfc.sema.nodes import part_text
from sfc.sema.paths import Found
from sfc.sema.references import node, phases
from sfc.sema.scope import Abandon, Kind, Scope, Symbol
from sfc.span import Span
from sfc.syntax import ast

_SUBJECTS: tuple[Kind, ...] = ("population", "input", "chain", "plastic matrix", "projection")


@dataclass(slots=True)
class _Bench:
    """A test while it is being elaborated."""

    circuit: Circuit
    stimuli: list[Stimulus] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    final: list[int] = field(default_factory=list)
    length: int | None = None


def testbench(test: ast.Test, circuit: Circuit, scope: Scope) -> Testbench:
    """Elaborates a test."""
    bench = _Bench(circuit)
    for item, place, frame in _items(test.items, scope, None):
        with suppress(Abandon):
            _take(item, frame, bench, place)
    at_steps = not circuit.schedule.chains
    last = [e.phase if at_steps else e.frame for e in bench.expectations] or [0]
    length = max([*last, *(stimulus.frame for stimulus in bench.stimuli)]) + 1
    if bench.length is not None and bench.length < length:
        unit = "steps" if at_steps else "frames"
        message = f"the test runs for {bench.length} {unit} and names number {length - 1}"
        scope.error(
            "E0709", message, test.title.span, help=f"write `run {length};` or leave it out"
        )
    length = bench.length or length
    for number in bench.final:
        bench.expectations[number] = _at_end(bench.expectations[number], length, at_steps)
    ordered = sorted(bench.expectations, key=lambda e: (e.frame, e.quantity == "weights", e.phase))
    return Testbench(
        test.title.value,
        length,
        tuple(bench.stimuli),
        tuple(ordered),
        tuple(bench.assignments),
        test.doc,
        test.span,
    )


def _at_end(expectation: Expectation, length: int, at_steps: bool) -> Expectation:
    frame = 0 if at_steps else length - 1
    return Expectation(
        expectation.quantity,
        expectation.subject,
        expectation.part,
        frame,
        "",
        ANY_PHASE,
        expectation.values,
        expectation.span,
    )


def _items(
    items: tuple[Any, ...], scope: Scope, frame: int | None
) -> Iterator[tuple[Any, Scope, int | None]]:
    """Yields the statements of a test with their scopes and frames, loops expanded."""
    for item in items:
        scope.count(1, item.span)
        if isinstance(item, ast.Loop):
            with suppress(Abandon):
                values = elements(item.interval, scope)
                scope.count(len(values), item.span)
                for value in values:
                    inner = Scope(scope.shared, scope, scope.path, scope.level, scope.made)
                    symbol = Symbol("constant", item.variable, lambda: None, "done", value)
                    inner.enter(item.variable, symbol)
                    yield from _items(item.statements, inner, frame)
        elif isinstance(item, ast.Frame):
            with suppress(Abandon):
                numbers = _frames(item, scope)
                scope.count(len(numbers), item.span)
                for number in numbers:
                    yield from _items(item.items, scope, number)
        else:
            yield item, scope, frame


def _frames(item: ast.Frame, scope: Scope) -> list[int]:
    if not scope.draft.chains:
        message = "the circuit has no chain and so no frames"
        scope.error("E0709", message, item.span, help="write `at` with the numbers of steps")
    numbers = [n for i in item.numbers for n in whole_range(i, scope, TEST_FRAME_LIMIT)]
    _check_number(numbers, "frame", item.span, scope)
    return numbers


def _check_number(numbers: list[int], what: str, span: Span, scope: Scope) -> None:
    for number in numbers:
        if not 0 <= number < TEST_FRAME_LIMIT:
            message = f"{what} {number} is out of range; it can be 0 to {TEST_FRAME_LIMIT - 1}"
            scope.error("E0302", message, span)


def _take(item: Any, frame: int | None, bench: _Bench, scope: Scope) -> None:
    if isinstance(item, ast.Run):
        if frame is not None:
            message = "`run` belongs to the test, not to one frame"
            scope.error("E0211", message, item.span, help="move it out of the block")
        if bench.length is not None:
            scope.error("E0205", "`run` is given twice", item.span, help="keep one of them")
        what = "the length of a run"
        bench.length = integer(item.length, scope, what, 1, TEST_FRAME_LIMIT)
    elif isinstance(item, ast.Assignment):
        if frame is not None:
            message = "weights can be set only before the first frame"
            scope.error("E0211", message, item.span, help="move it out of the block")
        _assign(item, bench, scope)
    elif isinstance(item, ast.Stimulus):
        _present(item, frame, bench, scope)
    else:
        _expect(item, frame, bench, scope)


def _assign(item: ast.Assignment, bench: _Bench, scope: Scope) -> None:
    found = follow(item.subject, scope, ("plastic matrix", "projection"))
    if found.kind not in ("plastic matrix", "projection"):
        kinds: tuple[Kind, ...] = ("plastic matrix", "projection")
        scope.wrong_kind(found.text, item.subject.span, found.symbol, found.kind, kinds)
    name, part, shape, weights = _weights(found, item.subject, bench, scope)
    values = _values(item.value, shape, f"`{found.text}{part_text(part)}`", scope)
    if weights is None:
        message = f"the weights of `{found.text}` are constant"
        scope.error("E0709", message, item.subject.span, help="set those of a plastic matrix")
    for value in values:
        if not weights.low <= value <= weights.high or value % weights.step:
            message = (
                f"`{found.text}` holds {weights.low}..{weights.high} in steps of {weights.step}, "
                f"found {value:g}"
            )
            scope.error("E0302", message, item.value.span)
    bench.assignments.append(Assignment(name, part, values, item.span))


def _present(item: ast.Stimulus, frame: int | None, bench: _Bench, scope: Scope) -> None:
    source = node(item.subject, scope, "input")
    values = _values(item.value, source.shape, f"`{source.name}`", scope)
    bits = tuple(int(value) for value in values)
    if any(value not in (0, 1) for value in values):
        message = f"an input spikes or not: 1 or 0 for each of `{source.name}`"
        scope.error("E0302", message, item.value.span, help="write an array such as [1, 0, 1, 0]")
    numbers = [frame or 0]
    if bench.circuit.schedule.chains:
        if item.at:
            message = "an input is presented in the phases that the circuit says"
            help = "drop `at`, and write `frame 3 { present … }` for another frame"
            scope.error("E0709", message, item.at[0].span, help=help)
    else:
        numbers = [n for i in item.at for n in whole_range(i, scope, TEST_FRAME_LIMIT)] or [0]
        _check_number(numbers, "step", item.span, scope)
    scope.count(len(numbers), item.span)
    for number in numbers:
        stimulus = Stimulus(source.thing.name, source.part, number, bits, item.span)
        bench.stimuli.append(stimulus)


def _expect(item: ast.Expectation, frame: int | None, bench: _Bench, scope: Scope) -> None:
    for subject in item.subjects:
        found = follow(subject, scope, _SUBJECTS)
        if found.kind in ("plastic matrix", "projection") and item.value is not None:
            _expect_weights(item, found, subject, frame, bench, scope)
            continue
        quantity: ExpectedQuantity = "spikes"
        if _is_membrane(found):
            quantity = "membrane"
            subject = ast.Reference(subject.name, subject.trailers[:-1], subject.span)
        target = node(subject, scope, *(("population",) if quantity == "membrane" else ()))
        values: tuple[float, ...] = (0,)
        if item.value is not None:
            values = _values(item.value, target.shape, f"`{target.name}`", scope)
        if quantity == "spikes" and any(value not in (0, 1) for value in values):
            assert item.value is not None
            message = f"a neuron spikes or not: 1 or 0 for each of `{target.name}`"
            scope.error("E0302", message, item.value.span, help="write .v for its membrane")
        times = _when(item, bench, scope)
        scope.count(len(times), item.span)
        for chain, number in times:
            bench.expectations.append(
                Expectation(
                    quantity,
                    target.thing.name,
                    target.part,
                    frame or 0,
                    chain,
                    number,
                    values,
                    item.span,
                )
            )


def _is_membrane(found: Found) -> bool:
    last = found.rest[-1] if found.rest else None
    return isinstance(last, ast.Attribute) and last.name.text == "v"


def _when(item: ast.Expectation, bench: _Bench, scope: Scope) -> list[tuple[str, int]]:
    """Returns the phases, or the steps of a circuit without chains, that an expectation names."""
    if not item.at:
        if item.value is None:
            return [("", ANY_PHASE)]
        message = "it is not said when this is expected"
        help = "add `at` with a phase: expect y at 3 = …"
        if not bench.circuit.schedule.chains:
            help = "add `at` with a step: expect y at 3 = …"
        scope.error("E0402", message, item.span, help=help)
    if bench.circuit.schedule.chains:
        return [(chain.name, n) for i in item.at for chain, n in phases(i, scope)]
    numbers = [n for i in item.at for n in whole_range(i, scope, TEST_FRAME_LIMIT)]
    _check_number(numbers, "step", item.span, scope)
    return [("", number) for number in numbers]


def _expect_weights(
    item: ast.Expectation,
    found: Found,
    subject: ast.Reference,
    frame: int | None,
    bench: _Bench,
    scope: Scope,
) -> None:
    assert item.value is not None
    if item.at:
        message = "weights are compared at the end of a frame, not in a phase"
        scope.error("E0709", message, item.at[0].span, help="drop `at`")
    name, part, shape, _ = _weights(found, subject, bench, scope)
    values = _values(item.value, shape, f"`{found.text}{part_text(part)}`", scope)
    if frame is None:
        bench.final.append(len(bench.expectations))
    bench.expectations.append(
        Expectation("weights", name, part, frame or 0, "", ANY_PHASE, values, item.span)
    )


def _weights(
    found: Found, subject: ast.Reference, bench: _Bench, scope: Scope
) -> tuple[str, Part | None, tuple[int, ...], WeightRange | None]:
    """Returns name, part, shape and range of a matrix's or projection's weights."""
    circuit = bench.circuit
    rule = None
    if isinstance(found.value, Matrix):
        name, full = found.value.name, found.value.shape
        rule = circuit.rules[circuit.matrices[name].rule]
    else:
        name = found.value
        projection = circuit.projections[name]
        full = circuit.synapse_shape(projection)
        rule = circuit.rule_of(projection)
    part, single = None, (False, False)
    if found.rest:
        part, single = _rows_and_columns(found, full, scope)
    shape = tuple(size for size, one in zip(shape_of(full, part), single, strict=True) if not one)
    return name, part, shape or (1,), rule.weights if rule else None


def _rows_and_columns(
    found: Found, full: tuple[int, int], scope: Scope
) -> tuple[Part, tuple[bool, bool]]:
    trailer = found.rest[0]
    if len(found.rest) > 1 or not isinstance(trailer, ast.Index) or len(trailer.intervals) > 2:
        message = f"`{found.text}` has rows and columns: write {found.text}[row, column]"
        scope.error("E0202", message, trailer.span)
    part = [(0, full[0] - 1), (0, full[1] - 1)]
    single = [False, False]
    for place, interval in enumerate(trailer.intervals):
        low, high = index_ends(interval, scope)
        part[place] = (low, low if high is None else high)
        single[place] = high is None
        if not 0 <= low <= part[place][1] < full[place]:
            message = (
                f"index {low if high is None else f'{low}..{high}'} is outside `{found.text}`, "
                f"which is {full[0]} by {full[1]}"
            )
            scope.error("E0308", message, interval.span)
    return tuple(part), (single[0], single[1])


def _values(
    expression: ast.Expression, shape: tuple[int, ...], what: str, scope: Scope
) -> tuple[float, ...]:
    """Returns the numbers of an array of a shape, row by row; a single number stands for all."""
    value = evaluate(expression, scope)
    if not isinstance(value, bool | tuple):
        return (value,)
    rows = (value,) if len(shape) == 1 else value
    fits = isinstance(rows, tuple) and (len(shape) == 1 or len(rows) == shape[0])
    flat = _flat(rows, shape[-1]) if fits and isinstance(rows, tuple) else None
    if flat is None:
        form = " by ".join(str(size) for size in shape)
        message = f"{what} takes {form} numbers, found {described(value)}"
        help = "give one number for all of them, or an array of that size"
        scope.error("E0401", message, expression.span, help=help)
    return flat


def _flat(rows: tuple[Any, ...], width: int) -> tuple[float, ...] | None:
    """Returns the numbers of rows of a width one after the other, None for anything else."""
    if not all(isinstance(row, tuple) and len(row) == width for row in rows):
        return None
    flat = tuple(number for row in rows for number in row)
    return None if any(isinstance(number, bool | tuple) for number in flat) else flat
