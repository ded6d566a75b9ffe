"""What the cores of placements hold: every resource, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from placing import (
    CHIP,
    RULES,
    UNIT,
    circuit_of,
    constant,
    only,
    placed,
    plastic,
    use_of,
    whole,
    words_of_core_1,
)
from small_chips import small_chip

from sfc.ir.circuit import (
    Circuit,
    Matrix,
    Neuron,
    Population,
    Projection,
    Tie,
    Weight,
    by_name,
)
from sfc.ir.patterns import Sparse, Toeplitz
from sfc.ir.rules import Term
from sfc.ir.synapses import table
from sfc.place.check import used, violations
from sfc.place.placement import Piece, Placement

BIT = Weight(2, 0)
"""The least weight that one bit holds: 128 times 2^-6."""


def binds(resource: str, limit: str, circuit: Circuit, placement: Placement, core: int) -> int:
    """Returns what a core takes; a limit of so much is kept there, one less is not."""
    amount = use_of(circuit, placement, core)[resource]
    kept = violations(circuit, small_chip(**{limit: amount}), placement)
    assert core not in [violation.core for violation in kept]
    found = violations(circuit, small_chip(**{limit: amount - 1}), placement)
    expected = ("resource", core, resource, amount, amount - 1)
    assert expected in [(v.kind, v.core, v.resource, v.used, v.available) for v in found]
    assert violations(circuit, small_chip(**{limit: None}), placement) == []
    return amount


def test_compartments() -> None:
    circuit = circuit_of([], a=3, b=4)
    placement = placed(("a", 0, 2, 5), ("b", 0, 0, 2), ("b", 1, 3, 5))
    assert binds("compartments", "compartments", circuit, placement, 5) == 6
    assert use_of(circuit, placement, 2)["compartments"] == 1


@pytest.mark.parametrize(
    ("delay", "slots"), [(0, 8), (7, 8), (8, 16), (15, 16), (16, 32), (62, 64)]
)
def test_delay_slots_lessen_the_compartments(delay: int, slots: int) -> None:
    circuit = plastic(2, 3, delay=delay)
    placement = whole(circuit, b=1)
    assert use_of(circuit, placement, 1)["delay_slots"] == slots
    assert use_of(circuit, placement, 0)["delay_slots"] == 8
    chip = small_chip(dendritic_accumulators=4 * slots - 1)
    assert violations(circuit, chip, placement) == []
    found = only(violations(circuit, small_chip(dendritic_accumulators=3 * slots - 1), placement))
    assert (found.core, found.resource, found.used) == (1, "compartments", 3)
    assert found.available == 2
    assert violations(circuit, small_chip(dendritic_accumulators=None), placement) == []


def test_fewer_slots_where_the_chip_has_fewer() -> None:
    circuit = plastic(2, 3, delay=2)
    chip = small_chip(delay_slots=None)
    assert use_of(circuit, whole(circuit, b=1), 1, chip)["delay_slots"] == 4


def test_delays_of_inputs_count_where_they_arrive() -> None:
    joined = Projection("p", "in0", "a", "one_to_one", UNIT, 20, None, ((2, 3),))
    circuit = circuit_of([joined], in0=2, a=4)
    placement = placed(("a", 0, 1, 0), ("a", 2, 3, 1))
    assert use_of(circuit, placement, 0)["delay_slots"] == 8
    assert use_of(circuit, placement, 1)["delay_slots"] == 32


@pytest.mark.parametrize(
    ("size", "words"), [(1, 1), (6, 1), (7, 2), (62, 8), (63, 9), (64, 9), (124, 16), (400, 52)]
)
def test_words_of_learning_lists(size: int, words: int) -> None:
    """62 synapses of 8 bits and 10 bits fill 8 words but for 6 bits: that is the best block."""
    assert words_of_core_1(plastic(3, size)) == 3 * words


def test_the_largest_of_equally_good_blocks() -> None:
    """14 bits: 45 take 10 words, 54 take 12, 63 take 14. In a block of 45, 4 more take 2 words."""
    assert words_of_core_1(plastic(1, 49, delay=32)) == 11


def test_words_bind() -> None:
    circuit = plastic(3, 62)
    placement = whole(circuit, b=1)
    assert binds("synaptic_memory", "synapse_words", circuit, placement, 1) == 24


def test_dense_400_times_400_does_not_fit_a_core() -> None:
    circuit = plastic(400, 400)
    found = only(violations(circuit, CHIP, whole(circuit, b=1)))
    assert (found.resource, found.used, found.available) == ("synaptic_memory", 20800, 16384)


def test_the_delay_takes_bits_of_each_synapse() -> None:
    """63 synapses of 8 + 2 bits and 10 bits fill 10 words."""
    assert words_of_core_1(plastic(1, 63, delay=3)) == 10
    assert words_of_core_1(plastic(1, 64, delay=3)) == 11


@pytest.mark.parametrize(
    ("mantissa", "bits"),
    [(0, 1), (1, 1), (-1, 1), (128, 1), (3, 2), (-3, 2), (200, 5), (130, 8), (255, 8), (63, 6)],
)
def test_bits_of_one_weight(mantissa: int, bits: int) -> None:
    """A list of 6 of b bits beside 10 of the header; in words of one bit, both are seen."""
    chip = small_chip(word_bits=1, index_bits=[32])
    circuit = constant("all_to_all", 1, 6, Weight(mantissa, 2))
    assert words_of_core_1(circuit, chip) == 6 * bits + 10


def test_exponents_go_down_to_minus_6() -> None:
    """So 1/64 has mantissa 1, the last of 8 bits, and 1 has 64, the seventh of which 2 remain."""
    chip = small_chip(word_bits=1, index_bits=[32])
    for exponent, bits in ((-6, 8), (-4, 6), (0, 2), (1, 1)):
        circuit = constant("all_to_all", 1, 6, Weight(1, exponent))
        assert words_of_core_1(circuit, chip) == 6 * bits + 10


@pytest.mark.parametrize(
    ("mantissas", "bits"),
    [
        ((2, -2), 2),
        ((2, -4), 2),
        ((4, -2), 3),
        ((2, -2, 6), 3),
        ((254, -256), 8),
        ((64, -128), 2),
        ((0, 5, 4), 3),
        ((4, 128), 6),
        ((3, 128), 8),
        ((0, 0), 1),
    ],
)
def test_bits_of_several_weights(mantissas: tuple[int, ...], bits: int) -> None:
    """With both signs a bit holds the sign; common powers of two go into the exponent."""
    chip = small_chip(word_bits=1, index_bits=[32])
    pattern = table([0] * len(mantissas), range(len(mantissas)), mantissas)
    assert (
        words_of_core_1(constant(pattern, 1, 9, Weight(1, 2)), chip) == bits * len(mantissas) + 10
    )


def test_a_list_is_sparse_where_that_takes_less() -> None:
    """Dense, 100 of one bit take 2 words; sparse, 2 of 11 bits take one."""
    assert words_of_core_1(constant(table([0, 0], [0, 99], [2, 2]), 1, 100)) == 1
    wide = small_chip(index_bits=[60])
    assert words_of_core_1(constant(table([0, 0], [0, 99], [2, 2]), 1, 100), wide) == 2


def test_gaps_of_dense_lists_end_with_the_piece() -> None:
    """Of targets 10, 59 and 60, a piece to 59 has 50 from first to last and one to 99 one."""
    circuit = constant(table([0] * 3, [10, 59, 60], [255] * 3), 1, 100)
    chip = small_chip(index_bits=[60])
    placement = placed(("a", 0, 0, 0), ("b", 0, 59, 1), ("b", 60, 99, 2))
    assert use_of(circuit, placement, 1, chip)["synaptic_memory"] == 3
    assert use_of(circuit, placement, 2, chip)["synaptic_memory"] == 1


def test_all_lists_to_a_piece_are_dense_or_all_are_sparse() -> None:
    """Dense 1 + 2 words, sparse 1 + 1, though the first takes one word either way."""
    circuit = constant(table([0, 1, 1], [0, 0, 99], [2, 2, 2]), 2, 100)
    use = use_of(circuit, whole(circuit, b=1), 1)
    assert (use["synaptic_memory"], use["synapse_formats"]) == (2, 1)


@pytest.mark.parametrize(("before", "words"), [(255, 8), (256, 18)])
def test_no_dense_lists_to_pieces_that_begin_late(before: int, words: int) -> None:
    """Sparse ones have 18 bits a synapse: 62 take 18 words."""
    circuit = plastic(1, 62, c=before)
    placement = placed(("a", 0, 0, 0), ("c", 0, before - 1, 1), ("b", 0, 61, 1))
    assert use_of(circuit, placement, 1)["synaptic_memory"] == words
    first = placed(("a", 0, 0, 0), ("b", 0, 61, 1), ("c", 0, before - 1, 1))
    assert use_of(circuit, first, 1)["synaptic_memory"] == 8
    anywhere = small_chip(dense_base=None)
    assert use_of(circuit, placement, 1, anywhere)["synaptic_memory"] == 8


def test_two_synapses_to_one_neuron_are_sparse() -> None:
    """And so are all of the projection. 4 of 18 bits and the header take 2 words, 1 takes one."""
    twice = constant(table([0] * 4, [0, 0, 1, 1], [255] * 4), 1, 2)
    assert words_of_core_1(twice) == 2
    once = table([0] * 4, [0, 1, 2, 3], [255] * 4)
    assert words_of_core_1(constant(once, 1, 4)) == 1
    both = table([0] * 6, [0, 0, 1, 2, 3, 4], [255] * 6)
    placement = placed(("a", 0, 0, 0), ("b", 0, 0, 0), ("b", 1, 4, 1))
    assert use_of(constant(both, 1, 5), placement, 1)["synaptic_memory"] == 2


def test_tags_take_bits_where_a_rule_changes_them() -> None:
    """16 bits a synapse: 63 take 16 words, 62 of 8 take 8."""
    tagged = replace(RULES["R"], dt=(Term(1.0, ("x0",)),))
    circuit = plastic(1, 63)
    assert words_of_core_1(circuit) == 9
    assert words_of_core_1(replace(circuit, rules=by_name([tagged]))) == 16


def test_input_axons() -> None:
    """From a 3 lists to each piece; the neuron of c has only one, to the piece with 3 of b."""
    joined = [
        Projection("p", "a", "b", "all_to_all", UNIT),
        Projection("q", "c", "b", table([0], [3], [1]), UNIT),
    ]
    circuit = circuit_of(joined, a=3, b=4, c=2)
    placement = placed(("a", 0, 2, 0), ("b", 0, 1, 1), ("b", 2, 3, 2), ("c", 0, 1, 0))
    assert binds("input_axons", "input_axons", circuit, placement, 1) == 3
    assert binds("input_axons", "input_axons", circuit, placement, 2) == 4
    assert use_of(circuit, placement, 0)["input_axons"] == 0


def test_pieces_of_one_core_have_lists_each() -> None:
    circuit = constant("all_to_all", 3, 4)
    placement = placed(("a", 0, 2, 0), ("b", 0, 1, 1), ("b", 2, 3, 1))
    assert use_of(circuit, placement, 1)["input_axons"] == 6
    assert use_of(circuit, placement, 0)["output_axons"] == 6


def test_lists_of_learning_synapses_take_two_entries() -> None:
    circuit = plastic(3, 4)
    placement = whole(circuit, b=1)
    assert binds("input_axons", "input_axons", circuit, placement, 1) == 6
    assert binds("output_axons", "output_axons", circuit, placement, 0) == 3
    still = plastic(3, 4, "Still")
    assert use_of(still, placement, 1)["input_axons"] == 3


def test_output_axons_to_another_chip_take_one_more() -> None:
    """Neurons 0 and 1 of a reach b on their own chip and on another; neuron 2 is there itself."""
    circuit = constant("all_to_all", 3, 4)
    placement = placed(("a", 0, 1, 0), ("a", 2, 2, 129), ("b", 0, 1, 127), ("b", 2, 3, 128))
    assert binds("output_axons", "output_axons", circuit, placement, 0) == 2 * (1 + 2)
    assert binds("output_axons", "output_axons", circuit, placement, 129) == 2 + 1
    assert use_of(circuit, placement, 127)["output_axons"] == 0
    free = small_chip(other_chip_entries=None)
    assert use_of(circuit, placement, 0, free)["output_axons"] == 4


def test_output_axons_of_single_synapses() -> None:
    circuit = constant("one_to_one", 4, 4)
    placement = placed(("a", 0, 3, 0), ("b", 0, 0, 1), ("b", 1, 3, 128))
    assert use_of(circuit, placement, 0)["output_axons"] == 1 + 3 * 2


def test_inputs_take_input_axons_alone() -> None:
    joined = [
        Projection("p", "in0", "a", "all_to_all", UNIT, 0, ((1, 3),)),
        Projection("q", "in0", "a", Toeplitz(0, (1,)), UNIT),
    ]
    circuit = circuit_of(joined, in0=5, a=2)
    use = use_of(circuit, whole(circuit), 0)
    assert (use["input_axons"], use["output_axons"]) == (3 + 2, 0)


def test_parts_of_populations_join_some_neurons() -> None:
    """Rows 0..1 and columns 1..2 of (3, 4) are neurons 1, 2, 5 and 6."""
    ends = [Population("a", (2,), Neuron(64)), Population("b", (3, 4), Neuron(64))]
    part = ((0, 1), (1, 2))
    joined = Projection("p", "a", "b", "all_to_all", Weight(255, 0), 0, None, part)
    circuit = Circuit("c", populations=by_name(ends), projections=by_name([joined]))
    placement = placed(("a", 0, 1, 0), ("b", 0, 5, 1), ("b", 6, 9, 2), ("b", 10, 11, 3))
    chip = small_chip(word_bits=1, index_bits=[32])
    found = used(circuit, chip, placement)
    assert [found[core]["synaptic_memory"] for core in range(4)] == [0, 2 * (6 * 8 + 10), 2 * 18, 0]
    assert [found[core]["input_axons"] for core in range(4)] == [0, 2, 2, 0]
    assert found[0]["output_axons"] == 4


@pytest.mark.parametrize(
    ("changes", "formats"),
    [
        ([{}, {}], 1),
        ([{}, {"weight": Weight(2, 0)}], 2),
        ([{}, {"weight": Weight(1, 1)}], 2),
        ([{"weight": Weight(2, 0)}, {"weight": Weight(1, 1)}], 1),
        ([{"weight": Weight(255, 0)}, {"weight": Weight(254, 0)}], 1),
        ([{"weight": Weight(255, 0)}, {"weight": Weight(-255, 0)}], 2),
        ([{"delay": 4}, {"delay": 7}], 1),
        ([{"delay": 3}, {"delay": 4}], 2),
        ([{"weight": Tie("W")}, {"weight": Tie("W")}], 1),
        ([{"weight": Tie("W")}, {"weight": Tie("W", -1)}], 1),
        ([{"weight": Tie("W")}, {"weight": Tie("V")}], 2),
    ],
)
def test_synapse_formats(changes: list[dict[str, Any]], formats: int) -> None:
    """W and V learn by R and not at all."""
    joined = [
        replace(Projection(f"p{k}", "a", "b", "all_to_all", UNIT), **change)
        for k, change in enumerate(changes)
    ]
    circuit = circuit_of(joined, [Matrix("W", (2, 3), "R"), Matrix("V", (2, 3), "Still")], a=2, b=3)
    assert binds("synapse_formats", "synapse_formats", circuit, whole(circuit, b=1), 1) == formats


def test_dense_and_sparse_are_two_formats() -> None:
    joined = [
        Projection("p", "a", "b", "all_to_all", UNIT),
        Projection("q", "a", "b", table([0, 0], [0, 99], [1, 1]), UNIT),
    ]
    circuit = circuit_of(joined, a=1, b=100)
    assert use_of(circuit, whole(circuit, b=1), 1)["synapse_formats"] == 2


def test_sparse_where_dense_takes_as_much() -> None:
    """One of 2 words if dense and 3 if sparse, beside one of one word either way."""
    joined = [
        Projection("p", "a", "b", "all_to_all", Weight(255, 0)),
        Projection("q", "a", "b", table([0], [0], [255]), UNIT),
    ]
    circuit = circuit_of(joined, a=1, b=9)
    assert use_of(circuit, whole(circuit, b=1), 1)["synapse_formats"] == 2


def test_projections_without_synapses_take_nothing() -> None:
    circuit = constant(Sparse(0.0, 1), 3, 4)
    use = use_of(circuit, whole(circuit), 0)
    names = ("synaptic_memory", "input_axons", "output_axons", "synapse_formats")
    assert [use[name] for name in names] == [0, 0, 0, 0]


def test_profiles() -> None:
    neurons = [
        Neuron(64),
        Neuron(64, 30),
        Neuron(65),
        Neuron(65, 0, 2),
        Neuron(65, 0, 2, 100),
        Neuron(65, 0, 2, 4096, 100),
    ]
    populations = [Population(f"a{k}", (1,), neuron) for k, neuron in enumerate(neurons)]
    circuit = Circuit("c", populations=by_name(populations))
    placement = whole(circuit)
    assert binds("compartment_profiles", "compartment_profiles", circuit, placement, 0) == 4
    assert binds("threshold_profiles", "threshold_profiles", circuit, placement, 0) == 2


def test_plastic_synapses_bind_where_the_user_says_so() -> None:
    circuit = plastic(3, 4)
    placement = placed(("a", 0, 2, 0), ("b", 0, 2, 0), ("b", 3, 3, 1))
    assert violations(circuit, CHIP, placement, max_plastic_per_core=9) == []
    found = only(violations(circuit, CHIP, placement, max_plastic_per_core=8))
    assert (found.core, found.resource, found.used) == (0, "plastic_synapses", 9)
    still = plastic(3, 4, "Still")
    assert violations(still, CHIP, placement, max_plastic_per_core=0) == []


def test_memory_that_neurons_and_synapses_share() -> None:
    """8 words of 64 bits for each of 3 lists, 62 neurons of 10 bytes."""
    circuit = plastic(3, 62)
    placement = whole(circuit, b=1)
    chip = small_chip(memory_bytes=3 * 64 + 620, compartment_bytes=10)
    assert violations(circuit, chip, placement) == []
    chip = small_chip(memory_bytes=3 * 64 + 619, compartment_bytes=10)
    found = only(violations(circuit, chip, placement))
    assert (found.resource, found.used, found.core) == ("memory_bytes", 812, 1)
    assert "memory_bytes" not in use_of(circuit, placement, 1)


def test_a_hundred_million_synapses() -> None:
    """Blocks of 1000 by 1000, each target on 10 cores: 100 neurons with 1000 lists of 2 words."""
    names = [f"p{k}" for k in range(101)]
    populations = [Population(name, (1000,), Neuron(64)) for name in names]
    joined = [Projection(b, a, b, "all_to_all", BIT) for a, b in pairwise(names)]
    circuit = Circuit("c", populations=by_name(populations), projections=by_name(joined))
    pieces = [
        Piece(name, 100 * part, 100 * part + 99, 10 * number + part)
        for number, name in enumerate(names)
        for part in range(10)
    ]
    placement = Placement("small", tuple(pieces))
    chip = small_chip(boards=(1, 32), other_chip_entries=0)
    assert violations(circuit, chip, placement) == []
    found = used(circuit, chip, placement)
    expected = {"synaptic_memory": 2000, "input_axons": 1000, "output_axons": 1000}
    for core in range(10, 1000):
        assert {name: found[core][name] for name in expected} == expected


def test_many_single_synapses() -> None:
    """A million, each drawn one by one."""
    circuit = constant(Sparse(1.0, 0), 1000, 1000, BIT)
    pieces = [("a", 0, 999, 0), *(("b", 100 * k, 100 * k + 99, k + 1) for k in range(10))]
    found = used(circuit, CHIP, placed(*pieces))
    assert [found[core]["synaptic_memory"] for core in range(11)] == [0, *[2000] * 10]
