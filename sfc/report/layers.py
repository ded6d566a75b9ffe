"""Layered drawing of one level of a diagram: which column everything is in, and in which order.

The method is that of Sugiyama, Tagawa and Toda (1981): edges run between neighbouring columns, a
longer one over bends in the columns between, and the order within columns is improved by
barycentres and by swaps of neighbours, until fewest edges cross.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_MOST_BENDS = 4000
_SPANS = (10**9, 32, 8, 2, 1)
_SWEEPS = 24
_PULLS = 10
_MOST_SWAPPED = 300


@dataclass(frozen=True, slots=True)
class Net:
    """Edges that leave a box as one.

    Attributes:
        kind: of edges that may share an arrowhead.
        label: written where they leave.
        room: that the label takes.
    """

    source: str
    kind: Hashable
    label: str
    room: float


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge on one level, from item `tail` to item `head`.

    Items are numbered in the order of time; -1 is the left border, their number the right one. A
    wire runs to the right if its tail comes first, else back to the left.
    """

    net: Net
    tail: int
    head: int

    @property
    def forward(self) -> bool:
        """Whether it runs to the right."""
        return self.tail < self.head


@dataclass(slots=True, eq=False)
class Vertex:
    """An item, a bend of a net, or the point where a net crosses a border."""

    rank: int
    item: int | None = None
    left: list[Segment] = field(default_factory=list)
    right: list[Segment] = field(default_factory=list)
    place: int = 0


@dataclass(slots=True, eq=False)
class Segment:
    """A part of a net between two columns; `heights` are where it meets them, from 0 to 1."""

    net: Net
    forward: bool
    left: Vertex
    right: Vertex
    heights: tuple[float, float] = (0.5, 0.5)


@dataclass(slots=True)
class Layers:
    """Columns of vertices from left to right, each from top to bottom.

    Attributes:
        paths: of every wire the vertices from its tail to its head; only these two, if it is too
            long for bends.
    """

    columns: list[list[Vertex]]
    paths: dict[Wire, list[Vertex]]


Heights = Callable[[int, bool, Net], float]
"""Where on an item's left (False) or right side a net meets it, from 0 to 1."""


def layered(
    count: int, wires: Sequence[Wire], heights: Heights, entries: Mapping[Net, float]
) -> Layers:
    """Puts items into columns, and orders these.

    Args:
        count: of the items; those without wires are left out.
        wires: between them and to the borders.
        heights: where nets meet items.
        entries: heights that give nets their order on the left border, if they have all of them.
    """
    ranks = _ranks(count, wires)
    layers = _with_bends(count, ranks, wires)
    for column in layers.columns:
        for vertex in column:
            for segment in vertex.right:
                ends = segment.left.item, segment.right.item
                segment.heights = (
                    0.5 if ends[0] is None else heights(ends[0], True, segment.net),
                    0.5 if ends[1] is None else heights(ends[1], False, segment.net),
                )
    entering = {
        path[end]: entries.get(wire.net)
        for wire, path in layers.paths.items()
        for end in (0, -1)
        if path[end].rank < 0
    }
    known = {vertex: height for vertex, height in entering.items() if height is not None}
    follows = bool(known) and len(known) == len(entering)
    if follows:
        layers.columns[0].sort(key=known.__getitem__)
    _order(layers.columns, 1 if follows else 0)
    return layers


def _ranks(count: int, wires: Sequence[Wire]) -> dict[int, int]:
    """Returns the column of every item that has wires, and of the borders."""
    before: dict[int, set[int]] = {}
    after: dict[int, set[int]] = {}
    for wire in wires:
        first, second = sorted((wire.tail, wire.head))
        after.setdefault(first, set()).add(second)
        before.setdefault(second, set()).add(first)
    items = [item for item in range(count) if item in before or item in after]
    ranks = {-1: -1}
    for item in items:
        ranks[item] = max((ranks[other] + 1 for other in before.get(item, ())), default=0)
    last = max((ranks[item] for item in items), default=0)
    ranks[count] = last + 1
    for _ in range(_PULLS):
        for item in items:
            earlier, later = before.get(item, set()), after.get(item, set())
            lowest = max((ranks[other] + 1 for other in earlier), default=0)
            highest = min((ranks[other] - 1 for other in later), default=last)
            if len(earlier) != len(later):
                ranks[item] = highest if len(later) > len(earlier) else lowest
    return ranks


