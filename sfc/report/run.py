"""What a run yields, as JSON data; docs/running.md describes the fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from sfc.ir.record import digest
from sfc.report.learning import summary
from sfc.sim.activity import Activity
from sfc.sim.simulator import Simulator
from sfc.sim.tally import Tally
from sfc.sim.training import Evaluation, Score, Training
from sfc.sim.watch import Cell, Firing, Violation, Watch

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
        "engine_reason": simulator.engine_reason,
        "fallbacks": _fallbacks(simulator),
        "seed": simulator.seed,
        "steps": simulator.step,
        "frames": simulator.frame,
        "seconds": round(seconds, 3),
    }


def _fallbacks(simulator: Simulator) -> dict[str, Any] | None:
    found = simulator.fallbacks
    if found is None:
        return None
    surprises = dict(found.surprises)
    return {"frames": found.frames, "fell_back": found.fell_back, "surprises": surprises}


def training_data(training: Training, last: Evaluation | None) -> dict[str, Any]:
    """Returns the outcome of training.

    Args:
        training: finished or interrupted.
        last: the last evaluation on the test set, for its confusion matrices.
    """
    epochs = []
    for number, score in enumerate(training.epochs, start=1):
        epoch: dict[str, Any] = {"epoch": number, "samples": score.samples}
        epoch["training_accuracy_by_spikes"] = score.accuracy_by_spikes
        epoch["training_accuracy_by_membrane"] = score.accuracy_by_membrane
        if number in training.tests:
            epoch["test"] = _accuracies(training.tests[number])
        epochs.append(epoch)
    data: dict[str, Any] = {
        "data": training.dataset.name,
        "levels": list(training.dataset.levels),
        "limit": training.limit,
        "order_seed": training.seed,
        "next": {"epoch": training.epoch, "sample": training.sample},
        "epochs": epochs,
    }
    if (reached := summary(training.tests)) is not None:
        data["summary"] = reached.data()
    if training.tally.steps:
        data |= _tally_data("training", training.tally)
    elif last is not None and last.tally.steps:
        data |= _tally_data("test", last.tally)
    if last is not None:
        data["test"] = _accuracies(last.score) | {
            "confusion_by_spikes": last.confusion_by_spikes.tolist(),
            "confusion_by_membrane": last.confusion_by_membrane.tolist(),
        }
    return data


def _accuracies(score: Score) -> dict[str, Any]:
    return {
        "samples": score.samples,
        "accuracy_by_spikes": score.accuracy_by_spikes,
        "accuracy_by_membrane": score.accuracy_by_membrane,
    }


def _tally_data(what: str, tally: Tally) -> dict[str, Any]:
    return {
        "counted": {"what": what, "frames": tally.frames, "steps": tally.steps},
        "spike_counts": {name: counts.tolist() for name, counts in tally.spikes.items()},
        "presented": dict(tally.presented),
    }


def activity_data(activity: Activity) -> dict[str, Any]:
    """Returns spike counts, the first probed spikes and membranes, and what left its 24 bits."""
    return _tally_data("run", activity.tally) | {
        "events": [
            {
                "step": event.step,
                "phase": list(event.phase) if event.phase else None,
                "population": event.population,
                "neurons": list(event.neurons),
            }
            for event in activity.events
        ],
        "membranes": {name: v.tolist() for name, v in activity.first.membrane.items()},
        "overflows": [
            {
                "quantity": overflow.quantity,
                "count": overflow.count,
                "population": overflow.population,
                "neuron": overflow.neuron,
                "step": overflow.step,
            }
            for overflow in activity.overflows.values()
        ],
    }


def check_data(watch: Watch) -> dict[str, Any]:
    """Returns which cells were watched, over how many samples, and what happened."""
    return {
        "samples": watch.samples,
        "watched": [_cell(cell) for cell in watch.cells],
        "violations": [_violation(violation) for violation in watch.violations],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    population, chain, phase = cell
    return {"population": population, "phase": [chain, phase] if chain else None}


def _violation(violation: Violation) -> dict[str, Any]:
    extent = violation.extent
    first: dict[str, Any] = {"sample": extent.first}
    if isinstance(violation, Firing):
        first["neurons"] = list(violation.neurons)
        return _cell(violation.cell) | {
            "samples": extent.samples,
            "spikes": violation.spikes,
            "first": first,
        }
    source = violation.input
    first["on"] = violation.on
    return {
        "input": source.name,
        "at_least": source.at_least,
        "at_most": source.at_most,
        "samples": extent.samples,
        "first": first,
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
