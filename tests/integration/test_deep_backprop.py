"""`Backprop(sizes)` of the library against the integer algorithm, weight for weight."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integer_backprop import IntegerBackprop, tied_copies
from numpy.typing import NDArray

import sfc
from sfc.sim.datasets import load_data

FOLDER = Path(__file__).parents[1] / "golden" / "simulation"
SOURCES = {"value": "", "above_lower": "_lt", "above_upper": "_gt"}


def network(sizes: list[int], margin: int = 0) -> sfc.Circuit:
    text = f"""
    sfc 1;
    import "backpropagation.sfc";
    instance net : Backprop({sizes}, margin = {margin});
    """
    return sfc.compile_text(text, "deep.sfc")


def projection(layer: int, kind: str) -> str:
    """The name of the projection that holds one array of the integer algorithm."""
    below = "net.x" if layer == 1 else f"net.layer[{layer - 1}].h"
    if kind in SOURCES:
        return f"{below} -> net.layer[{layer}].h{SOURCES[kind]}"
    source = f"layer[{layer}].h" if kind == "transpose" else f"feedback[{layer}].opposite"
    return f"net.{source} -> net.hidden[{layer - 1}].e"


def compare(
    circuit: sfc.Circuit,
    weights: dict[tuple[int, str], NDArray[np.int16]],
    images: NDArray[np.bool_],
    labels: NDArray[Any],
    margin: int = 0,
) -> set[tuple[int, str]]:
    """Both learn the samples from the same weights; every array must be equal in the end.

    Returns the arrays that learned anything.
    """
    simulator = sfc.Simulator(circuit)
    for key, array in weights.items():
        simulator.weights[projection(*key)] = array
    before = {key: array.copy() for key, array in weights.items()}
    simulator.run({"net.image": images, "net.label": labels})
    oracle = IntegerBackprop(weights, margin=margin or None)
    for image, label in zip(images, labels.tolist(), strict=True):
        oracle.sample(image, label)
    assert set(oracle.weights) == set(weights)
    for key, array in oracle.weights.items():
        found = simulator.weights[projection(*key)]
        assert np.array_equal(found, array), f"{key}: {np.count_nonzero(found != array)} differ"
    return {key for key in before if (before[key] != oracle.weights[key]).any()}


def samples(random: np.random.Generator, inputs: int, outputs: int, count: int) -> Any:
    return random.random((count, inputs)) < 0.4, random.integers(0, outputs, count)


def drawn(
    random: np.random.Generator, sizes: list[int], low: int, high: int
) -> list[NDArray[np.int64]]:
    shapes = pairwise(sizes)
    return [random.integers(low // 2, high // 2 + 1, shape) * 2 for shape in shapes]


@pytest.mark.parametrize("margin", [0, 512])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5, 6])
def test_small_networks(layers: int, seed: int, margin: int) -> None:
    sizes = [*[20, 18, 16, 14, 12, 10][:layers], 6]
    random = np.random.default_rng([layers, seed, margin])
    weights = tied_copies(drawn(random, sizes, -60, 180))
    images, labels = samples(random, sizes[0], sizes[-1], 150)
    learned = compare(network(sizes, margin), weights, images, labels, margin)
    assert learned >= {(layer, "value") for layer in range(1, layers + 1)}


@pytest.mark.parametrize("margin", [0, 512])
@pytest.mark.parametrize("sizes", [[20, 14, 6], [20, 16, 12, 6], [20, 16, 14, 12, 6]], ids=str)
def test_from_the_rails_with_broken_ties(sizes: list[int], margin: int) -> None:
    random = np.random.default_rng([7, len(sizes), margin])
    weights = tied_copies(drawn(random, sizes, -120, 250))
    for array in weights.values():
        at_rail = random.random(array.shape) < 0.3
        array[at_rail] = random.choice([-256, -254, 252, 254], np.count_nonzero(at_rail))
    images, labels = samples(random, sizes[0], sizes[-1], 150)
    assert compare(network(sizes, margin), weights, images, labels, margin)


@pytest.mark.parametrize(
    ("sizes", "margin", "spread"),
    [
        ([400, 200, 100, 10], 0, 0),
        ([400, 200, 100, 10], 512, 0),
        ([400, 200, 100, 50, 10], 512, 0),
        ([400, 60, 40, 10], 0, 240),
    ],
)
def test_digits(sizes: list[int], margin: int, spread: int) -> None:
    circuit = network(sizes, margin)
    matrices = [
        sfc.Simulator(circuit, seed=1).weights[f"net.layer[{k}].W"] for k in range(1, len(sizes))
    ]
    if spread:
        matrices = drawn(np.random.default_rng(3), sizes, -spread, spread)
    data = load_data("mnist20")
    count = 300
    assert compare(
        circuit, tied_copies(matrices), data.train_images[:count], data.train_labels[:count], margin
    )


def test_the_papers_golden_run_ends_in_the_same_weights() -> None:
    with np.load(FOLDER / "mnist20_400_400_10_n2000.npz", allow_pickle=False) as file:
        data = {key: file[key] for key in file.files}
    images = np.unpackbits(data["images"], axis=1, count=400, bitorder="little").astype(bool)
    simulator = sfc.Simulator(network([400, 400, 10]))
    simulator.weights["net.layer[1].W"] = data["w1_init"]
    simulator.weights["net.layer[2].W"] = data["w2_init"]
    simulator.run({"net.image": images, "net.label": data["labels"]})
    for kind in SOURCES:
        assert np.array_equal(simulator.weights[projection(1, kind)], data["w1_final"])
        assert np.array_equal(simulator.weights[projection(2, kind)], data["w2_final"])
    assert np.array_equal(simulator.weights[projection(2, "transpose")], data["w2t_plus_final"])
    assert np.array_equal(simulator.weights[projection(2, "negative")], data["w2t_minus_final"])