def _with_bends(count: int, ranks: dict[int, int], wires: Sequence[Wire]) -> Layers:
    spans = [abs(ranks[wire.head] - ranks[wire.tail]) for wire in wires]
    longest = next(most for most in _SPANS if sum(s - 1 for s in spans if s <= most) <= _MOST_BENDS)
    columns: list[list[Vertex]] = [[] for _ in range(ranks[count] + 2)]
    vertices: dict[Hashable, Vertex] = {}

    def vertex(key: Hashable, rank: int, item: int | None) -> Vertex:
        if key not in vertices:
            vertices[key] = Vertex(rank, item)
            columns[rank + 1].append(vertices[key])
        return vertices[key]

    for item in range(count):
        if item in ranks:
            vertex(item, ranks[item], item)
    joined: set[tuple[Vertex, Vertex, Net]] = set()
    paths = {}
    for wire, span in zip(wires, spans, strict=True):
        ends = [
            vertex(end, ranks[end], end)
            if 0 <= end < count
            else vertex((wire.net, end), ranks[end], None)
            for end in (wire.tail, wire.head)
        ]
        step = 1 if wire.forward else -1
        between = range(ranks[wire.tail] + step, ranks[wire.head], step) if span <= longest else ()
        bends = [vertex((wire.net, wire.tail, wire.forward, r), r, None) for r in between]
        path = paths[wire] = [ends[0], *bends, ends[1]]
        for a, b in pairwise(path):
            if abs(a.rank - b.rank) != 1:
                continue
            left, right = (a, b) if wire.forward else (b, a)
            if (a, b, wire.net) not in joined:
                joined.add((a, b, wire.net))
                segment = Segment(wire.net, wire.forward, left, right)
                left.right.append(segment)
                right.left.append(segment)
    return Layers(columns, paths)


def _order(columns: list[list[Vertex]], fixed: int) -> None:
    """Orders columns so that few segments cross; the first `fixed` ones stay as they are."""
    _number(columns)
    best = [list(column) for column in columns]
    fewest = _crossings(columns)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rightwards = sweep % 2 == 0
        for column in columns[fixed:] if rightwards else reversed(columns[fixed:]):
            keys = {v: (_barycentre(v, rightwards), v.place) for v in column}
            column.sort(key=keys.__getitem__)
            _number([column])
        if sum(map(len, columns)) <= _MOST_SWAPPED:
            _swap(columns[fixed:])
        crossings = _crossings(columns)
        if crossings < fewest:
            fewest, best = crossings, [list(column) for column in columns]
    columns[:] = best
    _number(columns)


def _number(columns: list[list[Vertex]]) -> None:
    for column in columns:
        for place, vertex in enumerate(column):
            vertex.place = place


def _barycentre(vertex: Vertex, rightwards: bool) -> float:
    if rightwards:
        places = [s.left.place + s.heights[0] for s in vertex.left]
    else:
        places = [s.right.place + s.heights[1] for s in vertex.right]
    return sum(places) / len(places) if places else vertex.place + 0.5


def _crossings(columns: list[list[Vertex]]) -> int:
    return sum(
        _inversions([s for vertex in column for s in vertex.right]) for column in columns[:-1]
    )


def _inversions(segments: list[Segment]) -> int:
    ends = sorted((s.left.place + s.heights[0], s.right.place + s.heights[1]) for s in segments)
    seen: list[float] = []
    count = 0
    group: list[float] = []
    start = None
    for left, right in ends:
        if left != start:
            for earlier in group:
                insort(seen, earlier)
            group, start = [], left
        count += len(seen) - bisect_right(seen, right)
        group.append(right)
    return count


def _swap(columns: list[list[Vertex]]) -> None:
    """Swaps neighbours for as long as that removes crossings."""
    improved = True
    while improved:
        improved = False
        for column in columns:
            for place in range(len(column) - 1):
                upper, lower = column[place : place + 2]
                if _crossed(lower, upper) < _crossed(upper, lower):
                    column[place : place + 2] = [lower, upper]
                    upper.place, lower.place = place + 1, place
                    improved = True


def _crossed(upper: Vertex, lower: Vertex) -> int:
    """Counts how often the segments of two vertices cross, if one is above the other."""
    count = 0
    for side in (0, 1):
        ends = [
            sorted(
                (s.left.place + s.heights[0]) if side == 0 else (s.right.place + s.heights[1])
                for s in (vertex.left if side == 0 else vertex.right)
            )
            for vertex in (upper, lower)
        ]
        count += sum(len(ends[0]) - bisect_right(ends[0], place) for place in ends[1])
    return count
