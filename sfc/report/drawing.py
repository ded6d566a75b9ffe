"""A diagram as SVG."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sfc.ir.circuit import Circuit
from sfc.report.bundles import Edge
from sfc.report.cells import clock_cells, strip_cells
from sfc.report.diagram import Box, Diagram, build
from sfc.report.layout import LOOP, Layout, Rectangle, Route, lay_out
from sfc.report.legend import legend
from sfc.report.placing import Point
from sfc.report.sizes import (
    CLOCK_HEIGHT,
    LINE,
    PADDING,
    SLANT,
    STACK,
    STRIP_HEIGHT,
    TAG_LINE,
    TAG_SIZE,
    box_size,
    shortened,
    strip_title,
    tag_width,
    text_width,
)
from sfc.report.strokes import (
    LIGHT,
    arrow,
    attribute,
    head,
    number,
    rectangle,
    style_class,
    text,
    title,
)

_MARGIN = 20.0
_NARROWEST = 460.0


def draw(circuit: Circuit, depth: int | None = None, relays: bool = False) -> str:
    """Draws a circuit as SVG.

    Args:
        circuit: any circuit.
        depth: how many levels of modules are unfolded; by default all, if that is easy to read.
        relays: draw what relays open and close as edges too.

    Raises:
        SfcError: E0306, it has too many boxes.
    """
    return svg(build(circuit, depth, relays))


def svg(diagram: Diagram, style: bool = True) -> str:
    """Draws a diagram; without `style` it has no colours of its own."""
    layout = lay_out(diagram)
    width = max(layout.width, _NARROWEST)
    header, top = _header(diagram, width)
    foot, bottom = legend(diagram, top + layout.height + 28, width)
    size = width + 2 * _MARGIN, bottom + 2 * _MARGIN - 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sfc" width="{number(size[0])}" '
        f'height="{number(size[1])}" viewBox="0 0 {number(size[0])} {number(size[1])}">',
        title(diagram.name),
        *([f"<style>\n{LIGHT}</style>"] if style else []),
        rectangle(0, 0, *size, "paper"),
        f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
        *header,
        f'<g transform="translate(0 {number(top)})">',
        *_frames(layout),
        *_edges(layout),
        *(element for box in diagram.boxes for element in _box(box, layout.boxes[box.name])),
        "</g>",
        f'<g class="legend">{foot}</g>',
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _header(diagram: Diagram, width: float) -> tuple[list[str], float]:
    lines = [text(0, 14, shortened(diagram.name, 60), "title")]
    y = 14.0
    row = ""
    for word in [*shortened(diagram.title, 300).split(), ""]:
        if row and (not word or text_width(f"{row} {word}", 11) > width):
            y += 16
            lines.append(text(0, y, row, "subtitle"))
            row = ""
        row = f"{row} {word}".lstrip()
    return lines, y + 18


def _frames(layout: Layout) -> Iterator[str]:
    for frame in layout.diagram.frames:
        place = layout.frames[frame.name]
        yield f'<g class="frame" data-name={attribute(frame.name)}>{title(frame.name)}'
        yield rectangle(place.x, place.y, place.width, place.height, "body", 10)
        yield text(place.x + 12, place.y + 15, shortened(frame.label), "name") + "</g>"


def _edges(layout: Layout) -> Iterator[str]:
    matrices = list(layout.diagram.matrices)
    routes: dict[int, list[Route]] = {}
    for route in layout.routes:
        routes.setdefault(id(route.edge), []).append(route)
    slanted = {box.name for box in layout.diagram.boxes if box.kind == "input"}
    labels: dict[str, list[Edge]] = {}
    for edge in layout.diagram.edges:
        ends = f"data-source={attribute(edge.source)} data-target={attribute(edge.target)}"
        yield f'<g class="edge" {ends}>{title(edge.details)}'
        for place, route in enumerate(routes[id(edge)]):
            classes = style_class(route.strand.style, matrices)
            if route.points:
                yield arrow(_from_inside(route, slanted), route.strand.style, classes)
            else:
                yield _loop(layout.boxes[edge.source], place, route, classes)
            if route.strand.label:
                labels.setdefault(_label(layout, place, route), []).append(edge)
        yield "</g>"
    for label, edges in labels.items():
        targets = json.dumps([edge.target for edge in edges])
        ends = f"data-source={attribute(edges[0].source)} data-targets={attribute(targets)}"
        yield f'<g class="labels" {ends}>{label}</g>'


def _from_inside(route: Route, slanted: set[str]) -> Sequence[Point]:
    """Lets an edge begin beneath its box, where the side of that leans."""
    (x, y), (second, _) = route.points[:2]
    if route.edge.source not in slanted:
        return route.points
    return (x - SLANT if second >= x else x + SLANT, y), *route.points


def _loop(place: Rectangle, index: int, route: Route, classes: str) -> str:
    """Draws an edge from a box to itself, over its upper right corner."""
    right, top = place.x + place.width - 14 - 16 * index, place.y
    data = f"M{number(right - 26)} {number(top)}c-6 -20 32 -20 26 -5"
    line = f'<path d="{data}" class="line {classes}"/>'
    turned = f'<g transform="rotate(90 {number(right)} {number(top)})">'
    return line + turned + head(right, top, 1.0, route.strand.style, classes) + "</g>"


def _label(layout: Layout, index: int, route: Route) -> str:
    """Writes a label twice: its halo first, as not all programs can draw one under a text."""
    if route.points:
        (x, y), (second, _) = route.points[:2]
        step = 1 if second >= x else -1
        x, anchor = x + step * 4, "start" if step > 0 else "end"
    else:
        place = layout.boxes[route.edge.source]
        x, y, anchor = place.x + place.width - 50 - 16 * index, place.y - LOOP / 2, "end"
    words = shortened(route.strand.label, 18)
    at = x, y - 2.5, words
    return text(*at, "label halo", anchor) + text(*at, "label", anchor)


def _box(box: Box, place: Rectangle) -> Iterator[str]:
    yield f'<g class="box {box.kind}" data-name={attribute(box.name)}>{title(box.details)}'
    yield from _outline(box, place)
    slant = SLANT if box.kind == "input" else 0.0
    right = place.x + place.width - PADDING - (STACK if box.kind == "array" else slant)
    left = place.x + PADDING + slant
    y = place.y + (place.height - box_size(box)[1]) / 2 + PADDING
    yield text(left, y + 9.5, shortened(box.label), "name")
    yield text(right, y + 9.5, box.note, "note", "end")
    y += LINE
    for strip in box.strips:
        if box.kind == "chain":
            yield from clock_cells(strip, left, y, box.note.startswith("ring"))
            y += CLOCK_HEIGHT + 12
            continue
        words = strip_title(strip)
        start = left + (text_width(words, TAG_SIZE) + 4 if words else 0.0)
        yield text(left, y + STRIP_HEIGHT - 1.5, words, "small")
        yield from strip_cells(strip, start, y, right - start)
        y += STRIP_HEIGHT + 4
    for tag in box.tags:
        kind = "badge readout" if tag == "readout" else "badge"
        yield rectangle(left, y, tag_width(tag), TAG_LINE, kind, 6)
        yield text(left + 4, y + 9, tag, "tag")
        left += tag_width(tag) + 4
    yield "</g>"


def _outline(box: Box, place: Rectangle) -> Iterator[str]:
    x, y, width, height = place.x, place.y, place.width, place.height
    if box.kind == "input":
        data = f"M{number(x + SLANT)} {number(y)}h{number(width - SLANT)}"
        data += f"l{-SLANT:g} {number(height)}h{number(SLANT - width)}z"
        yield f'<path d="{data}" class="body"/>'
        return
    if box.kind == "array":
        width -= STACK
        for shift in (STACK, STACK / 2):
            yield rectangle(x + shift, y - shift, width, height, "body", 6)
    yield rectangle(x, y, width, height, "body", 3 if box.kind == "chain" else 6)
