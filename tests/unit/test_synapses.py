"""The synapses of patterns and parts: by hand, drawn, damaged, shown, kept and told apart."""

from __future__ import annotations

import base64
import math
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfc
from sfc.ir.circuit import Circuit, Input, Neuron, Pattern, Population, Projection, Weight, by_name
from sfc.ir.limits import SYNAPSE_TABLE_LIMIT
from sfc.ir.patterns import Convolution, Part, Sparse, Table, Toeplitz
from sfc.ir.record import RecordError, digest, from_record, to_record
from sfc.ir.synapses import cells, synapses, table
from sfc.ir.text import parse_circuit, print_circuit
from sfc.ir.verify import InvariantError, verify

Triple = tuple[int, int, int]
UNIT = Weight(1, 0)


def circuit_of(
    pattern: Pattern,
    source: tuple[int, ...] = (3,),
    target: tuple[int, ...] = (3,),
    weight: Weight = UNIT,
    source_part: Part | None = None,
    target_part: Part | None = None,
) -> Circuit:
    ends = (Population("a", source, Neuron(1)), Population("b", target, Neuron(1)))
    joined = Projection("p", "a", "b", pattern, weight, 0, source_part, target_part)
    return Circuit("c", populations=by_name(ends), projections=by_name([joined]))


def joined(
    pattern: Pattern,
    source: tuple[int, ...] = (3,),
    target: tuple[int, ...] = (3,),
    source_part: Part | None = None,
    target_part: Part | None = None,
) -> list[Triple]:
    """Source, target and mantissa of every synapse, in order."""
    circuit = circuit_of(pattern, source, target, UNIT, source_part, target_part)
    verify(circuit)
    found = synapses(circuit, circuit.projections["p"])
    columns = (found.sources.tolist(), found.targets.tolist(), found.mantissas.tolist())
    triples = list(zip(*columns, strict=True))
    assert circuit.synapse_count(circuit.projections["p"]) == len(triples)
    return triples


def breaks(circuit: Circuit, message: str) -> None:
    with pytest.raises(InvariantError, match=message):
        verify(circuit)


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    from sfc.ir import synapses as module

    monkeypatch.setattr(module, "SYNAPSE_TABLE_LIMIT", 100)
    module._expanded.cache_clear()
    yield 100
    module._expanded.cache_clear()


# Parts


@pytest.mark.parametrize(
    ("shape", "part", "numbers"),
    [
        ((5,), ((0, 4),), [0, 1, 2, 3, 4]),
        ((5,), ((1, 3),), [1, 2, 3]),
        ((5,), ((4, 4),), [4]),
        ((3, 4), ((0, 2), (0, 3)), list(range(12))),
        ((3, 4), ((1, 2), (1, 2)), [5, 6, 9, 10]),
        ((3, 4), ((2, 2), (0, 3)), [8, 9, 10, 11]),
        ((3, 4), ((0, 2), (3, 3)), [3, 7, 11]),
    ],
)
def test_the_cells_of_a_part(shape: tuple[int, ...], part: Part, numbers: list[int]) -> None:
    assert cells(shape, part).tolist() == numbers


# Toeplitz


@pytest.mark.parametrize(
    ("pattern", "rows", "columns", "expected"),
    [
        (Toeplitz(0, (7,)), 3, 3, [(0, 0, 7), (1, 1, 7), (2, 2, 7)]),
        (Toeplitz(-1, (1, 2, 3)), 2, 3, [(0, 0, 2), (0, 1, 3), (1, 0, 1), (1, 1, 2), (1, 2, 3)]),
        (Toeplitz(-1, (1, 2, 3)), 3, 2, [(0, 0, 2), (0, 1, 3), (1, 0, 1), (1, 1, 2), (2, 1, 1)]),
        (Toeplitz(1, (5, 0, 6)), 2, 4, [(0, 1, 5), (0, 3, 6), (1, 2, 5)]),
        (Toeplitz(-4, (9, 8)), 5, 1, [(3, 0, 8), (4, 0, 9)]),
        (Toeplitz(3, (1, 1, 1)), 1, 5, [(0, 3, 1), (0, 4, 1)]),
        (Toeplitz(5, (1, 1)), 3, 3, []),
        (Toeplitz(-(2**62), (1,)), 3, 3, []),
        (Toeplitz(0, ()), 3, 3, []),
        (Toeplitz(0, (0, 0)), 3, 3, []),
        (Toeplitz(-1, (-2, 0, 2)), 2, 2, [(0, 1, 2), (1, 0, -2)]),
    ],
)
def test_toeplitz(pattern: Toeplitz, rows: int, columns: int, expected: list[Triple]) -> None:
    assert joined(pattern, (rows,), (columns,)) == expected


