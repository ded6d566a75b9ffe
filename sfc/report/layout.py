"""Where everything in a diagram is drawn.

Every module is laid out by itself, inner ones first, and is then a box of the module around it.
Time runs from left to right: what fires in an earlier phase is further left, and edges that run
back leave a box on the left.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from sfc.report.bundles import Edge, Strand
from sfc.report.diagram import Diagram
from sfc.report.layers import Net, Wire
from sfc.report.placing import Item, Plan, Point, Port, place
from sfc.report.sizes import LABEL_SIZE, NAME_SIZE, STACK, box_sizes, shortened, text_width

FRAME_PADDING = 16.0
FRAME_TITLE = 20.0
LOOP = 18.0
_ROW_WIDTH = 480.0
_ROW_GAP = 22.0
_LONGEST_LABEL = 18


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A place, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """Where a strand of an edge runs, from tail to head; no points: a loop over its box.

    Between two points it is straight where they are level, else curved; it is horizontal at both.
    """

    edge: Edge
    strand: Strand
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A diagram with places, all of them within (0, 0) and (width, height)."""

    diagram: Diagram
    width: float
    height: float
    boxes: Mapping[str, Rectangle]
    frames: Mapping[str, Rectangle]
    routes: tuple[Route, ...]


def lay_out(diagram: Diagram) -> Layout:
    """Returns the places of all boxes, frames and edges of a diagram."""
    return _Builder(diagram).layout()


_Child = tuple[bool, str]
"""A box, or a frame if true, of a module."""


class _Builder:
    def __init__(self, diagram: Diagram) -> None:
        self._diagram = diagram
        self._sizes = box_sizes(diagram)
        self._tops = {box.name: STACK if box.kind == "array" else 0.0 for box in diagram.boxes}
        self._tops |= {edge.source: LOOP for edge in diagram.edges if edge.source == edge.target}
        self._parents: dict[_Child, str] = {(True, f.name): f.parent for f in diagram.frames}
        self._parents |= {(False, box.name): box.module for box in diagram.boxes}
        self._children = _children(diagram)
        self._numbers = {
            child: number
            for children in self._children.values()
            for number, child in enumerate(children)
        }
        self._wires: dict[str, dict[Wire, None]] = {module: {} for module in self._children}
        self._legs = [
            (edge, strand, self._connect(edge, strand))
            for edge in diagram.edges
            for strand in edge.strands
        ]
        self._levels: dict[str, _Level] = {}
        self._seen: dict[Net, float] = {}
        self._places: dict[_Child, Rectangle] = {}

    def layout(self) -> Layout:
        self._build("")
        top = self._levels[""]
        self._settle("", 0.0, 0.0)
        for frame in self._diagram.frames:
            corner = self._places[True, frame.name]
            self._settle(frame.name, corner.x + FRAME_PADDING, corner.y + FRAME_TITLE)
        return Layout(
            self._diagram,
            top.width,
            top.height,
            {name: place for (frame, name), place in self._places.items() if not frame},
            {name: place for (frame, name), place in self._places.items() if frame},
            tuple(Route(edge, strand, self._points(legs)) for edge, strand, legs in self._legs),
        )

    def _around(self, child: _Child, outermost: str) -> list[tuple[str, _Child]]:
        """Returns the modules around a box up to one, each with its child that holds the box."""
        found = [(self._parents[child], child)]
        while found[-1][0] != outermost:
            child = (True, found[-1][0])
            found.append((self._parents[child], child))
        return found

    def _connect(self, edge: Edge, strand: Strand) -> list[tuple[str, Wire]]:
        """Enters a strand's wires and returns them with their modules, from tail to head."""
        if edge.source == edge.target:
            return []
        label = shortened(strand.label, _LONGEST_LABEL)
        room = text_width(label, LABEL_SIZE) + 4 if label else 0.0
        net = Net(edge.source, strand.style, label, room)
        tails = self._around((False, edge.source), "")
        heads = self._around((False, edge.target), "")
        while len(tails) > 1 and len(heads) > 1 and tails[-1] == heads[-1]:
            tails.pop()
            heads.pop()
        (module, tail), (_, head) = tails[-1], heads[-1]
        forward = self._numbers[tail] < self._numbers[head]
        wires = [
            (inner, Wire(net, self._numbers[child], len(self._children[inner]) if forward else -1))
            for inner, child in tails[:-1]
        ]
        wires.append((module, Wire(net, self._numbers[tail], self._numbers[head])))
        wires += [
            (inner, Wire(net, -1 if forward else len(self._children[inner]), self._numbers[child]))
            for inner, child in reversed(heads[:-1])
        ]
        for inner, wire in wires:
            self._wires[inner][wire] = None
        return wires

    def _build(self, module: str) -> None:
        """Lays out a module after all in it; what comes later follows the order of its nets."""
        for is_frame, name in self._children[module]:
            if is_frame:
                self._build(name)
        level = self._levels[module] = self._level(module)
        self._seen |= {net: y for (_, net), y in level.plan.borders.items()}

    def _level(self, module: str) -> _Level:
        wires = list(self._wires[module])
        joined = {end for wire in wires for end in (wire.tail, wire.head)}
        items = [self._item(child) for child in self._children[module]]
        plan = place(items, wires, self._seen)
        alone = [item for number, item in enumerate(items) if number not in joined]
        corners, width, height = _rows(alone, plan.width)
        below = height + _ROW_GAP if height and plan.height else height
        corners |= {key: (x, y + below) for key, (x, y) in plan.corners.items()}
        places = {
            child: Rectangle(*corners[child], item.width, item.height)
            for child, item in zip(self._children[module], items, strict=True)
        }
        return _Level(plan, places, below, max(width, plan.width), below + plan.height)

    def _item(self, child: _Child) -> Item:
        is_frame, name = child
        if not is_frame:
            return Item(child, *self._sizes[name], self._tops[name])
        level = self._levels[name]
        title = text_width(shortened(name.split(".")[-1]), NAME_SIZE, bold=True)
        ports: dict[Port, float] = {
            (side, net): FRAME_TITLE + level.below + y
            for (side, net), y in level.plan.borders.items()
        }
        width = max(level.width, title) + 2 * FRAME_PADDING
        return Item(child, width, level.height + FRAME_TITLE + FRAME_PADDING, ports=ports)

    def _settle(self, module: str, x: float, y: float) -> None:
        """Gives the children of a module their places; (x, y) is the corner of its contents."""
        for child, at in self._levels[module].places.items():
            self._places[child] = Rectangle(x + at.x, y + at.y, at.width, at.height)

    def _points(self, wires: list[tuple[str, Wire]]) -> tuple[Point, ...]:
        """Joins the lines of wires, from module to module, to one."""
        points: list[Point] = []
        for module, wire in wires:
            level = self._levels[module]
            x, y = 0.0, level.below
            if module:
                frame = self._places[True, module]
                x, y = frame.x + FRAME_PADDING, frame.y + FRAME_TITLE + level.below
            line = [(x + dx, y + dy) for dx, dy in level.plan.lines[wire]]
            if module:
                borders = {-1: frame.x, len(self._children[module]): frame.x + frame.width}
                if wire.tail in borders:
                    line.insert(0, (borders[wire.tail], line[0][1]))
                if wire.head in borders:
                    line.append((borders[wire.head], line[-1][1]))
            points += line
        return tuple(points)


