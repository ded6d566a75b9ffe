"""Watching a run: cells that fire, and samples that break the bounds of an input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit, Input
from sfc.sim.clock import Phase
from sfc.sim.drive import neuron_name
from sfc.sim.stretch import Stretch, Tap

Cell = tuple[str, str, int]
"""(population, chain, phase); chain "" and phase -1 stand for every step."""

_EVERY_STEP: Phase = ("", -1)

_KEPT = 10
"""Neurons kept of those that fired first."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How often something happened. Without chains, a sample is a step.

    Attributes:
        samples: in how many it happened.
        watched: samples that were seen.
        first: where it happened first, counted from the beginning of the watch; -1 for the rest of
            a frame that had begun before.
        unit: "sample" or "step".
    """

    samples: int
    watched: int
    first: int
    unit: str

    @property
    def place(self) -> str:
        """Where it happened first, for a message."""
        return f"in {self.unit} {self.first}" if self.first >= 0 else "before sample 0"

    def __str__(self) -> str:
        plural = "" if self.watched == 1 else "s"
        return f"{self.samples:,} of {self.watched:,} {self.unit}{plural}"


@dataclass(frozen=True, slots=True)
class Firing:
    """A cell that fired.

    Attributes:
        spikes: how many in all.
        neurons: numbers of those that fired first, at most ten.
        name: what the first of them is called.
    """

    cell: Cell
    extent: Extent
    spikes: int
    neurons: tuple[int, ...]
    name: str

    def __str__(self) -> str:
        population, chain, phase = self.cell
        where = f" in phase {chain}[{phase}]" if chain else ""
        spikes = f"{self.spikes:,} spike{'' if self.spikes == 1 else 's'}"
        first = f"first {self.name} {self.extent.place}"
        return f"{population} fired{where} in {self.extent}, {spikes}; {first}"


@dataclass(frozen=True, slots=True)
class BrokenBounds:
    """Samples with fewer or more generators on than an input declares.

    Attributes:
        on: generators that were on in the first of them.
    """

    input: Input
    extent: Extent
    on: int

    def __str__(self) -> str:
        least, most = self.input.at_least, self.input.at_most
        bounds = [f"at least {least}"] if least else []
        bounds += [f"at most {most}"] if most is not None else []
        broken = f"{self.input.name} broke its bounds, {' and '.join(bounds)}"
        return f"{broken}, in {self.extent}; first {self.extent.place}, with {self.on} on"


Violation = Firing | BrokenBounds


class Watch:
    """Notes what happens in a run, or in several one after the other.

        watch = Watch(circuit, [("h", "g", 8)])
        simulator.run(inputs, watch=watch)
        for violation in watch.violations:
            print(violation)

    Attributes:
        circuit: whose runs are watched.
        cells: whose spikes are noted; the bounds of all inputs are watched in any case.
        taps: by cell, what engines have to take down.
        samples: frames that began, or steps of a circuit without chains.
    """

    def __init__(self, circuit: Circuit, cells: Iterable[Cell]) -> None:
        """Stands before the first sample.

        Raises:
            SfcError: E0201 or E0501, the circuit has no such population, chain or phase.
        """
        self.circuit = circuit
        self.cells = tuple(dict.fromkeys(cells))
        self.samples = 0
        self.taps: dict[Cell, Tap] = {}
        for population, chain, index in self.cells:
            phase = (chain, index)
            _check(circuit, population, phase)
            phases = None if phase == _EVERY_STEP else frozenset({phase})
            self.taps[population, chain, index] = Tap(population, "spikes", phases)
        self._cells = {cell: _Tally() for cell in self.cells}
        self._inputs = {
            source.name: _Tally()
            for source in circuit.inputs.values()
            if source.at_least or source.at_most is not None
        }
        self._on: dict[str, NDArray[np.intp]] = {}
        self._row = 0

    def begin(self, circuit: Circuit, rows: Mapping[str, NDArray[np.bool_]]) -> None:
        """Begins a run in which the inputs get these rows, each (samples, generators).

        Raises:
            SfcError: E0708, it is another circuit that runs.
        """
        if circuit != self.circuit:
            fail("E0708", f"a watch of `{self.circuit.name}` cannot see the run of another circuit")
        self._row = 0
        self._on = {
            name: np.count_nonzero(row, axis=1)
            for name, row in rows.items()
            if name in self._inputs
        }

    def extend(self, stretch: Stretch) -> None:
        """Takes in the steps that follow those seen so far."""
        every_step = not self.circuit.schedule.chains
        starts = np.arange(stretch.steps) if every_step else stretch.frame_starts
        for cell, tap in self.taps.items():
            pairs = stretch.spikes.get(tap)
            if pairs is not None and len(pairs):
                samples = self.samples - 1 + np.searchsorted(starts, pairs[:, 0], side="right")
                self._cells[cell].add(samples, pairs[:, 0], pairs[:, 1])
        for name, tally in self._inputs.items():
            source = self.circuit.inputs[name]
            shown = self._on.get(name, np.zeros(0, np.intp))[self._row : self._row + len(starts)]
            on = np.concatenate([shown, np.zeros(len(starts) - len(shown), np.intp)])
            most = source.size if source.at_most is None else source.at_most
            broken = np.flatnonzero((on < source.at_least) | (on > most))
            if len(broken):
                tally.add(self.samples + broken, broken, on[broken])
        self.samples += len(starts)
        self._row += len(starts)

    @property
    def unit(self) -> str:
        """What `samples` counts: "sample", or "step" in a circuit without chains."""
        return "sample" if self.circuit.schedule.chains else "step"

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What happened so far: cells in their order, then inputs."""
        found: list[Violation] = []
        for population, chain, phase in self.cells:
            tally = self._cells[population, chain, phase]
            if tally.samples:
                name = neuron_name(self.circuit.populations[population], tally.values[0])
                extent = self._extent(tally)
                cell = (population, chain, phase)
                found.append(Firing(cell, extent, tally.count, tally.values, name))
        for name, tally in self._inputs.items():
            if tally.samples:
                source = self.circuit.inputs[name]
                found.append(BrokenBounds(source, self._extent(tally), tally.values[0]))
        return tuple(found)

    def _extent(self, tally: _Tally) -> Extent:
        return Extent(tally.samples, self.samples, tally.first, self.unit)


