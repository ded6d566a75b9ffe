"""The `report` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfc.cli_common import Defines, Level, console, parameters
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
  sfc report build/backprop/allocation.json --json - | jq '.cores[].binding'

Given a folder that `sfc build --chip` wrote, or its allocation.json, it tells of that; given a
circuit, it is placed first. With a file to write, no tables are printed.
"""


def report(
    file: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="bundle, allocation.json, or circuit")
    ],
    chip: Annotated[
        str | None, typer.Option(metavar="NAME", help="place a circuit on this chip")
    ] = None,
    defines: Defines = [],  # noqa: B006
    level: Level = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write it as JSON; - prints it")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as a page; - prints it")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="all resources and rows, however long")
    ] = False,
) -> None:
    """Explains an allocation."""
    files = [path for path in (json_file, html_file) if path is not None]
    for path in files:
        if str(path) != "-":
            check_writable(path, file)
    from sfc.report.allocation_reader import report_of

    record = _record(file, chip, parameters(defines), level)
    found = report_of(record)
    if json_file is not None:
        _write(json_file, f"{json.dumps(record, indent=1)}\n".encode())
    if html_file is not None:
        from sfc.report.allocation_page import page

        _write(html_file, page(found).encode())
    if not files:
        _print(found, everything)


def _record(
    file: Path, chip: str | None, values: dict[str, Parameter], level: int
) -> dict[str, Any]:
    """Returns the JSON of the allocation that a path leads to, or that a circuit gets."""
    from sfc import driver

    if not _is_allocation(file):
        return _placed(file, chip, values, level)
    if chip is not None:
        fail("E0208", f"{file} is placed already", help="drop --chip, or give the circuit")
    if values:
        fail("E0208", f"{file} is an allocation; its parameters are fixed", help="drop -D")
    if level:
        fail("E0708", f"{file} is an allocation, and stays as it was built", help="drop -O")
    return driver.load_allocation(file)


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


def _placed(
    file: Path, chip: str | None, values: dict[str, Parameter], level: int
) -> dict[str, Any]:
    """Places a circuit and returns the JSON of it."""
    fail("E0305", f"{file} is a circuit, and nothing places it yet", help="give a bundle's folder")


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
