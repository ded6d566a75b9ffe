"""A presentation goes over the projections that it names, and only they see its spikes."""

from __future__ import annotations

import numpy as np
import pytest

import sfc

pytestmark = pytest.mark.usefixtures("engine")

CIRCUIT = """
sfc 1;
neuron Relay { threshold = 10; ring = 20; }
neuron Cell { threshold = 10; drive = 20; }
rule Up { dw = 2*x0*y0; }
rule Traced { dw = x1*y0; range = 0..255; trace x1 impulse 50 tau 0; }
input a;
chain g[6] : Relay ring;
population x, y, z : Cell;
plastic W[1, 1] by Up init zeros();
plastic V[1, 1] by Traced init zeros();
a -> y via W;
a -> z via V;
// y and z fire in phases 1 and 3, in which a sends what arrives in phases 2 and 4
g[1] -> y, z all_to_all weight 20;
g[3] -> y, z all_to_all weight 20;
phase 2 { present a; }
phase 4 { present a to x; }
"""


def test_only_the_projections_that_carry_a_presentation_learn_from_it() -> None:
    simulator = sfc.Simulator(sfc.compile_text(CIRCUIT))
    result = simulator.run({"a": np.ones((3, 1), bool)}, probes=["a", "x", "y"])
    assert np.argwhere(result.spikes["a"])[:, 1].tolist() == [1, 3] * 3
    assert np.argwhere(result.spikes["x"])[:, 1].tolist() == [4] * 3
    assert np.argwhere(result.spikes["y"])[:, 1].tolist() == [1, 3] * 3
    assert simulator.weights["W"].tolist() == [[3 * 2]]
    assert simulator.weights["V"].tolist() == [[3 * 50]]


def test_an_input_presented_in_a_phase_0_is_recorded_a_step_earlier() -> None:
    text = "sfc 1; neuron C { threshold = 10; drive = 20; ring = 20; } input a; population x : C;"
    text += "chain g[3] : C ring; phase 0 { present a to x; }"
    result = sfc.Simulator(sfc.compile_text(text)).run({"a": [[1], [0], [1]]}, probes=["a", "x"])
    assert result.events["x"].tolist() == [[0, 0], [6, 0]]
    assert result.events["a"].tolist() == [[5, 0]]
