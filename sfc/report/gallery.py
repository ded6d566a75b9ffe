"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from sfc.ir.circuit import Circuit
from sfc.report.learning import Reference, summary
from sfc.report.learning_curve import learning_curve
from sfc.report.pictures import membranes, pdf, png, raster, receptive_fields, weight_map
from sfc.report.run import curve_points
from sfc.sim.activity import Activity
from sfc.sim.datasets import Dataset
from sfc.sim.simulator import Simulator
from sfc.sim.training import Training, bind
from sfc.sim.weights import turned_into

_FRAMES = 3
"""Samples in the raster of a training run."""

_PRINTED_DPI = 200


def gallery(
    simulator: Simulator, training: Training, references: Sequence[Reference] = ()
) -> dict[str, bytes]:
    """Returns the pictures of a training run by file name.

    The weights of every matrix, the spikes of a few samples, the accuracy by epoch (as PDF, too).

    Args:
        simulator: whose weights are drawn.
        training: finished or interrupted.
        references: to compare its accuracy with.
    """
    files = _weights(simulator, training)
    if training.samples:
        files["raster.png"] = _sample_raster(simulator, training)
    if training.curve:
        figure = _learning_curve(simulator.circuit.name, training, references)
        files |= {"accuracy.png": png(figure, _PRINTED_DPI), "accuracy.pdf": pdf(figure)}
    return files


def _learning_curve(name: str, training: Training, references: Sequence[Reference]) -> Figure:
    samples = training.samples
    learning = [(seen / samples, s, v) for seen, s, v in curve_points(training)]
    tests = [
        (float(epoch), test.accuracy_by_spikes, test.accuracy_by_membrane)
        for epoch, test in sorted(training.tests.items())
    ]
    title = f"{name} on {training.dataset.name}"
    return learning_curve(title, samples, learning, tests, summary(training.tests), references)


def activity_gallery(simulator: Simulator, activity: Activity | None) -> dict[str, bytes]:
    """Returns the PNG files of a watched run: weights, spikes, probed membranes."""
    files = _weights(simulator, None)
    if activity is not None:
        files["raster.png"] = raster(simulator.circuit, activity.first)
        for name, values in activity.first.membrane.items():
            files[f"membrane_{name}.png"] = membranes(name, values)
    return files


def _weights(simulator: Simulator, training: Training | None) -> dict[str, bytes]:
    files = {}
    data = training.dataset if training is not None else None
    pixels = _pixels(simulator.circuit, data) if data is not None else set()
    for name in simulator.circuit.matrices:
        tied = simulator.circuit.tied(name)
        if not tied:
            continue
        weights = turned_into(tied[0], simulator.weights[tied[0].name])
        files[f"weights_{name}.png"] = weight_map(name, weights)
        if data is not None and tied[0].source in pixels and len(weights) == data.n_inputs:
            fields = receptive_fields(name, weights, data.planes, data.image_shape)
            files[f"fields_{name}.png"] = fields
    return files


def _pixels(circuit: Circuit, data: Dataset) -> set[str]:
    """Returns the input that gets the images, and the populations that it is presented to."""
    image = bind(circuit, data).image
    carriers = [c for p in circuit.schedule.presents if p.input == image for c in p.projections]
    return {image, *(circuit.projections[name].target for name in carriers)}


def _sample_raster(simulator: Simulator, training: Training) -> bytes:
    circuit = simulator.circuit
    binding = bind(circuit, training.dataset)
    data = training.dataset
    inputs = binding.inputs(data.train_images[:_FRAMES], data.train_labels[:_FRAMES])
    copy = simulator.with_same_weights()
    return raster(circuit, copy.run(inputs, learn=False, probes=list(circuit.populations)))
