"""Layered drawing of one level of a diagram: where everything is, in pixels.

Within the order that `sfc.report.layers` found, heights are those for which edges rise and fall
least: each column in turn is moved to the least sum of squares, by isotonic regression.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from sfc.report.layers import Layers, Net, Segment, Vertex, Wire, layered

Point = tuple[float, float]
Port = tuple[bool, Hashable]
"""A side, right if true, and what meets it there."""

PORT_PITCH = 14.0
_BOX_GAP, _NEAR_GAP, _BEND_GAP = 22.0, 14.0, 11.0
_BORDER_GAP, _LEAST_GAP, _MOST_GAP = 20.0, 44.0, 110.0
_STUB = 8.0
_ROUNDS, _LEAST_ROUNDS, _WORK = 60, 4, 200_000
_STILL = 0.2
_BEND_WEIGHT = 6.0


@dataclass(slots=True)
class Item:
    """A box, or a module that has been laid out.

    Attributes:
        key: unique.
        width, height: of what is drawn.
        top: room above it.
        ports: of a module, where nets cross its frame, from the top of the frame; None for a
            box, whose ports are chosen by `place`.
    """

    key: Hashable
    width: float
    height: float
    top: float = 0.0
    ports: dict[Port, float] | None = None


@dataclass(slots=True)
class Plan:
    """A level laid out, from (0, 0).

    Attributes:
        corners: upper left ones of the items.
        borders: where nets cross the left and right border, from the top.
        lines: of every wire the points from tail to head. Between two points an edge is straight
            where they are level, else curved, and horizontal at both.
    """

    width: float
    height: float
    corners: dict[Hashable, Point] = field(default_factory=dict)
    borders: dict[tuple[bool, Net], float] = field(default_factory=dict)
    lines: dict[Wire, list[Point]] = field(default_factory=dict)


def place(items: Sequence[Item], wires: Sequence[Wire], entries: Mapping[Net, float]) -> Plan:
    """Lays a level out.

    Args:
        items: in the order of time.
        wires: between them and to the borders.
        entries: heights of nets that are laid out already, which they keep on the left border.
    """
    return _Level(items, wires, entries).plan()


class _Level:
    def __init__(
        self, items: Sequence[Item], wires: Sequence[Wire], entries: Mapping[Net, float]
    ) -> None:
        self._items = items
        self._ports: list[dict[Port, float]] = [dict(item.ports or {}) for item in items]
        self._tops: dict[Vertex, float] = {}
        self._drops: dict[Segment, float] = {}
        for wire in wires:
            for item, port in self._ends(wire):
                if port is not None:
                    self._ports[item].setdefault(port, 0.0)
        for thing, ports in zip(items, self._ports, strict=True):
            most = max(sum(port[0] is side for port in ports) for side in (False, True))
            if thing.ports is None:
                thing.height = max(thing.height, most * PORT_PITCH + 4)
        self._layers: Layers = layered(len(items), wires, self._height, entries)

    def _port(self, item: int, right: bool, net: Net, leaves: bool) -> Port | None:
        """Returns by which port a net meets a side of an item; None at a border."""
        if not 0 <= item < len(self._items):
            return None
        if self._items[item].ports is not None:
            return right, net
        return right, (leaves, net.kind, net.label if leaves else "")

    def _ends(self, wire: Wire) -> tuple[tuple[int, Port | None], tuple[int, Port | None]]:
        """Returns the tail and the head of a wire, with their ports."""
        tail = self._port(wire.tail, wire.forward, wire.net, True)
        return (wire.tail, tail), (
            wire.head,
            self._port(wire.head, not wire.forward, wire.net, False),
        )

    def _height(self, item: int, right: bool, net: Net) -> float:
        ports = self._items[item].ports
        return 0.5 if ports is None else ports[right, net] / self._items[item].height

    def plan(self) -> Plan:
        for column in self._layers.columns:
            top = 0.0
            for place, vertex in enumerate(column):
                top += self._gap(column[place - 1], vertex) if place else 0.0
                self._tops[vertex] = top
        for _ in range(2):
            self._choose_ports()
            self._relax()
        return self._measured()

    def _size(self, vertex: Vertex) -> float:
        if vertex.item is None:
            return 0.0
        return self._items[vertex.item].top + self._items[vertex.item].height

    def _gap(self, upper: Vertex, lower: Vertex) -> float:
        """Returns how far the top of one vertex is at least below that of the one above it."""
        boxes = (upper.item is not None) + (lower.item is not None)
        return self._size(upper) + (_BEND_GAP, _NEAR_GAP, _BOX_GAP)[boxes]

    def _level_of(self, vertex: Vertex, port: Port | None) -> float:
        """Returns the height, from the top of the level, at which a vertex is met."""
        if vertex.item is None or port is None:
            return self._tops[vertex]
        return self._tops[vertex] + self._items[vertex.item].top + self._ports[vertex.item][port]

    def _choose_ports(self) -> None:
        """Orders the ports of boxes like what they lead to."""
        leads: list[dict[Port, list[float]]] = [{} for _ in self._items]
        for wire, path in self._layers.paths.items():
            ends = self._ends(wire)
            for (item, port), (other, far) in (
                (ends[0], (path[1], ends[1][1] if len(path) == 2 else None)),
                (ends[1], (path[-2], ends[0][1] if len(path) == 2 else None)),
            ):
                if port is not None and self._items[item].ports is None:
                    leads[item].setdefault(port, []).append(self._level_of(other, far))
        for thing, targets, ports in zip(self._items, leads, self._ports, strict=True):
            for side in (False, True):
                order = sorted(
                    (sum(levels) / len(levels), index, port)
                    for index, (port, levels) in enumerate(targets.items())
                    if port[0] is side
                )
                for place, (_, _, port) in enumerate(order):
                    ports[port] = thing.height / 2 + (place - (len(order) - 1) / 2) * PORT_PITCH

    def _relax(self) -> None:
        columns = self._layers.columns
        segments = [s for column in columns for vertex in column for s in vertex.right]
        self._drops = {segment: self._drop(segment) for segment in segments}
        for number in range(max(_LEAST_ROUNDS, min(_ROUNDS, _WORK // (len(segments) + 1)))):
            moved = 0.0
            for column in columns if number % 2 == 0 else reversed(columns):
                moved = max(moved, self._settle(column))
            if moved < _STILL:
                break

    def _settle(self, column: list[Vertex]) -> float:
        """Moves the vertices of a column to where their segments rise and fall least.

        Returns:
            How far the vertex moved that moved most.
        """
        moved = 0.0
        wanted, weights, offsets = [], [], []
        offset = 0.0
        for place, vertex in enumerate(column):
            offset += self._gap(column[place - 1], vertex) if place else 0.0
            total = weight = 0.0
            for segment in (*vertex.left, *vertex.right):
                rise = self._rise(segment)
                bends = (segment.left.item is None) + (segment.right.item is None)
                pull = (1.0, 2.0, _BEND_WEIGHT)[bends]
                total += pull * (rise if vertex is segment.left else -rise)
                weight += pull
            wanted.append(self._tops[vertex] - offset + (total / weight if weight else 0.0))
            weights.append(weight or 0.01)
            offsets.append(offset)
        for vertex, top, offset in zip(column, _isotonic(wanted, weights), offsets, strict=True):
            moved = max(moved, abs(self._tops[vertex] - top - offset))
            self._tops[vertex] = top + offset
        return moved

    def _drop(self, segment: Segment) -> float:
        """Returns how far a segment's right port is below its left one, from the vertices' tops."""
        offsets = []
        for vertex, right in ((segment.left, True), (segment.right, False)):
            port = None
            if vertex.item is not None:
                port = self._port(vertex.item, right, segment.net, segment.forward is right)
            offsets.append(self._level_of(vertex, port) - self._tops[vertex])
        return offsets[1] - offsets[0]

    def _rise(self, segment: Segment) -> float:
        """Returns how far the right end of a segment is below the left one."""
        return self._tops[segment.right] - self._tops[segment.left] + self._drops[segment]

    def _measured(self) -> Plan:
        """Turns columns into coordinates."""
        columns = self._layers.columns
        highest = min(self._tops.values(), default=0.0)
        lowest = max((self._tops[v] + self._size(v) for v in self._tops), default=0.0)
        for vertex in self._tops:
            self._tops[vertex] -= highest
        spans: list[tuple[float, float]] = []
        x = 0.0
        for number, column in enumerate(columns):
            width = max(
                (self._items[v.item].width for v in column if v.item is not None), default=0
            )
            spans.append((x, x + width))
            x += width + (self._space(number) if number < len(columns) - 1 else 0.0)
        plan = Plan(x, lowest - highest)
        for column, (left, right) in zip(columns, spans, strict=True):
            for vertex in column:
                if vertex.item is not None:
                    item = self._items[vertex.item]
                    corner = (left + right - item.width) / 2, self._tops[vertex] + item.top
                    plan.corners[item.key] = corner
        for wire, path in self._layers.paths.items():
            plan.lines[wire] = self._line(plan, spans, wire, path)
            for vertex in (path[0], path[-1]):
                if vertex.item is None:
                    plan.borders[vertex.rank >= 0, wire.net] = self._tops[vertex]
        return plan

    def _space(self, number: int) -> float:
        """Returns the room between a column and the next: for labels and for curves."""
        segments = [s for vertex in self._layers.columns[number] for s in vertex.right]
        outside = number in (0, len(self._layers.columns) - 2)
        if not segments:
            return 0.0 if outside else _LEAST_GAP
        room = {False: 0.0, True: 0.0}
        for segment in segments:
            tail = segment.left if segment.forward else segment.right
            if tail.item is not None and self._items[tail.item].ports is None:
                room[segment.forward] = max(room[segment.forward], segment.net.room)
        rise = max(abs(self._rise(segment)) for segment in segments)
        least = min(rise, _BORDER_GAP) if outside else _LEAST_GAP
        return sum(room.values()) + 2 * _STUB + min(least + rise / 8, _MOST_GAP)

    def _line(
        self, plan: Plan, spans: list[tuple[float, float]], wire: Wire, path: list[Vertex]
    ) -> list[Point]:
        (_, leaving), (_, arriving) = self._ends(wire)
        step = 1 if wire.forward else -1
        points: list[Point] = []
        for vertex, port in zip(path, [leaving, *[None] * (len(path) - 2), arriving], strict=True):
            y = self._level_of(vertex, port)
            near, far = spans[vertex.rank + 1][::step]
            if vertex.item is None or port is None:
                points += [(near, y), (far, y)]
                continue
            item = self._items[vertex.item]
            x = plan.corners[item.key][0] + (item.width if port[0] else 0.0)
            if vertex is path[0]:
                stub = x if item.ports is not None else x + step * (wire.net.room + _STUB)
                points += [(x, y), (max(stub * step, far * step) * step, y)]
            else:
                stub = x if item.ports is not None else x - step * _STUB
                points += [(min(stub * step, near * step) * step, y), (x, y)]
        return points


def _isotonic(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Returns the ascending numbers with the least weighted sum of squared differences."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        mean, mass, count = value, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, other_mass, other_count = blocks.pop()
            mean = (mean * mass + other * other_mass) / (mass + other_mass)
            mass, count = mass + other_mass, count + other_count
        blocks.append((mean, mass, count))
    return [mean for mean, _, count in blocks for _ in range(count)]
