"""The legend of a diagram: what of its shapes occurs, and what each means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sfc.report.bundles import Style
from sfc.report.cells import mark
from sfc.report.diagram import Diagram
from sfc.report.phases import MarkKind
from sfc.report.sizes import shortened, text_width
from sfc.report.strokes import arrow, rectangle, style_class, text

_LINE = 20.0
_SAMPLE = 34.0
_CELL = 11.0
_GAP = 18.0
_MOST_MATRICES = 8

_MEANINGS = {
    "excitatory": "excites",
    "inhibitory": "inhibits",
    "gate": "opens (gate)",
    "open": "opens (relay)",
    "close": "closes (relay)",
    "present": "presents",
    "mixed": "several kinds",
}
_CELLS: dict[MarkKind, str] = {
    "open": "phase in which it is open",
    "close": "closed",
    "present": "presented an input",
    "reward": "reward",
}


def legend(diagram: Diagram, y: float, width: float) -> tuple[str, float]:
    """Draws the legend of a diagram from a height on.

    Returns:
        The elements, and the height below them.
    """
    return flowing(_entries(diagram), y, width)


def flowing(entries: Iterable[tuple[float, str, str]], y: float, width: float) -> tuple[str, float]:
    """Draws entries of a legend one after another, in as many lines as that takes.

    Args:
        entries: for each the width of its symbol, the symbol with base line 0, and its meaning.
        y: of the first line.
        width: of the lines.

    Returns:
        The elements, and the height below them.
    """
    parts = []
    x = 0.0
    for symbol_width, symbol, words in entries:
        room = symbol_width + 6 + text_width(words, 10.5)
        if x and x + room > width:
            x, y = 0.0, y + _LINE
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{symbol}')
        parts.append(text(symbol_width + 6, 4, words, "key") + "</g>")
        x += room + _GAP
    return "\n".join(parts), y + _LINE if parts else y


def _entries(diagram: Diagram) -> Iterator[tuple[float, str, str]]:
    styles = dict.fromkeys(s.style for edge in diagram.edges for s in edge.strands)
    matrices = list(diagram.matrices)
    for name in matrices[:_MOST_MATRICES]:
        style = next(style for style in styles if style.matrix == name)
        yield (
            _SAMPLE,
            _sample(style, matrices),
            f"plastic {shortened(name)}, {diagram.matrices[name]}",
        )
    if len(matrices) > _MOST_MATRICES:
        yield 0.0, "", f"… {len(matrices) - _MOST_MATRICES} more matrices"
    for kind, meaning in _MEANINGS.items():
        widths = sorted({style.wide for style in styles if style.kind == kind})
        for wide in widths:
            sample = _sample(next(s for s in styles if s.kind == kind and s.wide is wide), matrices)
            if kind in ("excitatory", "inhibitory"):
                yield _SAMPLE, sample, f"{meaning} one to {'many' if wide else 'one'}"
            else:
                yield _SAMPLE, sample, f"{meaning}, one to many" if wide else meaning
    found = {m.kind for box in diagram.boxes for s in box.strips for m in s.marks}
    for cell, meaning in _CELLS.items():
        if cell in found:
            box = rectangle(0, -_CELL / 2, _CELL, _CELL, "cells")
            yield _CELL, box + mark(cell, 0, -_CELL / 2, _CELL, _CELL, ""), meaning


def _sample(style: Style, matrices: list[str]) -> str:
    return arrow([(0, 0), (_SAMPLE - 8, 0), (_SAMPLE, 0)], style, style_class(style, matrices))
