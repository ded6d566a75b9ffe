"""Smallest circuits in which the compiled engine could go wrong, beside the reference engine."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest

import sfc
from sfc.sim.compiled.engine import CompiledEngine

HEAD = """sfc 1;
const theta = 64;
neuron Relay { threshold = theta; ring = 128; }
neuron Gated { threshold = theta; bias = -8*theta; drive = 40; close = 496; }
"""


def assert_equal_runs(text: str, *runs: dict[str, Any]) -> sfc.Simulator:
    """Compares weights, state, overflows and all spikes; returns the compiled simulator."""
    circuit = sfc.compile_text(HEAD + text)
    simulators = [sfc.Simulator(circuit, engine=name) for name in ("reference", "compiled")]
    for inputs in runs:
        expected, found = (
            simulator.run(inputs, probes=list(circuit.populations)) for simulator in simulators
        )
        for name in circuit.populations:
            np.testing.assert_array_equal(found.events[name], expected.events[name], name)
        assert found.overflows == expected.overflows
        for name, weights in simulators[0].plastic_weights().items():
            np.testing.assert_array_equal(simulators[1].plastic_weights()[name], weights, name)
    states = [simulator._engine.state() for simulator in simulators]
    for name, array in states[0].items():
        np.testing.assert_array_equal(states[1][name], array, name)
    return simulators[1]


def on_in(frames: int, size: int, *numbers: int) -> np.ndarray:
    """Samples of which only some have anything on, and those all."""
    rows = np.zeros((frames, size), bool)
    rows[list(numbers)] = True
    return rows


@pytest.mark.parametrize("change", [130, 254, 300, 512, 1000])
def test_changes_of_more_than_seven_bits(change: int) -> None:
    text = f"""rule Big {{ dw = {change}*x0*y0; range = -256..254; }}
chain g[4] : Relay ring;
input i[3]; population a[3], b[3], c[3] : Gated;
phase 1 {{ present i to a; open a; }}
phase 1 {{ present i to c; open c; }}
plastic W[3, 3] by Big init constant(-100);
a -> c via W;
phase 2 {{ open b; }}
"""
    simulator = assert_equal_runs(text, {"i": np.ones((8, 3), bool)})
    assert simulator.engine == "compiled"


def test_an_input_that_a_started_chain_presents() -> None:
    text = """chain g[8] : Relay ring; chain k[3] : Relay started by st;
input i[3], j[3]; population st : Gated; population p[3] : Gated;
i -> st all_to_all weight 40;
phase g[1] { present i; open st; }
phase k[1] { present j to p; }
phase g[4] { open p; }
"""
    generator = np.random.default_rng(0)
    inputs = {"i": generator.random((30, 3)) < 0.3, "j": generator.random((30, 3)) < 0.5}
    assert_equal_runs(text, inputs)


def test_a_phase_0_that_the_first_frame_does_not_have() -> None:
    text = """chain g[2] : Relay ring; chain k[2] : Relay started by g[1];
population p[2] : Gated; input i[2];
phase k[0] { present i to p; }
phase g[0] { open p; }
"""
    assert_equal_runs(text, {"i": np.ones((8, 2), bool)})


OVER_THE_END = """chain g[6] : Relay ring;
input j[2]; population s[2], p[3] : Gated;
phase 4 { present j; }
phase 3 { open p; }
phase 2 { open s; }
j -> s all_to_all weight 400;
"""


@pytest.mark.parametrize("delay", [1, 2])
def test_strays_add_to_what_relays_send_over_the_end_of_a_frame(delay: int) -> None:
    """The neurons of s fire once, by surprise, and p gets half of what it needs from them."""
    text = f"""{OVER_THE_END}
s -> p all_to_all weight 200 delay {delay};
g[5] -> p all_to_all weight 200 delay {delay};
"""
    assert_equal_runs(text, {"j": on_in(80, 2, 60)})


@pytest.mark.parametrize("gates", [0, 1, 2, 3])
def test_negative_strays_may_leave_24_bits(gates: int) -> None:
    text = OVER_THE_END + "s -> p all_to_all weight -32512 delay 2;\n"
    for number in range(gates):
        text += f"g[0] -> p all_to_all weight -32512 delay 1 as k{number};\n"
    assert_equal_runs(text, {"j": on_in(80, 2, 60)})


@pytest.mark.parametrize("refractory", [5, 9, 63])
def test_rest_that_lasts_from_frame_to_frame(refractory: int) -> None:
    """b fires by surprise in phase 5, and rests when it should fire again."""
    text = f"""chain g[6] : Relay ring;
input i[3], j[3]; population b[3] : Gated {{ refractory = {refractory}; }}
population s[3], a[3] : Gated;
phase 2 {{ present i to {"b" if refractory == 5 else "a"}; open a, b; }}
phase 4 {{ present j to s; open s; }}
s -> b all_to_all weight 300;
"""
    first = {"i": ~on_in(80, 3, 60), "j": on_in(80, 3, 60)}
    second = {"i": np.ones((80, 3), bool), "j": on_in(80, 3, 60, 70)}
    assert_equal_runs(text, first, second)


@pytest.mark.parametrize("sources", [9, 40, 300])
def test_many_sources_pair_by_pair(sources: int) -> None:
    """A Boolean function of so many sets has no short form."""
    text = "chain g[4] : Relay ring; population p[2] : Gated;\n"
    for number in range(sources):
        text += f"input i{number}[2]; population a{number}[2] : Gated;\n"
        text += f"phase 1 {{ present i{number} to a{number}; open a{number}; }}\n"
        text += f"a{number} -> p one_to_one weight {101 - number % 90};\n"
    text += "phase 2 { open p above 500; }\n"
    generator = np.random.default_rng(1)
    inputs = {f"i{n}": generator.random((9, 2)) < 7 / sources for n in range(sources)}
    simulator = assert_equal_runs(text, inputs)
    assert simulator.engine == "compiled"


def test_an_interrupted_run_leaves_a_state_to_go_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes when a kernel returns; clock, weights and state still belong together."""
    circuit = sfc.compile("backprop", n_in=40, n_hid=20)
    generator = np.random.default_rng(0)
    images, labels = generator.random((3000, 40)) < 0.4, generator.integers(0, 10, 3000)
    interrupted = sfc.Simulator(circuit, engine="compiled")
    interrupted.run({"image": images[:100], "label": labels[:100]})
    engine = interrupted._engine
    assert isinstance(engine, CompiledEngine)
    assert engine._batch is not None
    kernel, calls = engine._batch.kernel, []

    def call(*arguments: int) -> int:
        done = kernel.call(*arguments)
        calls.append(done)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(engine._batch, "kernel", type("Kernel", (), {"call": staticmethod(call)}))
    with pytest.raises(KeyboardInterrupt):
        interrupted.run({"image": images[100:], "label": labels[100:]})
    whole = sfc.Simulator(circuit, engine="reference")
    frames = interrupted.frame
    assert 100 < frames < 3000
    whole.run({"image": images[:frames], "label": labels[:frames]})
    for name, weights in whole.plastic_weights().items():
        np.testing.assert_array_equal(interrupted.plastic_weights()[name], weights, name)
    for name, array in whole._engine.state().items():
        np.testing.assert_array_equal(engine.state()[name], array, name)
