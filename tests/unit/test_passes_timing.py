"""Passes that rest on the phase analysis: what they drop, and what they must not touch."""

from __future__ import annotations

import numpy as np

import sfc
from sfc.ir.circuit import Circuit

HEAD = """sfc 1;
const theta = 1024;
neuron Relay { threshold = theta; ring = 2*theta; }
neuron Gated {
  threshold = theta; bias = -8*theta; refractory = 2; drive = theta/2 + 8; close = 8128;
}
input pattern[8];
chain g[6] : Relay ring;
population a[8], b[8] : Gated;
phase 1 { present pattern to a; open a; }
phase 2 { open b; }
"""
COPY = "a -> b one_to_one weight spike;"


def compiled(text: str) -> Circuit:
    return sfc.compile_text(HEAD + text, "small.sfc")


def dropped(circuit: Circuit, name: str) -> set[str]:
    """The projections that a pass drops; those that remain are unchanged."""
    smaller = sfc.optimise(circuit, passes=[name])
    assert all(circuit.projections[key] == p for key, p in smaller.projections.items())
    return set(circuit.projections) - set(smaller.projections)


def test_a_closing_gate_on_a_silent_population_goes() -> None:
    # 8 spikes of 520 onto b make 4,160; b, not opened in phase 3, is safe up to 9,216.
    circuit = compiled("a -> b all_to_all weight 520 delay 1; phase 3 { close b; }" + COPY)
    assert dropped(circuit, "drop-useless") == {"g[3] -> b", "a -> b #1"}


TWICE = "phase 3 { present pattern to a; open a; } phase 4 { close b; }"
"""a fires in phases 1 and 3, and drives b in phase 2, in which it is open, and in phase 4."""


def spikes_of_b(circuit: Circuit) -> list[int]:
    samples = {"pattern": np.ones((1, 8), bool)}
    result = sfc.Simulator(circuit).run(samples, counts=True)
    return [int(count) for count in result.spike_counts["b"]]


def test_a_closing_gate_that_may_be_needed_stays() -> None:
    # 8 spikes of 1,160 make 9,280, and b is safe up to 9,216.
    circuit = compiled("a -> b all_to_all weight 1160;" + TWICE)
    assert dropped(circuit, "drop-useless") == set()
    assert spikes_of_b(circuit) == [0, 0, 8, 0, 0, 0]
    bare = compiled("a -> b all_to_all weight 1160;" + TWICE.replace("close b;", ""))
    assert spikes_of_b(bare) == [0, 0, 8, 0, 8, 0]


def test_a_closing_gate_one_spike_below_is_useless() -> None:
    # 8 spikes of 1,152 make 9,216.
    circuit = compiled("a -> b all_to_all weight 1152;" + TWICE)
    assert dropped(circuit, "drop-useless") == {"g[4] -> b"}


def test_declared_bounds_are_not_relied_on() -> None:
    text = HEAD.replace("pattern[8]", "pattern[8] at most 1") + TWICE
    circuit = sfc.compile_text(text + "a -> b all_to_all weight 1160;")
    assert sfc.phases(circuit).sound.table.cell("b", 4).margin > 8128
    assert dropped(circuit, "drop-useless") == set()


def test_a_drive_goes_with_the_gate_that_holds_it_back() -> None:
    circuit = compiled(COPY + "a -> b all_to_all weight 1160 delay 1; phase 3 { close b; }")
    assert dropped(circuit, "drop-useless") == {"a -> b #2", "g[3] -> b"}


def test_what_inhibits_goes_with_the_gate_that_opens() -> None:
    # In phase 2 the gate and a copy make 512 + 520, and each inhibitor is enough against it.
    text = "g[2] -> b all_to_all weight -600; g[2] -> b all_to_all weight -640; phase 4 { open b; }"
    text += COPY + TWICE.replace("phase 4 { close b; }", "")
    assert dropped(compiled(text), "drop-useless") == {f"g[2] -> b #{n}" for n in (1, 2, 3)}


def test_what_drives_a_shown_membrane_stays() -> None:
    text = COPY + "a -> b one_to_one weight spike delay 1;"
    assert dropped(compiled(text), "drop-useless") == {"a -> b #2"}
    assert dropped(compiled(text + "probe b;"), "drop-useless") == {"a -> b #2"}
    assert dropped(compiled(text + "probe b.v;"), "drop-useless") == set()


def test_the_ring_stays_though_it_opens_nothing() -> None:
    assert dropped(compiled(""), "drop-useless") == {"g[2] -> b"}


def test_neurons_that_keep_something_keep_what_drives_them() -> None:
    slow = "population s[8] : Gated { decay_v = 100; } a -> s one_to_one weight spike;"
    assert dropped(compiled(COPY + slow), "drop-useless") == set()


def test_refractoriness_goes_where_it_holds_nothing_back() -> None:
    circuit = sfc.optimise(compiled(COPY), passes=["drop-rest"])
    assert {circuit.populations[name].neuron.refractory for name in "ab"} == {0}
    assert circuit.populations["g[0]"].neuron.refractory == 0


def test_refractoriness_that_may_hold_back_stays() -> None:
    circuit = compiled(COPY + "a -> b one_to_one weight spike delay 1; phase 3 { open b; }")
    smaller = sfc.optimise(circuit, passes=["drop-rest"])
    assert smaller.populations["a"].neuron.refractory == 0
    assert smaller.populations["b"].neuron.refractory == 2


def test_refractoriness_over_the_end_of_the_frame_stays() -> None:
    text = "a -> b one_to_one weight spike delay 3; phase 5, 0 { open b; }"
    circuit = compiled(text + "a -> b one_to_one weight spike delay 4;")
    assert sfc.optimise(circuit, passes=["drop-rest"]).populations["b"].neuron.refractory == 2


def test_refractoriness_of_a_shown_membrane_stays() -> None:
    circuit = sfc.optimise(compiled(COPY + "probe b.v;"), passes=["drop-rest"])
    assert circuit.populations["a"].neuron.refractory == 0
    assert circuit.populations["b"].neuron.refractory == 2


def test_copies_that_learn_the_same_are_shared() -> None:
    circuit = sfc.optimise(sfc.compile("backprop"), passes=["share-copies"])
    assert circuit.shared == (("x -> h", "x -> h_lt", "x -> h_gt"),)


def test_the_second_level_of_the_flagship() -> None:
    circuit = sfc.compile("backprop")
    smaller = sfc.optimise(circuit, level=2)
    gone = set(circuit.projections) - set(smaller.projections)
    assert gone == {"g[4] -> h_T", "g[4] -> o_T"}
    rested = {n for n, p in smaller.populations.items() if p.neuron.refractory > 1}
    assert rested == {"h", "h_lt", "h_gt", "o", "o_lt", "o_gt", "d_minus"}
