"""What the placer makes, in front of the checker, and run piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from placements import assert_placed
from random_circuits import make_circuit
from random_gated import gated_text
from random_texts import random_text
from small_chips import small_chip

import sfc
from sfc.chips.chip import Chip
from sfc.diagnostics import SfcError
from sfc.ir.circuit import Circuit
from sfc.place.allocate import allocate
from sfc.place.allocation import Allocation, Objective
from sfc.place.check import used


def check(allocation: Allocation, cap: int | None) -> None:
    circuit, chip = allocation.circuit, allocation.chip
    assert_placed(circuit, chip, allocation.placement, max_plastic_per_core=cap, length=2)
    found = used(circuit, chip, allocation.placement)
    assert [core.number for core in allocation.cores] == list(found)
    for core in allocation.cores:
        assert {**core.used, "plastic_synapses": core.plastic} == found[core.number]


def chip_of(random: Random) -> Chip:
    """Limits that bind for circuits of a few neurons."""
    return small_chip(
        cores=random.choice((4, 64)),
        mesh=[8, 2],
        boards=(1, 64),
        compartments=random.choice((4, 8, 1024)),
        synapse_words=random.choice((12, 40, 16384)),
        input_axons=random.choice((12, 40, 4096)),
        output_axons=random.choice((20, 60, 4096)),
        dense_base=random.choice((0, 3, 255)),
        threshold_profiles=random.choice((1, 2, 7)),
        compartment_profiles=random.choice((2, 32)),
        synapse_formats=random.choice((6, 15)),
        dendritic_accumulators=random.choice((64, 8192)),
    )


def circuits(kind: str, count: int) -> Iterator[tuple[int, Circuit]]:
    for seed in range(count):
        random = Random(seed)
        if kind == "gated":
            yield seed, sfc.compile_text(gated_text(seed, 1 + seed % 14), "gated.sfc")
        elif kind == "texts":
            yield seed, sfc.compile_text(random_text(seed, seed % 8), "random.sfc")
        else:
            yield seed, make_circuit(random, random.choice((2, 4, 4)), random.random() < 0.5)


@pytest.mark.parametrize(("kind", "count"), [("any", 120), ("gated", 40), ("texts", 40)])
def test_random_circuits_on_small_chips(kind: str, count: int) -> None:
    seen: Counter[str] = Counter()
    for seed, circuit in circuits(kind, count):
        random = Random(seed + 1000)
        chip, cap = chip_of(random), random.choice((None, None, 4, 20))
        objective: Objective = random.choice(("cores", "traffic", "step"))
        try:
            allocation = allocate(circuit, chip, objective=objective, plastic_cap=cap)
        except SfcError:
            seen["refused"] += 1
            continue
        try:
            check(allocation, cap)
        except AssertionError:
            print(f"{kind}, seed {seed}")
            raise
        seen["placed"] += 1
        seen["on several cores"] += len(allocation.cores) > 1
    assert seen["on several cores"] > count // 2


@pytest.mark.parametrize("objective", ["cores", "traffic", "step"])
def test_the_circuit_of_the_paper(objective: Objective) -> None:
    check(allocate(sfc.compile("backprop"), small_chip(), objective=objective), None)
