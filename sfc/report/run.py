"""What a run yields, as JSON data; docs/running.md describes the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.record import digest
from sfc.sim.recorder import Overflow
from sfc.sim.simulator import Simulator
from sfc.sim.training import Evaluation, Training

FORMAT = "sfc-run 1"


def run_data(simulator: Simulator, seconds: float) -> dict[str, Any]:
    """Returns what every run reports: the circuit, its parameters, engine, seed and time."""
    circuit = simulator.circuit
    return {
        "format": FORMAT,
        "circuit": circuit.name,
        "digest": digest(circuit),
        "parameters": dict(circuit.parameters),
        "engine": simulator.engine,
        "seed": simulator.seed,
        "steps": simulator.step,
        "frames": simulator.frame,
        "seconds": round(seconds, 3),
    }


def training_data(training: Training, evaluations: Mapping[int, Evaluation]) -> dict[str, Any]:
    """Returns the outcome of training.

    Args:
        training: finished or interrupted.
        evaluations: on the test set, by the number of epochs trained before.
    """
    epochs = []
    for number, score in enumerate(training.epochs, start=1):
        epoch: dict[str, Any] = {
            "epoch": number,
            "samples": score.samples,
            "training_accuracy_by_spikes": score.accuracy_by_spikes,
            "training_accuracy_by_membrane": score.accuracy_by_membrane,
        }
        if number in evaluations:
            epoch["test"] = _accuracies(evaluations[number])
        epochs.append(epoch)
    data: dict[str, Any] = {
        "data": training.dataset.name,
        "limit": training.limit,
        "next": {"epoch": training.epoch, "sample": training.sample},
        "epochs": epochs,
    }
    if evaluations:
        last = evaluations[max(evaluations)]
        data["test"] = _accuracies(last) | {
            "confusion_by_spikes": last.confusion_by_spikes.tolist(),
            "confusion_by_membrane": last.confusion_by_membrane.tolist(),
        }
    return data


def _accuracies(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "samples": evaluation.samples,
        "accuracy_by_spikes": evaluation.accuracy_by_spikes,
        "accuracy_by_membrane": evaluation.accuracy_by_membrane,
    }


def activity_data(
    activity: Mapping[str, NDArray[np.int64]], overflows: Sequence[Overflow]
) -> dict[str, Any]:
    """Returns spike counts by population, and what left its 24 bits."""
    return {
        "spike_counts": {name: counts.tolist() for name, counts in activity.items()},
        "overflows": [
            {
                "quantity": overflow.quantity,
                "count": overflow.count,
                "population": overflow.population,
                "neuron": overflow.neuron,
                "step": overflow.step,
            }
            for overflow in overflows
        ],
    }


def curve_points(training: Training, points: int = 100) -> list[tuple[float, float, float]]:
    """Returns (samples seen, fraction right by spikes, by membrane), averaged to a few points."""
    curve = np.array(training.curve, np.float64).reshape(-1, 3)
    if not len(curve):
        return []
    result = []
    before = 0.0
    for part in np.array_split(curve, min(points, len(curve))):
        seen = part[-1, 0]
        rights = part[:, 1:].sum(axis=0) / max(seen - before, 1)
        result.append((float(seen), float(rights[0]), float(rights[1])))
        before = seen
    return result
