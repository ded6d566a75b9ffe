"""Collects what a run is asked for, from what engines hand over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.ir.schedule import Probe, Quantity, Readout
from sfc.sim.stretch import Overflow, Rows, Stretch, Tap

if TYPE_CHECKING:
    from sfc.sim.watch import Watch


class Recorder:
    """Keeps spikes, membranes and counts of one run.

    Attributes:
        taps: everything that engines have to take down.
        probes: by population or input and quantity, which of them serve the probes.
        steps, frames: how many were recorded; a frame counts where it began in the run.
        counts: by (step of the frame, number of the population) its spikes; None if they are not
            counted.
        longest: one more than the highest step of a frame, if spikes are counted.
        watch: sees every step, too.
        overflows: by quantity.
    """

    def __init__(
        self, circuit: Circuit, probes: Iterable[str], counts: bool, watch: Watch | None = None
    ) -> None:
        """Prepares for the circuit's own probes and further ones, ``h`` or ``h.v``."""
        probes = (probes,) if isinstance(probes, str) else probes
        self.circuit = circuit
        further = [probe for text in probes for probe in _probes(circuit, text)]
        self.probes = _taps([*circuit.schedule.probes, *further])
        readouts = [tap for readout in circuit.schedule.readouts for tap in readout_taps(readout)]
        watched = watch.taps.values() if watch is not None else ()
        self.taps = tuple(dict.fromkeys([*self.probes.values(), *readouts, *watched]))
        kept = {*self.probes.values(), *readouts}
        self.steps = self.frames = 0
        self._phases: list[NDArray[np.int64]] = []
        self._frame_starts: list[NDArray[np.int64]] = []
        self._spikes: dict[Tap, list[NDArray[np.int64]]] = {
            tap: [] for tap in self.taps if tap in kept and tap.quantity == "spikes"
        }
        self._membranes: dict[Tap, list[Rows]] = {
            tap: [] for tap in self.taps if tap in kept and tap.quantity == "membrane"
        }
        self.counts: Counter[tuple[int, int]] | None = Counter() if counts else None
        self.longest = 0
        self.watch = watch
        self.overflows: dict[str, Overflow] = {}

    def extend(self, stretch: Stretch) -> None:
        """Takes in the steps that follow those recorded so far."""
        self._phases.append(stretch.phases)
        if len(stretch.frame_starts):
            self._frame_starts.append(stretch.frame_starts + self.steps)
        for tap, pairs in stretch.spikes.items():
            if tap in self._spikes and len(pairs):
                moved = pairs + np.array([self.steps, 0])
                self._spikes[tap].append(moved if self.steps else moved[moved[:, 0] >= 0])
        for tap, rows in stretch.membranes.items():
            if len(rows.steps):
                self._membranes[tap].append(Rows(rows.steps + self.steps, rows.values))
        for found in stretch.overflows:
            first = replace(found, count=0, step=found.step + self.steps)
            known = self.overflows.get(found.quantity, first)
            self.overflows[found.quantity] = replace(known, count=known.count + found.count)
        if self.counts is not None and stretch.counts is not None:
            for offset, population, spikes in stretch.counts.tolist():
                self.counts[offset, population] += spikes
            self.longest = max(self.longest, stretch.longest)
        if self.watch is not None:
            self.watch.extend(stretch)
        self.steps += stretch.steps
        self.frames += len(stretch.frame_starts)

    def phases(self) -> NDArray[np.int64]:
        """Returns (steps, 2): the number of the chain and the index of each step's phase, or -1."""
        return _joined(self._phases, (0, 2), np.int64)

    def frame_starts(self) -> NDArray[np.int64]:
        """Returns the steps in which frames began, (frames,)."""
        return _joined(self._frame_starts, (0,), np.int64)

    def spikes(self, tap: Tap) -> NDArray[np.int64]:
        """Returns the (k, 2) steps and neurons of a tap's spikes, in this order."""
        pairs: NDArray[np.int64] = _joined(self._spikes[tap], (0, 2), np.int64)
        if tap.name in self.circuit.inputs:
            return np.unique(pairs, axis=0)
        return pairs

    def membranes(self, tap: Tap) -> Rows:
        """Returns the membranes of a tap."""
        parts = self._membranes[tap]
        size = self.circuit.size(tap.name)
        steps = _joined([rows.steps for rows in parts], (0,), np.int64)
        rows = Rows(steps, _joined([rows.values for rows in parts], (0, size), np.int32))
        parts[:] = [rows]
        return rows


def readout_taps(readout: Readout) -> tuple[Tap, Tap]:
    """Returns the taps of a readout: spikes and membranes in its phase."""
    phases = frozenset({(readout.chain, readout.phase)})
    name = readout.population
    return Tap(name, "spikes", phases, True), Tap(name, "membrane", phases, True)


def _taps(probes: list[Probe]) -> dict[tuple[str, Quantity], Tap]:
    """Returns a tap for each population and quantity: several probes of it add up."""
    taps: dict[tuple[str, Quantity], Tap] = {}
    for probe in probes:
        key = (probe.population, probe.quantity)
        before = taps[key].phases if key in taps else frozenset()
        phases = frozenset((probe.chain, index) for index in probe.phases)
        if before is None or not phases:
            taps[key] = Tap(*key)
        else:
            taps[key] = Tap(*key, before | phases, True)
    return taps


def _joined(parts: list[NDArray[Any]], shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Joins arrays of the shape with any number of rows, for good."""
    parts[:] = [np.concatenate([np.zeros(shape, dtype), *parts])]
    return parts[0]


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
