"""The phase table as a timing chart, in SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sfc.analysis.phases import Phases
from sfc.analysis.sentences import listed
from sfc.diagnostics import fail
from sfc.ir.circuit import Circuit
from sfc.report.cells import clock_cells
from sfc.report.legend import flowing
from sfc.report.phase_events import Events, events_of
from sfc.report.phase_groups import Group, groups_of, label_of, note_of
from sfc.report.phase_key import entries
from sfc.report.phase_lanes import LANE, LANE_LIGHT, Grid, base, cell, grid_of, rewarded, rules
from sfc.report.phase_rows import Row
from sfc.report.phases import Strip, chain_strips
from sfc.report.proofs import proofs, table_summary
from sfc.report.sizes import shortened, text_width
from sfc.report.strokes import LIGHT, number, rectangle, text, title

LANE_LIMIT = 2000
PHASE_LIMIT = 2000
SLOT_LIMIT = 100_000
"""Most lanes, phases, and cells in which there is something, of a chart."""

_MARGIN = 20.0
_HEADING = 20.0
_CLOCK = 30.0
_LINE = 16.0
_MANY_LANES = 30
_MOST_STATEMENTS = 40
_WORD = 58.0
"""Room for the word before a sentence."""


def chart(phases: Phases, rows: Sequence[Row], sound: bool = False) -> str:
    """Draws rows of a phase table as SVG.

    Args:
        phases: the analysis.
        rows: of the reading that is shown, see `sfc.report.phase_rows.rows`.
        sound: which reading that is.

    Raises:
        SfcError: E0306, there is too much to be drawn.
    """
    reached = phases.sound if sound else phases.conditional
    rows = without_clock(phases, rows)
    check_size(rows, len(reached.table.numbers))
    grid = grid_of(reached.table.numbers, list(phases.circuit.matrices))
    events = events_of(reached)
    groups = groups_of(rows)
    left = label_width(rows) + 14.0
    width = max(left + grid.width, 460.0)
    header = list(_header(phases, sound, width))
    top = 18.0 * len(header) + 12.0
    lanes, bottom = _lanes(groups, grid, events, sound, left)
    strip = clock_strip(phases.circuit, reached.table.chain)
    clock = list(clock_row(strip, grid))
    repeated = clock if len(rows) > _MANY_LANES else []
    below = top + _CLOCK + bottom + (_CLOCK if repeated else 0.0) + 16.0
    foot, end = flowing(entries(rows, events, grid), below + 8, width)
    notes, end = _statements(phases, groups, end + 8, width)
    size = width + 2 * _MARGIN, end + 2 * _MARGIN - 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sfc" width="{number(size[0])}" '
        f'height="{number(size[1])}" viewBox="0 0 {number(size[0])} {number(size[1])}">',
        title(f"{phases.circuit.name}: phases"),
        f"<style>\n{LIGHT}{LANE_LIGHT}</style>",
        rectangle(0, 0, *size, "paper"),
        f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
        *header,
        f'<g transform="translate({number(left)} {number(top)})">',
        *clock,
        f'<g transform="translate(0 {number(_CLOCK)})">',
        *rewarded(grid, events, bottom),
        rules(grid, bottom),
        *lanes,
        *(f'<g transform="translate(0 {number(bottom + 4)})">{line}</g>' for line in repeated),
        "</g>",
        "</g>",
        f'<g class="legend">{foot}</g>',
        *notes,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def without_clock(phases: Phases, rows: Sequence[Row]) -> list[Row]:
    """Leaves out the clock, which is drawn on top, if it does nothing but keep time."""
    table = phases.conditional.table

    def ticks(row: Row) -> bool:
        states = {slot.state for slot in row.slots.values()}
        return len(row.slots) == table.phases and states == {"must_fire"}

    return [row for row in rows if row.name != table.chain or row.kind != "chain" or not ticks(row)]


def check_size(rows: Sequence[Row], phases: int) -> None:
    """Reports what is too much to be drawn.

    Raises:
        SfcError: E0306.
    """
    sizes = (
        (len(rows), LANE_LIMIT, "lanes"),
        (phases, PHASE_LIMIT, "phases"),
        (sum(len(row.slots) for row in rows), SLOT_LIMIT, "cells in which there is something"),
    )
    for size, most, what in sizes:
        if size > most:
            help = "--population chooses populations, chains and modules; --json writes everything"
            fail("E0306", f"a timing chart has at most {most:,} {what}, not {size:,}", help=help)


def label_width(rows: Sequence[Row]) -> float:
    """Returns how wide the names of rows are, with what is written beside them."""
    widths = (
        text_width(shortened(label_of(row)), 12, bold=True) + text_width(note_of(row), 9.5) + 8
        for row in rows
    )
    return max(widths, default=60.0)


def clock_strip(circuit: Circuit, chain: str) -> Strip | None:
    """Returns the phases of the chain that makes the frames, with what happens in them."""
    return chain_strips(circuit)[chain] if chain else None


def clock_row(strip: Strip | None, grid: Grid) -> Iterator[str]:
    """Draws the numbers of the phases, and the way back to the first."""
    if strip is None:
        yield text(grid.width / 2, 12, "any step", "small", "middle")
        return
    yield from clock_cells(strip, 0, 0, True, grid.width)


def _header(phases: Phases, sound: bool, width: float) -> Iterator[str]:
    conditional, all_runs = (table_summary(r.table) for r in (phases.conditional, phases.sound))
    shown = {"conditional reading": conditional, "sound reading": all_runs}
    order = list(shown)[:: -1 if sound else 1]
    yield text(0, 14, shortened(phases.circuit.name, 60), "title")
    for number_, reading in enumerate(order):
        prefix = "shown: the " if not number_ else "the "
        yield text(0, 30 + 15 * number_, f"{prefix}{reading}: {shown[reading]}", "subtitle")


def _lanes(
    groups: Sequence[Group], grid: Grid, events: Events, sound: bool, left: float
) -> tuple[list[str], float]:
    """Draws all lanes with their names to the left.

    Returns:
        The elements, and how high they are.
    """
    ids = lane_ids(groups)
    parts: list[str] = []
    y = 0.0
    for group in groups:
        if group.name and group.rows:
            y += _HEADING
            parts.append(text(-left, y - 6, shortened(group.name, 60), "heading"))
        for row in group.rows:
            place = f'id="{ids[row.name]}" class="lane" transform="translate(0 {number(y)})"'
            name = text(-left, 17, shortened(label_of(row)), "name")
            parts += [
                f"<g {place}>",
                rectangle(-left, 0, left + grid.width, LANE, "hit whole"),
                f"<g>{title(row.name)}{name}</g>",
                text(-10, 17, note_of(row), "note", "end"),
                *lane(grid, row, events, sound),
                "</g>",
            ]
            y += LANE
    return parts, y


def lane(grid: Grid, row: Row, events: Events, sound: bool) -> Iterator[str]:
    """Draws a row: the line on which pulses stand, and the cells in which there is something."""
    yield base(grid)
    for phase, slot in row.slots.items():
        yield cell(grid, row, phase, slot, events.get((row.name, phase), ()), sound)


def lane_ids(groups: Sequence[Group]) -> dict[str, str]:
    """Returns what the lanes of rows are called in a file, by the names of the rows."""
    names = (row.name for group in groups for row in group.rows)
    return {name: f"lane-{place}" for place, name in enumerate(names)}


def _statements(
    phases: Phases, groups: Sequence[Group], y: float, width: float
) -> tuple[list[str], float]:
    """Writes the assumptions and what is not proved; each leads to the lane that it is about.

    Returns:
        The elements, and the height below them.
    """
    ids = lane_ids(groups)
    said = [("assumed", assumption.text, "") for assumption in phases.assumptions]
    for proof in proofs(phases, ids):
        if proof.word != "proved":
            target = next((ids[name] for name in proof.subjects if name in ids), "")
            said.append((proof.word, f"{listed(proof.subjects)}{proof.said}", target))
    rest = len(said) - _MOST_STATEMENTS
    if rest > 0:
        said[_MOST_STATEMENTS:] = [("", f"… and {rest:,} more", "")]
    parts = []
    for word, sentence, target in said:
        lines = [text(0, y, word, f"word {word}")]
        for line in wrapped(sentence, width - _WORD):
            lines.append(text(_WORD, y, line, "said"))
            y += _LINE
        block = "".join(lines)
        parts.append(f'<a href="#{target}">{block}</a>' if target else f"<g>{block}</g>")
    return parts, y


def wrapped(sentence: str, width: float) -> Iterator[str]:
    """Breaks a sentence into lines of a width."""
    line = ""
    for word in sentence.split():
        if line and text_width(f"{line} {word}", 10) > width:
            yield line
            line = ""
        line = f"{line} {word}".lstrip()
    yield line
