"""Every shipped circuit does what its header says."""

from __future__ import annotations

import numpy as np
import pytest

import sfc
from sfc.resources import circuit_names


def spikes(circuit: sfc.Circuit, inputs: dict, names: list[str]) -> dict[str, np.ndarray]:
    result = sfc.Simulator(circuit).run(inputs, probes=names)
    return {name: result.spikes[name] for name in names}


def bits(text: str) -> np.ndarray:
    return np.array([[bit == "1" for bit in text]])


@pytest.mark.parametrize("name", circuit_names())
def test_it_has_a_header_and_no_warnings(name: str) -> None:
    reporter = sfc.Reporter()
    circuit = sfc.compile(name, reporter)
    assert not reporter.diagnostics
    for word in ("To run: sfc run", "Expect"):
        assert word in circuit.doc


@pytest.mark.parametrize("engine", ["reference", "event"])
@pytest.mark.parametrize("name", circuit_names())
def test_its_own_tests_pass(name: str, engine: str) -> None:
    outcomes = sfc.test(name, engine=engine)
    assert outcomes
    for outcome in outcomes:
        assert outcome.passed, str(outcome)
        assert not outcome.expects_nothing


def test_ring() -> None:
    counts = sfc.Simulator(sfc.compile("ring")).run(frames=3, counts=True).spike_counts
    assert [counts[f"g[{k}]"].tolist() for k in range(3)] == [[0, 0, 3], [3, 0, 0], [0, 3, 0]]


def test_graded_relay_hands_the_pattern_on() -> None:
    pattern = np.array([[1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 1, 1]], bool)
    found = spikes(sfc.compile("graded_relay"), {"pattern": pattern}, ["a", "b", "c"])
    for phase, name in enumerate("abc", start=1):
        expected = np.zeros((2, 5, 8), bool)
        expected[:, phase] = pattern
        np.testing.assert_array_equal(found[name], expected)


@pytest.mark.parametrize("name", ["gated_copy", "gated_and"])
def test_products_of_bits(name: str) -> None:
    y = spikes(sfc.compile(name), {"a": bits("1100"), "b": bits("1010")}, ["y"])["y"]
    assert np.argwhere(y).tolist() == [[0, 2, 0]]


def test_memory_brings_the_pattern_back() -> None:
    found = spikes(sfc.compile("memory"), {"pattern": bits("10110")}, ["x", "m"])
    assert sorted(set(np.argwhere(found["x"])[:, 1])) == [1, 7]
    assert set(np.argwhere(found["m"])[:, 1]) == {6}
    np.testing.assert_array_equal(found["x"][0, 7], bits("10110")[0])


def test_plain_network() -> None:
    counts = sfc.Simulator(sfc.compile("plain")).run(steps=100, counts=True).spike_counts
    assert counts["excitatory"] == 20 * 8
    assert counts["inhibitory"] == 5 * 4


def test_inference_answers_as_the_learning_circuit_does() -> None:
    data = sfc.load_data("mnist20")
    images = data.test_images[:100]
    learning = sfc.Simulator(sfc.compile("backprop", n_hid=50), seed=3)
    inference = sfc.Simulator(sfc.compile("backprop_inference", n_hid=50))
    for name in ("W1", "W2"):
        inference.weights[name] = learning.weights[name]
    expected = learning.run({"image": images}, learn=False).readout
    found = inference.run({"image": images}).readout
    np.testing.assert_array_equal(found.spikes, expected.spikes)
    np.testing.assert_array_equal(found.membrane, expected.membrane)


def test_the_flagship_has_the_published_size() -> None:
    circuit = sfc.compile("backprop")
    assert sum(population.size for population in circuit.populations.values()) == 3282
    plastic = [p for p in circuit.projections.values() if circuit.learns(p)]
    assert sum(circuit.synapse_count(p) for p in plastic) == 500_000
    assert len(circuit.projections) == 97


def test_fashion_mnist_needs_only_another_input_size() -> None:
    data = sfc.load_data("fashion28")
    simulator = sfc.Simulator(sfc.compile("backprop", n_in=784, n_hid=30), seed=1)
    training = sfc.Training(simulator, data, limit=100)
    assert [progress.sample for progress in training.run(epochs=1)] == [100]
