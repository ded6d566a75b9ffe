"""The timing chart as a page: modules fold, both readings can be seen, and the numbers of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sfc.analysis.obligations import Obligation
from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed
from sfc.report.document import document, html
from sfc.report.phase_chart import check_size, clock_row, clock_strip, lane_ids, without_clock
from sfc.report.phase_events import events_of
from sfc.report.phase_groups import groups_of
from sfc.report.phase_key import entries
from sfc.report.phase_lanes import Grid, grid_of
from sfc.report.phase_page_parts import SCRIPT, STYLE
from sfc.report.phase_page_table import Drawing, table_rows
from sfc.report.phase_rows import Row
from sfc.report.proofs import Proof, proofs, table_summary
from sfc.report.strokes import number

_CLOCK = 26.0


def page(phases: Phases, rows: Sequence[Row], sound: bool = False) -> str:
    """Draws rows of a phase table as an HTML page that needs nothing else.

    Args:
        phases: the analysis.
        rows: of the reading that is shown at first, see `sfc.report.phase_rows.rows`.
        sound: which reading that is.

    Raises:
        SfcError: E0306, there is too much to be drawn.
    """
    rows = without_clock(phases, rows)
    table = phases.conditional.table
    check_size(rows, len(table.numbers))
    grid = grid_of(table.numbers, list(phases.circuit.matrices))
    first, second = phases.conditional, phases.sound
    if sound:
        first, second = second, first
    drawing = Drawing(grid, events_of(first), events_of(second), sound)
    groups = groups_of(rows)
    reading = "sound" if sound else "conditional"
    body = [
        f"<header><h1>{html(phases.circuit.name)}</h1>",
        *_tools(reading, any(group.name for group in groups)),
        '<span class="hint">point at cells, or go from one to the next by arrow keys</span>',
        f'</header><div class="key">{"".join(_key(drawing, rows))}</div>',
        f'<main tabindex="0" data-reading="{reading}" style="--cell:{number(grid.cell)}px" '
        'aria-label="timing chart"><table>',
        f"<thead><tr><th>{html(table.chain)}</th><td>{_clock(phases, grid)}</td></tr></thead>",
        "<tbody>",
        *table_rows(drawing, groups),
        '</tbody></table><div id="column"></div></main><footer>',
        *_statements(phases, lane_ids(groups)),
        '</footer><div id="tip" role="status" aria-live="polite"></div>',
    ]
    return document(f"{phases.circuit.name}: phases", STYLE, body, SCRIPT)


def _tools(reading: str, modules: bool) -> Iterator[str]:
    yield '<label>reading <select id="reading">'
    for name in ("conditional", "sound"):
        yield f"<option{' selected' if name == reading else ''}>{name}</option>"
    yield "</select></label>"
    yield '<label>find <input id="filter" type="search" size="14"></label>'
    if modules:
        yield '<button id="fold">fold all</button><button id="unfold">unfold all</button>'


def _key(drawing: Drawing, rows: Sequence[Row]) -> Iterator[str]:
    for width, symbol, words in entries(rows, drawing.events, drawing.grid):
        drawn = (
            f'<svg class="sfc" width="{number(width)}" height="24" aria-hidden="true">'
            f'<g transform="translate(0 12)">{symbol}</g></svg>'
        )
        yield f"<span>{drawn}{html(words)}</span>"


def _clock(phases: Phases, grid: Grid) -> str:
    strip = clock_strip(phases.circuit, phases.conditional.table.chain)
    size = f'width="{number(grid.width)}" height="{number(_CLOCK)}"'
    place = f'data-first="{grid.numbers[0]}" data-count="{len(grid.numbers)}"'
    return f'<svg class="sfc" {size} {place}>{"".join(clock_row(strip, grid))}</svg>'


def _statements(phases: Phases, ids: Mapping[str, str]) -> Iterator[str]:
    """Writes what is known of the obligations, the assumptions, and both readings in numbers."""
    lists = {
        "Obligations": [
            f'<b class="{proof.word}">{proof.word}</b><span>{_proof(proof, ids)}</span>'
            for proof in proofs(phases, ids.keys())
        ],
        "Assumptions": [html(assumption.text) for assumption in phases.assumptions],
        "Readings": [
            f"<b>{name}</b><span>{html(table_summary(reached.table))}</span>"
            for name, reached in (("conditional", phases.conditional), ("sound", phases.sound))
        ],
    }
    for heading, items in lists.items():
        if items:
            listing = "".join(f"<li>{item}</li>" for item in items)
            yield f"<section><h2>{heading}</h2><ul>{listing}</ul></section>"


def _proof(proof: Proof, ids: Mapping[str, str]) -> str:
    """Writes what is known of obligations, with a link to the lane of each."""
    return listed([_link(o, ids) for o in proof.obligations]) + html(proof.said)


def _link(obligation: Obligation, ids: Mapping[str, str]) -> str:
    name, place = html(obligation.subject), ids.get(obligation.subject)
    if place is None:
        return name
    return f'<a href="#{place}" data-phase="{obligation.phase}">{name}</a>'
