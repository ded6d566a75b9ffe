"""Runs frames in a kernel, and turns what it leaves into what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.compiled.boundary import Carried
from sfc.sim.compiled.emit import table_size
from sfc.sim.compiled.jit import Kernel, compile_program
from sfc.sim.compiled.layout import lay_out, membrane_lanes, membrane_place, words
from sfc.sim.compiled.program import Carry, Guard, Program, ReadInput
from sfc.sim.compiled.storage import Storage, aligned
from sfc.sim.recorder import Recorder
from sfc.sim.stretch import Rows, Stretch, Tap

_MOST_FRAMES = 4096
"""Frames whose results are kept as the kernel leaves them."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """What kept a frame from being as supposed: a cell that may fire, or a sample out of bounds."""

    what: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a run wants of a kernel.

    Attributes:
        spikes: by tap the (moment, set) of its cells.
        membranes: by tap the (moment, set) of its cells.
        all_sets: whether all sets are needed, not the kept ones alone.
    """

    spikes: Mapping[Tap, list[tuple[int, int]]]
    membranes: Mapping[Tap, list[tuple[int, int]]]
    all_sets: bool


class Batch:
    """A program with its kernel, weights and memory.

    Attributes:
        kept: sets that the kernel always hands over.
    """

    def __init__(self, circuit: Circuit, program: Program, kernel: Kernel | None = None) -> None:
        """Compiles the program, or finds it compiled; or takes the kernel that is given."""
        self.circuit = circuit
        self.program = program
        self.kept = _kept(circuit, program)
        self.kernel = kernel or compile_program(program, self.kept)
        self.storage = Storage(program)
        self.layout = lay_out(program)
        self._arena = aligned(self.layout.size)
        self._carried = [o.set for o in program.operations if isinstance(o, Carry)]
        self._inputs = [o for o in program.operations if isinstance(o, ReadInput)]
        self._nothing = {o.set: np.zeros((1, program.sizes[o.set]), np.bool_) for o in self._inputs}
        clock = circuit.schedule.clock
        assert clock is not None
        self.clock = clock
        numbers = {chain.name: n for n, chain in enumerate(circuit.schedule.chains)}
        self._phases = np.array(
            [(numbers[clock.name], phase) for phase in range(program.frame)], np.int64
        )

    def twin(self) -> Batch:
        """Returns a batch with the same kernel and weights and memory of its own."""
        return Batch(self.circuit, self.program, self.kernel)

    def carried(self) -> Carried:
        """Returns who fires early in the next frame because of those that were run."""
        found = {}
        for chosen in self._carried:
            size, start = self.program.sizes[chosen], self.layout.sets[chosen]
            row = self._arena[start : start + 8 * words(size)]
            found[chosen] = np.unpackbits(row, count=size, bitorder="little").view(np.bool_)
        return found

    def carry(self, carried: Carried) -> None:
        """Sets who fires early in the next frame."""
        for chosen in self._carried:
            start = self.layout.sets[chosen]
            packed = np.packbits(carried[chosen], bitorder="little")
            self._arena[start : start + len(packed)] = packed

    def wanted(self, recorder: Recorder) -> _Wanted | None:
        """Returns what a recorder asks for, or None if a kernel cannot tell it."""
        spikes: dict[Tap, list[tuple[int, int]]] = {}
        membranes: dict[Tap, list[tuple[int, int]]] = {}
        known = set(self.kept)
        all_sets = recorder.counts is not None
        for tap in recorder.taps:
            moments = self._moments(tap)
            if moments is None or tap.name not in self.circuit.populations:
                return None
            where = self.program.cells if tap.quantity == "spikes" else self.program.membranes
            cells = [(m, where[tap.name, m]) for m in moments if (tap.name, m) in where]
            if tap.quantity == "spikes":
                spikes[tap] = cells
                all_sets |= any(chosen not in known for _, chosen in cells)
            elif len(cells) < len(moments):
                return None
            else:
                membranes[tap] = cells
        return _Wanted(spikes, membranes, all_sets)

    def _moments(self, tap: Tap) -> list[int] | None:
        if tap.phases is None:
            return list(range(self.program.frame))
        if any(chain != self.clock.name for chain, _ in tap.phases):
            return None
        return sorted(index for _, index in tap.phases)

    def run(
        self,
        rows: Mapping[str, NDArray[np.bool_]],
        first: int,
        count: int,
        learn: bool,
        recorder: Recorder | None,
    ) -> tuple[int, Surprise | None]:
        """Runs frames until all are done or one is not as supposed.

        Args:
            rows: samples of inputs, (frames, size); inputs that are not there are silent.
            first, count: which of the frames.
            learn: whether weights change.
            recorder: takes in the frames that were completed.

        Returns:
            How many were completed, and what the next one would do.
        """
        wanted = self.wanted(recorder) if recorder is not None else _Wanted({}, {}, False)
        assert wanted is not None
        done = 0
        while done < count:
            part = min(_MOST_FRAMES, count - done)
            completed, surprise = self._run(rows, first + done, part, learn, recorder, wanted)
            done += completed
            if surprise is not None:
                return done, surprise
        return done, None

    def _run(
        self,
        rows: Mapping[str, NDArray[np.bool_]],
        first: int,
        count: int,
        learn: bool,
        recorder: Recorder | None,
        wanted: _Wanted,
    ) -> tuple[int, Surprise | None]:
        program = self.program
        kept = np.empty((count, sum(words(program.sizes[s]) for s in self.kept)), np.uint64)
        membranes = np.empty((count, membrane_lanes(program)), np.int32)
        sets = np.empty((count if wanted.all_sets else 0, self.layout.set_bytes), np.uint8)
        table = np.zeros(table_size(program), np.int64)
        entries = [self._arena.ctypes.data]
        entries += [array.ctypes.data for array in self.storage.arrays]
        held = []
        for operation in self._inputs:
            if operation.input in rows:
                samples = np.ascontiguousarray(rows[operation.input][first : first + count])
                stride = samples.shape[1]
            else:
                samples, stride = self._nothing[operation.set], 0
            held.append(samples)
            entries += [samples.ctypes.data, stride]
        entries += [kept.ctypes.data, membranes.ctypes.data]
        entries += [sets.ctypes.data if wanted.all_sets else 0, 0]
        table[:] = entries
        done = self.kernel.call(table.ctypes.data, 0, count, int(learn))
        if recorder is not None:
            results = _Results(self, kept[:done], membranes[:done], sets[:done])
            recorder.extend(results.stretch(wanted, recorder.counts is not None))
        if done == count:
            return done, None
        broken = program.operations[int(table[-1])]
        if isinstance(broken, ReadInput):
            return done, Surprise(f"more or fewer of `{broken.input}` are on than it declares")
        assert isinstance(broken, Guard)
        return done, Surprise(f"`{broken.cell[0]}` may fire in phase {broken.cell[1]}")


