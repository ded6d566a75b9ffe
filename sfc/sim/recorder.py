"""Collects what a run is asked for while an engine steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit, Probe
from sfc.ir.integers import UNIT
from sfc.sim.clock import Clock, Moment


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


class Recorder:
    """Keeps spikes, membranes and counts of one run.

    Attributes:
        steps: how many were recorded.
        phases: (chain number, phase) of each step, -1 where it is in none.
        frame_starts: steps, counted from the start of the run.
        events: by population, lists of step numbers and neuron arrays.
        membranes: by probe or readout, an array for each step asked for, in weight units.
        counts: by step in the frame, spikes of each population.
    """

    def __init__(self, circuit: Circuit, probes: Iterable[str], counts: bool) -> None:
        """Prepares for the circuit's own probes and further ones, ``h`` or ``h.v``."""
        self.circuit = circuit
        self.names = list(circuit.populations)
        wanted = [*circuit.schedule.probes, *(p for text in probes for p in _probes(circuit, text))]
        self.probes = list(dict.fromkeys(replace(probe, span=None) for probe in wanted))
        ends = np.cumsum([0, *(p.size for p in circuit.populations.values())])
        self.place = {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(self.names)}
        self.chain_numbers = {chain.name: i for i, chain in enumerate(circuit.schedule.chains)}
        self.steps = 0
        self.phases: list[tuple[int, int]] = []
        self.frame_starts: list[int] = []
        self.events: dict[str, list[tuple[int, NDArray[np.intp]]]] = {
            probe.population: [] for probe in self.probes if probe.quantity == "spikes"
        }
        self.membranes: dict[Probe, list[NDArray[np.float64]]] = {
            probe: [] for probe in self.probes if probe.quantity == "membrane"
        }
        self.readouts: list[tuple[list[NDArray[np.bool_]], list[NDArray[np.float64]]]] = [
            ([], []) for _ in circuit.schedule.readouts
        ]
        self.counts: list[dict[str, int]] | None = [] if counts else None
        self.overflows: dict[str, Overflow] = {}

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
        for probe in self.probes:
            if probe.phases and not any((probe.chain, k) in moment.phases for k in probe.phases):
                continue
            name = probe.population
            if probe.quantity == "membrane":
                self.membranes[probe].append(membrane[self.place[name]] / UNIT)
            elif name in active and not self._has(name):
                self.events[name].append((self.steps, active[name]))
            elif name in sent:
                self.events[name].append((self.steps, sent[name]))
        for readout, (fired, values) in zip(
            self.circuit.schedule.readouts, self.readouts, strict=True
        ):
            if (readout.chain, readout.phase) in moment.phases:
                place = self.place[readout.population]
                fired.append(spikes[place].copy())
                values.append(membrane[place] / UNIT)
        if self.counts is not None:
            self._count(clock.step - clock.frame_start, active)
        self.steps += 1

    def _has(self, name: str) -> bool:
        """Tells whether this step's spikes of a population are already there."""
        events = self.events[name]
        return bool(events) and events[-1][0] == self.steps

    def _main_phase(self, moment: Moment) -> tuple[int, int]:
        main = self.circuit.schedule.clock
        if not moment.phases or main is None:
            return -1, -1
        chain, index = next((p for p in moment.phases if p[0] == main.name), moment.phases[0])
        return self.chain_numbers[chain], index

    def _count(self, offset: int, active: dict[str, NDArray[np.intp]]) -> None:
        assert self.counts is not None
        while len(self.counts) <= offset:
            self.counts.append({})
        row = self.counts[offset]
        for name, neurons in active.items():
            row[name] = row.get(name, 0) + len(neurons)


def _probes(circuit: Circuit, text: str) -> list[Probe]:
    name, quantity = (text[:-2], "membrane") if text.endswith(".v") else (text, "spikes")
    relays = next((c.relays for c in circuit.schedule.chains if c.name == name), None)
    names = relays or (name,)
    known = [*circuit.populations, *(c.name for c in circuit.schedule.chains), *circuit.inputs]
    if name not in known or (name in circuit.inputs and quantity == "membrane"):
        help = nearest(name, known) or f"its populations are {', '.join(circuit.populations)}"
        fail("E0201", f"the circuit has no population `{name}` to probe", help=help)
    return [Probe(name, quantity) for name in names]  # type: ignore[arg-type]
