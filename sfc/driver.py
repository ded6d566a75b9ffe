"""The pipeline from a file to a circuit, what is known of it, and its place on a chip."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfc.diagnostics import Reporter, fail, nearest
from sfc.ir.circuit import Circuit, Parameter
from sfc.sim import DEFAULT_ENGINE
from sfc.span import Source

if TYPE_CHECKING:
    from sfc.analysis.phases import Phases
    from sfc.chips.chip import Chip
    from sfc.ir.testbench import Testbench
    from sfc.passes.base import Pass
    from sfc.place.activity import Activity
    from sfc.place.allocation import Allocation, Objective
    from sfc.sim.outcome import Outcome
    from sfc.sim.watch import Cell


def compile(path: str | Path, reporter: Reporter | None = None, /, **parameters: Any) -> Circuit:
    """Compiles a circuit file.

        circuit = sfc.compile("circuits/examples/backprop.sfc", n_hid=100)

    Args:
        path: of the file, or the name of a shipped circuit, for instance "backprop"; a file may
            also hold the textual IR of a circuit.
        reporter: receives warnings; without one they are dropped.
        parameters: values for the file's ``param`` declarations.

    Raises:
        SfcError: the file has mistakes; `str()` of it shows them with their places.
    """
    return _compile(_source(path), parameters, reporter)


def elaborate(path: str | Path, reporter: Reporter | None = None, /, **parameters: Any) -> Circuit:
    """Returns a circuit as its file has it, with real weights where it has any; see `compile`.

    Only after the pass `quantise` can such a circuit be run or built; `compile` applies it.
    """
    return _circuit_of(_source(path), parameters, reporter)


def compile_tests(
    path: str | Path, reporter: Reporter | None = None, /, **parameters: Any
) -> tuple[Circuit, tuple[Testbench, ...]]:
    """Compiles a circuit file, and returns its tests too; see `compile`."""
    source = _source(path)
    if _is_ir(source):
        return _compile(source, parameters, reporter), ()
    circuit, tests = _elaborate(source, parameters, reporter, with_tests=True)
    return _executable(circuit, reporter), tests


def test(
    path: str | Path,
    /,
    engine: str = DEFAULT_ENGINE,  # noqa: PT028
    **parameters: Any,
) -> list[Outcome]:
    """Runs the tests of a circuit file and returns what became of each.

        for outcome in sfc.test("circuits/examples/memory.sfc"):
            outcome.check()

    Args:
        path: of the file, or the name of a shipped circuit.
        engine: the simulation engine.
        parameters: values for the file's ``param`` declarations.

    Raises:
        SfcError: the file has mistakes; a test that fails is an outcome.
    """
    from sfc.sim.testbench import run_test

    circuit, tests = compile_tests(path, **parameters)
    return [run_test(circuit, test, engine) for test in tests]


def _source(path: str | Path) -> Source:
    """Reads a circuit file, or a shipped circuit."""
    from sfc.resources import circuit_names, circuit_path
    from sfc.syntax.parser import read_source

    if is_shipped(path) or not os.path.exists(path):
        path = circuit_path(str(path)) or path
    if not Path(path).suffix and not os.path.exists(path):
        help = nearest(str(path), circuit_names()) or f"shipped: {', '.join(circuit_names())}"
        if os.path.exists(f"{path}.sfc"):
            help = f"did you mean `{path}.sfc`?"
        fail("E0101", f"there is no file and no shipped circuit called {path}", help=help)
    return read_source(path)


def is_shipped(path: str | Path) -> bool:
    """Tells whether a path is the bare name of a shipped circuit; a file of that name is not it."""
    from sfc.resources import circuit_path

    return circuit_path(str(path)) is not None and not Path(path).suffix


def compile_text(
    text: str, name: str = "<text>", reporter: Reporter | None = None, /, **parameters: Any
) -> Circuit:
    """Compiles a circuit from its text; see `compile`.

    Args:
        text: the contents of a circuit file.
        name: what messages call it.
        reporter: receives warnings; without one they are dropped.
        parameters: values for the text's ``param`` declarations.
    """
    return _compile(Source(name, text), parameters, reporter)


def optimise(
    circuit: Circuit,
    *,
    level: int | None = None,
    passes: Iterable[str | Pass] = (),
    reporter: Reporter | None = None,
) -> Circuit:
    """Returns a circuit that does the same, after the passes of a level and then those named.

        circuit = sfc.optimise(circuit, level=2)
        circuit = sfc.optimise(circuit, passes=["merge-gates", "relay-delays,longest=7"])

    Args:
        circuit: to change.
        level: 0, 1 or 2; without a level and passes it is 1.
        passes: see `sfc passes`; options follow the name.
        reporter: receives warnings; without one they are dropped.

    Raises:
        SfcError: there is no such pass, option or level, or a pass cannot change the circuit.
    """
    from sfc.passes.options import pipeline
    from sfc.passes.pipeline import run_passes

    if not isinstance(circuit, Circuit):
        fail("E0305", f"optimise takes a Circuit, found {type(circuit).__name__}")
    given = (passes,) if isinstance(passes, str) else tuple(passes)
    level = 1 if level is None and not given else level
    return run_passes(circuit, pipeline(level, given), reporter or Reporter())[0]


def _compile(source: Source, parameters: Mapping[str, Any], reporter: Reporter | None) -> Circuit:
    return _executable(_circuit_of(source, parameters, reporter), reporter)


def _circuit_of(
    source: Source, parameters: Mapping[str, Any], reporter: Reporter | None
) -> Circuit:
    if _is_ir(source):
        return _read_ir(source, parameters)
    return _elaborate(source, parameters, reporter)[0]


def _is_ir(source: Source) -> bool:
    return source.text.startswith("sfc-ir ")


def _executable(circuit: Circuit, reporter: Reporter | None) -> Circuit:
    """Returns a circuit whose real weights are rounded."""
    if not circuit.real_projections():
        return circuit
    from sfc.ir.verify import verify
    from sfc.passes.quantise import Quantise  # not before: NumPy takes a while to load

    reporter = reporter or Reporter()
    circuit = Quantise().run(circuit, reporter)
    reporter.fail_on_errors()
    verify(circuit)
    return circuit


def _read_ir(source: Source, parameters: Mapping[str, Any]) -> Circuit:
    """Returns the circuit of a textual IR."""
    from sfc.ir.record import RecordError
    from sfc.ir.text import parse_circuit
    from sfc.ir.verify import InvariantError, verify

    shown = source.path or source.name
    if parameters:
        fail("E0208", f"{shown} is textual IR; its parameters are fixed", help="drop -D")
    try:
        circuit = parse_circuit(source.text)
        verify(circuit)
    except (RecordError, InvariantError) as error:
        fail("E0801", f"{shown} is no textual IR of a circuit: {error}")
    return circuit


def _elaborate(
    source: Source,
    parameters: Mapping[str, Any],
    reporter: Reporter | None,
    with_tests: bool = False,
) -> tuple[Circuit, tuple[Testbench, ...]]:
    """Returns a circuit and its tests.

    A test is written for the parameters' defaults: with other values, tests are looked at only if
    they are to be run.
    """
    from sfc.resources import resource
    from sfc.sema.elaborate import elaborate
    from sfc.syntax.ast import Test
    from sfc.syntax.parser import parse

    values = {name: parameter_value(name, value) for name, value in parameters.items()}
    folders = (resource("circuits") / "lib",)
    file = parse(source)
    if values and not with_tests:
        file = replace(
            file, statements=tuple(s for s in file.statements if not isinstance(s, Test))
        )
    return elaborate(file, values, reporter or Reporter(), folders)


def parameter_value(name: str, value: object) -> Parameter:
    """Returns a parameter's value: a number, or a tuple of the numbers of a list or array."""
    if isinstance(value, list | tuple) or getattr(value, "ndim", 0) == 1:
        return tuple(_number(name, item) for item in value)  # type: ignore[attr-defined]
    return _number(name, value)