def _kept(circuit: Circuit, program: Program) -> tuple[int, ...]:
    """Returns the sets of those cells whose spikes the circuit itself records."""
    schedule = circuit.schedule
    cells = [(readout.population, readout.phase) for readout in schedule.readouts]
    for probe in schedule.probes:
        if probe.quantity == "spikes":
            cells += [(probe.population, phase) for phase in probe.phases]
    found = [program.cells[cell] for cell in cells if cell in program.cells]
    return tuple(sorted(set(found)))


@dataclass(frozen=True, slots=True)
class _Results:
    """What a kernel left of some frames, a row each.

    Attributes:
        kept: words of the kept sets.
        membranes: lanes of the recorded membranes, in state units.
        sets: words of all sets, as bytes; no rows if they were not wanted.
    """

    batch: Batch
    kept: NDArray[np.uint64]
    membranes: NDArray[np.int32]
    sets: NDArray[np.uint8]

    def bits(self, chosen: int) -> NDArray[np.uint8]:
        """Returns the bits of a set, packed eight to a byte, (frames, bytes)."""
        size = self.batch.program.sizes[chosen]
        length = -(-size // 8)
        if chosen in self.batch.kept:
            sizes = self.batch.program.sizes
            before = self.batch.kept[: self.batch.kept.index(chosen)]
            start = 8 * sum(words(sizes[other]) for other in before)
            return self.kept.view(np.uint8)[:, start : start + length]
        start = self.batch.layout.sets[chosen]
        return self.sets[:, start : start + length]

    def spikes(self, chosen: int) -> NDArray[np.bool_]:
        """Returns a set in every frame, (frames, n)."""
        size = self.batch.program.sizes[chosen]
        unpacked = np.unpackbits(self.bits(chosen), axis=1, count=size, bitorder="little")
        return unpacked.view(np.bool_)

    def stretch(self, wanted: _Wanted, counts: bool) -> Stretch:
        """Returns everything that is wanted of these frames."""
        length = self.batch.program.frame
        frames = len(self.membranes)
        return Stretch(
            frames * length,
            np.tile(self.batch._phases, (frames, 1)),
            np.arange(frames, dtype=np.int64) * length,
            {tap: self._pairs(cells) for tap, cells in wanted.spikes.items()},
            {tap: self._rows(cells) for tap, cells in wanted.membranes.items()},
            (),
            self._counts() if counts else None,
            length if counts and frames else 0,
        )

    def _pairs(self, cells: list[tuple[int, int]]) -> NDArray[np.int64]:
        length = self.batch.program.frame
        parts = [np.zeros((0, 2), np.int64)]
        for moment, chosen in cells:
            pairs = np.argwhere(self.spikes(chosen)).astype(np.int64, copy=False)
            pairs[:, 0] = pairs[:, 0] * length + moment
            parts.append(pairs)
        if len(cells) == 1:
            return parts[1]
        joined = np.concatenate(parts)
        return joined[np.argsort(joined[:, 0], kind="stable")]

    def _rows(self, cells: list[tuple[int, int]]) -> Rows:
        length, sizes = self.batch.program.frame, self.batch.program.sizes
        frames = np.arange(len(self.membranes), dtype=np.int64)[:, None]
        steps = frames * length + np.array([moment for moment, _ in cells])
        values = []
        for _, chosen in cells:
            start = membrane_place(self.batch.program, chosen)
            values.append(self.membranes[:, start : start + sizes[chosen]])
        stacked = values[0] if len(cells) == 1 else np.stack(values, axis=1)
        return Rows(steps.ravel(), stacked.reshape(len(steps.ravel()), sizes[cells[0][1]]))

    def _counts(self) -> NDArray[np.int64]:
        numbers = {name: n for n, name in enumerate(self.batch.circuit.populations)}
        totals: dict[int, int] = {}
        found = []
        for (name, moment), chosen in self.batch.program.cells.items():
            if chosen not in totals:
                totals[chosen] = int(np.unpackbits(self.bits(chosen)).sum(dtype=np.int64))
            found.append((moment, numbers[name], totals[chosen]))
        return np.array(found, np.int64).reshape(-1, 3)
