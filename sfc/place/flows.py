"""What a projection joins, piece by piece: synapses, and the lists of them that spikes go to.

A list is the synapses of one source neuron onto the neurons of one piece. A spike sends a message
to each of its neuron's lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Projection
from sfc.ir.patterns import Part
from sfc.ir.synapses import cells, synapses
from sfc.place.placement import Piece

Numbers = NDArray[np.int64]

_KEYS_BY_COUNT = 2**20
"""How far keys may exceed their number to be counted in a table."""

_PAIRS = 2**20
"""Pairs of pieces that are looked at together."""


@dataclass(frozen=True, slots=True)
class Flows:
    """What a projection joins; rows are pairs of pieces that have a synapse.

    Attributes:
        sources: (k,) numbers of pieces of the source; 0 for all of an input.
        targets: (k,) numbers of pieces of the target.
        synapses, lists: (k,) how many.
    """

    sources: Numbers
    targets: Numbers
    synapses: Numbers
    lists: Numbers


def flows(
    circuit: Circuit, projection: Projection, sources: Sequence[Piece], targets: Sequence[Piece]
) -> Iterator[Flows]:
    """Yields what a projection joins, in parts of a size that memory holds.

    Args:
        circuit: without real weights.
        projection: of the circuit.
        sources: pieces of the source in the order of their neurons; none for an input.
        targets: pieces of the target likewise.
    """
    source, target = circuit.ends(projection)
    if projection.pattern == "all_to_all":
        rows = _in_pieces(source.shape, projection.source_part, sources)
        columns = _in_pieces(target.shape, projection.target_part, targets)
        yield from _products(rows, columns)
        return
    before, after = _ends(circuit, projection)
    count = len(targets)
    into = _piece_of(after, targets)
    pairs, numbers = _counted(_piece_of(before, sources) * count + into)
    listed, _ = _counted(before * count + into)
    of_list = _piece_of(listed // count, sources) * count + listed % count
    lists = _counted(of_list)[1]
    yield Flows(pairs // count, pairs % count, numbers, lists)


def reached(circuit: Circuit, projection: Projection, targets: Sequence[Piece]) -> Numbers:
    """Returns how many neurons of each piece of the target have a synapse of a projection."""
    _, target = circuit.ends(projection)
    if isinstance(projection.pattern, str):
        return _in_pieces(target.shape, projection.target_part, targets)
    _, neurons = _ends(circuit, projection)
    found = np.bincount(_piece_of(np.unique(neurons), targets), minlength=len(targets))
    return found.astype(np.int64)


def _counted(keys: Numbers) -> tuple[Numbers, Numbers]:
    """Returns which keys there are, ascending, and how often; small ones without sorting."""
    if keys.max(initial=0) > _KEYS_BY_COUNT + len(keys):
        found, counts = np.unique(keys, return_counts=True)
        return found, counts.astype(np.int64)
    every = np.bincount(keys)
    present = np.flatnonzero(every)
    return present.astype(np.int64), every[present].astype(np.int64)


def _products(rows: Numbers, columns: Numbers) -> Iterator[Flows]:
    """Yields what is joined where all neurons of a piece are joined with all of another."""
    senders, receivers = np.flatnonzero(rows), np.flatnonzero(columns)
    if not len(receivers):
        return
    height = max(1, _PAIRS // len(receivers))
    for start in range(0, len(senders), height):
        chosen = senders[start : start + height]
        lists: Numbers = np.repeat(rows[chosen], len(receivers))
        each: Numbers = np.tile(columns[receivers], len(chosen))
        into = np.tile(receivers, len(chosen))
        yield Flows(np.repeat(chosen, len(receivers)), into, lists * each, lists)


def _ends(circuit: Circuit, projection: Projection) -> tuple[Numbers, Numbers]:
    """Returns the neurons that all synapses join, numbered within their populations."""
    source, target = circuit.ends(projection)
    before = _neurons(source.shape, projection.source_part)
    after = _neurons(target.shape, projection.target_part)
    if projection.pattern != "one_to_one":
        found = synapses(circuit, projection)
        before, after = before[found.sources], after[found.targets]
    return before, after


def _neurons(shape: tuple[int, ...], part: Part | None) -> Numbers:
    whole: Part = tuple((0, size - 1) for size in shape)
    return cells(shape, whole if part is None else part).astype(np.int64)


def _piece_of(neurons: Numbers, pieces: Sequence[Piece]) -> Numbers:
    if not pieces:
        return np.zeros(len(neurons), np.int64)
    firsts = np.array([piece.first for piece in pieces])
    return np.searchsorted(firsts, neurons, side="right").astype(np.int64) - 1


def _in_pieces(shape: tuple[int, ...], part: Part | None, pieces: Sequence[Piece]) -> Numbers:
    """Returns how many neurons of a part each piece holds."""
    if part is None and pieces:
        return np.array([piece.size for piece in pieces], np.int64)
    found = np.bincount(_piece_of(_neurons(shape, part), pieces), minlength=len(pieces))
    return found.astype(np.int64)
