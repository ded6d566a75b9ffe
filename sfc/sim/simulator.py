"""Simulator: a circuit with its weights and state, run by an engine."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from copy import copy
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfc.diagnostics import fail, nearest
from sfc.ir.circuit import Circuit
from sfc.ir.limits import SIMULATED_BYTES
from sfc.ir.reals import refuse_real_weights
from sfc.sim import DEFAULT_ENGINE
from sfc.sim.engines import ENGINES
from sfc.sim.fallbacks import Fallbacks
from sfc.sim.initial import first_weights
from sfc.sim.recorder import Recorder
from sfc.sim.result import Result
from sfc.sim.state import read_state, write_state
from sfc.sim.stimulus import make_stimulus
from sfc.sim.watch import Watch
from sfc.sim.weights import Weights


def check_engine(name: str) -> None:
    """Reports a name that is no engine's, E0707."""
    if name not in ENGINES:
        help = nearest(name, ENGINES) or f"the engines are {', '.join(ENGINES)}"
        fail("E0707", f"unknown engine `{name}`", help=help)


class Simulator:
    """Runs a circuit step for step as the chip does.

        simulator = sfc.Simulator(circuit, seed=1)
        result = simulator.run({"image": images, "label": labels}, learn=True)

    Attributes:
        circuit: what is simulated.
        seed: of the first weights.
        weights: see `sfc.sim.weights.Weights`.
        notes: what `save` was given, in a simulator that was loaded.
    """

    notes: Mapping[str, Any]

    def __init__(self, circuit: Circuit, *, engine: str = DEFAULT_ENGINE, seed: int = 0) -> None:
        """Stands before step 0, with first weights drawn from the seed.

        Raises:
            SfcError: E0707 for an unknown engine, E0306 for a circuit too large for memory, E0303
                for one with real weights.
        """
        if not isinstance(circuit, Circuit):
            found = type(circuit).__name__
            fail("E0305", f"Simulator takes a Circuit, found {found}", help="sfc.compile makes one")
        if isinstance(seed, bool) or operator.index(seed) < 0:
            fail("E0302", f"a seed is an integer from 0 on, found {seed!r}")
        check_engine(engine)
        refuse_real_weights(circuit)
        _check_memory(circuit)
        self.circuit = circuit
        self.seed = operator.index(seed)
        self.notes = {}
        self._engine = ENGINES[engine](circuit, first_weights(circuit, self.seed))
        self.weights = Weights(circuit, self._engine.weights)

    def __repr__(self) -> str:
        return f"<Simulator of {self.circuit.name}: engine {self.engine}, step {self.step}>"

    @property
    def engine(self) -> str:
        """The name of the engine that runs the circuit; what `auto` has chosen so far."""
        return self._engine.kind

    @property
    def engine_reason(self) -> str:
        """Why this engine runs it; empty if it was named."""
        return self._engine.reason

    @property
    def fallbacks(self) -> Fallbacks | None:
        """How many frames the compiled engine left to another; None if there is no kernel."""
        return self._engine.fallbacks

    @property
    def step(self) -> int:
        """Steps run since the beginning."""
        return self._engine.clock.step

    @property
    def frame(self) -> int:
        """Frames begun since the beginning."""
        return self._engine.clock.frame + 1

    def plastic_weights(self) -> dict[str, NDArray[np.int16]]:
        """Returns a copy of each plastic projection's own weights, (n_pre, n_post), by name."""
        return {name: array.copy() for name, array in self._engine.weights.items()}

    def with_same_weights(self) -> Simulator:
        """Returns a simulator with a copy of the weights that stands before step 0."""
        other = copy(self)
        weights = self.plastic_weights()
        other._engine = self._engine.fresh(weights)
        other.weights = Weights(self.circuit, other._engine.weights)
        other.notes = {}
        return other

    def infer(self, inputs: Mapping[str, ArrayLike], **options: Any) -> Result:
        """Shows samples to a copy with frozen weights that stands before step 0.

            simulator.infer({"image": images}).readout.classes_by_membrane

        Args:
            inputs: see `run`.
            options: probes, counts or watch, see `run`.
        """
        return self.with_same_weights().run(inputs, learn=False, **options)

    def pace(self, unit: int) -> int:
        """Returns how many frames to run between two looks at progress, a multiple of a unit."""
        return max(1, self._engine.pace // unit) * unit

    def run(
        self,
        inputs: Mapping[str, ArrayLike] | None = None,
        *,
        frames: int | None = None,
        steps: int | None = None,
        learn: bool = True,
        probes: Iterable[str] = (),
        counts: bool = False,
        watch: Watch | None = None,
    ) -> Result:
        """Goes on from where the simulator stands.

        A run of n frames ends with the n-th frame that begins in it; where a frame is under way,
        it is finished first, without input.

        Args:
            inputs: for each input (n, size) booleans, or (n,) integers that choose one generator;
                a row a frame, or a row a step for a circuit without chains. An input that is left
                out stays silent.
            frames: the number of frames, if there are no inputs.
            steps: the number of steps, if there are no inputs or no chains.
            learn: whether plastic weights change.
            probes: populations, inputs or chains whose spikes are recorded in every step, or
                ``h.v`` for membranes, beyond the circuit's own probes.
            counts: whether the spikes of every population are counted.
            watch: notes cells that fire and samples that break the bounds of an input.

        Raises:
            SfcError: E0703 or E0708 for inputs or lengths that do not fit, or a watch of another
                circuit, E0706 for a circuit whose chain stops.
        """
        stimulus = make_stimulus(self.circuit, inputs, frames, steps)
        recorder = Recorder(self.circuit, probes, counts, watch)
        if watch is not None:
            watch.begin(self.circuit, stimulus.rows)
        self._engine.run(stimulus, recorder, learn)
        return Result(recorder, stimulus.presented())

    def save(self, path: str | Path, notes: Mapping[str, Any] | None = None) -> None:
        """Writes everything that the next steps depend on; `load` goes on as if never stopped.

        Args:
            path: an npz file; it is replaced as a whole or not at all.
            notes: JSON data to keep with it.
        """
        about = {"engine": self.engine, "seed": self.seed, "notes": dict(notes or {})}
        write_state(Path(path), self.circuit, about, self._engine.weights, self._engine.state())

    @classmethod
    def load(cls, path: str | Path, *, engine: str = DEFAULT_ENGINE) -> Simulator:
        """Returns a simulator that stands where `save` was called.

        Args:
            path: what `save` wrote.
            engine: goes on; it need not be the one that was saved.

        Raises:
            SfcError: E0801 for a file that `save` did not write.
        """
        saved = read_state(Path(path))
        simulator = cls(saved.circuit, engine=engine, seed=saved.seed)
        if wrong := set(simulator._engine.weights) ^ set(saved.weights):
            fail("E0801", f"{path} and its circuit disagree on the weights `{min(wrong)}`")
        simulator.weights.update(saved.weights)
        simulator._engine.restore(saved.state)
        simulator.notes = saved.notes
        return simulator


def _check_memory(circuit: Circuit) -> None:
    plastic = [p for p in circuit.projections.values() if circuit.rule_of(p)]
    sizes = [prod(circuit.synapse_shape(projection)) for projection in plastic]
    neurons = sum(population.size for population in circuit.populations.values())
    delay = max((p.delay for p in circuit.projections.values()), default=0)
    drawing = 26 * max(sizes, default=0)
    needed = 4 * sum(sizes) + drawing + 8 * neurons * (delay + 20)
    if needed > SIMULATED_BYTES:
        message = (
            f"simulating {neurons:,} neurons and {sum(sizes):,} plastic synapses takes about "
            f"{needed / 2**30:.0f} GiB; at most {SIMULATED_BYTES // 2**30} GiB are taken"
        )
        fail("E0306", message)
