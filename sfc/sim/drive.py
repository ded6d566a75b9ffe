"""What drove a neuron in one step: everything that arrived, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Input, Population
from sfc.ir.integers import STATE_LIMIT, UNIT
from sfc.sim.clock import Moment
from sfc.sim.recorder import Recorder
from sfc.sim.reference import Outgoing, ReferenceEngine, decay
from sfc.sim.script import Script
from sfc.sim.stimulus import Stimulus

_NAMED = 4
"""Neurons that are named of those whose spikes a projection brought."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What spikes over one projection bring to a neuron in a step.

    Attributes:
        amount: in weight units.
        sources: names of the neurons that spiked.
    """

    projection: str
    amount: float
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drive:
    """A neuron's step, in weight units.

    Attributes:
        neuron: its name, for instance ``net.h[3]``.
        step: since the beginning of the test.
        arrivals: in the order of the circuit's projections.
        current_before, membrane_before: what is left of them in this step.
        current: its sum with what arrived, wrapped to 24 bits.
        membrane: before a reset; clipped to 24 bits, and 0 in a refractory neuron.
        resting: steps for which the neuron is still refractory, this one included.
    """

    neuron: str
    step: int
    arrivals: tuple[Arrival, ...]
    current_before: float
    current: float
    bias: int
    membrane_before: float
    membrane: float
    threshold: int
    resting: int

    def lines(self) -> list[str]:
        """Returns a few lines of text: a sum, term by term."""
        rows = [(f"{arrival.amount:+.12g}", _arrival_text(arrival)) for arrival in self.arrivals]
        arrived = sum(arrival.amount for arrival in self.arrivals)
        if self.current_before:
            rows.append((f"{self.current_before:+.12g}", "left of the current before"))
        wrapped = arrived + self.current_before != self.current
        rows.append((f"{self.current:.12g}", "current" + ", wrapped to 24 bits" * wrapped))
        if self.bias:
            rows.append((f"{self.bias:+d}", "bias"))
        if self.membrane_before:
            rows.append((f"{self.membrane_before:+.12g}", "left of the membrane before"))
        rows.append((f"{self.membrane:.12g}", self._outcome()))
        width = max(len(number) for number, _ in rows)
        head = f"drive of `{self.neuron}` in step {self.step}:"
        nothing = [] if self.arrivals else ["  nothing arrives"]
        return [head, *nothing, *(f"  {number:>{width}}  {text}" for number, text in rows)]

    def _outcome(self) -> str:
        if self.resting:
            rest = f" and the next {self.resting - 1}" if self.resting > 1 else ""
            return f"membrane, held at 0: refractory in this step{rest}"
        clipped = self.current + self.bias + self.membrane_before != self.membrane
        relation = "above" if self.membrane > self.threshold else "not above"
        how = ", clipped to 24 bits" if clipped else ""
        return f"membrane{how}, {relation} the threshold {self.threshold}"


def _arrival_text(arrival: Arrival) -> str:
    if arrival.sources == (arrival.projection.partition(" -> ")[0],):
        return arrival.projection
    count = len(arrival.sources)
    named = ", ".join(arrival.sources[:_NAMED]) + (", …" if count > _NAMED else "")
    return f"{arrival.projection} ({count} spike{'' if count == 1 else 's'}: {named})"


def neuron_name(node: Population | Input, number: int) -> str:
    """Returns how a neuron or generator is called: ``h[2, 3]``, or ``h`` where there is one."""
    if node.size == 1:
        return node.name
    place = np.unravel_index(number, node.shape)
    return f"{node.name}[{', '.join(str(int(index)) for index in place)}]"


def drive_of(script: Script, population: str, number: int, part: int, step: int) -> Drive:
    """Plays a test again, and returns what drove one neuron in one step.

    Args:
        script: of the test.
        population: whose neuron it is.
        number: of the neuron in its population.
        part: the frame of the step, or the step itself in a circuit without chains.
        step: counted from the beginning of the test.
    """
    engine = _WatchingEngine(script.circuit, script.first_weights(), population, number, step)
    script.play(engine, Recorder(script.circuit, (), False), part + 1)
    return engine.drive()


@dataclass(slots=True)
class _State:
    """Of the neuron: current and membrane in state units, and how long it is silent."""

    current: int
    membrane: int
    resting: int


@dataclass(slots=True)
class _Brought:
    """Of one projection: the amount in state units, and the neurons that spiked."""

    amount: int = 0
    sources: list[str] = field(default_factory=list)


class _WatchingEngine(ReferenceEngine):
    """Notes what arrives at one neuron in one step."""

    def __init__(
        self,
        circuit: Circuit,
        weights: dict[str, NDArray[np.int16]],
        population: str,
        number: int,
        step: int,
    ) -> None:
        """Stands before step 0."""
        super().__init__(circuit, weights)
        self.population = circuit.populations[population]
        self.number = number
        self.neuron = self.place[population].start + number
        self.step_watched = step
        self.brought: dict[str, _Brought] = {}
        self.before = self.after = _State(0, 0, 0)

    def step(self, moment: Moment, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Goes through one step."""
        watched = self.clock.step == self.step_watched
        if watched:
            self.before = self._state()
        super().step(moment, stimulus, recorder, learn)
        if watched:
            self.after = self._state()

    def _state(self) -> _State:
        vectors = (self.u, self.v, self.resting)
        return _State(*(int(vector[self.neuron]) for vector in vectors))

    def _add(self, outgoing: Outgoing, rows: NDArray[np.intp], step: int) -> None:
        if step != self.step_watched:
            super()._add(outgoing, rows, step)
            return
        slot = self.arriving[step % len(self.arriving)]
        for place in range(len(rows)):
            row = rows[place : place + 1]
            before = int(slot[self.neuron])
            super()._add(outgoing, row, step)
            amount = int(slot[self.neuron]) - before
            if amount or (outgoing.weights is not None and self._is_target(outgoing)):
                brought = self.brought.setdefault(outgoing.name, _Brought())
                brought.amount += amount
                brought.sources.append(self._source(outgoing, int(row[0])))

    def _is_target(self, outgoing: Outgoing) -> bool:
        numbers = np.arange(len(self.u))[outgoing.target]
        return bool((numbers == self.neuron).any())

    def _source(self, outgoing: Outgoing, row: int) -> str:
        source, _ = self.circuit.ends(self.circuit.projections[outgoing.name])
        number = row if outgoing.rows is None else int(np.flatnonzero(outgoing.rows == row)[0])
        return neuron_name(source, number)

    def drive(self) -> Drive:
        """Returns what was noted, once the step is over."""
        neuron, before = self.population.neuron, self.before
        decayed = decay(
            np.array([before.current, before.membrane]), np.array([neuron.decay_u, neuron.decay_v])
        )
        current_before, membrane_before = (int(value) for value in decayed)
        potential = self.after.current + UNIT * neuron.bias + membrane_before
        membrane = 0 if before.resting else max(-STATE_LIMIT, min(STATE_LIMIT, potential))
        return Drive(
            neuron_name(self.population, self.number),
            self.step_watched,
            tuple(
                Arrival(name, self.brought[name].amount / UNIT, tuple(self.brought[name].sources))
                for name in self.circuit.projections
                if name in self.brought
            ),
            current_before / UNIT,
            self.after.current / UNIT,
            neuron.bias,
            membrane_before / UNIT,
            membrane / UNIT,
            neuron.threshold,
            before.resting,
        )