def _number(name: str, value: object) -> float:
    """Returns a parameter's value as a plain int or float; NumPy's numbers are taken too."""
    if not isinstance(value, bool):
        for convert in ("__index__", "__float__"):
            try:
                number: float = getattr(value, convert)()
            except (AttributeError, TypeError, ValueError):
                continue
            if isinstance(number, int) or math.isfinite(number):
                return number
    fail("E0305", f"parameter `{name}` takes a number, found {value!r}")


def phases(circuit: Circuit) -> Phases:
    """Returns the phase analysis of a circuit: who may fire when, and what remains to be shown.

        phases = sfc.phases(sfc.compile("backprop"))
        print(phases.conditional.table.cell("h", 8).margin)

    Assertions that are not proved are tried on a short run, which may refute them.
    """
    from sfc.analysis.phases import analyse

    if not isinstance(circuit, Circuit):
        kind = type(circuit).__name__
        fail("E0305", f"phases takes a Circuit, found {kind}", help="sfc.compile makes one")
    found = analyse(circuit)
    doubted = [
        o for o in found.obligations if o.is_asserted and o.status in ("open", "conditional")
    ]
    if not doubted:
        return found
    from sfc.sim.witness import refute

    spans = {obligation.span for obligation in doubted}
    tried = {id(obligation) for obligation in doubted}
    seen = refute(circuit, [prop for prop in circuit.properties if prop.span in spans])
    return replace(
        found,
        obligations=tuple(
            replace(o, status="refuted", text=seen[key])
            if id(o) in tried and (key := (o.kind, o.subject, o.chain, o.phase)) in seen
            else o
            for o in found.obligations
        ),
    )


