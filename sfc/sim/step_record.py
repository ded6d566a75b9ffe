"""A single step, recorded as a stretch: how an engine that goes step by step hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.clock import Clock, Moment
from sfc.sim.places import places
from sfc.sim.recorder import Recorder
from sfc.sim.stretch import Overflow, Rows, Stretch, Tap, events

_NOTHING = np.zeros((0, 2), np.int64)

Neurons = dict[str, NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in a step.

    Attributes:
        membrane: of all neurons, before reset, in state units.
        active: the neurons that spiked, of populations with spikes.
        sent, sent_before: the generators that spiked in this step and in the one before, to arrive
            in this one; of inputs with spikes.
        overflows: see `overflows_of`.
    """

    moment: Moment
    membrane: NDArray[Any]
    active: Neurons
    sent: Neurons
    sent_before: Neurons
    overflows: tuple[Overflow, ...]


class StepRecord:
    """Makes stretches of single steps of a circuit."""

    def __init__(self, circuit: Circuit) -> None:
        """Numbers populations and chains."""
        self.place = places(circuit)
        self.numbers = {name: number for number, name in enumerate(circuit.populations)}
        self.chains = {chain.name: i for i, chain in enumerate(circuit.schedule.chains)}

    def hand_over(self, recorder: Recorder, clock: Clock, step: Step) -> None:
        """Hands a step over to a recorder; the clock has not yet moved on."""
        has_begun = recorder.frames > 0 or step.moment.starts_frame
        spikes, membranes = {}, {}
        for tap in recorder.taps:
            if not _is_due(tap, step.moment, has_begun):
                continue
            if tap.quantity == "spikes":
                spikes[tap] = _spikes(tap.name, step)
            else:
                values = step.membrane[self.place[tap.name]][None].astype(np.int32)
                membranes[tap] = Rows(np.zeros(1, np.int64), values)
        offset = 0 if clock.main is None else clock.step - clock.frame_start
        counts = None
        if recorder.counts is not None:
            rows = [(offset, self.numbers[name], len(n)) for name, n in step.active.items()]
            counts = np.array(rows, np.int64).reshape(-1, 3)
        recorder.extend(
            Stretch(
                1,
                np.array([self._main_phase(clock, step.moment)], np.int64),
                np.zeros(int(step.moment.starts_frame), np.int64),
                spikes,
                membranes,
                step.overflows,
                counts,
                offset + 1,
            )
        )

    def overflows_of(self, quantity: str, before: Any, after: Any) -> tuple[Overflow, ...]:
        """Returns where a quantity, (neurons,), left its 24 bits: none or one."""
        neurons = np.flatnonzero(before != after)
        if not len(neurons):
            return ()
        first = int(neurons[0])
        name = next(name for name, place in self.place.items() if first < place.stop)
        return (Overflow(quantity, len(neurons), name, first - self.place[name].start, 0),)

    def _main_phase(self, clock: Clock, moment: Moment) -> tuple[int, int]:
        if not moment.phases or clock.main is None:
            return -1, -1
        main = clock.main.name
        chain, index = next((p for p in moment.phases if p[0] == main), moment.phases[0])
        return self.chains[chain], index


def _is_due(tap: Tap, moment: Moment, has_begun: bool) -> bool:
    if tap.phases is None:
        return True
    return (has_begun or not tap.waits) and not tap.phases.isdisjoint(moment.phases)


def _spikes(name: str, step: Step) -> NDArray[np.int64]:
    parts = [
        events(number, neurons[name])
        for number, neurons in ((-1, step.sent_before), (0, step.active), (0, step.sent))
        if name in neurons
    ]
    return np.concatenate(parts) if parts else _NOTHING
