"""The `phases` command."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfc.cli_common import Defines, Level, compiled, console, parameters
from sfc.diagnostics import fail, nearest, shortened
from sfc.files import check_writable, write_file

if TYPE_CHECKING:
    from sfc.analysis.phases import Phases
    from sfc.report.phase_rows import Row

_MOST_LINES = 60
"""Assumptions and obligations that are printed without being asked for."""

HELP = """Show which population may fire in which phase, without running the circuit.

\b
Examples:
  sfc phases backprop
  sfc phases backprop --population h --population o --sound
  sfc phases backprop --svg phases.svg --html phases.html
  sfc phases backprop --json - | jq '.cells[] | select(.state == "open")'

The table holds as long as the cells that are open stay silent (the conditional reading); where it
differs from what holds of every run (the sound reading), cells are marked. With a file to write, no
table is printed. SVG is a timing chart; HTML is the chart as a page, in which modules fold.
"""


def phases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="circuit file, or a shipped one")],
    defines: Defines = [],  # noqa: B006
    level: Level = 0,
    sound: Annotated[bool, typer.Option("--sound", help="show the sound reading")] = False,
    relays: Annotated[
        bool, typer.Option("--relays", help="a row for every relay, not for every chain")
    ] = False,
    populations: Annotated[
        list[str],
        typer.Option(
            "--population", metavar="NAME", help="of a population, chain or module; repeatable"
        ),
    ] = [],  # noqa: B006
    everything: Annotated[
        bool, typer.Option("--all", help="also rows in which nothing happens, however many")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write all cells; - prints them")
    ] = None,
    svg_file: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="draw a timing chart; - prints it")
    ] = None,
    chain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="phases of this chain, where frames divide"),
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as a page; - prints it")
    ] = None,
) -> None:
    """Shows the phase table of a circuit."""
    from sfc import driver
    from sfc.report.phase_chart import chart
    from sfc.report.phase_json import json_chunks
    from sfc.report.phase_page import page
    from sfc.report.phase_rows import rows

    files = [path for path in (json_file, svg_file, html_file) if path is not None]
    for path in files:
        if str(path) != "-":
            check_writable(path, file)
    found = driver.phases(compiled(file, parameters(defines), level))
    if json_file is not None:
        _write(json_file, (chunk.encode() for chunk in json_chunks(found)))
    if not files:
        _print_chains(found, chain, sound, relays, populations, everything)
        return
    if chain is not None:
        found = found.of_chain(_known(found, chain))
    shown = rows(found, sound, relays, populations)
    if svg_file is not None:
        _write(svg_file, [chart(found, shown, sound).encode()])
    if html_file is not None:
        _write(html_file, [page(found, shown, sound).encode()])


def _known(phases: Phases, chain: str) -> str:
    """Returns the name of a chain whose phases are told apart; E0201 if there is none."""
    known = [table.chain for table in phases.conditional.tables if table.chain]
    if chain not in known:
        help = nearest(chain, known) or f"there are {', '.join(known) or 'none'}"
        fail("E0201", f"no phases of a chain `{shortened(chain)}` are told apart", help=help)
    return chain


def _print_chains(
    phases: Phases,
    chain: str | None,
    sound: bool,
    relays: bool,
    populations: list[str],
    everything: bool,
) -> None:
    """Prints the tables of one chain or of all, and what is open once."""
    from sfc.report.phase_rows import rows

    tables = phases.conditional.tables
    chains = [table.chain for table in tables] if chain is None else [_known(phases, chain)]
    for index, name in enumerate(chains):
        found = phases.of_chain(name)
        shown = rows(found, sound, relays, populations)
        if len(tables) > 1:
            console().print(f"phases of {name}" if name else "steps that are no phase")
        is_last = index == len(chains) - 1
        _print(found, shown, sound, everything, bool(populations), is_last)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file and prints its path, or prints what would be in it."""
    if str(path) != "-":
        write_file(path, pieces)
        print(path)
        return
    for piece in pieces:
        typer.echo(piece, nl=False)


def _print(
    found: Phases,
    shown: list[Row],
    sound: bool,
    everything: bool,
    is_chosen: bool,
    is_last: bool,
) -> None:
    from sfc.cli_phase_table import headline, kept_rows, legend, phase_tables, statements

    out = console()
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    kept, left_out = kept_rows(shown, everything, is_chosen)
    out.print(headline(found))
    if not found.conditional.reading.timeline.has_frames:
        out.print("there are no frames of one length: a cell stands for every step")
    whole = everything or is_chosen
    for table in phase_tables(found, kept, sound, whole, out.width, plain):
        out.print(table)
        out.print()
    out.print(legend(kept, sound, plain))
    if left_out:
        out.print(left_out)
    lines = list(statements(found, shown)) if is_last else []
    cut = lines if everything else lines[:_MOST_LINES]
    if lines:
        out.print()
    for line in cut:
        out.print(line)
    if len(cut) < len(lines):
        out.print(f"… {len(lines) - len(cut):,} more, shown with --all")
