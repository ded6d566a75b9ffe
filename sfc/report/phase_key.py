"""The legend of a timing chart: what of its shapes occurs, and what each means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sfc.analysis.table import Cell, State
from sfc.report.cells import mark
from sfc.report.phase_events import Events
from sfc.report.phase_lanes import LANE, Grid, drive, flag, lesson, pulse, window
from sfc.report.phase_rows import STATES, Row
from sfc.report.sizes import shortened
from sfc.report.strokes import rectangle

_WIDTH, _SCALE = 42.0, 0.7
_ROOM = _WIDTH * _SCALE
_MOST_MATRICES = 4


def entries(rows: Sequence[Row], events: Events, grid: Grid) -> Iterator[tuple[float, str, str]]:
    """Yields the width of a symbol, the symbol with base line 0, and its meaning."""
    slots = [slot for row in rows for slot in row.slots.values()]
    states = {slot.state for slot in slots}
    meanings: dict[State, str] = {
        state: words for state, words in STATES.items() if state in states
    }
    for state, words in meanings.items():
        if state != "silent":
            yield _ROOM, _moved("".join(pulse(_WIDTH, state))), words
    for kind, words in (("opened", "opened by a gate"), ("closed", "closed")):
        if any(slot.opened if kind == "opened" else slot.closed for slot in slots):
            yield _ROOM, _moved(window(_WIDTH, kind)), words
    if any(row.is_single for row in rows):
        sample = Cell("", "", 0, "may_fire", (-2000, 800), 0, 0, (0, 0), True, False)
        words = "what arrives, against the level above which a neuron fires"
        yield _ROOM, _moved("".join(drive(_WIDTH, sample, 1024)), -8.0), words
    found = {(event.kind, event.matrix) for several in events.values() for event in several}
    if any(kind == "present" for kind, _ in found):
        yield 12.0, mark("present", 0, -5, 11, 9, ""), "presented an input"
    if any(kind == "reward" for kind, _ in found):
        yield 12.0, rectangle(0, -6, 11, 11, "reward"), "reward"
    learning = [m for m in grid.matrices if any(matrix == m for _, matrix in found)]
    if len(learning) > _MOST_MATRICES:
        yield _learning(0, "a matrix grows, shrinks: each has a colour")
    else:
        for name in learning:
            yield _learning(grid.matrices.index(name), f"{shortened(name)} grows, shrinks")
    if any(slot.differs for slot in slots):
        yield 8.0, f'<g transform="translate(0 -4)">{flag(7.0)}</g>', "not so in the other reading"


def _learning(matrix: int, words: str) -> tuple[float, str, str]:
    both = lesson(matrix, "grow", 0.0) + lesson(matrix, "shrink", 7.0)
    return 13.0, f'<g transform="translate(0 -12)">{both}</g>', words


def _moved(symbol: str, down: float = 0.0) -> str:
    """Puts a symbol of a lane on the line of a legend, a little smaller."""
    up = down - _SCALE * (LANE / 2 - 2)
    return f'<g transform="translate(0 {up:.1f}) scale({_SCALE})">{symbol}</g>'
