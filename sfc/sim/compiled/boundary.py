"""The step between two frames: the state that a kernel starts from, and leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.ir.integers import UNIT
from sfc.sim.clock import Clock
from sfc.sim.compiled.program import Carry, Program
from sfc.sim.compiled.terms import bounds_of_strays
from sfc.sim.places import places

State = dict[str, NDArray[Any]]

Carried = dict[int, NDArray[np.bool_]]
"""Who fires early in a frame because of the one before, by set."""


class Boundary:
    """What is under way when a frame begins in which everything is as supposed."""

    def __init__(self, circuit: Circuit, program: Program) -> None:
        """Prepares for a circuit's program."""
        self._frame = program.frame
        self._place = places(circuit)
        self._chains = [chain.name for chain in circuit.schedule.chains]
        self._spiked = program.spiked
        populations = circuit.populations.values()
        size = sum(population.size for population in populations)
        delays = max((p.delay for p in circuit.projections.values()), default=0) + 1
        self._pending = np.zeros((delays, size), np.int64)
        for offset, name, amount in program.pending:
            self._pending[offset, self._place[name]] += amount
        carries = [o for o in program.operations if isinstance(o, Carry)]
        self._sizes = {carry.set: program.sizes[carry.set] for carry in carries}
        self._carried = [
            (carry.set, offset, self._place[name], level)
            for carry in carries
            for name, offset, level in carry.cells
        ]
        carried = {cell[:2] for carry in carries for cell in carry.cells}
        self._least = np.zeros((delays, size), np.int64)
        self._most = np.zeros((delays, size), np.int64)
        rest = max((p.neuron.refractory for p in populations), default=0)
        window = min(self._frame, max(delays, rest))
        self._fires = np.zeros((max(window, delays), size), np.bool_)
        fires = {*program.cells, *program.membranes} - carried
        for name, place in self._place.items():
            neuron = circuit.populations[name].neuron
            usual = bounds_of_strays(UNIT * neuron.threshold, UNIT * neuron.bias, 0, 0)
            for offset in range(delays):
                least, most = program.room.get((name, offset), usual)
                self._least[offset, place], self._most[offset, place] = least, most
            for offset in range(len(self._fires)):
                self._fires[offset, place] = (name, offset) in fires

    def go_on(self, clock: Clock, frames: int) -> None:
        """Moves a clock on by whole frames, from the beginning of one."""
        clock.step += frames * self._frame
        clock.frame += frames
        clock.frame_start = clock.step - self._frame
        clock.spiked = self._spiked

    def state(self, clock: Clock, like: State, carried: Carried) -> State:
        """Returns the state in which a frame begins, without what does not matter to it.

        Args:
            clock: which step and frame it is; the rest of it need not be right.
            like: a state of the circuit, for its shapes.
            carried: who fires early in it.
        """
        state = {name: np.zeros_like(array) for name, array in like.items()}
        before = clock.step - self._frame if clock.step else 0
        state["clock"] = np.array([clock.step, clock.frame, before], np.int64)
        if clock.step:
            spiked = [(self._chains.index(name), index) for name, index in self._spiked]
            state["spiked"] = np.array(spiked, np.int64).reshape(-1, 2)
            pending = self._pending.copy()
            for chosen, offset, place, level in self._carried:
                others = np.minimum(pending[offset, place], level)
                pending[offset, place] = np.where(carried[chosen], level + 1, others)
            state["arriving"][self._slots(clock, state)] = pending
        else:
            state["spiked"] = np.zeros((0, 2), np.int64)
        return state

    def enter(self, clock: Clock, state: State) -> Carried | None:
        """Returns who fires early in a frame, or None if more than that matters.

        A state may differ from the one that `state` returns by what has no effect. What the frame
        before did is not known, and so nobody may fire because of it: that is how the first frame
        begins, of which everything holds that is concluded of frames.

        Args:
            clock: at the beginning of a frame.
            state: of the circuit.
        """
        arriving, resting = state["arriving"], state["resting"]
        slots = self._slots(clock, state)
        others = np.delete(np.arange(len(arriving)), slots)
        if arriving[others].any() or np.any(resting > self._frame):
            return None
        if clock.step == 0:
            is_new = not arriving.any() and not resting.any()
            return self._nobody() if is_new else None
        if clock.spiked != self._spiked:
            return None
        if np.any((resting > np.arange(len(self._fires))[:, None]) & self._fires):
            return None
        comes, fires = arriving[slots], self._fires[: len(slots)]
        is_harmless = (self._least <= comes) & (comes <= self._most) & ~fires
        if not np.all(is_harmless | (comes == self._pending)):
            return None
        for _, offset, place, level in self._carried:
            if np.any((comes[offset, place] > level) & (resting[place] <= offset)):
                return None
        return self._nobody()

    def _nobody(self) -> Carried:
        return {chosen: np.zeros(size, np.bool_) for chosen, size in self._sizes.items()}

    def _slots(self, clock: Clock, state: State) -> NDArray[np.intp]:
        """Returns where what arrives in each of the next steps lies in the ring."""
        return (clock.step + np.arange(len(self._pending))) % len(state["arriving"])
