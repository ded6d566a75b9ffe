"""The step between two frames: the state that a kernel starts from, and leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.ir.integers import STATE_LIMIT, UNIT
from sfc.sim.clock import Clock
from sfc.sim.compiled.program import Carry, Program
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
        size = sum(population.size for population in circuit.populations.values())
        offsets = range(max((p.delay for p in circuit.projections.values()), default=0) + 1)
        self._pending = np.zeros((len(offsets), size), np.int64)
        for offset, name, amount in program.pending:
            self._pending[offset, self._place[name]] += amount
        self._room = np.zeros((len(offsets), size), np.int64)
        self._fires = np.zeros((len(offsets), size), np.bool_)
        carries = [o for o in program.operations if isinstance(o, Carry)]
        self._sizes = {carry.set: program.sizes[carry.set] for carry in carries}
        self._carried = [
            (carry.set, offset, self._place[name], level)
            for carry in carries
            for name, offset, level in carry.cells
        ]
        carried = {cell[:2] for carry in carries for cell in carry.cells}
        fires = {*program.cells, *program.membranes} - carried
        for name, place in self._place.items():
            neuron = circuit.populations[name].neuron
            level = UNIT * (neuron.threshold - neuron.bias)
            for offset in offsets:
                room = STATE_LIMIT if (name, offset) in carried else level
                self._room[offset, place] = program.room.get((name, offset), room)
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
        arriving = state["arriving"]
        slots = self._slots(clock, state)
        others = np.delete(np.arange(len(arriving)), slots)
        if arriving[others].any():
            return None
        expected = self._pending if clock.step else np.zeros_like(self._pending)
        stray = arriving[slots] - expected
        if clock.step and clock.spiked != self._spiked:
            return None
        rests = state["resting"] > np.arange(len(slots))[:, None]
        if clock.step == 0 and (stray.any() or rests.any()):
            return None
        if np.any(stray[self._fires]) or np.any(rests & self._fires):
            return None
        is_silent = (stray <= 0) | (stray <= self._room)
        if not is_silent.all() or np.any(np.abs(stray) > STATE_LIMIT // 2):
            return None
        for _, offset, place, level in self._carried:
            if np.any((arriving[slots[offset], place] > level) & ~rests[offset, place]):
                return None
        return {chosen: np.zeros(size, np.bool_) for chosen, size in self._sizes.items()}

    def _slots(self, clock: Clock, state: State) -> NDArray[np.intp]:
        """Returns where what arrives in each of the next steps lies in the ring."""
        return (clock.step + np.arange(len(self._pending))) % len(state["arriving"])
