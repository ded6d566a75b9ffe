"""What a run yields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.ir.integers import UNIT
from sfc.ir.schedule import Quantity, Readout
from sfc.sim.clock import Phase
from sfc.sim.recorder import Recorder, readout_taps
from sfc.sim.stretch import Overflow


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
        recorder, parts = self.result.recorder, []
        for number, relay in enumerate(self.relays(name)):
            pairs = recorder.spikes(recorder.probes[relay, "spikes"])
            parts.append(pairs if relay == name else pairs + np.array([0, number]))
        events = np.concatenate(parts)
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
        numbers = {self.names.index(relay) for relay in self.relays(name)}
        counts = np.zeros(self.result.recorder.longest, np.int64)
        for (offset, population), spikes in (self.result.recorder.counts or {}).items():
            if population in numbers:
                counts[offset] += spikes
        return counts if self.result.circuit.schedule.chains else counts.sum()


class Membranes(_View):
    """Membranes by population in weight units, before the reset of neurons that spike.

    Probed in one phase (frames, n), in k phases (frames, k, n), in every phase
    (frames, phases, n); without chains (steps, n). Several probes of a population add up.
    """

    what = "membranes"
    advice = 'run with probes=["{name}.v"]'

    def rows(self, name: str) -> NDArray[np.float64]:
        """Returns the membranes of all steps in which they were recorded, (k, n)."""
        if name not in self.names:
            self.relays(name)
        recorder = self.result.recorder
        rows = recorder.membranes(recorder.probes[name, "membrane"])
        return rows.values / UNIT

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        values = self.rows(name)
        recorder, circuit = self.result.recorder, self.result.circuit
        phases = recorder.probes[name, "membrane"].phases
        if not circuit.schedule.chains or (phases is not None and len(phases) == 1):
            return values
        frames, length = self.result.frames_and_phases()
        rows = length if phases is None else len(phases)
        clock = circuit.schedule.clock
        others = [chain for chain, _ in phases or () if clock is None or chain != clock.name]
        if others or len(values) != frames * rows:
            message = f"the membranes of `{name}` were not recorded equally often in every frame"
            fail("E0708", message, help="probe it in phases of the chain that makes the frames")
        return values.reshape(frames, rows, circuit.size(name))


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
        phase_of_step: see `PhaseOfStep`.
        readouts: one for each readout of the circuit.
        overflows: of currents and membranes, if any.
        presented: by input, the bits that were on in all samples.
    """

    def __init__(self, recorder: Recorder, presented: Mapping[str, int] | None = None) -> None:
        """Wraps what a run recorded."""
        circuit = recorder.circuit
        self.recorder = recorder
        self.circuit: Circuit = circuit
        self.steps = recorder.steps
        self.frame_starts = recorder.frame_starts()
        chains = tuple(chain.name for chain in circuit.schedule.chains)
        self.phase_of_step = PhaseOfStep(chains, recorder.phases())
        self.readouts = tuple(_read(recorder, readout) for readout in circuit.schedule.readouts)
        self.overflows: tuple[Overflow, ...] = tuple(recorder.overflows.values())
        self.presented: Mapping[str, int] = presented or {}

    # Views are made when they are asked for: kept here they would be cycles, which hold on to all
    # that was recorded until the garbage collector comes by.

    @property
    def events(self) -> Events:
        """See `Events`."""
        return Events(self, _probed(self.recorder, "spikes"))

    @property
    def spikes(self) -> DenseSpikes:
        """See `DenseSpikes`."""
        return DenseSpikes(self, _probed(self.recorder, "spikes"))

    @property
    def spike_counts(self) -> Counts:
        """See `Counts`; empty if they were not asked for."""
        counted = tuple(self.circuit.populations) if self.recorder.counts is not None else ()
        return Counts(self, counted)

    @property
    def membrane(self) -> Membranes:
        """See `Membranes`."""
        return Membranes(self, _probed(self.recorder, "membrane"))

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


def _probed(recorder: Recorder, quantity: Quantity) -> tuple[str, ...]:
    return tuple(name for name, probed in recorder.probes if probed == quantity)


def _read(recorder: Recorder, readout: Readout) -> ReadoutResult:
    spikes, membrane = readout_taps(readout)
    rows, pairs = recorder.membranes(membrane), recorder.spikes(spikes)
    fired = np.zeros(rows.values.shape, np.bool_)
    fired[np.searchsorted(rows.steps, pairs[:, 0]), pairs[:, 1]] = True
    return ReadoutResult(fired, rows.values / UNIT)
