"""Compares what a circuit does with what a test expects, one part of the run after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit, Input, Population
from sfc.ir.synapses import cells
from sfc.ir.testbench import ANY_PHASE, Expectation
from sfc.sim.clock import Phase, is_kicked
from sfc.sim.result import Result
from sfc.sim.script import Script
from sfc.sim.weights import Weights


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An expectation that was not met, where it first was not.

    Attributes:
        step: in the part; the last one for weights, and the number of steps for a phase that does
            not come.
        numbers: of the neurons in their population, or of the weights in their matrix row by row;
            empty for a phase that does not come.
        expected, found: (numbers,).
    """

    expectation: Expectation
    step: int
    numbers: NDArray[np.intp]
    expected: NDArray[np.float64]
    found: NDArray[Any]

    @property
    def differing(self) -> NDArray[np.intp]:
        """Places in `numbers` of those that differ."""
        return np.flatnonzero(self.expected != self.found)


@dataclass(slots=True)
class Window:
    """What was recorded of a part of a run.

    Attributes:
        part: the frame, or the steps of a circuit without chains.
        start: its first step, counted from the beginning of the test.
        phases: the steps of the part that each phase is, for the chains that matter.
        sent_ahead: what inputs send in the last step, to arrive in the next frame.
    """

    circuit: Circuit
    part: range
    start: int
    result: Result
    phases: dict[Phase, list[int]]
    sent_ahead: dict[str, NDArray[np.bool_]]
    _arrays: dict[tuple[str, str], NDArray[Any]] = field(default_factory=dict)

    def values(self, quantity: str, name: str) -> NDArray[Any]:
        """Returns the spikes or membranes of a population, (steps, n)."""
        key = (quantity, name)
        if key not in self._arrays:
            view = self.result.spikes if quantity == "spikes" else self.result.membrane
            array = view[name].reshape(self.result.steps, self.circuit.size(name))
            if name in self.sent_ahead:
                array[-1] |= self.sent_ahead[name]
            self._arrays[key] = array
        return self._arrays[key]

    def steps(self, expectation: Expectation) -> list[int]:
        """Returns the steps of the part that an expectation is about."""
        if expectation.phase == ANY_PHASE:
            return list(range(self.result.steps))
        if expectation.chain:
            return self.phases.get((expectation.chain, expectation.phase), [])
        return [expectation.phase - self.start] if expectation.phase in self.part else []

    def compare(self, expectation: Expectation) -> Mismatch | None:
        """Returns where spikes or membranes first differ from what is expected of them."""
        node = node_of(self.circuit, expectation.subject)
        numbers = cells(node.shape, expectation.part or whole(node.shape))
        expected = _expected(expectation, len(numbers))
        steps = self.steps(expectation)
        if not steps and expectation.chain:
            return Mismatch(expectation, self.result.steps, numbers[:0], expected[:0], expected[:0])
        found = self.values(expectation.quantity, node.name)[steps][:, numbers]
        wrong = np.flatnonzero((found != expected).any(axis=1))
        if not len(wrong):
            return None
        first = int(wrong[0])
        return Mismatch(expectation, steps[first], numbers, expected, found[first])


class Observer:
    """Follows a test while it runs.

    Attributes:
        probes: what has to be recorded.
    """

    def __init__(self, script: Script) -> None:
        """Stands before the first part."""
        self.script = script
        self.circuit = script.circuit
        self.start = 0
        self._expectations: dict[int, list[Expectation]] = defaultdict(list)
        for expectation in script.test.expectations:
            self._expectations[expectation.frame].append(expectation)
        self._chains = self._chains_that_matter()
        self._spiked: set[Phase] = set()
        watched = [e for e in script.test.expectations if e.quantity != "weights"]
        endings = {"spikes": "", "membrane": ".v"}
        probes = [f"{e.subject}{endings[e.quantity]}" for e in watched]
        self.probes = tuple(dict.fromkeys([*probes, *self._chains]))

    def _chains_that_matter(self) -> tuple[str, ...]:
        named = {e.chain for e in self.script.test.expectations}
        expected = {e.subject for e in self.script.test.expectations}
        early = [p for p in self.circuit.schedule.presents if p.phase == 0]
        named |= {present.chain for present in early if present.input in expected}
        return tuple(c.name for c in self.circuit.schedule.chains if c.name in named)

    def take(self, part: range, result: Result) -> Window:
        """Takes in a part of the run."""
        phases: dict[Phase, list[int]] = defaultdict(list)
        for phase in self._first_phases(part.start):
            phases[phase].append(0)
        self._spiked = set()
        for chain in self._chains:
            for step, relay in result.events[chain].tolist():
                if step + 1 < result.steps:
                    phases[chain, relay].append(step + 1)
                else:
                    self._spiked.add((chain, relay))
        window = Window(
            self.circuit, part, self.start, result, dict(phases), self._sent_ahead(part.stop)
        )
        self.start += result.steps
        return window

    def _first_phases(self, frame: int) -> set[Phase]:
        """Returns the phases that the first step of a frame is."""
        chains = [self.circuit.schedule.chain(name) for name in self._chains]
        kicked = {(chain.name, 0) for chain in chains if is_kicked(chain, frame == 0)}
        return self._spiked | kicked

    def _sent_ahead(self, frame: int) -> dict[str, NDArray[np.bool_]]:
        """Returns what inputs send in the step before a frame, (size,): it arrives in phase 0."""
        if not self.script.by_frames or frame >= self.script.test.length:
            return {}
        rows = self.script.inputs(range(frame, frame + 1))
        return {
            present.input: rows[present.input][0]
            for present in self.circuit.schedule.presents
            if present.input in rows and (present.chain, present.phase) in self._first_phases(frame)
        }

    def _of(self, window: Window) -> list[Expectation]:
        """Returns the expectations of a part, those that name a step elsewhere left out."""
        if self.script.by_frames:
            return self._expectations.get(window.part.start, [])
        last = window.part.stop >= self.script.test.length
        return [
            expectation
            for expectation in self._expectations.get(0, ())
            if expectation.phase in window.part
            or (expectation.phase == ANY_PHASE and (last or expectation.quantity != "weights"))
        ]

    def mismatch(self, window: Window) -> Mismatch | None:
        """Returns the first expectation of spikes or membranes in a part that was not met."""
        found = (window.compare(e) for e in self._of(window) if e.quantity != "weights")
        return min((m for m in found if m is not None), key=lambda m: m.step, default=None)

    def weights(self, window: Window) -> Iterator[Expectation]:
        """Yields the expectations of weights at the end of a part."""
        yield from (e for e in self._of(window) if e.quantity == "weights")


def compare_weights(expectation: Expectation, window: Window, weights: Weights) -> Mismatch | None:
    """Returns how weights differ from what is expected of them at the end of a part.

    Raises:
        SfcError: E0705, the projections of a matrix disagree.
    """
    array = weights[expectation.subject]
    numbers = cells(array.shape, expectation.part or whole(array.shape))
    expected = _expected(expectation, len(numbers))
    found = array.ravel()[numbers]
    if (found == expected).all():
        return None
    return Mismatch(expectation, window.result.steps - 1, numbers, expected, found)


def _expected(expectation: Expectation, size: int) -> NDArray[np.float64]:
    """Returns the expected value of each neuron or weight."""
    return np.broadcast_to(np.array(expectation.values, np.float64), (size,))


def whole(shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Returns the part of a population that is all of it."""
    return tuple((0, extent - 1) for extent in shape)


def node_of(circuit: Circuit, name: str) -> Population | Input:
    """Returns the population or input of a name."""
    return circuit.populations.get(name) or circuit.inputs[name]
