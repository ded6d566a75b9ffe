"""The event engine: every circuit, bit for bit as the reference engine runs it, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.clock import Clock
from sfc.sim.event.jit import kernel
from sfc.sim.event.kernels import layout
from sfc.sim.event.log import EventLog
from sfc.sim.event.program import main_chain, program
from sfc.sim.places import places
from sfc.sim.recorder import Recorder
from sfc.sim.state import check_state
from sfc.sim.stimulus import Stimulus

State = dict[str, NDArray[Any]]


class EventEngine:
    """Runs a circuit many steps at a time, and looks only at populations that something comes to.

    A population at rest stays there: what does not change from step to step is not worked out
    again. State files of the reference engine and of this one can be exchanged.

    Attributes:
        weights: (n_pre, n_post) of every plastic projection, in weight units.
    """

    kind = "event"
    reason = ""
    fallbacks = None
    pace = 1000

    def __init__(self, circuit: Circuit, weights: dict[str, NDArray[np.int16]]) -> None:
        """Starts at step 0 with nothing under way; `weights` is used in place."""
        self.circuit = circuit
        self.weights = weights
        self.clock = Clock(circuit)
        self.program = program(circuit)
        self._run = kernel()
        self._set_state()

    def fresh(self, weights: dict[str, NDArray[np.int16]]) -> EventEngine:
        """Returns an engine of the same circuit before step 0; `weights` is used in place."""
        return EventEngine(self.circuit, weights)

    def _set_state(self) -> None:
        """Makes the arrays, for a circuit before its first step."""
        circuit, arrays = self.circuit, self.program.arrays
        n_populations = len(circuit.populations)
        neurons = sum(population.size for population in circuit.populations.values())
        spikes = neurons + sum(source.size for source in circuit.inputs.values())
        delays = 2 + max((p.delay for p in circuit.projections.values()), default=0)
        phases = len(self.program.phases)
        self.arrays: dict[str, NDArray[Any]] = {
            "u": np.zeros(neurons, np.int32),
            "v": np.zeros(neurons, np.int32),
            "until": np.zeros(neurons, np.int64),
            "arriving": np.zeros((delays, neurons), np.int64),
            "level": np.zeros((delays, n_populations), np.int64),
            "mark": np.zeros((delays, n_populations), np.uint8),
            "queue": np.zeros((delays, n_populations), np.int32),
            "queued": np.zeros(delays, np.int64),
            "spikes": np.zeros(spikes, np.int32),
            "phases": np.zeros(n_populations + phases, np.int64),
            "now": np.zeros(n_populations + phases, np.int64),
            "fired": np.zeros(n_populations, np.int32),
            "rows": np.zeros(spikes + 1, np.int32),
            "cells": np.zeros(spikes + 1, np.int32),
            "is_on": np.zeros(spikes, np.uint8),
            "overflows": np.zeros(4, np.int64),
            **arrays,
        }
        fields = {"delays": delays, "populations": n_populations, "neurons": spikes}
        fields |= {"columns": self.program.columns}
        fields |= main_chain(self.clock, self.program.phases)
        self.machine = layout.records(layout.MACHINE, [fields])
        layout.bind(self.machine[0], self.arrays, layout.ARRAYS)
        self._nodes = self.arrays["nodes"][:n_populations]
        self._wake()

    def _wake(self) -> None:
        """Has every population looked at that may do something by itself in the next step."""
        nodes, arriving = self._nodes, self.arrays["arriving"]
        slot = self.clock.step % len(arriving)
        self.arrays["mark"][:] = 0
        self.arrays["queued"][:] = 0
        starts = nodes["start"]
        for place, row in enumerate(arriving):
            comes = np.where(np.logical_or.reduceat(row != 0, starts), layout.SINGLE, 0)
            if place == slot:
                is_restless = (nodes["remembers"] | nodes["restless"]) != 0
                comes |= np.where(is_restless, layout.RESTLESS, 0)
            self.arrays["mark"][place] = comes
            marked = np.flatnonzero(comes)
            self.arrays["queue"][place, : len(marked)] = marked
            self.arrays["queued"][place] = len(marked)

    def run(
        self, stimulus: Stimulus, recorder: Recorder, learn: bool, frames: int | None = None
    ) -> None:
        """Runs until the stimulus is over.

        Args:
            stimulus: stands where an earlier call with the same one left off.
            recorder: likewise.
            learn: whether plastic weights change.
            frames: stop where so many frames have begun and ended; a frame under way is finished
                first.

        Raises:
            SfcError: the chain that makes frames fell silent.
        """
        log = EventLog(self.program, recorder)
        self._begin(stimulus)
        left = -1 if frames is None else frames
        reason = layout.FULL
        while reason == layout.FULL:
            reason, begun = self._run(self.machine, log.record, learn, left)
            left -= begun if left >= 0 else 0
            self._end(stimulus)
            log.hand_over()
        if reason == layout.STOPPED:
            self.clock.fail_stopped()

    def _begin(self, stimulus: Stimulus) -> None:
        """Tells the machine what the clock and the stimulus say."""
        clock, own = self.clock, self.machine[0]
        own["step"], own["frame"], own["frame_start"] = clock.step, clock.frame, clock.frame_start
        own["by_frames"], own["length"] = stimulus.by_frames, stimulus.length
        own["frames"], own["steps"] = stimulus.frames, stimulus.steps
        own["spiked"] = len(clock.spiked)
        numbers = [self.program.phases[phase] for phase in clock.spiked]
        self.arrays["phases"][: len(numbers)] = numbers
        for name, number in self.program.plastic.items():
            weights = self.weights[name]
            assert weights.flags.c_contiguous
            assert weights.dtype == np.int16
            self.arrays["projections"][number]["weights"] = weights.ctypes.data
        nodes = self.arrays["nodes"]
        nodes["rows"], nodes["sample"] = 0, -1
        for name, rows in stimulus.rows.items():
            nodes[self.program.nodes[name]]["rows"] = rows.ctypes.data

    def _end(self, stimulus: Stimulus) -> None:
        """Tells the clock and the stimulus what the machine says."""
        clock, own = self.clock, self.machine[0]
        clock.step, clock.frame = int(own["step"]), int(own["frame"])
        clock.frame_start = int(own["frame_start"])
        stimulus.frames, stimulus.steps = int(own["frames"]), int(own["steps"])
        phases = list(self.program.phases)
        numbers = self.arrays["phases"][: int(own["spiked"])]
        clock.spiked = tuple(phases[number] for number in numbers)

    def state(self) -> State:
        """Returns everything but the weights that the next steps depend on."""
        clock, arrays = self.clock, self.arrays
        chains = [chain.name for chain in self.circuit.schedule.chains]
        spiked = [(chains.index(chain), index) for chain, index in clock.spiked]
        u, v = arrays["u"].astype(np.int64), arrays["v"].astype(np.int64)
        for node, place in zip(self._nodes, places(self.circuit).values(), strict=True):
            if node["remembers"] or node["dense_step"] == clock.step - 1:
                continue
            level = node["level"] if node["level_step"] == clock.step - 1 else 0
            u[place] = level
            v[place] = np.where(arrays["until"][place] >= clock.step, 0, level + node["bias"])
        arriving = arrays["arriving"] + np.repeat(arrays["level"], self._nodes["size"], axis=1)
        state = {
            "clock": np.array([clock.step, clock.frame, clock.frame_start], np.int64),
            "spiked": np.array(spiked, np.int64).reshape(-1, 2),
            "u": u,
            "v": v,
            "resting": np.maximum(arrays["until"] - clock.step, 0),
            "arriving": arriving,
        }
        state |= {f"trace/{n}": values.copy() for n, values in enumerate(self._traces())}
        return state | {f"tags/{name}": tags.copy() for name, tags in self._tags().items()}

    def _traces(self) -> list[NDArray[np.int64]]:
        """Returns the values of each trace, in place."""
        starts = self.arrays["traces"]["start"]
        return np.split(self.arrays["trace_values"], starts[1:]) if len(starts) else []

    def _tags(self) -> dict[str, NDArray[np.int16]]:
        """Returns the tags of projections that have them, (n_pre, n_post), in place."""
        return {
            name: self.arrays["tags"][start : start + rows * columns].reshape(rows, columns)
            for name, (start, (rows, columns)) in self.program.tags.items()
        }

    def restore(self, state: State) -> None:
        """Goes on from what `state` returned.

        Raises:
            SfcError: the arrays are not those of this circuit (E0801).
        """
        check_state(self.circuit, self.state(), state)
        clock, chains, arrays = self.clock, self.circuit.schedule.chains, self.arrays
        clock.step, clock.frame, clock.frame_start = (int(value) for value in state["clock"])
        clock.spiked = tuple((chains[int(c)].name, int(i)) for c, i in state["spiked"])
        arrays["level"][:] = 0
        arrays["u"][:], arrays["v"][:] = state["u"], state["v"]
        arrays["until"][:] = clock.step + state["resting"]
        arrays["arriving"][:] = state["arriving"]
        for field in ("level_step", "spike_step", "before_step"):
            arrays["nodes"][field] = -1
        arrays["projections"]["line_step"] = -1
        self._nodes["dense_step"] = clock.step - 1
        if len(self._nodes):
            until = np.maximum.reduceat(arrays["until"], self._nodes["start"])
            self._nodes["rest_until"] = until
        for number, values in enumerate(self._traces()):
            values[:] = state[f"trace/{number}"]
            arrays["traces"][number]["is_live"] = int(values.any())
        for name, tags in self._tags().items():
            tags[:] = state[f"tags/{name}"]
        self._wake()
