"""Collects what a run is asked for while an engine steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.ir.integers import UNIT
from sfc.ir.schedule import Probe, Quantity
from sfc.sim.clock import Clock, Moment, Phase
from sfc.sim.places import places

if TYPE_CHECKING:
    from sfc.sim.watch import Watch


@dataclass(frozen=True, slots=True)
class Overflow:
    """The first time that a current wrapped or a membrane was clipped at 24 bits.

    Attributes:
        count: in how many (neuron, step) pairs it happened.
        population, neuron, step: where first; steps count from the start of the run.
    """

    quantity: str
    count: int
    population: str
    neuron: int
    step: int

    def __str__(self) -> str:
        what = "a current wrapped" if self.quantity == "u" else "a membrane was clipped"
        where = f"{self.population}, neuron {self.neuron}, step {self.step}"
        return f"{what} at 24 bits {self.count} times, first in {where}"


class Recorder:
    """Keeps spikes, membranes and counts of one run.

    Attributes:
        wanted: what to record of a (population, quantity): phases, from the run's first frame on,
            or None for every step.
        steps: how many were recorded.
        phases: (chain number, phase) of each step, -1 where it is in none.
        frame_starts: steps, counted from the start of the run.
        events: by population, lists of step numbers and neuron arrays.
        membranes: by population, an array for each step asked for, in weight units.
        readouts: spikes and membranes of each readout, from the run's first frame on.
        counts: by step in the frame, spikes of each population; None if they are not counted.
        watch: sees every step, too.
    """

    def __init__(
        self, circuit: Circuit, probes: Iterable[str], counts: bool, watch: Watch | None = None
    ) -> None:
        """Prepares for the circuit's own probes and further ones, ``h`` or ``h.v``."""
        probes = (probes,) if isinstance(probes, str) else probes
        self.circuit = circuit
        self.names = list(circuit.populations)
        self.wanted: dict[tuple[str, Quantity], frozenset[Phase] | None] = {}
        for probe in (
            *circuit.schedule.probes,
            *(p for text in probes for p in _probes(circuit, text)),
        ):
            self._want(probe)
        self.place = places(circuit)
        self.chain_numbers = {chain.name: i for i, chain in enumerate(circuit.schedule.chains)}
        self.clock = circuit.schedule.clock
        self.steps = 0
        self.phases: list[tuple[int, int]] = []
        self.frame_starts: list[int] = []
        self.events: dict[str, list[tuple[int, NDArray[np.intp]]]] = {
            name: [] for name, quantity in self.wanted if quantity == "spikes"
        }
        self.membranes: dict[str, list[NDArray[np.float64]]] = {
            name: [] for name, quantity in self.wanted if quantity == "membrane"
        }
        self.readouts: list[tuple[list[NDArray[np.bool_]], list[NDArray[np.float64]]]] = [
            ([], []) for _ in circuit.schedule.readouts
        ]
        self.counts: dict[int, dict[str, int]] | None = {} if counts else None
        self.watch = watch
        self.overflows: dict[str, Overflow] = {}

    def _want(self, probe: Probe) -> None:
        key = (probe.population, probe.quantity)
        before = self.wanted.get(key, frozenset())
        phases = frozenset((probe.chain, index) for index in probe.phases)
        self.wanted[key] = before | phases if before is not None and phases else None

    def note_overflow(self, current: Any, wrapped: Any, potential: Any, clipped: Any) -> None:
        """Remembers that currents wrapped or membranes were clipped; all are (neurons,)."""
        for quantity, before, after in (("u", current, wrapped), ("v", potential, clipped)):
            changed = before != after
            if not changed.any():
                continue
            neurons = np.flatnonzero(changed)
            name = next(n for n in self.names if neurons[0] < self.place[n].stop)
            neuron = int(neurons[0] - self.place[name].start)
            first = Overflow(quantity, 0, name, neuron, self.steps)
            known = self.overflows.get(quantity, first)
            self.overflows[quantity] = replace(known, count=known.count + len(neurons))

    def record_sent_before(self, sent: dict[str, NDArray[np.intp]]) -> None:
        """Takes in generators that spiked in the step before, if that belongs to the run."""
        for name, neurons in sent.items():
            if (name, "spikes") in self.wanted and self.steps > 0:
                step, known = (self.events[name] or [(-1, neurons)])[-1]
                if step == self.steps - 1:
                    neurons = np.setdiff1d(neurons, known)
                self.events[name].append((self.steps - 1, neurons))

    def record(
        self,
        clock: Clock,
        moment: Moment,
        spikes: NDArray[np.bool_],
        membrane: NDArray[Any],
        active: dict[str, NDArray[np.intp]],
        sent: dict[str, NDArray[np.intp]],
    ) -> None:
        """Takes in a step.

        Args:
            clock: not yet moved on.
            moment: of the step.
            spikes, membrane: of all neurons; the membrane before reset, in state units.
            active: the neurons that spiked, of populations with spikes.
            sent: the generators that spiked, of inputs with spikes.
        """
        if moment.starts_frame:
            self.frame_starts.append(self.steps)
        self.phases.append(self._main_phase(moment))
        for (name, quantity), phases in self.wanted.items():
            if phases is not None and not (self.frame_starts and phases & set(moment.phases)):
                continue
            if quantity == "membrane":
                self.membranes[name].append(membrane[self.place[name]] / UNIT)
            elif name in active or name in sent:
                self.events[name].append(
                    (self.steps, active[name] if name in active else sent[name])
                )
        if self.frame_starts:
            self._record_readouts(moment, spikes, membrane)
        if self.counts is not None:
            row = self.counts.setdefault(
                0 if self.clock is None else clock.step - clock.frame_start, {}
            )
            for name, neurons in active.items():
                row[name] = row.get(name, 0) + len(neurons)
        if self.watch is not None:
            self.watch.record(moment, active)
        self.steps += 1

    def _record_readouts(
        self, moment: Moment, spikes: NDArray[np.bool_], membrane: NDArray[Any]
    ) -> None:
        readouts = self.circuit.schedule.readouts
        for readout, (fired, values) in zip(readouts, self.readouts, strict=True):
            if (readout.chain, readout.phase) in moment.phases:
                place = self.place[readout.population]
                fired.append(spikes[place].copy())
                values.append(membrane[place] / UNIT)

    def _main_phase(self, moment: Moment) -> tuple[int, int]:
        if not moment.phases or self.clock is None:
            return -1, -1
        main = self.clock.name
        chain, index = next((p for p in moment.phases if p[0] == main), moment.phases[0])
        return self.chain_numbers[chain], index


def _probes(circuit: Circuit, text: str) -> list[Probe]:
    known = [*circuit.populations, *(c.name for c in circuit.schedule.chains), *circuit.inputs]
    name, quantity = text, "spikes"
    if text not in known and text.endswith(".v"):
        name, quantity = text[:-2], "membrane"
    relays = next((c.relays for c in circuit.schedule.chains if c.name == name), None)
    names = relays or (name,)
    if name not in known or (name in circuit.inputs and quantity == "membrane"):
        help = nearest(name, known) or f"its populations are {', '.join(circuit.populations)}"
        fail("E0201", f"the circuit has no population `{name}` to probe", help=help)
    return [Probe(name, quantity) for name in names]  # type: ignore[arg-type]
