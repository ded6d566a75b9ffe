"""Projections between the pieces of populations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Projection, Weight
from sfc.ir.patterns import Part, size_of
from sfc.ir.synapses import cells, synapses, table

Numbers = NDArray[np.int64]
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Node:
    """A population in pieces, or an input.

    Attributes:
        shape: of the whole.
        names: of its pieces; its own if there is only one, which has the shape of the whole.
        firsts: (pieces,) the first neuron of each, ascending.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    firsts: Numbers

    @property
    def is_cut(self) -> bool:
        """Whether there are several pieces."""
        return len(self.names) > 1

    def neurons(self, part: Part | None) -> Numbers:
        """Returns the numbers of a part's neurons within the whole, ascending."""
        numbers = np.arange(size_of(self.shape, None))
        return numbers if part is None else cells(self.shape, part).astype(np.int64)

    def places(self, neurons: Numbers) -> tuple[Numbers, Numbers]:
        """Returns for each neuron its piece and its number there."""
        pieces: Numbers = np.searchsorted(self.firsts, neurons, side="right") - 1
        return pieces, neurons - self.firsts[pieces]


@dataclass(frozen=True, slots=True)
class Block:
    """Some synapses of a projection, as a projection between pieces.

    Attributes:
        projection: with the name and weight of the original, but for the patterns that list
            synapses.
        rows, columns: of the original's (n_pre, n_post) synapses; only meant for all_to_all.
        is_whole: whether it is the original.
    """

    projection: Projection
    rows: slice = _ALL
    columns: slice = _ALL
    is_whole: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a block that is not the whole."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours in a piece that are neighbours in a projection's part, too."""

    piece: str
    part: Part | None
    place: slice


def blocks(circuit: Circuit, projection: Projection, nodes: Mapping[str, Node]) -> Iterator[Block]:
    """Yields the projections that have synapses between pieces.

    What starts a chain yields one in any case: the host kicks chains that nothing starts.

    Raises:
        ValueError: the weights of a projection that is cut are real numbers.
    """
    source, target = nodes[projection.source], nodes[projection.target]
    if not (source.is_cut or target.is_cut):
        yield Block(projection, is_whole=True)
    elif projection.pattern == "all_to_all":
        ways = product(
            list(_runs(source, projection.source_part)), list(_runs(target, projection.target_part))
        )
        yield from (Block(_between(projection, *way), way[0].place, way[1].place) for way in ways)
    elif projection.pattern == "one_to_one" and _is_line(source) and _is_line(target):
        yield from _one_to_one(projection, source, target)
    else:
        yield from _listed(circuit, projection, source, target)


def _is_line(node: Node) -> bool:
    """Tells whether neighbours in a node's pieces have neighbouring numbers."""
    return node.is_cut or len(node.shape) == 1


def _between(projection: Projection, source: _Run, target: _Run) -> Projection:
    return replace(
        projection,
        source=source.piece,
        target=target.piece,
        source_part=source.part,
        target_part=target.part,
    )


def _runs(node: Node, part: Part | None) -> Iterator[_Run]:
    """Yields the runs of a part; a node that is not cut has one, which need not be neighbours."""
    if not node.is_cut:
        yield _Run(node.names[0], part, slice(0, size_of(node.shape, part)))
        return
    pieces, numbers = node.places(node.neurons(part))
    for place in _unbroken(pieces, numbers):
        first, count = int(numbers[place.start]), place.stop - place.start
        yield _Run(node.names[pieces[place.start]], ((first, first + count - 1),), place)


def _unbroken(*ends: Numbers) -> Iterator[slice]:
    """Yields the longest stretches in which pieces stay and numbers go up by one.

    Args:
        ends: pieces, numbers, and perhaps the pieces and numbers of the other end.
    """
    breaks = np.zeros(len(ends[0]) - 1, np.bool_)
    for number, values in enumerate(ends):
        breaks |= np.diff(values) != number % 2
    bounds = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(ends[0])]
    for first, end in pairwise(bounds):
        yield slice(first, end)


def _one_to_one(projection: Projection, source: Node, target: Node) -> Iterator[Block]:
    ends = (
        *source.places(source.neurons(projection.source_part)),
        *target.places(target.neurons(projection.target_part)),
    )
    for place in _unbroken(*ends):
        from_piece, first, to_piece, to_first = (int(values[place.start]) for values in ends)
        last = place.stop - place.start - 1
        one = _Run(source.names[from_piece], ((first, first + last),), place)
        other = _Run(target.names[to_piece], ((to_first, to_first + last),), place)
        yield Block(_between(projection, one, other))


def _listed(
    circuit: Circuit, projection: Projection, source: Node, target: Node
) -> Iterator[Block]:
    weight = projection.weight
    assert isinstance(weight, Weight)
    sources = source.neurons(projection.source_part)
    targets = target.neurons(projection.target_part)
    mantissas = np.full(len(sources), weight.mantissa)
    if projection.pattern != "one_to_one":
        listed = synapses(circuit, projection)
        sources, targets = sources[listed.sources], targets[listed.targets]
        mantissas = listed.mantissas.astype(np.int64) * weight.mantissa
    if not len(sources) and projection.origin and projection.origin.kind == "start":
        yield _table_between(
            projection, source.names[0], target.names[0], sources, targets, mantissas
        )
    from_piece, source_numbers = source.places(sources)
    to_piece, target_numbers = target.places(targets)
    way = from_piece * len(target.names) + to_piece
    order = np.argsort(way, kind="stable")
    ways, firsts, counts = np.unique(way[order], return_index=True, return_counts=True)
    for number, first, count in zip(ways.tolist(), firsts, counts, strict=True):
        one, other = divmod(number, len(target.names))
        chosen = order[first : first + count]
        listed_here = _held(source_numbers[chosen], target_numbers[chosen], mantissas[chosen])
        yield _table_between(projection, source.names[one], target.names[other], *listed_here)


def _table_between(
    projection: Projection,
    source: str,
    target: str,
    sources: Numbers,
    targets: Numbers,
    mantissas: Numbers,
) -> Block:
    assert isinstance(projection.weight, Weight)
    weight = Weight(1, projection.weight.exponent)
    between = _between(projection, _Run(source, None, _ALL), _Run(target, None, _ALL))
    return Block(replace(between, pattern=table(sources, targets, mantissas), weight=weight))


def _held(
    sources: Numbers, targets: Numbers, mantissas: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Returns synapses with mantissas that are held together.

    Only beside positive ones is -256 held; alone it becomes two synapses of half the weight.
    """
    if mantissas.max() > 0 or mantissas.min() >= -255:
        return sources, targets, mantissas
    lowest = mantissas == -256
    halved = np.where(lowest, -128, mantissas)
    return (
        np.concatenate([sources, sources[lowest]]),
        np.concatenate([targets, targets[lowest]]),
        np.concatenate([halved, halved[lowest]]),
    )