@dataclass(frozen=True, slots=True)
class _Level:
    """A module laid out: its plan begins at (0, below), under what no edge leads to."""

    plan: Plan
    places: Mapping[_Child, Rectangle]
    below: float
    width: float
    height: float


def _children(diagram: Diagram) -> dict[str, list[_Child]]:
    """Returns what every module holds, in the order of time."""
    parents = {frame.name: frame.parent for frame in diagram.frames}
    children: dict[str, dict[_Child, tuple[float, int]]] = {"": {}}
    children |= {frame.name: {} for frame in diagram.frames}
    times = _times(diagram)
    for number, box in enumerate(diagram.boxes):
        when = (times[box.name], number)
        child, module = (False, box.name), box.module
        while True:
            children[module][child] = min(when, children[module].get(child, when))
            if not module:
                break
            child, module = (True, module), parents[module]
    return {
        module: sorted(found, key=lambda child: found[child]) for module, found in children.items()
    }


def _times(diagram: Diagram) -> dict[str, float]:
    """Returns when every box is first active: in which phase, or after what drives it."""
    driven = {edge.target for edge in diagram.edges}
    known: dict[str, float] = {}
    for box in diagram.boxes:
        phases = [m.phase for s in box.strips for m in s.marks if m.kind in ("open", "present")]
        if box.kind == "chain":
            if box.name not in driven:
                known[box.name] = -1.0
        elif phases:
            known[box.name] = min(phases) - (0.5 if box.kind == "input" else 0.0)
        elif box.kind == "input":
            known[box.name] = 0.0
    after: dict[str, list[str]] = {}
    for edge in diagram.edges:
        after.setdefault(edge.source, []).append(edge.target)
    queue = [(time, name) for name, time in known.items()]
    times: dict[str, float] = {}
    for start in ["", *(box.name for box in diagram.boxes)]:
        if start and start not in times:
            queue.append((0.0, start))
        heapq.heapify(queue)
        while queue:
            time, name = heapq.heappop(queue)
            if name in times:
                continue
            times[name] = time
            for target in after.get(name, ()):
                if target not in known and target not in times:
                    heapq.heappush(queue, (time + 0.5, target))
    return times


def _rows(items: list[Item], least: float) -> tuple[dict[Hashable, Point], float, float]:
    """Returns the corners of items in rows, and the width and height of these."""
    area = sum((item.width + _ROW_GAP) * (item.height + item.top + _ROW_GAP) for item in items)
    limit = max(least, _ROW_WIDTH, (1.6 * area) ** 0.5)
    corners: dict[Hashable, Point] = {}
    x = y = width = height = 0.0
    for item in items:
        if x and x + item.width > limit:
            x, y, height = 0.0, y + height + _ROW_GAP, 0.0
        corners[item.key] = (x, y + item.top)
        width, height = max(width, x + item.width), max(height, item.top + item.height)
        x += item.width + _ROW_GAP
    return corners, width, y + height
