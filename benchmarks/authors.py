"""Placements that were not made by `sfc.allocate`, as `sfc.allocate` would return them."""

from __future__ import annotations

from sfc.ir.circuit import Circuit, Population
from sfc.place.placement import Piece, Placement

AUTHORS = "loihi1"

_LEARNING = ("h", "h_lt", "h_gt", "h_T", "o", "o_lt", "o_gt", "o_T")


def authors_placement(circuit: Circuit) -> Placement:
    """Returns how the authors of backprop.sfc place it by hand.

    Source: lanl/spikingBackprop, network_parameters_2layer_MNIST.py (start_core, end_core) and
    compartment_tools.py (create_distributed_group_over_cores). Every population, each gating neuron
    too, is dealt by itself over cores start..end-1, ceil(size / (end - start)) neurons to each.
    """
    pieces = []
    for population in circuit.populations.values():
        start, end = _range(population)
        share = -(-population.size // (end - start))
        for k, first in enumerate(range(0, population.size, share)):
            last = min(first + share, population.size) - 1
            pieces.append(Piece(population.name, first, last, start + k))
    return Placement(AUTHORS, tuple(pieces))


def _range(population: Population) -> tuple[int, int]:
    if population.origin is not None and population.origin.kind == "relay":
        return 40, 95
    return (2, 80) if population.name in _LEARNING else (16, 95)


def plastic_synapses(circuit: Circuit, placement: Placement) -> dict[int, int]:
    """Returns how many synapses that learn each core holds."""
    held = dict.fromkeys(placement.cores, 0)
    pieces = placement.of_population()
    for projection in circuit.projections.values():
        if circuit.learns(projection):
            assert projection.pattern == "all_to_all"
            rows, columns = circuit.synapse_shape(projection)
            into = pieces[projection.target]
            assert sum(piece.size for piece in into) == columns
            for piece in into:
                held[piece.core] += rows * piece.size
    return held
