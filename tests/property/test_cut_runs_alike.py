"""Circuits cut into pieces at random: the same spikes, membranes and weights as whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from placements import assert_placed, assert_runs_alike, random_placement
from random_circuits import make_circuit
from random_gated import gated_text
from random_texts import random_text
from small_chips import small_chip

import sfc
from sfc.ir.circuit import Circuit, Tie
from sfc.place.cut import cut_circuit
from sfc.resources import circuit_names

SEEDS = st.integers(0, 10**9)
BOUNDED = settings(max_examples=40, derandomize=True, deadline=None, database=None)

SMALL = {
    **{name: {"n_hid": 20} for name in ("backprop", "backprop_margin", "fashion")},
    "backprop_inference": {"n_hid": 20},
    "deep_backprop": {"sizes": [40, 20, 20, 10]},
}
"""Parameters of the circuits that are large."""

LEAST = {
    **{"all_to_all": 200, "one_to_one": 30, "tied": 60, "transposed": 20, "start": 20},
    **{"Sparse": 30, "Convolution": 4, "Toeplitz": 30, "Table": 30, "from an input": 60},
    **{"spikes": 3000},
}
"""How many projections of a kind are cut at least, and what was compared."""


def try_cut(random: Random, circuit: Circuit) -> Counter[str]:
    """Returns how many projections of each kind were cut, and how many spikes were compared."""
    placement = random_placement(random, circuit, random.choice((1, 3, 9)), "any")
    lengths = tuple(random.choices((1, 2, 3, 8), k=random.randint(1, 3)))
    seen = Counter(spikes=assert_runs_alike(random, circuit, placement, lengths))
    after = cut_circuit(circuit, placement).circuit
    for name, projection in circuit.projections.items():
        if after.projections.get(name) == projection:
            continue
        pattern = projection.pattern
        seen[pattern if isinstance(pattern, str) else type(pattern).__name__] += 1
        seen["tied"] += isinstance(projection.weight, Tie)
        seen["transposed"] += isinstance(projection.weight, Tie) and projection.weight.transpose
        seen["start"] += projection.origin is not None and projection.origin.kind == "start"
        seen["from an input"] += projection.source in circuit.inputs
    return seen


def test_circuits_of_every_kind() -> None:
    seen: Counter[str] = Counter()
    for seed in range(150):
        random = Random(seed)
        circuit = make_circuit(random, random.choice((2, 4, 4, 4)), random.random() < 0.6)
        try:
            seen += try_cut(random, circuit)
        except BaseException:
            print(f"seed {seed}")
            raise
    assert {kind: seen[kind] for kind, least in LEAST.items() if seen[kind] < least} == {}


@given(seed=SEEDS, size=st.sampled_from((2, 4, 4, 4)), has_chains=st.booleans())
@BOUNDED
def test_other_circuits(seed: int, size: int, has_chains: bool) -> None:
    random = Random(seed)
    try_cut(random, make_circuit(random, size, has_chains))


@given(seed=SEEDS, size=st.integers(0, 8))
@BOUNDED
def test_circuit_files(seed: int, size: int) -> None:
    try_cut(Random(seed), sfc.compile_text(random_text(seed, size), "random.sfc"))


@given(seed=SEEDS, steps=st.integers(1, 14))
@BOUNDED
def test_gated_circuits(seed: int, steps: int) -> None:
    try_cut(Random(seed), sfc.compile_text(gated_text(seed, steps), "gated.sfc"))


@pytest.mark.parametrize("name", circuit_names())
def test_shipped_circuits(name: str) -> None:
    """On a chip whose axons do not bind; `assert_placed` sees when a piece is lost."""
    circuit = sfc.compile(name, **SMALL.get(name, {}))
    placement = random_placement(Random(1), circuit, 100, "small")
    chip = small_chip(input_axons=None, output_axons=None)
    assert_placed(circuit, chip, placement, length=2)
    lost = replace(placement, pieces=placement.pieces[1:])
    with pytest.raises(AssertionError):
        assert_placed(circuit, chip, lost)
