"""Tables of an allocation for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from sfc.diagnostics import printable
from sfc.report.allocation_model import AllocationReport
from sfc.report.allocation_sheets import (
    MOST_PAIRS,
    Sheet,
    bounds_sheet,
    energy_sheets,
    projections_sheet,
    step_sheet,
    traffic_sheets,
    unverified_sheet,
)
from sfc.report.allocation_text import cores_sheet
from sfc.report.allocation_words import headline, made

_GAP = 2
"""Letters between columns."""

_MOST_ROWS = {"cores": 40, "projections": 20, "pairs": MOST_PAIRS, "step": 24}
"""Rows that are shown without being asked for."""


def report_lines(report: AllocationReport, width: int, whole: bool) -> Iterator[Table | Text]:
    """Yields the headline and the tables.

    Args:
        report: what is told.
        width: of the terminal, in letters.
        whole: leave nothing out.
    """
    yield Text(printable(f"{report.circuit} on {report.chip.title}: {headline(report)}"), "bold")
    yield Text(printable(made(report)))
    sheets = [
        bounds_sheet(report),
        cores_sheet(report, width, whole),
        projections_sheet(report),
        *traffic_sheets(report),
        step_sheet(report),
        *energy_sheets(report),
        unverified_sheet(report),
    ]
    for sheet in sheets:
        if sheet is not None and sheet.rows:
            yield Text("")
            yield from sheet_lines(sheet, width, whole)
    if not report.energy:
        yield Text("")
        yield Text("energy and latency: n/a, none are published for this chip")


def sheet_lines(sheet: Sheet, width: int, whole: bool) -> Iterator[Table | Text]:
    """Yields a table, and the notes on it."""
    most = len(sheet.rows) if whole else _MOST_ROWS.get(sheet.name, len(sheet.rows))
    table = Table(
        title=printable(sheet.title),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for column, letters in zip(sheet.columns, _widths(sheet, most, width, whole), strict=True):
        table.add_column(
            printable(column.heading),
            justify="right" if column.is_number else "left",
            vertical="bottom",
            width=letters,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in sheet.rows[:most]:
        table.add_row(*(_cell(text) for text in row))
    yield table
    if len(sheet.rows) > most:
        yield Text(f"… {len(sheet.rows) - most:,} more, --all")
    for note in sheet.notes:
        yield Text(printable(note), "dim")


def _widths(sheet: Sheet, most: int, width: int, whole: bool) -> list[int]:
    """Returns the letters of each column; those that bend are cut until a line fits."""
    found = []
    for place, column in enumerate(sheet.columns):
        words = [*column.heading.split("\n"), *(row[place] for row in sheet.rows[:most])]
        found.append(max(cell_len(printable(word)) for word in words))
    while not whole and sum(found) + _GAP * (len(found) - 1) > width:
        cuttable = [
            (letters, place)
            for place, (column, letters) in enumerate(zip(sheet.columns, found, strict=True))
            if column.bends and letters > len(column.heading)
        ]
        if not cuttable:
            break
        found[max(cuttable)[1]] -= 1
    return found


def _cell(text: str) -> Text:
    marked = text.startswith("*") or text.endswith("*")
    return Text(printable(text).replace("\n", " "), "bold" if marked else "")
