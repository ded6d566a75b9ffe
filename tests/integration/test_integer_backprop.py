"""The integer algorithm against the recorded runs of the three-layer circuits."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integer_backprop import IntegerBackprop, WithStraySpikes, tied_copies
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "golden" / "simulation"

MARGINS = {
    "mnist20_400_32_10_n300": None,
    "mnist20_400_400_10_n2000": None,
    "margin_mnist20_400_32_10_n300": 512,
}

STRESS = "stress_400_40_10_n300"
"""Random inputs and large weights: hidden neurons fire in phases in which they should not."""

FINAL = {
    (1, "value"): "w1_final",
    (1, "above_lower"): "w1_final",
    (1, "above_upper"): "w1_final",
    (2, "value"): "w2_final",
    (2, "above_lower"): "w2_final",
    (2, "above_upper"): "w2_final",
    (2, "transpose"): "w2t_plus_final",
    (2, "negative"): "w2t_minus_final",
}


def golden(name: str) -> dict[str, NDArray[Any]]:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@cache
def learned(name: str, kind: type[IntegerBackprop] = IntegerBackprop) -> IntegerBackprop:
    data = golden(name)
    inputs = int(data["n_inputs"])
    images = np.unpackbits(data["images"], axis=1, count=inputs, bitorder="little").astype(bool)
    net = kind(tied_copies([data["w1_init"], data["w2_init"]]), margin=MARGINS.get(name))
    for image, label in zip(images, data["labels"].tolist(), strict=True):
        net.sample(image, label)
    return net


def differing(name: str, net: IntegerBackprop) -> set[tuple[int, str]]:
    data = golden(name)
    assert set(net.weights) == set(FINAL)
    return {key for key, final in FINAL.items() if (net.weights[key] != data[final]).any()}


def test_every_file_is_compared() -> None:
    assert {path.stem for path in FOLDER.glob("*.npz")} == {*MARGINS, STRESS}


@pytest.mark.parametrize("name", MARGINS)
def test_weights(name: str) -> None:
    assert not differing(name, learned(name))


def test_stray_spikes_explain_the_file_that_has_them() -> None:
    """The algorithm is the circuit's while no sum exceeds what the closing gates hold."""
    assert not differing(STRESS, learned(STRESS, WithStraySpikes))
    assert differing(STRESS, learned(STRESS)) == {key for key in FINAL if key[0] == 2}


def test_without_strays_they_make_no_difference() -> None:
    name = "mnist20_400_32_10_n300"
    assert not differing(name, learned(name, WithStraySpikes))
