"""Runs frames in a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.compiled.boundary import Carried
from sfc.sim.compiled.jit import Kernel, compile_program
from sfc.sim.compiled.layout import lay_out, words
from sfc.sim.compiled.outputs import Outputs, Wanted
from sfc.sim.compiled.program import Carry, Guard, Program, ReadInput
from sfc.sim.compiled.storage import Storage, aligned
from sfc.sim.recorder import Recorder
from sfc.sim.stretch import Tap


@dataclass(frozen=True, slots=True)
class Surprise:
    """What kept a frame from being as supposed: a cell that may fire, or a sample out of bounds."""

    what: str


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

    def wanted(self, recorder: Recorder) -> Wanted | None:
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
        return Wanted(spikes, membranes, all_sets)

    def _moments(self, tap: Tap) -> list[int] | None:
        if tap.phases is None:
            return list(range(self.program.frame))
        if any(chain != self.clock.name for chain, _ in tap.phases):
            return None
        return sorted(index for _, index in tap.phases)

    def outputs(self, recorder: Recorder | None, frames: int) -> Outputs:
        """Returns where the results of so many frames go; a recorder must be one for kernels."""
        wanted = self.wanted(recorder) if recorder is not None else Wanted({}, {}, False)
        assert wanted is not None
        return Outputs(self.program, self.layout, self.kept, self._phases, wanted, recorder, frames)

    def run(
        self,
        rows: Mapping[str, NDArray[np.bool_]],
        first: int,
        count: int,
        learn: bool,
        outputs: Outputs,
    ) -> tuple[int, Surprise | None]:
        """Runs frames until all are done or one is not as supposed.

        Args:
            rows: samples of inputs, (frames, size); inputs that are not there are silent.
            first, count: which of the frames; all fit into the outputs.
            learn: whether weights change.
            outputs: take in the frames that were completed.

        Returns:
            How many were completed, and what the next one would do.
        """
        program = self.program
        outputs.make_room(count)
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
        table = np.array([*entries, *outputs.addresses(), 0], np.int64)
        done = self.kernel.call(table.ctypes.data, 0, count, int(learn))
        outputs.filled += done
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
