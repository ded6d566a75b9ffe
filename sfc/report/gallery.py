"""The pictures of a run."""

from __future__ import annotations

from sfc.report.pictures import accuracy_curve, membranes, raster, receptive_fields, weight_map
from sfc.report.run import curve_points
from sfc.sim.activity import Activity
from sfc.sim.simulator import Simulator
from sfc.sim.training import Training, bind
from sfc.sim.weights import turned_into

_FRAMES = 3
"""Samples in the raster of a training run."""


def gallery(simulator: Simulator, training: Training) -> dict[str, bytes]:
    """Returns the PNG files of a training run by name.

    The weights of every matrix, the spikes of a few samples, the accuracy over time.
    """
    files = _weights(simulator, training)
    if training.samples:
        files["raster.png"] = _sample_raster(simulator, training)
    if training.curve:
        tests = [
            (epoch * training.samples, e.accuracy_by_spikes, e.accuracy_by_membrane)
            for epoch, e in sorted(training.tests.items())
        ]
        title = f"{simulator.circuit.name} on {training.dataset.name}"
        files["accuracy.png"] = accuracy_curve(title, curve_points(training), tests)
    return files


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
    for name in simulator.circuit.matrices:
        tied = simulator.circuit.tied(name)
        if not tied:
            continue
        weights = turned_into(tied[0], simulator.weights[tied[0].name])
        files[f"weights_{name}.png"] = weight_map(name, weights)
        if training is not None and len(weights) == training.dataset.n_inputs:
            shape = training.dataset.image_shape
            files[f"fields_{name}.png"] = receptive_fields(name, weights, shape)
    return files


def _sample_raster(simulator: Simulator, training: Training) -> bytes:
    circuit = simulator.circuit
    binding = bind(circuit, training.dataset)
    data = training.dataset
    inputs = binding.inputs(data.train_images[:_FRAMES], data.train_labels[:_FRAMES])
    copy = simulator.with_same_weights()
    return raster(circuit, copy.run(inputs, learn=False, probes=list(circuit.populations)))
