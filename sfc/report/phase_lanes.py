"""Lanes of a timing chart: a row of the phase table each, like the traces of a logic analyser.

A cell shows from its top to its bottom what opens it, what is presented, whether it fires, what
closes it, and what arrives against the level above which a neuron fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfc.analysis.table import Cell, State
from sfc.report.cells import mark
from sfc.report.phase_events import Event, Events
from sfc.report.phase_rows import Row, Slot, described
from sfc.report.strokes import MATRIX_COLORS, number, rectangle, title

LANE = 30.0
"""Height of a lane."""

_WIDTH, _NARROWEST, _WIDEST = 1240.0, 14.0, 52.0
"""Of all phases together, and of one."""

_TOP, _BASE = 5.0, 19.0
"""Of a pulse, from the upper edge of its lane."""

_BAR, _BAR_HEIGHT = 22.5, 3.5
_NARROW = 2.0
"""Least width of a bar, by which the slightest excess is seen."""

_SLOPE = 2.0
_HATCH = 6.0
_MOST_LESSONS = 4

LANE_LIGHT = """\
.sfc .base{fill:none;stroke:#94a3b8;stroke-width:1px}
.sfc .rule{fill:none;stroke:#e2e8f0;stroke-width:.8px}
.sfc .opened{fill:#2e8b57;fill-opacity:.15}
.sfc .gated{fill:#2e8b57}
.sfc .closed{fill:#c0392b;fill-opacity:.11}
.sfc .shut{fill:#c0392b}
.sfc .pulse{stroke:#334155;stroke-width:1.4px;stroke-linejoin:round}
.sfc .pulse.may_fire{fill:#fff;fill-opacity:.75}
.sfc .pulse.must_fire{fill:#334155}
.sfc .pulse.open{fill:#fef3c7;stroke:#b45309}
.sfc .hatch{fill:none;stroke:#b45309;stroke-width:1px}
.sfc .drive{fill:#94a3b8}
.sfc .over{fill:#ea580c}
.sfc .level{fill:none;stroke:#1f2933;stroke-width:1.2px}
.sfc .differs{fill:#a21caf}
.sfc .rewarded{fill:#f4c430;fill-opacity:.16}
.sfc .hit{fill:transparent}
.sfc .heading{font-size:11px;font-weight:bold}
.sfc .said{font-size:11px}
.sfc .word{font-size:11px;font-weight:bold}
.sfc .word.open{fill:#b45309}
.sfc .word.refuted{fill:#c0392b}
.sfc .word.proved{fill:#2e8b57}
.sfc a:hover text{text-decoration:underline}
.sfc .lane:target .hit.whole{fill:#fde68a;fill-opacity:.45}
"""
"""What the style sheet of diagrams has not."""

LANE_DARK = """\
.sfc .base{stroke:#64748b}
.sfc .rule{stroke:#1e293b}
.sfc .opened{fill:#34b373;fill-opacity:.2}
.sfc .gated{fill:#34b373}
.sfc .closed{fill:#f87171;fill-opacity:.16}
.sfc .shut{fill:#f87171}
.sfc .pulse{stroke:#e2e8f0}
.sfc .pulse.may_fire{fill:#0b1220}
.sfc .pulse.must_fire{fill:#e2e8f0}
.sfc .pulse.open{fill:#451a03;stroke:#fbbf24}
.sfc .hatch{stroke:#fbbf24}
.sfc .drive{fill:#64748b}
.sfc .over{fill:#fb923c}
.sfc .level{stroke:#e2e8f0}
.sfc .differs{fill:#e879f9}
.sfc .rewarded{fill:#a16207;fill-opacity:.3}
"""
"""What of it differs on a dark page."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the phases are.

    Attributes:
        numbers: of the phases.
        cell: width of each.
        matrices: in the order of their colours.
    """

    numbers: range
    cell: float
    matrices: Sequence[str]

    @property
    def width(self) -> float:
        """Of all phases."""
        return self.cell * len(self.numbers)

    def x(self, phase: int) -> float:
        """Returns where a phase begins."""
        return (phase - self.numbers[0]) * self.cell


def grid_of(numbers: range, matrices: Sequence[str]) -> Grid:
    """Returns the grid of so many phases."""
    cell = max(_NARROWEST, min(_WIDEST, _WIDTH / len(numbers)))
    return Grid(numbers, float(int(cell)), matrices)


def rules(grid: Grid, height: float) -> str:
    """Returns the lines between the phases."""
    lines = (f"M{number(n * grid.cell)} 0v{number(height)}" for n in range(len(grid.numbers) + 1))
    return f'<path d="{"".join(lines)}" class="rule"/>'


def rewarded(grid: Grid, events: Events, height: float) -> Iterator[str]:
    """Draws the background of phases with a reward."""
    for name, phase in events:
        if not name and phase in grid.numbers:
            yield rectangle(grid.x(phase), 0, grid.cell, height, "rewarded")


def base(grid: Grid) -> str:
    """Returns the line on which pulses stand."""
    return f'<path d="M0 {number(_BASE)}h{number(grid.width)}" class="base"/>'


def cell(
    grid: Grid,
    row: Row,
    phase: int,
    slot: Slot,
    events: Sequence[Event],
    sound: bool,
    kind: str = "",
) -> str:
    """Draws what is known of a row in a phase, with its numbers as a tooltip.

    Args:
        grid: of the chart.
        row, phase: where.
        slot: what is known.
        events: what happens there.
        sound: the reading that is shown.
        kind: a class of the group, or none.
    """
    words = [*described(row, phase, slot, sound), *(event.text for event in events)]
    classes = f"cell {kind}" if kind else "cell"
    parts = [
        f'<g class="{classes}" data-phase="{phase}" transform="translate({number(grid.x(phase))})">'
        f"{title(chr(10).join(words))}",
        rectangle(0, 0, grid.cell, LANE, "hit"),
        *_gates(grid.cell, slot),
        *pulse(grid.cell, slot.state),
        *_events(grid, events),
        *(drive(grid.cell, slot.cells[0], row.threshold) if row.is_single else ()),
    ]
    if slot.differs:
        parts.append(flag(grid.cell))
    return "".join([*parts, "</g>"])


def _gates(width: float, slot: Slot) -> Iterator[str]:
    if slot.opened:
        yield window(width, "opened")
    if slot.closed:
        yield window(width, "closed")


def window(width: float, kind: str) -> str:
    """Draws a gate: opened with a bar above, closed with one on the base line."""
    y, bar = (0.0, "gated") if kind == "opened" else (_BASE - 1.0, "shut")
    return rectangle(0, 0, width, LANE - 3, kind) + rectangle(0, y, width, 2.2, bar)


def pulse(width: float, state: State) -> Iterator[str]:
    """Draws a spike that may be, must be, or is not proved absent."""
    if state == "silent":
        return
    height = _BASE - _TOP
    inner = width - 4.0 - 2 * _SLOPE
    data = f"M2 {number(_BASE)}l{_SLOPE:g} {number(-height)}h{number(inner)}"
    yield f'<path d="{data}l{_SLOPE:g} {number(height)}z" class="pulse {state}"/>'
    if state == "open":
        left, right = 3.5, width - 3.5
        lines = []
        start = left - height + 5
        while start < right:
            first, last = max(start, left), min(start + height, right)
            lines.append(
                f"M{number(first)} {number(_BASE - (first - start))}"
                f"l{number(last - first)} {number(first - last)}"
            )
            start += _HATCH
        yield f'<path d="{"".join(lines)}" class="hatch"/>'


def drive(width: float, found: Cell, threshold: int) -> Iterator[str]:
    """Draws what arrives as a bar, and the level as a line in the middle: right of it, it fires.

    The scale is bent, so that any amount has a place: half way to an edge is a threshold away from
    the level.
    """
    low, high = found.drive
    if low == high == 0.0 and not found.opened:
        return
    unit = max(threshold, 1)
    middle, half = width / 2, width / 2 - 3.0

    def place(amount: float) -> float:
        away = (amount - found.level) / unit
        return middle + half * away / (1.0 + abs(away))

    left, right = place(low), place(high)
    if low <= found.level:
        start = min(left, middle - _NARROW)
        width = max(min(right, middle) - start, _NARROW)
        yield rectangle(start, _BAR, width, _BAR_HEIGHT, "drive")
    if high > found.level:
        start = max(left, middle)
        yield rectangle(start, _BAR, max(right - start, _NARROW), _BAR_HEIGHT, "over")
    data = f"M{number(middle)} {number(_BAR - 1)}v{number(_BAR_HEIGHT + 2)}"
    yield f'<path d="{data}" class="level"/>'


def _events(grid: Grid, events: Sequence[Event]) -> Iterator[str]:
    if any(event.kind == "present" for event in events):
        yield mark("present", 2.0, 0.0, min(10.0, grid.cell - 4.0), 9.0, "")
    kinds = dict.fromkeys((e.matrix, e.kind) for e in events if e.matrix)
    place = grid.cell - 4.0
    for matrix, kind in list(kinds)[:_MOST_LESSONS]:
        place -= 6.5
        if place < 2.0:
            return
        yield lesson(grid.matrices.index(matrix), kind, place)


def lesson(matrix: int, kind: str, x: float) -> str:
    """Draws that a matrix grows, shrinks, or does one or the other."""
    shapes = {"grow": "l3 -5.5l3 5.5z", "shrink": "m0 -5.5h6l-3 5.5z"}
    shape = shapes.get(kind, "m0 -2.75l3 -2.75l3 2.75l-3 2.75z")
    data = f"M{number(x)} {number(_BASE - 3.5)}{shape}"
    return f'<path d="{data}" class="head matrix{matrix % len(MATRIX_COLORS)}"/>'


def flag(width: float) -> str:
    """Draws that the other reading says something else."""
    return f'<path d="M{number(width - 7)} 0h7v7z" class="differs"/>'