def check(
    circuit: Circuit,
    reporter: Reporter | None = None,
    /,
    *,
    observed: Iterable[str] = (),
    strict: bool = False,
) -> Phases:
    """Analyses a circuit, reports what cannot be meant, and what is asserted and does not hold.

    Args:
        circuit: any.
        reporter: receives warnings, and an error for each refuted assertion; without one they are
            dropped.
        observed: populations that something outside of the circuit reads, such as its tests.
        strict: report what is open as errors too.
    """
    from sfc.analysis.advice import advise
    from sfc.analysis.verdicts import report_unmet

    reporter = reporter or Reporter()
    found = phases(circuit)
    told = report_unmet(found, reporter, strict)
    advise(found, reporter, observed, told)
    return found


def watched_cells(circuit: Circuit) -> tuple[Cell, ...]:
    """Returns the cells whose silence is asserted or supposed, and not proved of every run."""
    return tuple(
        dict.fromkeys(
            (obligation.subject, obligation.chain, obligation.phase)
            for obligation in phases(circuit).obligations
            if obligation.kind == "silent" and obligation.status != "proved"
        )
    )


def allocate(
    circuit: Circuit,
    chip: str | Path | Chip = "loihi1",
    *,
    objective: Objective = "cores",
    seed: int = 0,
    chips: int | None = None,
    cores: int | None = None,
    max_plastic_per_core: int | None = None,
    activity: str | Path | Activity | None = None,
) -> Allocation:
    """Places a circuit on the cores of a chip.

        allocation = sfc.allocate(sfc.compile("backprop"), "loihi1")
        allocation.cores_used, allocation.lower_bound, allocation.step_time_us

    Args:
        circuit: to place.
        chip: name of a chip that comes with sfc, a chip file, or a chip.
        objective: "cores" (the fewest), "step" (the shortest, by spreading over more cores) or
            "traffic" (the fewest spikes times tiles).
        seed: of the orders that are tried.
        chips: that there are; by default as many as the largest system has.
        cores: that there are on them; by default all, and for "step" three fifths of one chip's.
        max_plastic_per_core: most synapses that learn on one core.
        activity: how often neurons fire: a file that `sfc run --json` wrote, or an activity; by
            default what the phase analysis predicts at most.

    Raises:
        SfcError: E10xx, the chip does not hold the circuit, or there is no such chip.
    """
    from sfc.place.allocate import allocate as place
    from sfc.place.allocation import OBJECTIVES

    if objective not in OBJECTIVES:
        help = nearest(str(objective), OBJECTIVES) or f"there are {', '.join(OBJECTIVES)}"
        fail("E0707", f"unknown objective `{objective}`", help=help)
    _check_counts(chips=chips, cores=cores, max_plastic_per_core=max_plastic_per_core)
    return place(
        circuit,
        _chip(circuit, chip),
        objective=objective,
        seed=seed,
        chips=chips,
        cores=cores,
        plastic_cap=max_plastic_per_core,
        activity=_activity(circuit, activity),
    )


def trade_offs(
    circuit: Circuit,
    chip: str | Path | Chip = "loihi1",
    *,
    seed: int = 0,
    cores: int | None = None,
    activity: str | Path | Activity | None = None,
) -> list[Allocation]:
    """Returns allocations none of which is beaten by another in cores, step and traffic together.

        for allocation in sfc.trade_offs(circuit, "loihi1"):
            print(allocation.cores_used, allocation.step_time_us, allocation.hop_weighted)

    Args:
        circuit, chip, seed, activity: see `allocate`.
        cores: that there are; by default those of one chip.
    """
    from sfc.place.allocate import trade_offs as find

    _check_counts(cores=cores)
    found = _chip(circuit, chip)
    counted = _activity(circuit, activity)
    return find(circuit, found, seed=seed, cores=cores, activity=counted)


def _chip(circuit: Circuit, chip: str | Path | Chip) -> Chip:
    """Returns the chip that a circuit is to be placed on."""
    from sfc.chips.chip import Chip
    from sfc.chips.read import chip as read_chip

    if not isinstance(circuit, Circuit):
        kind = type(circuit).__name__
        fail("E0305", f"a Circuit is placed, found {kind}", help="sfc.compile makes one")
    if isinstance(chip, Chip):
        return chip
    if not isinstance(chip, str | Path):
        fail("E0305", f"a chip is a name, a file or a Chip, found {type(chip).__name__}")
    return read_chip(chip)


def _check_counts(**counts: int | None) -> None:
    """Reports numbers that are none, or too small."""
    for name, count in counts.items():
        if count is None:
            continue
        if not isinstance(count, int) or isinstance(count, bool):
            fail("E0305", f"{name} is a whole number, found {type(count).__name__}")
        if count < 1:
            fail("E0302", f"{name} must be at least 1, found {count}")


def _activity(circuit: Circuit, activity: str | Path | Activity | None) -> Activity | None:
    from sfc.place.activity import Activity, measured

    if activity is None or isinstance(activity, Activity):
        return activity
    if not isinstance(activity, str | Path):
        message = f"an activity is a file or an Activity, found {type(activity).__name__}"
        fail("E0305", message, help="write a file with `sfc run … --json FILE`")
    return measured(circuit, activity)
