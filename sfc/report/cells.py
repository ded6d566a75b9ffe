"""Strips of phases as SVG: a cell a phase, or a row of phases where cells are too narrow."""

from __future__ import annotations

from collections.abc import Iterator

from sfc.report.phases import Mark, MarkKind, Strip
from sfc.report.sizes import CLOCK_HEIGHT, STRIP_HEIGHT, clock_width
from sfc.report.strokes import number, rectangle, text, title

_GRID_CELL = 4.0
_NUMBER_ROOM = 16.0


def strip_cells(strip: Strip, x: float, y: float, width: float) -> Iterator[str]:
    """Draws the phases of a population."""
    cell = width / strip.length
    yield rectangle(x, y, width, STRIP_HEIGHT, "cells")
    yield _grid(strip, x, y, cell, STRIP_HEIGHT)
    for first, last in _runs(strip, cell):
        shape = (x + first.phase * cell, y, (last - first.phase + 1) * cell, STRIP_HEIGHT)
        yield mark(first.kind, *shape, _words(first, last))


def clock_cells(strip: Strip, x: float, y: float, ring: bool, width: float = 0.0) -> Iterator[str]:
    """Draws the phases of a chain, with numbers and rewards; tooltips tell what they do.

    Args:
        strip: the phases.
        x, y: of its upper left corner.
        ring: draw the way back to the first.
        width: of all phases; by default what a box has room for.
    """
    width = width or clock_width(strip)
    cell = width / strip.length
    yield rectangle(x, y, width, CLOCK_HEIGHT, "cells")
    for first, last in _runs(strip, cell):
        if first.kind == "reward":
            shape = (x + first.phase * cell, y, (last - first.phase + 1) * cell, CLOCK_HEIGHT)
            yield mark("reward", *shape, _words(first, last))
    yield _grid(strip, x, y, cell, CLOCK_HEIGHT)
    step = next(s for s in _steps() if s * cell >= _NUMBER_ROOM)
    words: dict[int, list[str]] = {phase: [] for phase in range(0, strip.length, step)}
    for found in strip.marks:
        if found.phase in words:
            words[found.phase].append(found.text)
    for phase, texts in words.items():
        shown = text(x + (phase + 0.5) * cell, y + 11, str(phase), "small", "middle")
        yield f"<g>{title('; '.join([f'phase {phase}', *texts]))}{shown}</g>"
    if ring:
        left, right, top = x + cell / 2, x + width - cell / 2, y + CLOCK_HEIGHT
        line = f"M{number(right)} {number(top)}v4q0 3 -3 3H{number(left + 3)}q-3 0 -3 -3"
        yield f'<path d="{line}" class="line ring"/>'
        yield f'<path d="M{number(left)} {number(top)}l-3 5h6z" class="head ring"/>'


def mark(kind: MarkKind, x: float, y: float, width: float, height: float, words: str) -> str:
    """Returns what fills a cell, or a row of cells."""
    tooltip = title(words) if words else ""
    if kind == "present" and width <= 2 * height:
        half = max(min(width, height) / 2 - 0.3, 2.5)
        data = f"M{number(x + width / 2 - half)} {number(y + 0.8)}h{number(2 * half)}"
        data += f"l{number(-half)} {number(1.7 * half)}z"
        return f'<path d="{data}" class="present">{tooltip}</path>'
    if kind == "close":
        y, height = y + height / 2 - 1.5, 3.0
    shape = rectangle(x, y, max(width, 1.2), height, kind)
    return shape.removesuffix("/>") + f">{tooltip}</rect>"


def _grid(strip: Strip, x: float, y: float, cell: float, height: float) -> str:
    if cell < _GRID_CELL:
        return ""
    lines = (
        f"M{number(x + n * cell)} {number(y)}v{number(height)}" for n in range(1, strip.length)
    )
    return f'<path d="{"".join(lines)}" class="grid"/>'


def _runs(strip: Strip, cell: float) -> list[tuple[Mark, int]]:
    """Returns marks, and the last phase up to which the like follows without a visible gap."""
    gap = 0 if cell >= _GRID_CELL else 1 + int(1 / cell)
    runs: list[tuple[Mark, int]] = []
    latest: dict[MarkKind, int] = {}
    for found in strip.marks:
        place = latest.get(found.kind)
        if place is not None and found.phase - runs[place][1] <= gap:
            runs[place] = (runs[place][0], found.phase)
        else:
            latest[found.kind] = len(runs)
            runs.append((found, found.phase))
    order = ("reward", "open", "close", "present")
    return sorted(runs, key=lambda run: order.index(run[0].kind))


def _words(first: Mark, last: int) -> str:
    if last == first.phase:
        return f"phase {last}: {first.text}"
    return f"phases {first.phase} to {last}: {first.text}, …"


def _steps() -> Iterator[int]:
    """Yields 1, 2, 5, 10, 20, 50 and so on."""
    step = 1
    while True:
        yield from (step, 2 * step, 5 * step)
        step *= 10
