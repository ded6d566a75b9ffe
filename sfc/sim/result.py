"""What a run yields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.sim.clock import Phase
from sfc.sim.recorder import Overflow, Recorder


class PhaseOfStep(Sequence[Phase | None]):
    """The phase of every step as (chain, index), None where a step is in none.

    Attributes:
        numbers: (steps, 2) integers: the chain's number and the index, -1 for none.
    """

    def __init__(self, chains: tuple[str, ...], numbers: NDArray[np.int64]) -> None:
        """Wraps the numbers."""
        self.chains = chains
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        return f"<PhaseOfStep: {len(self)} steps>"

    @overload
    def __getitem__(self, step: int) -> Phase | None: ...
    @overload
    def __getitem__(self, step: slice) -> PhaseOfStep: ...
    def __getitem__(self, step: int | slice) -> Phase | PhaseOfStep | None:
        if isinstance(step, slice):
            return PhaseOfStep(self.chains, self.numbers[step])
        chain, index = self.numbers[step]
        return (self.chains[chain], int(index)) if chain >= 0 else None


class _View(Mapping[str, NDArray[Any]]):
    """Arrays by population; a chain's name stands for its relays."""

    what = "spikes"
    advice = 'run with probes=["{name}"]'

    def __init__(self, result: Result, names: tuple[str, ...]) -> None:
        self.result = result
        self.names = names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the arrays of `name`, or `default` if it was not recorded."""
        if name not in self:
            return default
        return self[name]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self.names) or 'nothing'}>"

    def relays(self, name: str) -> tuple[str, ...]:
        """Returns the relays of a chain, or the name itself; E0201 if it was not recorded."""
        chains = {c.name: c.relays for c in self.result.circuit.schedule.chains}
        names = chains.get(name, (name,))
        if any(relay not in self.names for relay in names):
            known = [*self.result.circuit.populations, *self.result.circuit.inputs, *chains]
            help = self.advice.format(name=name) if name in known else nearest(name, known)
            fail("E0201", f"{self.what} of `{name}` were not recorded in this run", help=help)
        return names


class Events(_View):
    """(k, 2) integers: the steps and neurons of all spikes, by population, in order of steps."""

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        parts = []
        for number, relay in enumerate(self.relays(name)):
            for step, neurons in self.result.recorder.events[relay]:
                part = np.empty((len(neurons), 2), np.int64)
                part[:, 0], part[:, 1] = step, neurons + (0 if relay == name else number)
                parts.append(part)
        events = np.concatenate(parts) if parts else np.zeros((0, 2), np.int64)
        order = np.lexsort((events[:, 1], events[:, 0]))
        ordered: NDArray[np.int64] = np.take(events, order, axis=0)
        return ordered


class DenseSpikes(_View):
    """(frames, phases, n) booleans by population; (steps, n) for a circuit without chains."""

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        result = self.result
        relays = self.relays(name)
        size = len(relays) if relays != (name,) else result.circuit.size(name)
        dense = np.zeros((result.steps, size), np.bool_)
        events = result.events[name]
        dense[events[:, 0], events[:, 1]] = True
        if not result.circuit.schedule.chains:
            return dense
        return dense.reshape(*result.frames_and_phases(), size)


class Counts(_View):
    """(phases,) integers: spikes over the run by population and step of the frame.

    Without chains, one number.
    """

    advice = "run with counts=True"

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        rows = self.result.recorder.counts or {}
        relays = self.relays(name)
        counts = np.zeros(max(rows, default=-1) + 1, np.int64)
        for offset, row in rows.items():
            counts[offset] = sum(row.get(relay, 0) for relay in relays)
        return counts if self.result.circuit.schedule.chains else counts.sum()


class Membranes(_View):
    """Membranes by population in weight units, before the reset of neurons that spike.

    Probed in one phase (frames, n), in k phases (frames, k, n), in every phase
    (frames, phases, n); without chains (steps, n). Several probes of a population add up.
    """

    what = "membranes"
    advice = 'run with probes=["{name}.v"]'

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        if name not in self.names:
            self.relays(name)
        size = self.result.circuit.size(name)
        values = np.array(self.result.recorder.membranes[name]).reshape(-1, size)
        phases = self.result.recorder.wanted[name, "membrane"]
        if not self.result.circuit.schedule.chains or (phases is not None and len(phases) == 1):
            return values
        frames, length = self.result.frames_and_phases()
        rows = length if phases is None else len(phases)
        clock = self.result.recorder.clock
        others = [chain for chain, _ in phases or () if clock is None or chain != clock.name]
        if others or len(values) != frames * rows:
            message = f"the membranes of `{name}` were not recorded equally often in every frame"
            fail("E0708", message, help="probe it in phases of the chain that makes the frames")
        return values.reshape(frames, rows, size)


@dataclass(frozen=True, slots=True)
class ReadoutResult:
    """A readout's outcome, frame by frame.

    Attributes:
        spikes: (frames, n) booleans in the readout's phase.
        membrane: (frames, n) in weight units.
    """

    spikes: NDArray[np.bool_]
    membrane: NDArray[np.float64]

    @property
    def classes_by_spikes(self) -> NDArray[Any]:
        """(frames,): the output that fired, the lowest where several or none did."""
        classes: NDArray[Any] = np.argmax(self.spikes, axis=1)
        return classes

    @property
    def classes_by_membrane(self) -> NDArray[Any]:
        """(frames,): the output with the highest membrane, the lowest index of equals."""
        classes: NDArray[Any] = np.argmax(self.membrane, axis=1)
        return classes


class Result:
    """The outcome of a run; steps and frames count from its start.

    Attributes:
        steps: how many were run.
        frame_starts: (frames,) steps.
        events: see `Events`.
        phase_of_step: see `PhaseOfStep`.
        spikes: see `DenseSpikes`.
        membrane: see `Membranes`.
        spike_counts: see `Counts`; empty if they were not asked for.
        readouts: one for each readout of the circuit.
        overflows: of currents and membranes, if any.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Wraps what a run recorded."""
        circuit = recorder.circuit
        self.recorder = recorder
        self.circuit: Circuit = circuit
        self.steps = recorder.steps
        self.frame_starts = np.array(recorder.frame_starts, np.int64)
        phases = np.array(recorder.phases, np.int64).reshape(-1, 2)
        self.phase_of_step = PhaseOfStep(tuple(c.name for c in circuit.schedule.chains), phases)
        self.events = Events(self, tuple(recorder.events))
        self.spikes = DenseSpikes(self, tuple(recorder.events))
        counted = tuple(recorder.names) if recorder.counts is not None else ()
        self.spike_counts = Counts(self, counted)
        self.membrane = Membranes(self, tuple(recorder.membranes))
        self.readouts = tuple(
            ReadoutResult(
                np.array(fired, np.bool_).reshape(-1, circuit.size(readout.population)),
                np.array(values, np.float64).reshape(-1, circuit.size(readout.population)),
            )
            for readout, (fired, values) in zip(
                circuit.schedule.readouts, recorder.readouts, strict=True
            )
        )
        self.overflows: tuple[Overflow, ...] = tuple(recorder.overflows.values())

    def __repr__(self) -> str:
        frames = f", {len(self.frame_starts)} frames" if len(self.frame_starts) else ""
        return f"<Result of {self.circuit.name}: {self.steps} steps{frames}>"

    @property
    def readout(self) -> ReadoutResult:
        """The first readout; E0708 if the circuit has none."""
        if not self.readouts:
            fail("E0708", "the circuit has no readout", help="add `readout o at 3 against label;`")
        return self.readouts[0]

    def frames_and_phases(self) -> tuple[int, int]:
        """Returns the number of frames and their length.

        Raises:
            SfcError: E0708, the run is not a number of whole frames of one length.
        """
        if not self.steps:
            return 0, self.circuit.schedule.frame_length or 0
        starts = [*self.frame_starts, self.steps]
        lengths = set(np.diff(starts).tolist())
        if len(lengths) != 1 or starts[0] != 0:
            message = "the run is not made of whole frames of one length, so spikes have no phases"
            fail("E0708", message, help="use result.events, with frame_starts and phase_of_step")
        return len(self.frame_starts), int(lengths.pop())