class _Tally:
    """How often something happened.

    Attributes:
        count: of values.
        samples: in how many it happened.
        first, last: samples; -1 is the rest of a frame that had begun before.
        values: of the first time.
    """

    def __init__(self) -> None:
        self.count = self.samples = 0
        self.first = self.last = -1
        self.values: tuple[int, ...] = ()

    def add(self, samples: NDArray[Any], steps: NDArray[Any], values: NDArray[Any]) -> None:
        """Adds what happened, which is something: all are (k,), in order of steps."""
        if not self.samples:
            self.first = int(samples[0])
            at_first = values[steps == steps[0]]
            self.values = tuple(int(value) for value in at_first[:_KEPT])
        new = not self.samples or int(samples[0]) != self.last
        self.samples += int(new) + int(np.count_nonzero(np.diff(samples)))
        self.last = int(samples[-1])
        self.count += len(values)


def _check(circuit: Circuit, population: str, phase: Phase) -> None:
    if population not in circuit.populations:
        help = nearest(population, circuit.populations)
        fail("E0201", f"the circuit has no population `{population}` to watch", help=help)
    lengths = {chain.name: len(chain.relays) for chain in circuit.schedule.chains}
    chain, index = phase
    if phase == _EVERY_STEP or 0 <= index < lengths.get(chain, 0):
        return
    if chain not in lengths:
        help = nearest(chain, lengths)
        fail("E0201", f"the circuit has no chain `{chain}` to watch", help=help)
    fail("E0501", f"chain `{chain}` has phases 0 to {lengths[chain] - 1}, not {index}")
