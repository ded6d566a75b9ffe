"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from sfc.report.pictures import accuracy_curve, raster, receptive_fields, weight_map
from sfc.report.run import curve_points
from sfc.sim.result import Result
from sfc.sim.simulator import Simulator
from sfc.sim.training import Evaluation, Training, bind
from sfc.sim.weights import turned_into

_FRAMES, _STEPS = 3, 100
"""How long the raster is, with and without chains."""


def gallery(
    simulator: Simulator, training: Training | None, evaluations: Mapping[int, Evaluation]
) -> dict[str, bytes]:
    """Returns PNG files by name: weights of every matrix, a raster, the accuracy curve."""
    circuit = simulator.circuit
    files = {}
    for name in circuit.matrices:
        tied = circuit.tied(name)
        if not tied:
            continue
        weights = turned_into(tied[0], simulator.weights[tied[0].name])
        files[f"weights_{name}.png"] = weight_map(name, weights)
        if training is not None and len(weights) == training.dataset.n_inputs:
            shape = training.dataset.image_shape
            files[f"fields_{name}.png"] = receptive_fields(name, weights, shape)
    files["raster.png"] = raster(circuit, _sample(simulator, training))
    if training is not None and training.curve:
        tests = [
            (epoch * training.samples, e.accuracy_by_spikes, e.accuracy_by_membrane)
            for epoch, e in sorted(evaluations.items())
        ]
        title = f"{circuit.name} on {training.dataset.name}"
        files["accuracy.png"] = accuracy_curve(title, curve_points(training), tests)
    return files


def _sample(simulator: Simulator, training: Training | None) -> Result:
    """Runs a copy for a few frames or steps, with every spike recorded."""
    circuit = simulator.circuit
    copy = simulator.with_same_weights()
    probes = list(circuit.populations)
    if training is not None:
        binding = bind(circuit, training.dataset)
        inputs: dict[str, NDArray[Any]] = {binding.image: training.dataset.train_images[:_FRAMES]}
        if binding.label is not None:
            inputs[binding.label] = training.dataset.train_labels[:_FRAMES]
        return copy.run(inputs, learn=False, probes=probes)
    if circuit.schedule.chains:
        return copy.run(frames=_FRAMES, learn=False, probes=probes)
    return copy.run(steps=_STEPS, learn=False, probes=probes)
