"""The compiled engine: what it makes of a circuit, when it falls back, what it leaves alone."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import numpy as np
import pytest

import sfc
from sfc.sim.compiled import engine as compiled_engine
from sfc.sim.compiled import jit
from sfc.sim.compiled.plan import make_program
from sfc.sim.compiled.program import Drive, Evaluate, ReadInput
from sfc.sim.compiled.terms import NotCompiled

RING = """sfc 1;
import "neurons.sfc";
input pattern[6];
chain g[4] : Relay ring;
population a[6], b[6] : Gated { refractory = 0; }
plastic W[6, 6] by Delta init constant(value = 200);
a -> b via W;
phase 1, 2 { present pattern to a; open a; }
phase 2 { open b; reward r1; }
"""


def test_cells_that_fire_alike_are_worked_out_once() -> None:
    program = make_program(sfc.compile("backprop", n_in=40, n_hid=20))
    cells = program.cells
    assert cells["x", 1] == cells["m_x", 6] == cells["x", 7] == cells["x", 11]
    assert cells["h", 2] == cells["m_h", 3] == cells["h", 5] == cells["h_T", 9]
    assert cells["d_plus", 4] == cells["o", 5] == cells["o_T", 9]
    assert cells["h", 2] != cells["h_lt", 2]
    groups = [set(group.projections) for group in program.groups]
    assert {"x -> h", "x -> h_lt", "x -> h_gt"} in groups
    assert {"h -> o", "h -> o_lt", "h -> o_gt"} in groups
    assert len(groups) == 4
    read = [o for o in program.operations if isinstance(o, ReadInput)]
    evaluated = [o for o in program.operations if isinstance(o, Evaluate)]
    drives = [o for o in program.operations if isinstance(o, Drive)]
    assert (len(read), len(evaluated), len(drives)) == (2, 14, 6)
    assert len(program.lessons) == 8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("chain g[4] : Relay ring;", "no frames"),
        ("population c[6] : Gated { decay_v = 2048; } a -> c one_to_one weight 10;", "keeps"),
        ("a[0..2] -> b[0..2] one_to_one weight 10;", "parts"),
        ("a -> b one_to_one weight 10 delay 4;", "longer than a frame"),
        ("a -> b toeplitz([10, 10], 0);", "one by one"),
        ("probe b.v;", "in every step"),
    ],
)
def test_circuits_that_are_not_compiled_say_why(change: str, reason: str) -> None:
    text = RING + change
    if change.startswith("chain"):
        text = "sfc 1; neuron A { threshold = 1; } population a[1] : A;"
    circuit = sfc.compile_text(text)
    with pytest.raises(NotCompiled, match=reason):
        make_program(circuit)
    simulator = sfc.Simulator(circuit, engine="compiled")
    simulator.run(**({"frames": 9} if circuit.schedule.chains else {"steps": 9}))
    assert simulator.engine == "reference"
    if circuit.schedule.chains:
        assert reason in simulator.engine_reason
        assert simulator.fallbacks is None


def test_other_names_and_another_order_make_the_same_kernel() -> None:
    """What a kernel is made of has no names but those of inputs and guards."""
    text = RING + "probe b.v at 2;"
    other = re.sub(r"\ba\b", "q", text).replace("pattern", "zz").replace("W", "V")
    programs = [make_program(sfc.compile_text(each)) for each in (text, other)]
    assert [type(o) for o in programs[0].operations] == [type(o) for o in programs[1].operations]
    assert programs[0].lessons == programs[1].lessons


def test_samples_beyond_the_declared_bounds_run_in_the_general_engine() -> None:
    circuit = sfc.compile("backprop", n_in=40, n_hid=20, most_on=10)
    samples = np.zeros((30, 40), bool)
    samples[:, :10] = True
    samples[17, :20] = True
    labels = np.arange(30) % 10
    simulators = [sfc.Simulator(circuit, engine=name) for name in ("reference", "compiled")]
    results = [s.run({"image": samples, "label": labels}) for s in simulators]
    fallbacks = simulators[1].fallbacks
    assert fallbacks is not None
    assert fallbacks.surprises == {"more or fewer of `image` are on than it declares": 1}
    assert 1 <= fallbacks.fell_back <= 4
    assert str(fallbacks).startswith(f"{fallbacks.fell_back} of 30 samples (")
    assert " fell back, most often as more or fewer of `image`" in str(fallbacks)
    np.testing.assert_array_equal(results[0].readout.membrane, results[1].readout.membrane)
    for name, weights in simulators[0].plastic_weights().items():
        np.testing.assert_array_equal(weights, simulators[1].plastic_weights()[name])


def test_copies_that_were_set_apart_run_in_the_general_engine() -> None:
    circuit = sfc.compile("backprop", n_in=40, n_hid=20)
    simulator = sfc.Simulator(circuit, engine="compiled")
    weights = simulator.weights["x -> h_lt"]
    weights[3, 4] = 10
    simulator.weights["x -> h_lt"] = weights
    simulator.run(frames=20)
    assert simulator.fallbacks is not None
    assert simulator.fallbacks.fell_back == 20
    assert "differ" in simulator.engine_reason


def test_many_blocks_of_frames(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exact state is found wherever a run ends, and a run goes on from it."""
    monkeypatch.setattr(compiled_engine, "_BLOCK", 4)
    circuit = sfc.compile_text(RING)
    generator = np.random.default_rng(2)
    simulators = [sfc.Simulator(circuit, engine=name) for name in ("reference", "compiled")]
    for length in (4, 5, 6, 7, 8, 9, 12, 4, 1, 4):
        samples = generator.random((length, 6)) < 0.4
        for simulator in simulators:
            simulator.run({"pattern": samples})
        states = [simulator._engine.state() for simulator in simulators]
        for name, array in states[0].items():
            np.testing.assert_array_equal(states[1][name], array, err_msg=name)
    assert simulators[1].fallbacks is not None
    assert simulators[1].fallbacks.fell_back == 1


@pytest.mark.parametrize("features", ["", "+avx2"])
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names what x86 processors can do")
def test_processors_with_shorter_vectors(features: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_host", lambda: ("x86-64", features))
    circuit = sfc.compile("backprop", n_in=70, n_hid=130)
    generator = np.random.default_rng(1)
    inputs = {"image": generator.random((40, 70)) < 0.5, "label": generator.integers(0, 10, 40)}
    simulators = [sfc.Simulator(circuit, engine=name) for name in ("reference", "compiled")]
    for simulator in simulators:
        simulator.run(inputs)
    for name, weights in simulators[0].plastic_weights().items():
        np.testing.assert_array_equal(weights, simulators[1].plastic_weights()[name])
    assert simulators[1].fallbacks is not None
    assert simulators[1].fallbacks.fell_back == 0


def test_a_twin_stands_apart() -> None:
    circuit = sfc.compile_text(RING)
    simulator = sfc.Simulator(circuit, engine="compiled")
    samples = np.ones((9, 6), bool)
    simulator.run({"pattern": samples})
    before = simulator.weights["W"]
    twin = simulator.with_same_weights()
    assert twin.step == 0
    twin.run({"pattern": samples})
    np.testing.assert_array_equal(simulator.weights["W"], before)
    assert (twin.weights["W"] != before).any()
