"""An allocation as a page: where everything lies on the dies, what is used up, what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from sfc.diagnostics import fail
from sfc.report.allocation_model import AllocationReport
from sfc.report.allocation_page_data import page_data
from sfc.report.allocation_page_map import MAP
from sfc.report.allocation_page_matrix import MATRIX
from sfc.report.allocation_page_parts import energy_bars, facts, step_bars, summary_words, table
from sfc.report.allocation_page_style import STYLE
from sfc.report.allocation_sheets import (
    MOST_PAIRS,
    Sheet,
    bounds_sheet,
    energy_sheets,
    populations_sheet,
    projections_sheet,
    traffic_sheets,
    unverified_sheet,
)
from sfc.report.allocation_words import made
from sfc.report.document import document, html

MOST_PLACES = 2**15
"""Places for cores that a page draws, used or not."""


def core_places(report: AllocationReport) -> int:
    """Returns the places for cores that a page of an allocation has."""
    if not report.chip.mesh:
        return report.chips_used * report.chip.cores
    columns, rows = report.chip.mesh
    return report.chips_used * columns * rows * report.chip.cores_per_tile


def page(report: AllocationReport) -> str:
    """Draws an allocation as an HTML page that needs nothing else.

    Raises:
        SfcError: E0306, there are more than `MOST_PLACES` places for cores.
    """
    places = core_places(report)
    if places > MOST_PLACES:
        message = f"{report.chips_used:,} chips have {places:,} cores; a page draws {MOST_PLACES:,}"
        fail("E0306", message, help="`sfc report` without --html prints tables, --json everything")
    name = f"{report.circuit} on {report.chip.title}"
    body = [
        f"<header><h1>{html(name)}</h1>",
        '<label>colour by <select id="measure"></select></label>',
        '<label>find population <input id="find" type="search" size="14"></label>',
        '<span class="hint">point at a core, click for more; or go by arrow keys and Enter</span>',
        "</header><main>",
        f'<div class="facts">{"".join(facts(report))}</div>',
        f'<p class="note">{html(made(report))}</p>',
        '<div class="top"><section class="die"><div id="die" tabindex="0" role="application" '
        f'aria-label="cores: {html(summary_words(report))}"></div>',
        f'<div id="legend"></div>{_arrangement(report)}</section>',
        '<aside id="panel" aria-live="polite"></aside></div>',
        '<div class="cards">',
        *_cards(report),
        "</div>",
        *_tables(report),
        '</main><div id="tip" role="status" aria-live="polite"></div>',
        f'<script type="application/json" id="data">{page_data(report)}</script>',
    ]
    return document(f"{name}: allocation", STYLE, body, f"{MAP}{MATRIX}")


def _arrangement(report: AllocationReport) -> str:
    if report.chip.mesh:
        return ""
    return '<p class="note">how the cores lie on the die is not published: they are in order</p>'


def _cards(report: AllocationReport) -> Iterator[str]:
    """Writes what is less than a page wide."""
    sheets = {sheet.name: sheet for sheet in traffic_sheets(report)}
    if sheets:
        yield '<section class="card"><h2>Spikes between cores</h2>'
        yield '<label id="ways" hidden>show <select id="way"></select></label>'
        yield '<div id="matrix"></div><p class="note" id="matrixnote"></p></section>'
        yield '<section class="card"><h2>Traffic</h2>'
        yield from table(sheets["traffic"])
        if "pairs" in sheets:
            yield "<h3>Busiest pairs of cores</h3>"
            yield from table(_first(sheets["pairs"], MOST_PAIRS))
        yield "</section>"
    yield '<section class="card"><h2>Step time by phase</h2>'
    yield from step_bars(report)
    yield '</section><section class="card"><h2>Energy and latency of a sample</h2>'
    yield from energy_bars(report)
    for sheet in energy_sheets(report):
        if sheet.name != "energy":
            yield from table(sheet)
    yield '</section><section class="card"><h2>Fewest cores by resource</h2>'
    yield from table(bounds_sheet(report, sources=True))
    yield "</section>"
    if report.unverified:
        yield '<section class="card"><h2>Not verified, and this placement leans on it</h2>'
        yield from table(unverified_sheet(report))
        yield "</section>"


def _first(sheet: Sheet, most: int) -> Sheet:
    return Sheet(sheet.name, sheet.title, sheet.columns, sheet.rows[:most], sheet.notes)


def _tables(report: AllocationReport) -> Iterator[str]:
    for heading, sheet in (
        ("Populations", populations_sheet(report)),
        ("Projections", projections_sheet(report)),
    ):
        if sheet.rows:
            find = f'<input type="search" size="14" data-filters="{sheet.name}">'
            yield f'<section class="list"><h2>{heading} <label>find {find}</label></h2>'
            yield from table(sheet)
            yield "</section>"
