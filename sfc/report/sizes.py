"""How large things are drawn, in pixels; there are no fonts to ask, so texts are estimated."""

from __future__ import annotations

import unicodedata

from sfc.report.diagram import Box, Diagram
from sfc.report.phases import Strip

NAME_SIZE = 12.0
NOTE_SIZE = 9.5
LABEL_SIZE = 9.5
TAG_SIZE = 8.5
STRIP_HEIGHT = 9.0
CLOCK_HEIGHT = 16.0
PADDING = 8.0
LINE = 15.0
TAG_LINE = 12.0
SLANT = 10.0
"""By how much the sides of an input's parallelogram lean."""

STACK = 6.0
"""By how much the elements of an array stick out of the first, to the right and above."""

_STRIP_WIDTH = 120.0
_CLOCK_WIDTH = 432.0
_CELL = 9.0
_CLOCK_CELL = 18.0
_NARROWEST = 64.0
_LONGEST_NAME = 24
_NARROW = "fijlrt.,:;|!'[]() I"
_WIDE = "mwMW@%"


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Returns about how wide a text is in a common sans-serif font, rather too much."""
    units = 0.0
    for letter in text:
        if letter in _NARROW:
            units += 0.36
        elif letter in _WIDE or unicodedata.east_asian_width(letter) in "WF":
            units += 1.0
        else:
            units += 0.7 if letter.isupper() else 0.6
    return units * size * (1.08 if bold else 1.0)


def shortened(text: str, most: int = _LONGEST_NAME) -> str:
    """Returns a text with its middle left out, if it is longer than `most` letters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[len(text) - most // 2 + 1 :]}"


def clock_width(strip: Strip) -> float:
    """Returns how wide the cells of a chain are together."""
    return min(_CLOCK_WIDTH, _CLOCK_CELL * strip.length)


def strip_title(strip: Strip) -> str:
    """Returns what is written before a strip: its chain, where that is not the clock."""
    return shortened(strip.title.split(".")[-1], 10)


def box_size(box: Box) -> tuple[float, float]:
    """Returns the least width and height of a box that hold what is written in it."""
    is_chain = box.kind == "chain"
    note = text_width(box.note, NOTE_SIZE)
    widths = [_NARROWEST, text_width(shortened(box.label), NAME_SIZE, bold=True) + 12 + note]
    height = PADDING + LINE
    for strip in box.strips:
        cells = min(_STRIP_WIDTH, _CELL * strip.length)
        title = text_width(strip_title(strip), TAG_SIZE) + 4 if strip.title else 0.0
        widths.append(clock_width(strip) if is_chain else title + cells)
        height += CLOCK_HEIGHT + 12 if is_chain else STRIP_HEIGHT + 4
    if box.tags:
        widths.append(sum(tag_width(tag) + 4 for tag in box.tags))
        height += TAG_LINE + 3
    extra = {"input": 2 * SLANT, "array": STACK}.get(box.kind, 0.0)
    return max(widths) + 2 * PADDING + extra, height + PADDING - 3


def tag_width(tag: str) -> float:
    """Returns the width of the badge that shows a probe or readout."""
    return text_width(tag, TAG_SIZE) + 8


def box_sizes(diagram: Diagram) -> dict[str, tuple[float, float]]:
    """Returns the sizes of all boxes; those of one kind are as wide as the widest of them."""
    sizes = {box.name: box_size(box) for box in diagram.boxes}
    widest: dict[str, float] = {}
    for box in diagram.boxes:
        widest[box.kind] = max(widest.get(box.kind, 0.0), sizes[box.name][0])
    return {
        box.name: (
            sizes[box.name][0] if box.kind == "chain" else widest[box.kind],
            sizes[box.name][1],
        )
        for box in diagram.boxes
    }
