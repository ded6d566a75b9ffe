"""Bundles: folders that hold what was emitted, and a manifest with the hash of every file."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfc.diagnostics import Reporter, fail, printable
from sfc.ir.circuit import Circuit
from sfc.sim import DEFAULT_ENGINE

if TYPE_CHECKING:
    from sfc.place.allocation import Allocation
    from sfc.sim.simulator import Simulator

_MANIFEST = "manifest.json"
_BUNDLE_FORMAT = "sfc-bundle 1"
_BUNDLE_FILE_BYTES = 2 * 2**30
ALLOCATION = "allocation.json"
_ALLOCATION_BYTES = 64 * 2**20
ALLOCATION_PAGE = "allocation.html"


def build(
    circuit: Circuit,
    folder: str | Path,
    *,
    target: str = "netlist",
    seed: int = 0,
    simulator: Simulator | None = None,
    allocation: Allocation | None = None,
) -> list[Path]:
    """Emits a circuit for a target into a folder and returns the files, manifest last.

    Args:
        circuit: to emit.
        folder: made if need be; it is replaced as a whole, and only if it holds an earlier bundle
            or nothing.
        target: see `sfc targets`.
        seed: of the first weights.
        simulator: whose weights to emit instead.
        allocation: of the circuit, from `sfc.allocate`; its report is written, too.

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
    if allocation is not None and getattr(allocation, "circuit", None) != circuit:
        help = "sfc.allocate makes one"
        fail("E0305", "build takes an Allocation of the circuit that it emits", help=help)
    chosen = find_target(target)
    weights = simulator.plastic_weights() if simulator else first_weights(circuit, seed)
    program = Program(circuit, weights)
    reporter = Reporter()
    chosen.check(program, reporter)
    reporter.fail_on_errors()
    files = chosen.emit(program)
    if allocation is not None:
        files |= _report(allocation)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = {"format": _BUNDLE_FORMAT, "target": target, "files": sums}
    files[_MANIFEST] = f"{json.dumps(manifest, indent=1)}\n".encode()
    return write_folder(Path(folder), files)


def _report(allocation: Allocation) -> dict[str, bytes]:
    """Returns the files that tell of an allocation; a page where cores are few enough."""
    from sfc.report.allocation_data import allocation_data
    from sfc.report.allocation_page import MOST_PLACES, core_places, page
    from sfc.report.allocation_reader import report_of

    record = allocation_data(allocation)
    text = json.dumps(record, indent=1)
    files = {ALLOCATION: f"{text}\n".encode()}
    report = report_of(record)
    if core_places(report) <= MOST_PLACES:
        files[ALLOCATION_PAGE] = page(report).encode()
    return files


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