def test_toeplitz_goes_by_the_distance_within_the_parts() -> None:
    found = joined(Toeplitz(0, (3,)), (9,), (2, 6), ((4, 6),), ((1, 1), (2, 4)))
    assert found == [(0, 0, 3), (1, 1, 3), (2, 2, 3)]


# Convolution


def test_a_small_convolution() -> None:
    # 0 1 2       1 2
    # 3 4 5  with 3 4  gives 2 by 2, the first from 0 1 3 4.
    # 6 7 8
    found = joined(Convolution(((1, 2), (3, 4))), (3, 3), (2, 2))
    expected = {
        0: {0: 1, 1: 2, 3: 3, 4: 4},
        1: {1: 1, 2: 2, 4: 3, 5: 4},
        2: {3: 1, 4: 2, 6: 3, 7: 4},
        3: {4: 1, 5: 2, 7: 3, 8: 4},
    }
    assert found == sorted((i, j, m) for j, kernel in expected.items() for i, m in kernel.items())


def test_a_convolution_of_a_row_with_stride_and_padding() -> None:
    # The padded row is . 0 1 2 3 . ; the kernel begins at every second place.
    found = joined(Convolution(((5, 6, 7),), (1, 2), (0, 1)), (4,), (2,))
    assert found == [(0, 0, 6), (1, 0, 7), (1, 1, 5), (2, 1, 6), (3, 1, 7)]


def test_zeros_of_a_kernel_make_no_synapses() -> None:
    assert joined(Convolution(((0, 1),)), (3,), (2,)) == [(1, 0, 1), (2, 1, 1)]
    assert joined(Convolution(((0,),)), (3,), (3,)) == []


def test_padding_wider_than_the_kernel_leaves_targets_without_synapses() -> None:
    assert joined(Convolution(((4,),), (1, 1), (0, 2)), (1,), (5,)) == [(0, 2, 4)]


def test_a_convolution_between_parts() -> None:
    # 0  1  2  3
    # 4  5  6  7    the part: 5 6 over 9 10
    # 8  9  10 11
    part = ((1, 2), (1, 2))
    found = joined(Convolution(((1, 2),)), (3, 4), (3, 2), part, ((1, 2), (0, 0)))
    assert found == [(0, 0, 1), (1, 0, 2), (2, 1, 1), (3, 1, 2)]


@pytest.mark.parametrize("seed", range(40))
def test_convolutions_are_those_of_images(seed: int) -> None:
    """What arrives is what loops over an image, a padded one, and the kernel yield."""
    chosen = random.Random(seed)
    height, width = chosen.randint(1, 7), chosen.randint(1, 7)
    kernel = [
        [chosen.randint(0, 5) for _ in range(chosen.randint(1, 3))]
        for _ in range(chosen.randint(1, 3))
    ]
    kernel = [row[: min(map(len, kernel))] for row in kernel]
    stride = chosen.randint(1, 3), chosen.randint(1, 3)
    padding = chosen.randint(0, 2), chosen.randint(0, 2)
    image = [[chosen.randint(0, 9) for _ in range(width)] for _ in range(height)]
    padded = [[0] * (width + 2 * padding[1]) for _ in range(height + 2 * padding[0])]
    for y, x in product(range(height), range(width)):
        padded[y + padding[0]][x + padding[1]] = image[y][x]
    outcome = []
    for y in range(0, len(padded) - len(kernel) + 1, stride[0]):
        row = []
        for x in range(0, len(padded[0]) - len(kernel[0]) + 1, stride[1]):
            places = product(range(len(kernel)), range(len(kernel[0])))
            row.append(sum(kernel[a][b] * padded[y + a][x + b] for a, b in places))
        outcome.append(row)
    pattern = Convolution(tuple(map(tuple, kernel)), stride, padding)
    if not outcome or not outcome[0]:
        assert min(pattern.target_shape((height, width))) < 1
        return
    shape = (len(outcome), len(outcome[0]))
    assert pattern.target_shape((height, width)) == shape
    arriving = [0] * (shape[0] * shape[1])
    pixels = [pixel for row in image for pixel in row]
    for i, j, mantissa in joined(pattern, (height, width), shape):
        arriving[j] += mantissa * pixels[i]
    assert arriving == [value for row in outcome for value in row]


