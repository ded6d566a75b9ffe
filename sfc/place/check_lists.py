"""The axon lists of a placed circuit, for the checker: counted from single synapses.

An axon list holds the synapses that one projection has from one source neuron to the neurons of one
piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Input, Population, Projection
from sfc.ir.patterns import Part
from sfc.ir.synapses import cells, synapses
from sfc.place.placement import Placement

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lists:
    """The axon lists of a projection.

    Attributes:
        pieces: (k,) to which piece of the placement they lead.
        alike: (k,) how many lists an entry stands for.
        synapses: (k,) of each of these lists.
        spans: (k,) neurons from the first of the piece to a list's last target.
        repeats: whether any list has two synapses to one neuron.
        from_core, to_piece, count: (m,) how many lists start at neurons of a core and lead to a
            piece; empty for the lists of an input.
    """

    pieces: Numbers
    alike: Numbers
    synapses: Numbers
    spans: Numbers
    repeats: bool
    from_core: Numbers
    to_piece: Numbers
    count: Numbers


def pieces_of_neurons(circuit: Circuit, placement: Placement) -> Mapping[str, Numbers]:
    """Returns for every neuron of each population the number of its piece, -1 for none."""
    found = {p.name: np.full(p.size, -1, np.int64) for p in circuit.populations.values()}
    for number, piece in enumerate(placement.pieces):
        found[piece.population][piece.first : piece.last + 1] = number
    return found


def axon_lists(
    circuit: Circuit,
    projection: Projection,
    piece_of: Mapping[str, Numbers],
    core_of: Numbers,
    first_of: Numbers,
) -> Lists:
    """Returns the lists of a projection.

    Args:
        piece_of: see `pieces_of_neurons`.
        core_of, first_of: the core and the first neuron of every piece.

    Raises:
        ValueError: the projection's weights are real numbers.
    """
    source, target = circuit.ends(projection)
    sources = _neurons(source, projection.source_part)
    targets = _neurons(target, projection.target_part)
    piece_of_source = piece_of.get(source.name)
    cores = None if piece_of_source is None else core_of[piece_of_source]
    if projection.pattern == "all_to_all":
        return _all_to_all(sources, targets, piece_of[target.name][targets], cores, first_of)
    if projection.pattern != "one_to_one":
        listed = synapses(circuit, projection)
        sources, targets = sources[listed.sources], targets[listed.targets]
    return _listed(sources, targets, piece_of[target.name][targets], cores, first_of)


def _neurons(node: Population | Input, part: Part | None) -> Numbers:
    """Returns the numbers of a part's neurons, ascending."""
    return np.arange(node.size) if part is None else cells(node.shape, part).astype(np.int64)


def _all_to_all(
    sources: Numbers,
    targets: Numbers,
    pieces: Numbers,
    cores: Numbers | None,
    first_of: Numbers,
) -> Lists:
    """Every source has a list to each piece, with all targets there; these ascend with pieces."""
    hit, first, counts = np.unique(pieces, return_index=True, return_counts=True)
    spans = targets[first + counts - 1] - first_of[hit] + 1
    starts, number = np.unique(sources[:0] if cores is None else cores[sources], return_counts=True)
    return Lists(
        hit,
        np.full(len(hit), len(sources), np.int64),
        counts.astype(np.int64),
        spans,
        False,
        np.repeat(starts, len(hit)),
        np.tile(hit, len(starts)),
        np.repeat(number, len(hit)).astype(np.int64),
    )


def _listed(
    sources: Numbers,
    targets: Numbers,
    pieces: Numbers,
    cores: Numbers | None,
    first_of: Numbers,
) -> Lists:
    """Takes synapses in the order of sources, then of targets, which stays within each piece."""
    order = np.argsort(pieces, kind="stable")
    sources, targets, pieces = sources[order], targets[order], pieces[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (sources[1:] != sources[:-1]) | (pieces[1:] != pieces[:-1])
    first = np.flatnonzero(is_first)
    counts = np.diff(np.append(first, len(order)))
    again = ~is_first[1:] & (targets[1:] == targets[:-1])
    origins = np.zeros((2, 0), np.int64)
    if cores is not None:
        origins = np.stack([cores[sources[first]], pieces[first]])
    ways, number = np.unique(origins, axis=1, return_counts=True)
    return Lists(
        pieces[first],
        np.ones(len(first), np.int64),
        counts.astype(np.int64),
        targets[first + counts - 1] - first_of[pieces[first]] + 1,
        bool(again.any()),
        ways[0],
        ways[1],
        number.astype(np.int64),
    )
