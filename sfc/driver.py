"""The pipeline from a file to a circuit, a simulator or a bundle; the place that writes files."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfc.diagnostics import Reporter, fail, nearest, printable
from sfc.ir.circuit import Circuit, Parameter
from sfc.sim import DEFAULT_ENGINE
from sfc.span import Source

if TYPE_CHECKING:
    from sfc.analysis.phases import Phases
    from sfc.ir.testbench import Testbench
    from sfc.passes.base import Pass
    from sfc.sim.outcome import Outcome
    from sfc.sim.simulator import Simulator
    from sfc.sim.watch import Cell

_MANIFEST = "manifest.json"
_BUNDLE_FORMAT = "sfc-bundle 1"
_BUNDLE_FILE_BYTES = 2 * 2**30
ALLOCATION = "allocation.json"
_ALLOCATION_BYTES = 64 * 2**20


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


def build(
    circuit: Circuit,
    folder: str | Path,
    *,
    target: str = "netlist",
    seed: int = 0,
    simulator: Simulator | None = None,
) -> list[Path]:
    """Emits a circuit for a target into a folder and returns the files, manifest last.

    Args:
        circuit: to emit.
        folder: made if need be; it is replaced as a whole, and only if it holds an earlier bundle
            or nothing.
        target: see `sfc targets`.
        seed: of the first weights.
        simulator: whose weights to emit instead.

    Raises:
        SfcError: the target cannot hold the circuit, or the folder cannot be written.
    """
    from sfc.ir.reals import refuse_real_weights
    from sfc.sim.initial import first_weights
    from sfc.targets.base import Program
    from sfc.targets.base import target as find_target

    if not isinstance(circuit, Circuit):
        fail("E0305", f"build takes a Circuit, found {type(circuit).__name__}")
    refuse_real_weights(circuit)
    if simulator is not None and simulator.circuit != circuit:
        fail("E0704", "the simulator's weights are those of another circuit")
    chosen = find_target(target)
    weights = simulator.plastic_weights() if simulator else first_weights(circuit, seed)
    program = Program(circuit, weights)
    reporter = Reporter()
    chosen.check(program, reporter)
    reporter.fail_on_errors()
    files = chosen.emit(program)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = {"format": _BUNDLE_FORMAT, "target": target, "files": sums}
    files[_MANIFEST] = f"{json.dumps(manifest, indent=1)}\n".encode()
    return write_folder(Path(folder), files)


def load_bundle(folder: str | Path, *, engine: str = DEFAULT_ENGINE) -> Simulator:
    """Returns a simulator with the circuit and weights of a bundle that `build` wrote.

    Raises:
        SfcError: E0801, the folder holds no bundle, or files other than its manifest says.
    """
    from sfc.sim.simulator import Simulator
    from sfc.targets.netlist import NETLIST, WEIGHTS, read_netlist

    folder = Path(folder)
    sums = _bundle_sums(folder)
    if NETLIST not in sums:
        fail("E0801", f"{folder / _MANIFEST} is not the manifest of a netlist that sfc wrote")
    program = read_netlist({n: _bundle_file(folder, n, sums) for n in (NETLIST, WEIGHTS)})
    simulator = Simulator(program.circuit, engine=engine)
    simulator.weights.update(program.weights)
    return simulator


def load_allocation(path: str | Path) -> dict[str, Any]:
    """Returns the JSON of an allocation: of a bundle, or of a file.

    `sfc.report.allocation_reader.report_of` looks at what it says.

    Raises:
        SfcError: E0801, it is none, is too large, or was changed since `build` wrote the bundle.
    """
    from sfc.report.allocation_reader import read_record

    path = Path(path)
    if not path.is_dir():
        return read_record(_read(path, _ALLOCATION_BYTES))
    sums = _bundle_sums(path)
    if ALLOCATION not in sums:
        message = f"{path} holds no {ALLOCATION}: the bundle was built without placement"
        fail("E0801", message, help="build it with --chip, for instance --chip loihi1")
    return read_record(_bundle_file(path, ALLOCATION, sums, _ALLOCATION_BYTES))


def _bundle_sums(folder: Path) -> dict[str, str]:
    """Returns what `_manifest_sums` finds in a folder."""
    if folder.is_dir() and not (folder / _MANIFEST).is_file():
        message = f"{folder} is a folder without {_MANIFEST}: it is no bundle"
        fail("E0801", message, help="give a circuit file, or a folder that `sfc build` wrote")
    return _manifest_sums(_read(folder / _MANIFEST))


def _bundle_file(
    folder: Path, name: str, sums: Mapping[str, str], most: int = _BUNDLE_FILE_BYTES
) -> bytes:
    """Returns a file of a bundle, if it is as its manifest says."""
    data = _read(folder / name, most)
    if hashlib.sha256(data).hexdigest() != sums.get(name):
        message = f"{folder / name} was changed since sfc wrote it"
        fail("E0801", message, help="build the bundle again")
    return data


def _manifest_sums(data: bytes) -> dict[str, str]:
    """Returns the SHA-256 of every file that a manifest names; nothing if it is none of ours."""
    try:
        manifest = json.loads(data)
        return dict(manifest["files"]) if manifest["format"] == _BUNDLE_FORMAT else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def _read(path: Path, most: int = _BUNDLE_FILE_BYTES) -> bytes:
    try:
        if not path.is_file():
            fail("E0801", f"{path} is missing or is no file")
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            fail("E0801", f"{path} is larger than {most // 2**20} MiB")
        return data
    except OSError as error:
        fail("E0801", f"cannot read {path}: {error.strerror or error}")
    except ValueError:
        fail("E0801", f"{printable(str(path))!r} is not a path")


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Writes a bundle into a new folder that takes the place of `folder` in the end.

    Raises:
        SfcError: E0802, it cannot be written, or holds something else than an earlier bundle.
    """
    shown, folder = folder, folder.absolute()
    _check_replaceable(folder, shown)
    mark = secrets.token_hex(4)
    fresh, old = (folder.with_name(f".{folder.name}.{mark}.{kind}") for kind in ("new", "old"))
    try:
        for name, data in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.is_dir():
            os.rename(folder, old)
        try:
            os.rename(fresh, folder)
        except OSError:
            if old.is_dir():
                os.rename(old, folder)
            raise
    except OSError as error:
        fail("E0802", f"cannot write {shown}: {error.strerror or error}")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if folder.is_dir():
            shutil.rmtree(old, ignore_errors=True)
    return [shown / name for name in files]


def _check_replaceable(folder: Path, shown: Path) -> None:
    """Reports a folder that is in use, or that holds more than a bundle of ours."""
    try:
        if Path.cwd().is_relative_to(folder.resolve()):
            message = (
                f"{shown} is the current folder or holds it, and a bundle takes a folder's place"
            )
            fail("E0802", message, help="choose another folder with -o")
        if not folder.exists():
            return
        found = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
    except (OSError, RuntimeError, ValueError) as error:
        fail("E0802", f"cannot write {shown}: {error}")
    if not folder.is_dir():
        fail("E0802", f"{shown} is a file", help="choose another folder with -o")
    manifest = folder / _MANIFEST
    sums = _manifest_sums(_read(manifest)) if manifest.is_file() else {}
    if foreign := found - {_MANIFEST, *sums} if sums else found:
        message = f"{shown} holds files that sfc did not write, such as {min(foreign)}"
        fail("E0802", message, help="choose another folder with -o")