# Sparse


def test_sparse_with_probabilities_0_and_1() -> None:
    assert joined(Sparse(0, 1), (3,), (2,)) == []
    assert joined(Sparse(1, 1), (3,), (2,)) == [(i, j, 1) for i in range(3) for j in range(2)]


def test_sparse_is_the_same_on_every_machine() -> None:
    expected = [(0, 2), (1, 3), (2, 2), (2, 3), (2, 5), (3, 5)]
    assert joined(Sparse(0.3, 7), (4,), (6,)) == [(i, j, 1) for i, j in expected]
    first = joined(Sparse(1e-9, 7), (10**5,), (10**5,))
    assert first == [
        (9810, 83888, 1),
        (32561, 88133, 1),
        (47508, 95214, 1),
        (50060, 54848, 1),
        (53629, 67380, 1),
        (74309, 2988, 1),
        (74361, 82204, 1),
        (91578, 28618, 1),
    ]
    found = joined(Sparse(0.01, 2**63 - 1), (1000,), (1000,))
    assert zlib.crc32(np.array(found, "<i4").tobytes()) == 3290202242


def test_sparse_goes_by_gaps_from_uniform_numbers() -> None:
    for probability, seed in ((0.001, 4), (0.07, 5), (0.6, 6)):
        place, expected = -1, []
        for uniform in np.random.default_rng(seed).random(2**14):
            place += 1 + math.floor(math.log(1 - uniform) / math.log(1 - probability))
            expected.append((place // 90, place % 90, 1))
        found = joined(Sparse(probability, seed), (70,), (90,))
        assert found == [triple for triple in expected if triple[0] < 70]


def test_sparse_does_not_depend_on_the_shape_of_a_row() -> None:
    pattern = Sparse(0.2, 3)
    assert joined(pattern, (4, 5), (6, 2)) == joined(pattern, (20,), (12,))
    assert joined(pattern, (40,), (12,), ((10, 29),), None) == joined(pattern, (20,), (12,))


def drawn(probability: float, seed: int, rows: int = 500, columns: int = 700) -> Any:
    dense = np.zeros((rows, columns), bool)
    for i, j, _ in joined(Sparse(probability, seed), (rows,), (columns,)):
        assert not dense[i, j]
        dense[i, j] = True
    return dense


@pytest.mark.parametrize("probability", [0.003, 0.1, 0.5, 0.9])
def test_sparse_has_the_mean_and_the_independence_of_coins(probability: float) -> None:
    dense, p = drawn(probability, 11), probability

    def deviations(count: int, chance: float, of: int) -> float:
        return float((count - chance * of) / np.sqrt(of * chance * (1 - chance)))

    assert abs(deviations(dense.sum(), p, dense.size)) < 4
    # In a row, in a column, and across: neighbours know nothing of each other.
    for one, other in (
        (dense[:, 1:], dense[:, :-1]),
        (dense[1:], dense[:-1]),
        (dense[1:, 1:], dense[:-1, :-1]),
        (dense, drawn(probability, 12)),
    ):
        assert abs(deviations((one & other).sum(), p * p, one.size)) < 5
    # The sums of rows and of columns vary as those of coins do.
    for axis in (0, 1):
        sums, length = dense.sum(axis=axis), dense.shape[axis]
        assert 0.7 < sums.var() / (length * p * (1 - p)) < 1.4


def test_gaps_are_geometric() -> None:
    places = np.flatnonzero(drawn(0.25, 5).ravel())
    gaps = np.diff(places) - 1
    for gap in range(6):
        share, expected = np.mean(gaps == gap), 0.25 * 0.75**gap
        assert abs(share - expected) < 5 * np.sqrt(expected / len(gaps))


@pytest.mark.parametrize("cells", [(10**5, 10**5), (5 * 10**7, 5 * 10**7)])
def test_few_synapses_among_very_many_cells(cells: tuple[int, int]) -> None:
    total = cells[0] * cells[1]
    counts = []
    for seed in range(20):
        found = joined(Sparse(12 / total, seed), cells[:1], cells[1:])
        counts.append(len(found))
        assert found == sorted(found)
        assert all(0 <= i < cells[0] and 0 <= j < cells[1] for i, j, _ in found)
    assert 9 < np.mean(counts) < 15
    assert len(set(counts)) > 4


@pytest.mark.parametrize("probability", [1e-16, 1e-17, 1e-300])
def test_next_to_no_probability(probability: float) -> None:
    assert len(joined(Sparse(probability, 0), (5 * 10**7,), (5 * 10**7,))) < 5


# Tables


TRIPLES = [(0, 1, 5), (0, 2, 0), (2, 0, 255), (2, 0, 255), (2, 1, 1)]


def packed(triples: Sequence[Triple], count: int | None = None, **changes: Any) -> Table:
    data = zlib.compress(np.array(triples, "<i4").tobytes())
    encoded = base64.b64encode(changes.get("data", data)).decode()
    return Table(len(triples) if count is None else count, changes.get("text", encoded))


def test_a_table_round_trips_in_any_order() -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(TRIPLES, len(TRIPLES))
        made = table(*np.array(shuffled).T)
        assert made.count == 5
        assert made == table(*np.array(TRIPLES).T)
        assert joined(made) == joined(packed(shuffled)) == TRIPLES


def test_a_table_without_synapses() -> None:
    made = table(*np.zeros((3, 0), int))
    assert made.count == 0
    assert joined(made) == []


def test_a_large_table() -> None:
    generator = np.random.default_rng(0)
    columns = [generator.integers(0, limit, 10**5) for limit in (1000, 2000, 256)]
    found = joined(table(*columns), (1000,), (2000,))
    assert sorted(found) == sorted(zip(*(column.tolist() for column in columns), strict=True))


DAMAGED = {
    "no base64": packed(TRIPLES, text="%%%%"),
    "base64 with a blank": packed(TRIPLES, text=f" {packed(TRIPLES).data}"),
    "not ASCII": packed(TRIPLES, text="é"),
    "half a group": packed(TRIPLES, text=packed(TRIPLES).data[:-1]),
    "nothing": packed(TRIPLES, text=""),
    "not compressed": packed(TRIPLES, data=np.array(TRIPLES, "<i4").tobytes()),
    "cut": packed(TRIPLES, data=zlib.compress(np.array(TRIPLES, "<i4").tobytes())[:-3]),
    "wrong sum": packed(
        TRIPLES, data=zlib.compress(np.array(TRIPLES, "<i4").tobytes())[:-1] + b"?"
    ),
    "one too many": packed(TRIPLES, 6),
    "one too few": packed(TRIPLES, 4),
    "none": packed(TRIPLES, 0),
    "negative count": packed(TRIPLES, -1),
    "half a synapse": packed(TRIPLES, data=zlib.compress(bytes(12 * 5 - 6))),
    "source outside": packed([(3, 0, 1)]),
    "target outside": packed([(0, 3, 1)]),
    "negative source": packed([(0, 0, 1), (-1, 0, 1)]),
    "negative target": packed([(0, -1, 1)]),
    "far outside": packed([(2**31 - 1, 0, 1)]),
    "bomb": packed(TRIPLES, data=zlib.compress(bytes(10**8))),
    "bomb that is announced": packed([], 10**9, data=zlib.compress(bytes(10**8))),
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_tables(damaged: Table) -> None:
    breaks(circuit_of(damaged), "^I05 p has ")


def test_every_flipped_bit_of_a_table_is_seen() -> None:
    data = zlib.compress(np.array(TRIPLES, "<i4").tobytes())
    for place in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        circuit = circuit_of(packed(TRIPLES, data=bytes(flipped)))
        try:
            verify(circuit)
        except InvariantError:
            continue
        # What remains: bits of the header that change nothing.
        assert joined(circuit.projections["p"].pattern) == TRIPLES


# The limit


@pytest.mark.parametrize(
    ("pattern", "source", "target"),
    [
        (Sparse(1.0, 0), (10,), (11,)),
        (Sparse(0.9, 0), (10**3,), (10**3,)),
        (Toeplitz(0, (1,)), (101,), (101,)),
        (Toeplitz(-3, (1,) * 7), (20,), (20,)),
        (Convolution(((1,) * 11,), (1, 1), (0, 5)), (10,), (10,)),
        (packed([(0, 0, 1)] * 101), (3,), (3,)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else "",
)
def test_the_limit(
    small_limit: int, pattern: Pattern, source: tuple[int, ...], target: tuple[int, ...]
) -> None:
    breaks(circuit_of(pattern, source, target), "^I05 p has more than 100 synapses")


def test_just_within_the_limit(small_limit: int) -> None:
    assert len(joined(Sparse(1.0, 0), (10,), (10,))) == small_limit
    assert len(joined(Toeplitz(0, (1,)), (100,), (100,))) == small_limit
    assert len(joined(Convolution(((1,) * 10,)), (19,), (10,))) == small_limit
    assert len(joined(packed([(0, 0, 1)] * 100))) == small_limit


def test_too_many_synapses_are_refused_before_they_are_made() -> None:
    many = 5 * 10**7
    assert many**2 > SYNAPSE_TABLE_LIMIT
    for pattern in (
        Sparse(1.0, 0),
        Sparse(0.1, 0),
        Toeplitz(0, (1,)),
        Convolution(((1,),)),
        Table(many, ""),
    ):
        breaks(circuit_of(pattern, (many,), (many,)), "^I05 p has more than 20,000,000 synapses")


# Invariants


@pytest.mark.parametrize(
    ("source_part", "target_part"),
    [
        (((0, 3),), None),
        (((-1, 0),), None),
        (((2, 1),), None),
        (((0, 0), (0, 0)), None),
        ((), None),
        (None, ((0, 1), (0, 2))),
        (None, ((2, 2), (0, 1))),
        (None, ((0, 1),)),
        (None, ((0, 1), (1, 0))),
    ],
)
def test_parts_outside_their_ends(source_part: Part | None, target_part: Part | None) -> None:
    whole = circuit_of("all_to_all", (3,), (2, 2))
    verify(whole)
    breaks(circuit_of("all_to_all", (3,), (2, 2), UNIT, source_part, target_part), "^I05 p")


def test_one_to_one_joins_parts_of_one_size() -> None:
    part = ((1, 2), (0, 0))
    verify(circuit_of("one_to_one", (5,), (3, 2), UNIT, ((2, 3),), part))
    breaks(circuit_of("one_to_one", (5,), (3, 2), UNIT, ((1, 3),), part), "^I05 p")
    breaks(circuit_of("one_to_one", (2,), (2,), UNIT, ((0, 0),)), "^I05 p")


@pytest.mark.parametrize(
    "pattern",
    [
        Sparse(-0.1, 0),
        Sparse(1.1, 0),
        Sparse(float("nan"), 0),
        Sparse(0.5, -1),
        Sparse(0.5, 2**63),
        Convolution(()),
        Convolution(((),)),
        Convolution(((1, 1), (1,))),
        Convolution(((1,),), (0, 1)),
        Convolution(((1,),), (1, -1)),
        Convolution(((1,),), (1, 2**20 + 1)),
        Convolution(((1,),), (1, 1), (-1, 0)),
        Convolution(((1,),), (1, 1), (0, 2**20 + 1)),
        Convolution(((1, 1),)),
        Convolution(((1,),), (1, 2)),
        Convolution(((1,),), (1, 1), (1, 0)),
        Convolution(((1, 1, 1, 1),)),
        Convolution(((2**31,),)),
        Toeplitz(0, (2**32 + 1,)),
        Toeplitz(0, (-(2**62),)),
    ],
    ids=str,
)
def test_patterns_that_make_no_sense(pattern: Pattern) -> None:
    breaks(circuit_of(pattern), "^I05 p ")


def test_largest_padding_and_stride() -> None:
    assert joined(Convolution(((1,),), (1, 2**20)), (3,), (1,)) == [(0, 0, 1)]
    found = joined(Convolution(((3,),), (1, 1), (0, 2**20)), (1,), (2**21 + 1,))
    assert found == [(0, 2**20, 3)]


@pytest.mark.parametrize(
    "values", [(256,), (-256,), (255, -2), (1, -1), (3, -2), (-257, 2), (-256, 0), (2, 0, -258)]
)
def test_mantissas_that_8_bits_do_not_hold(values: tuple[int, ...]) -> None:
    breaks(circuit_of(Toeplitz(0, values)), "^I06 p has mantissas")
    breaks(circuit_of(Convolution((values,)), (1, len(values)), (1, 1)), "^I06 p has mantissas")
    triples = [(0, 0, value) for value in values]
    breaks(circuit_of(packed(triples)), "^I06 p has mantissas")


@pytest.mark.parametrize("values", [(255,), (-255,), (254, -256), (2, -2), (-255, 0), (1, 255)])
def test_mantissas_that_8_bits_hold(values: tuple[int, ...]) -> None:
    verify(circuit_of(Toeplitz(0, values)))


@pytest.mark.parametrize("weight", [Weight(2, 0), Weight(-1, 0), Weight(0, 0)])
def test_only_sparse_synapses_take_their_strength_from_the_weight(weight: Weight) -> None:
    verify(circuit_of(Sparse(0.5, 0), weight=weight))
    for pattern in (Toeplitz(0, (1,)), Convolution(((1,),)), packed(TRIPLES)):
        verify(circuit_of(pattern, weight=Weight(1, 7)))
        breaks(circuit_of(pattern, weight=weight), "^I06 p has mantissas and weight")
        breaks(circuit_of(pattern, weight=Weight(1, 8)), "^I06 p has weight")


# The view on weights


def test_weights_are_shown_as_matrices() -> None:
    def shown(*arguments: Any) -> Any:
        return sfc.Simulator(circuit_of(*arguments)).weights["p"].tolist()

    assert shown(Toeplitz(-1, (1, 2, 3)), (2,), (3,)) == [[2, 3, 0], [1, 2, 3]]
    assert shown(Toeplitz(0, (3,)), (2,), (2,), Weight(1, -2)) == [[0.75, 0], [0, 0.75]]
    assert shown(Convolution(((5, 6),)), (3,), (2,), Weight(1, 1)) == [[10, 0], [12, 10], [0, 12]]
    assert shown(packed(TRIPLES), (3,), (3,)) == [[0, 5, 0], [0, 0, 0], [510, 1, 0]]
    dense = np.zeros((4, 6), int)
    dense[[0, 1, 2, 2, 2, 3], [2, 3, 2, 3, 5, 5]] = -7
    assert shown(Sparse(0.3, 7), (4,), (6,), Weight(-7, 0)) == dense.tolist()
    part, other = ((1, 2),), ((1, 1), (0, 1))
    assert shown("one_to_one", (3,), (2, 3), Weight(4, 0), part, other) == [[4, 0], [0, 4]]
    assert shown("all_to_all", (3,), (2, 3), Weight(4, 0), part, other) == [[4, 4], [4, 4]]


def test_weights_of_patterns_cannot_be_set() -> None:
    simulator = sfc.Simulator(circuit_of(Toeplitz(0, (1,))))
    with pytest.raises(sfc.SfcError, match="E0704"):
        simulator.weights["p"] = np.zeros((3, 3), int)


def test_matrices_too_large_to_show() -> None:
    simulator = sfc.Simulator(circuit_of(Sparse(1e-9, 0), (10**5,), (10**5,)))
    with pytest.raises(sfc.SfcError, match="E0306"):
        simulator.weights["p"]


# Files

EVERYTHING = """sfc 1;
neuron Relay { threshold = 128; ring = 200; }
neuron Gated { threshold = 128; bias = -1024; drive = 160; close = 64; }
rule R { dw = 8*x0*y0 - 2*y0; }
input i[4, 5], j[6];
chain g[4] : Relay ring;
population a[4, 5], b[3, 4], c[6], d[20], e[2] : Gated;
plastic W[4, 3] by R init uniform(low = -100, high = 200);
a -> b conv([[1, 2], [3, 4]], padding = 0) weight 16;
a[0..1, 1..4] -> c[1..4] sparse(0.5, 3) weight -40 delay 2;
d -> c toeplitz([4, 2, 4], first = -1) weight 8;
d[n] -> a[n % 4, floor(n / 4)] for n in 0..19 if n != 7 weight 6*n + 30;
a[1, 0..3] -> c[3..5] via W;
c[3..5] -> d[8..11] via -W.T delay 1;
c[2] -> e all_to_all weight 100;
d[0..5] -> c one_to_one weight 60;
e[0] -> c[0..1] all_to_all weight 3;
chain k[3] : Relay started by c[0..1], g[2] delay 3;
phase g[1] { present i to a; open a, d[3..9]; }
phase g[2] { open b, c; present j to c; }
phase g[3] { open d above 64; close c[0]; open e; }
phase k[1] { open e; present i to d; }
"""


@pytest.fixture(scope="module")
def everything() -> Circuit:
    return sfc.compile_text(EVERYTHING, "everything.sfc")


def outcome(simulator: sfc.Simulator, start: int) -> list[Any]:
    """Spikes, membranes and weights of a few frames, of which input depends on the number."""
    circuit = simulator.circuit
    generator = np.random.default_rng(start)
    inputs = {
        name: generator.random((3, source.size)) < 0.6 for name, source in circuit.inputs.items()
    }
    probes = [*circuit.populations, *(f"{name}.v" for name in circuit.populations)]
    result = simulator.run(inputs, probes=probes)
    found: list[Any] = [result.events[name].tolist() for name in circuit.populations]
    found += [result.membrane.rows(name).tolist() for name in circuit.populations]
    found += [weights.tolist() for weights in simulator.plastic_weights().values()]
    return found


def test_something_happens_in_it(everything: Circuit) -> None:
    simulator = sfc.Simulator(everything, seed=1)
    before = simulator.plastic_weights()
    inputs = {name: np.ones((20, source.size), bool) for name, source in everything.inputs.items()}
    counts = simulator.run(inputs, counts=True).spike_counts
    assert all(counts[name].sum() > 0 for name in everything.populations)
    after = simulator.plastic_weights()
    assert any((before[name] != after[name]).any() for name in before)


def test_a_bundle_brings_everything_back(everything: Circuit, tmp_path: Path) -> None:
    simulator = sfc.Simulator(everything, seed=1)
    outcome(simulator, 0)
    sfc.build(everything, tmp_path / "bundle", simulator=simulator)
    loaded = sfc.load_bundle(tmp_path / "bundle")
    assert loaded.circuit == everything
    other = simulator.with_same_weights()
    for number in range(3):
        assert outcome(loaded, number) == outcome(other, number)
    for name in everything.projections:
        assert (loaded.weights[name] == other.weights[name]).all()


def test_a_state_file_brings_everything_back(everything: Circuit, tmp_path: Path) -> None:
    simulator = sfc.Simulator(everything, seed=1)
    for number in range(4):
        outcome(simulator, number)
        simulator.save(tmp_path / "state.npz")
        loaded = sfc.Simulator.load(tmp_path / "state.npz")
        assert loaded.circuit == everything
        assert outcome(loaded, 100 + number) == outcome(simulator, 100 + number)


def test_text_and_record_bring_everything_back(everything: Circuit) -> None:
    assert parse_circuit(print_circuit(everything)) == everything
    assert from_record(to_record(everything)) == everything
    assert digest(parse_circuit(print_circuit(everything))) == digest(everything)


PATTERNS: list[Pattern] = [
    "one_to_one",
    "all_to_all",
    Sparse(0.5, 0),
    Sparse(0.5, 1),
    Sparse(0.25, 0),
    Sparse(1, 0),
    Convolution(((1,),)),
    Convolution(((2,),)),
    Convolution(((1, 0),), (1, 1), (0, 1)),
    Convolution(((1, 0), (0, 0)), (1, 1), (1, 1)),
    Convolution(((1,),), (2, 1)),
    Convolution(((1,),), (1, 1), (1, 0)),
    Toeplitz(0, (1,)),
    Toeplitz(1, (1,)),
    Toeplitz(0, (1, 0)),
    Toeplitz(0, ()),
    table(*np.array(TRIPLES).T),
    table(*np.array(TRIPLES[1:]).T),
]


def test_patterns_survive_text_and_record() -> None:
    for pattern in PATTERNS:
        circuit = circuit_of(pattern, (5,), (4, 3), UNIT, ((1, 3),), ((0, 3), (2, 2)))
        assert parse_circuit(print_circuit(circuit)) == circuit
        assert from_record(to_record(circuit)) == circuit


def test_the_digest_tells_patterns_and_parts_apart() -> None:
    circuits = [circuit_of(pattern) for pattern in PATTERNS]
    for part in (((0, 2),), ((1, 2),)):
        circuits.append(circuit_of("all_to_all", source_part=part))
        circuits.append(circuit_of("all_to_all", target_part=part))
    assert len({digest(circuit) for circuit in circuits}) == len(circuits)


@pytest.mark.parametrize(
    "pattern",
    [
        None,
        5,
        [],
        {},
        "some",
        {"probability": 0.5},
        {"probability": 0.5, "seed": 0.5},
        {"probability": "0.5", "seed": 0},
        {"probability": 0.5, "seed": 0, "kernel": [[1]]},
        {"kernel": 1},
        {"kernel": [1]},
        {"kernel": [[0.5]]},
        {"kernel": [[True]]},
        {"kernel": [[1]], "stride": 1},
        {"kernel": [[1]], "stride": [1]},
        {"kernel": [[1]], "padding": [0, 0, 0]},
        {"first": 0},
        {"first": 0.0, "values": [1]},
        {"first": 0, "values": 1},
        {"first": 0, "values": [2**64]},
        {"count": 1},
        {"count": 1, "data": 1},
        {"count": True, "data": ""},
        {"count": 1, "data": "", "more": 1},
    ],
    ids=str,
)
def test_records_that_are_no_patterns(pattern: Any) -> None:
    record = to_record(circuit_of(Sparse(0.5, 0)))
    record["projections"][0]["pattern"] = pattern
    with pytest.raises(RecordError, match="pattern"):
        from_record(record)


@pytest.mark.parametrize(
    "part", [5, "0..2", [], [[0]], [[0, 1, 2]], [0, 1], [[0, 1.0]], [[0, "1"]]]
)
def test_records_that_are_no_parts(part: Any) -> None:
    record = to_record(circuit_of("all_to_all"))
    record["projections"][0]["source_part"] = part
    try:
        circuit = from_record(record)
    except RecordError:
        return
    breaks(circuit, "^I05 p joins")


def test_a_damaged_pattern_in_a_state_file_is_one_error(tmp_path: Path) -> None:
    from sfc.sim.arrays import read_npz, write_npz

    circuit = circuit_of(packed(TRIPLES))
    path = tmp_path / "state.npz"
    sfc.Simulator(circuit).save(path)
    arrays = read_npz(path, 10**9, "E0801")
    changed = replace(circuit.projections["p"], pattern=DAMAGED["bomb"])
    text = print_circuit(replace(circuit, projections=by_name([changed])))
    write_npz(path, {**arrays, "circuit": np.array(text)})
    with pytest.raises(sfc.SfcError, match=r"E0801.*I05"):
        sfc.Simulator.load(path)


def test_inputs_join_in_part_too() -> None:
    circuit = circuit_of("one_to_one", (2, 3), (2,), Weight(200, 0), ((1, 1), (0, 1)))
    source = Input("a", (2, 3))
    circuit = replace(
        circuit,
        populations=by_name([circuit.populations["b"]]),
        inputs=by_name([source]),
    )
    verify(circuit)
    rows = np.zeros((4, 6), bool)
    rows[0, 3] = rows[1, 4] = rows[2, 5] = True
    result = sfc.Simulator(circuit).run({"a": rows}, probes=["b"])
    assert result.events["b"].tolist() == [[1, 0], [2, 1]]


def test_seeds_are_told_apart() -> None:
    found = [joined(Sparse(0.5, seed), (20,), (20,)) for seed in range(20)]
    assert all(one != other for one, other in pairwise(found))
    assert found[3] == joined(Sparse(0.5, 3), (20,), (20,))
