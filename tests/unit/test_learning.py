"""What a training reached, and its figure."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import sfc
from sfc.report.gallery import gallery
from sfc.report.learning import Reference, summary
from sfc.report.learning_curve import learning_curve
from sfc.report.pictures import pdf, png, receptive_fields
from sfc.sim.training import Score

LEARNING = [(0.5, 0.2, 0.3), (1.0, 0.7, 0.75), (2.0, 0.9, 0.91), (3.0, 0.92, 0.95)]
TESTS = {1: Score(100, 90, 93), 2: Score(100, 95, 97), 3: Score(100, 94, 97)}


def figure(tests: dict[int, Score], *references: Reference) -> Figure:
    points = [(float(e), s.accuracy_by_spikes, s.accuracy_by_membrane) for e, s in tests.items()]
    learning = LEARNING[: len(tests) + 1]
    return learning_curve("a on b", 60000, learning, points, summary(tests), references)


def test_the_mean_of_the_last_ten_and_the_best() -> None:
    reached = summary({epoch: Score(200, epoch, 100 - epoch) for epoch in range(16)})
    assert reached is not None
    assert reached.epochs == 10
    assert reached.by_spikes.last == pytest.approx(10.5 / 200)
    assert (reached.by_spikes.best, reached.by_spikes.best_epoch) == (15 / 200, 15)
    assert reached.by_membrane.last == pytest.approx(89.5 / 200)
    assert (reached.by_membrane.best, reached.by_membrane.best_epoch) == (99 / 200, 1)


def test_epochs_that_were_not_tested_and_the_test_before_all() -> None:
    assert summary({}) is None
    assert summary({0: Score(10, 9, 9)}) is None
    reached = summary({7: Score(10, 6, 6), 0: Score(10, 10, 10), 2: Score(10, 6, 8)})
    assert str(reached) == (
        "mean of the last 2 epochs: test 60.0 % by spikes, 70.0 % by membrane; "
        "best 60.0 % (epoch 2), 80.0 % (epoch 2)"
    )


def test_the_figure_says_the_numbers() -> None:
    drawn = figure(TESTS, Reference("$x_1", 96.3), Reference("_other", 97.5))
    assert sorted(text.get_text() for text in drawn.legends[0].get_texts()) == [
        "$x_1: 96.3 %",
        "_other: 97.5 %",
        "test, by membrane: 95.7 % (mean of the last 3 epochs), best 97.0 %",
        "test, by spikes: 93.0 % (mean of the last 3 epochs), best 95.0 %",
        "while learning, by membrane",
        "while learning, by spikes",
    ]
    (axes,) = drawn.axes
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [float(line.get_ydata()[0]) for line in dashed] == [96.3, 97.5]
    assert axes.get_xlabel() == "epochs of 60,000 training samples"


def test_a_long_training_is_drawn_from_its_first_test_on_and_a_short_one_whole() -> None:
    for tests, references, limits in (
        (TESTS, (), (85, 100)),
        (TESTS, (Reference("low", 41.2),), (40, 100)),
        ({1: TESTS[1]}, (), (15, 95)),
        ({}, (), (15, 35)),
    ):
        assert figure(tests, *references).axes[0].get_ylim() == limits


def test_figures_are_written_the_same_every_time() -> None:
    for written in (png, pdf):
        assert written(figure(TESTS)) == written(figure(TESTS))
    assert png(figure(TESTS)) != png(figure({}))


@pytest.mark.parametrize(
    ("planes", "shape", "neurons"),
    [
        (1, (3, 4), 20),
        (3, (3, 4), 20),
        (16, (3, 4), 2),
        (70, (3, 4), 3),
        (1, (1, 90), 9),
        (2, (200, 1), 3),
    ],
)
def test_fields_of_planes(planes: int, shape: tuple[int, int], neurons: int) -> None:
    pixels = planes * shape[0] * shape[1]
    weights = np.arange(pixels * neurons).reshape(pixels, neurons)
    drawn = imread(io.BytesIO(receptive_fields("W", weights, planes, shape)))
    height, width, _ = drawn.shape
    assert width == 880
    assert 250 < height < 1400


def test_weights_from_pixels_alone_are_drawn_as_images() -> None:
    images = np.random.default_rng(1).random((8, 12)) < 0.5
    labels = np.arange(8, dtype=np.uint8) % 2
    data = sfc.Dataset("twelve", images, labels, images[:0], labels[:0], (2, 3), (10, 20))
    circuit = sfc.compile("backprop", n_in=12, n_hid=12, n_out=2)
    training = sfc.Training(sfc.Simulator(circuit), data)
    list(training.run(epochs=1))
    names = gallery(training.simulator, training).keys()
    assert {name for name in names if name.startswith("fields")} == {"fields_W1.png"}
    assert {"weights_W2.png", "raster.png", "accuracy.png", "accuracy.pdf"} <= names
