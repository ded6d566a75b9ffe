"""What the checker counts, against plain loops over synapses, and against the circuit of pieces."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from placements import random_placement
from random_circuits import make_circuit
from small_chips import small_chip

import sfc
from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit, Projection, by_name
from sfc.ir.synapses import cells, synapses, table
from sfc.place.check import used, violations
from sfc.place.cut import cut_circuit
from sfc.place.placement import Piece, Placement

Counts = dict[int, dict[str, int]]


def pairs(circuit: Circuit, projection: Projection) -> list[tuple[int, int]]:
    """Source and target of every synapse, as numbers of whole populations."""
    ends = []
    parts = (projection.source_part, projection.target_part)
    for node, part in zip(circuit.ends(projection), parts, strict=True):
        whole = tuple((0, extent - 1) for extent in node.shape)
        ends.append(cells(node.shape, part or whole).tolist())
    sources, targets = ends
    if projection.pattern == "all_to_all":
        return [(i, j) for i in sources for j in targets]
    if projection.pattern == "one_to_one":
        return list(zip(sources, targets, strict=True))
    found = synapses(circuit, projection)
    return [
        (sources[i], targets[j])
        for i, j in zip(found.sources.tolist(), found.targets.tolist(), strict=True)
    ]


def counted(circuit: Circuit, chip: Chip, placement: Placement) -> Counts:
    """Axons, delay slots and plastic synapses, synapse by synapse."""
    found: Counts = {core: defaultdict(int) for core in placement.cores}
    longest: dict[int, int] = defaultdict(int)
    core_of, piece_of = {}, {}
    for number, piece in enumerate(placement.pieces):
        found[piece.core]["compartments"] += piece.size
        for neuron in range(piece.first, piece.last + 1):
            core_of[piece.population, neuron] = piece.core
            piece_of[piece.population, neuron] = number
    for projection in circuit.projections.values():
        lists = set()
        learns = circuit.learns(projection)
        for i, j in pairs(circuit, projection):
            core = core_of[projection.target, j]
            longest[core] = max(longest[core], projection.delay)
            found[core]["plastic_synapses"] += learns
            lists.add((i, piece_of[projection.target, j]))
        for i, number in lists:
            core = placement.pieces[number].core
            found[core]["input_axons"] += 2 if learns else 1
            source = core_of.get((projection.source, i))
            if source is not None:
                is_far = source // chip.cores != core // chip.cores
                found[source]["output_axons"] += 2 if is_far else 1
    for core, use in found.items():
        slots = next(2**k for k in range(3, 9) if 2**k > longest[core])
        use["delay_slots"] = slots
    return found


def listed(circuit: Circuit) -> Circuit:
    """The circuit with the constant synapses of all words as tables."""
    projections = []
    for projection in circuit.projections.values():
        if isinstance(projection.pattern, str) and circuit.rule_of(projection) is None:
            rows, columns = circuit.synapse_shape(projection)
            ends = np.ones((rows, columns), np.bool_)
            if projection.pattern == "one_to_one":
                ends = np.eye(rows, dtype=np.bool_)
            sources, targets = np.nonzero(ends)
            mantissas = np.full(len(sources), projection.weight.mantissa)
            weight = replace(projection.weight, mantissa=1)
            pattern = table(sources, targets, mantissas)
            projection = replace(projection, pattern=pattern, weight=weight)
        projections.append(projection)
    return replace(circuit, projections=by_name(projections))


@pytest.mark.parametrize("seed", range(80))
def test_counts_are_those_of_loops(seed: int) -> None:
    random = Random(seed)
    circuit = make_circuit(random, random.choice((2, 4, 4)), random.random() < 0.5)
    chip = small_chip(cores=3, boards=(4,))
    placement = random_placement(random, circuit, 12, "small")
    found = used(circuit, chip, placement)
    for core, use in counted(circuit, chip, placement).items():
        assert {name: found[core][name] for name in use} == use
    assert found == used(listed(circuit), chip, placement)


def test_cores_hold_of_pieces_what_they_hold_of_the_whole() -> None:
    """Where populations are lines, so that no piece of a part has a gap."""
    circuit = sfc.compile("backprop", n_in=40, n_hid=30)
    for seed in range(6):
        placement = random_placement(Random(seed), circuit, 200, "small")
        cut = cut_circuit(circuit, placement)
        names = iter(name for parts in cut.pieces.values() for name in parts)
        pieces = [Piece(next(names), 0, piece.size - 1, piece.core) for piece in placement.pieces]
        again = used(cut.circuit, small_chip(), Placement("small", tuple(pieces)))
        before = used(circuit, small_chip(), placement)
        assert again == before


def test_the_circuit_of_the_paper_on_the_cores_of_the_paper() -> None:
    """Each population is dealt in order over its range of cores, as the authors do.

    The ten cores that hold an output neuron take 400 learning lists from x for each of three copies
    of h, as many from h for each of three copies of o, and a few more: twice as many entries are
    more than the published limit. That the authors ran it says that an entry or the limit is
    another on the chip.
    """
    circuit = sfc.compile("backprop")
    pieces = []
    for population in circuit.populations.values():
        first, last = (2, 80) if population.name[0] in "ho" else (16, 95)
        if population.origin is not None:
            first = 40 + population.origin.phase
        share = -(-population.size // (last - first))
        for k in range(0, population.size, share):
            end = min(population.size, k + share) - 1
            pieces.append(Piece(population.name, k, end, first + k // share))
    placement = Placement("small", tuple(pieces))
    assert violations(circuit, small_chip(learning_axon_entries=1), placement) == []
    found = violations(circuit, small_chip(), placement)
    assert {violation.resource for violation in found} == {"input_axons"}
    assert [violation.core for violation in found] == list(range(2, 12))
