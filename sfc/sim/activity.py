"""Runs that are watched for their activity rather than scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sim.clock import Phase
from sfc.sim.recorder import Overflow
from sfc.sim.result import Result
from sfc.sim.simulator import Simulator

_CHUNK = {"frames": 50, "steps": 1000}
"""How long to run between two looks at the progress."""

_EVENTS = 1000
"""Spikes kept of a population."""


@dataclass(frozen=True, slots=True)
class Event:
    """The neurons of a population that spiked in a step.

    Attributes:
        phase: of the step, None if it is in none.
    """

    step: int
    phase: Phase | None
    population: str
    neurons: tuple[int, ...]


@dataclass(slots=True)
class Activity:
    """Spikes counted over a run.

    Attributes:
        done: frames or steps so far.
        counts: by population, (phases,) or one number without chains.
        overflows: of currents and membranes, the first of each run part.
        events: the first spikes that the circuit's own probes recorded.
    """

    done: int = 0
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    overflows: list[Overflow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, result: Result, length: int) -> None:
        """Adds a part of the run."""
        if not self.done:
            self.events = _first_events(result)
        self.done += length
        self.overflows += result.overflows
        for name, counts in result.spike_counts.items():
            before = self.counts.get(name, np.zeros_like(counts))
            self.counts[name] = _sum(before, counts)


def run_activity(
    simulator: Simulator,
    unit: str,
    length: int,
    inputs: Mapping[str, NDArray[Any]] | None = None,
    learn: bool = True,
) -> Iterator[Activity]:
    """Runs and counts every population's spikes.

    Args:
        simulator: goes on from where it stands.
        unit: "frames" or "steps".
        length: how many.
        inputs: a row a frame, or a row a step.
        learn: whether plastic weights change.

    Yields:
        The activity after every part of the run; it grows in place.
    """
    activity = Activity()
    while activity.done < length:
        part = min(_CHUNK[unit], length - activity.done)
        rows = slice(activity.done, activity.done + part)
        if inputs:
            chosen = {name: array[rows] for name, array in inputs.items()}
            result = simulator.run(chosen, learn=learn, counts=True)
        elif unit == "frames":
            result = simulator.run(frames=part, learn=learn, counts=True)
        else:
            result = simulator.run(steps=part, learn=learn, counts=True)
        activity.add(result, part)
        yield activity


def _first_events(result: Result) -> list[Event]:
    steps: dict[tuple[int, str], list[int]] = {}
    for name, events in result.events.items():
        for step, neuron in events[:_EVENTS]:
            steps.setdefault((int(step), name), []).append(int(neuron))
    return [
        Event(step, result.phase_of_step[step], name, tuple(neurons))
        for (step, name), neurons in sorted(steps.items(), key=lambda item: item[0][0])
    ]


def _sum(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Adds counts by phase; the shorter ends in zeros."""
    if np.ndim(left) == 0:
        return left + right
    total = np.zeros(max(len(left), len(right)), np.int64)
    total[: len(left)] += left
    total[: len(right)] += right
    return total
