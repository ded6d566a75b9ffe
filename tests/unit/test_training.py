"""Training can stop anywhere and go on to the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sfc
from sfc.sim.training import bind, evaluate


@pytest.fixture(scope="module")
def data() -> sfc.Dataset:
    return sfc.load_data("mnist20")


def trained(data: sfc.Dataset, **options: int) -> sfc.Training:
    simulator = sfc.Simulator(sfc.compile("backprop", n_hid=15), seed=2)
    return sfc.Training(simulator, data, seed=2, limit=120, **options)


def test_stopped_and_resumed_equals_never_stopped(data: sfc.Dataset, tmp_path: Path) -> None:
    whole = trained(data)
    list(whole.run(epochs=2))
    part = trained(data)
    for progress in part.run(epochs=2):
        if progress.epoch == 1:
            break
    part.simulator.save(tmp_path / "state.npz", part.notes())
    loaded = sfc.Simulator.load(tmp_path / "state.npz")
    resumed = sfc.Training.resume(loaded, data, loaded.notes)
    list(resumed.run(epochs=2))
    assert resumed.notes() == whole.notes()
    expected = whole.simulator.plastic_weights()
    for name, array in resumed.simulator.plastic_weights().items():
        np.testing.assert_array_equal(array, expected[name])


def test_other_levels_are_other_data(data: sfc.Dataset) -> None:
    training = trained(data)
    notes = training.notes() | {"levels": [40]}
    with pytest.raises(sfc.SfcError, match=r"with dataset mnist20 at levels \[40\], not mnist20\n"):
        sfc.Training.resume(training.simulator, data, notes)


def test_evaluating_changes_nothing(data: sfc.Dataset) -> None:
    one, other = trained(data), trained(data)
    list(one.run(epochs=1))
    *_, evaluation = evaluate(one.simulator, data, limit=70)
    assert evaluation.score.samples == 70
    list(one.run(epochs=2))
    list(other.run(epochs=2))
    for name, array in one.simulator.plastic_weights().items():
        np.testing.assert_array_equal(array, other.simulator.plastic_weights()[name])


def test_every_epoch_has_another_order_and_the_same_samples(data: sfc.Dataset) -> None:
    training = trained(data)
    first = training._order()
    training.epoch = 1
    second = training._order()
    assert sorted(first) == sorted(second) == list(range(120))
    assert first.tolist() != second.tolist()


def test_data_that_does_not_fit(data: sfc.Dataset) -> None:
    with pytest.raises(sfc.SfcError, match=r"400 pixels \(20 by 20\); input `image` has 9"):
        bind(sfc.compile("backprop", n_in=9), data)
    with pytest.raises(sfc.SfcError, match=r"add -D sizes=\[400,5,10\]"):
        bind(sfc.compile("deep_backprop", sizes=(9, 5, 10)), data)
    planes = replace(data, levels=(1, 2))
    with pytest.raises(sfc.SfcError, match=r"800 pixels \(2 planes of 20 by 20\)") as caught:
        bind(sfc.compile("backprop", n_hid=5), planes)
    assert "add -D n_in=800" in str(caught.value)
    with pytest.raises(sfc.SfcError, match="10 classes"):
        bind(sfc.compile("backprop", n_out=4), data)
    with pytest.raises(sfc.SfcError, match="images go to one input"):
        bind(sfc.compile("gated_and"), data)
