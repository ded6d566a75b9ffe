"""The `report` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfc.cli_common import Defines, Level, Seed, compiled, console, parameters
from sfc.cli_place import ActivityFile, ChipName, Chips, Cores, ObjectiveName, PlasticCap, Wish
from sfc.diagnostics import fail
from sfc.files import check_writable, write_file

if TYPE_CHECKING:
    from sfc.ir.circuit import Parameter
    from sfc.report.allocation_model import AllocationReport

_WIDEST = 10_000
"""Letters of a line, for tables whose columns know how wide they are."""

_SNIFFED = 64
"""Bytes by which JSON is told from a circuit."""

HELP = """Explain how a circuit lies on the cores of a chip, and what that costs.

\b
Examples:
  sfc report build/backprop
  sfc report build/backprop --html backprop.html
  sfc report backprop --chip loihi1 --all
  sfc report backprop --chip loihi1 --pareto pareto.svg
  sfc report build/backprop/allocation.json --json - | jq '.cores[].binding'

Given a folder that `sfc build --chip` wrote, or its allocation.json, it tells of that; given a
circuit, it is placed first. With a file to write, no tables are printed.
"""


def report(
    file: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="bundle, allocation.json, or circuit")
    ],
    defines: Defines = [],  # noqa: B006
    level: Level = 0,
    seed: Seed = 0,
    chip: ChipName = None,
    objective: ObjectiveName = "cores",
    chips: Chips = None,
    cores: Cores = None,
    plastic_cap: PlasticCap = None,
    activity: ActivityFile = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write it as JSON; - prints it")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as a page; - prints it")
    ] = None,
    pareto_file: Annotated[
        Path | None,
        typer.Option(
            "--pareto",
            metavar="FILE",
            help="place it in many ways, on one chip or --cores; plot cores, step and traffic",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="all resources and rows, however long")
    ] = False,
) -> None:
    """Explains an allocation."""
    files = [path for path in (json_file, html_file, pareto_file) if path is not None]
    for path in files:
        if str(path) != "-":
            check_writable(path, file)
    wish = Wish(chip, objective, chips, cores, plastic_cap, activity, seed)
    values = parameters(defines)
    if pareto_file is not None:
        _check_pareto(wish, len(files) > 1)
        _pareto(file, values, level, wish, pareto_file)
        return
    from sfc.report.allocation_reader import report_of

    record = _loaded(file, values, level, wish) if _is_allocation(file) else None
    if record is None:
        record = _placed(file, values, level, wish)
    found = report_of(record)
    if json_file is not None:
        _write(json_file, f"{json.dumps(record, indent=1)}\n".encode())
    if html_file is not None:
        from sfc.report.allocation_page import page

        _write(html_file, page(found).encode())
    if not files:
        _print(found, everything)


def _loaded(file: Path, values: dict[str, Parameter], level: int, wish: Wish) -> dict[str, Any]:
    """Returns the JSON of the allocation that a path leads to."""
    from sfc import bundles

    for option in (*(("--chip",) if wish.chip else ()), *wish.options):
        fail("E0208", f"{file} is placed already", help=f"drop {option}, or give the circuit")
    if values:
        fail("E0208", f"{file} is an allocation; its parameters are fixed", help="drop -D")
    if level:
        fail("E0708", f"{file} is an allocation, and stays as it was built", help="drop -O")
    return bundles.load_allocation(file)


def _placed(file: Path, values: dict[str, Parameter], level: int, wish: Wish) -> dict[str, Any]:
    """Places a circuit and returns the JSON of it."""
    from sfc.report.allocation_data import allocation_data

    allocation = wish.allocation(compiled(file, values, level))
    if allocation is None:
        help = "say on which chip, for instance --chip loihi1"
        fail("E0708", f"{file} is a circuit, and is not placed yet", help=help)
    return allocation_data(allocation)


def _check_pareto(wish: Wish, with_other_files: bool) -> None:
    """Reports options that --pareto does not heed."""
    for option in wish.options:
        if option not in ("--cores", "--activity"):
            help = "--cores says how many cores there are" if option == "--chips" else ""
            message = f"--pareto places a circuit in many ways, and does not heed {option}"
            fail("E0708", message, help=help)
    if with_other_files:
        help = "report one placement: without --pareto, with --objective or --cores"
        fail("E0708", "--pareto shows many placements; --json and --html tell of one", help=help)


def _pareto(
    file: Path, values: dict[str, Parameter], level: int, wish: Wish, picture: Path
) -> None:
    """Prints a table of allocations none of which another beats, and plots them."""
    from sfc import driver
    from sfc.cli_report_table import sheet_lines
    from sfc.report.trade_offs import check_suffix, plot, trade_offs_sheet

    if wish.chip is None or _is_allocation(file):
        help = "give a circuit, and a chip, for instance --chip loihi1"
        fail("E0708", f"--pareto places a circuit anew: {file} on which chip?", help=help)
    check_suffix(picture)
    circuit = compiled(file, values, level)
    with console(stderr=True).status("placing"):
        found = driver.trade_offs(
            circuit, wish.chip, seed=wish.seed, cores=wish.cores, activity=wish.activity
        )
    out = console()
    for line in sheet_lines(trade_offs_sheet(found), out.width, True):
        out.print(line)
    write_file(picture, plot(found, picture.suffix))
    print(picture)


def _is_allocation(file: Path) -> bool:
    """Tells whether a path is a folder or JSON; anything else is for the compiler to read."""
    from sfc import driver

    if driver.is_shipped(file):
        return False
    if file.is_dir():
        return True
    try:
        with file.open("rb") as opened:
            return file.suffix == ".json" or opened.read(_SNIFFED).lstrip()[:1] == b"{"
    except (OSError, ValueError):
        return file.suffix == ".json"


def _write(path: Path, data: bytes) -> None:
    """Writes a file and prints its path, or prints what would be in it."""
    if str(path) == "-":
        typer.echo(data, nl=False)
        return
    write_file(path, data)
    print(path)


def _print(found: AllocationReport, everything: bool) -> None:
    from sfc.cli_report_table import report_lines

    out = console()
    width, out.width = out.width, _WIDEST
    for line in report_lines(found, width, everything):
        out.print(line)
