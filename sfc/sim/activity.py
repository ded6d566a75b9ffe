"""Runs that are watched for their activity rather than scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sim.clock import Phase
from sfc.sim.result import Result
from sfc.sim.simulator import Simulator
from sfc.sim.stretch import Overflow
from sfc.sim.tally import Tally
from sfc.sim.watch import Watch

_CHUNK = {"frames": 50, "steps": 1000}
"""How long to run between two looks at the progress."""

_EVENTS = 1000
"""Events kept of a run."""


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
        first: the run's first part, with everything that was recorded in it.
        done: frames or steps so far.
        tally: of all spikes.
        events: the first spikes of probed populations.
        overflows: by quantity, where a current or membrane first left its 24 bits.
    """

    first: Result
    done: int = 0
    tally: Tally = field(default_factory=Tally)
    events: list[Event] = field(default_factory=list)
    overflows: dict[str, Overflow] = field(default_factory=dict)

    def add(self, result: Result, length: int, probed: set[str]) -> None:
        """Adds a part of the run; events are taken of the populations in `probed`."""
        start = self.tally.steps
        for overflow in result.overflows:
            known = self.overflows.get(overflow.quantity)
            here = replace(overflow, step=overflow.step + start)
            total = overflow.count + (known.count if known else 0)
            self.overflows[overflow.quantity] = replace(known or here, count=total)
        if len(self.events) < _EVENTS:
            self.events += _events(result, start, probed)[: _EVENTS - len(self.events)]
        self.done += length
        self.tally.add(result)


def run_activity(
    simulator: Simulator,
    unit: str,
    length: int,
    inputs: Mapping[str, NDArray[Any]],
    learn: bool = True,
    probes: Sequence[str] = (),
    first_probes: Sequence[str] = (),
    watch: Watch | None = None,
) -> Iterator[Activity]:
    """Runs and counts every population's spikes.

    Args:
        simulator: goes on from where it stands.
        unit: "frames" or "steps".
        length: how many.
        inputs: rows that take turns, a row a frame or a row a step; row 0 is for the first frame
            or step of the simulator's life.
        learn: whether plastic weights change.
        probes: recorded beside the circuit's own probes.
        first_probes: recorded in the first part of the run alone, for pictures.
        watch: sees the whole run.

    Yields:
        The activity after every part of the run; it grows in place.
    """
    schedule = simulator.circuit.schedule
    probed = {probe.population for probe in schedule.probes if probe.quantity == "spikes"}
    relays = {chain.name: chain.relays for chain in schedule.chains}
    known = {*simulator.circuit.populations, *simulator.circuit.inputs}
    probed |= {n for name in probes for n in relays.get(name, (name,)) if n in known}
    start = simulator.frame if unit == "frames" else simulator.step
    activity = None
    done = 0
    while done < length:
        part = min(_CHUNK[unit], length - done)
        turns = np.arange(start + done, start + done + part)
        result = simulator.run(
            {name: rows[turns % len(rows)] for name, rows in inputs.items()},
            frames=part if unit == "frames" else None,
            steps=part if unit == "steps" else None,
            learn=learn,
            probes=probes if activity else [*probes, *first_probes],
            counts=True,
            watch=watch,
        )
        activity = activity or Activity(result)
        activity.add(result, part, probed)
        done += part
        yield activity


def _events(result: Result, start: int, probed: set[str]) -> list[Event]:
    steps: dict[tuple[int, str], list[int]] = {}
    for name in (name for name in result.events if name in probed):
        for step, neuron in result.events[name]:
            steps.setdefault((int(step), name), []).append(int(neuron))
    return [
        Event(start + step, result.phase_of_step[step], name, tuple(neurons))
        for (step, name), neurons in sorted(steps.items(), key=lambda item: item[0][0])
    ]
