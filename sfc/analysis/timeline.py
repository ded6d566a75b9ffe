"""The steps that the analysis tells apart: those of a frame, or one that stands for all.

A frame of one length is a circle of moments. A frame whose length depends on what fires in it is a
tree: it begins at the first moment, divides where a relay may fire or not, and another frame begins
after each of its ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import lcm
from typing import NamedTuple

from sfc.ir.circuit import Circuit
from sfc.ir.schedule import Chain

Phase = tuple[str, int]
"""(chain, index)."""

NO_PHASE: Phase = ("", -1)
"""Stands for a step that is no phase."""

_MOST_MOMENTS = 20_000
"""Longest period of several rings; beyond it the frame's length is taken."""


class Past(NamedTuple):
    """The moments that lie so many steps before a moment.

    Attributes:
        moments: one, within the frame, or all that may have been in frames before.
        steps: from the last step of the frame before back to them; -1 within the frame.
        is_start: whether it may have been the step before the first frame.
    """

    moments: tuple[int, ...]
    steps: int
    is_start: bool


class Moment(NamedTuple):
    """A moment of a tree.

    Attributes:
        parent: the moment before, -1 for the first.
        phases: which it is.
        outcome: relays that may fire here or not, and whether they do.
    """

    parent: int
    phases: tuple[Phase, ...]
    outcome: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments 0..length-1 that repeat for ever.

    Before the first of them nothing fired, but for the kick of a ring one step before.

    Attributes:
        length: number of moments.
        frame: steps of a frame of one length, a divisor of the length; else None.
        clock: the chain that makes the frames, if there are any.
        tree: the moments of a frame that divides; empty for a circle.
        ends: moments of a tree after which a frame begins.
    """

    length: int
    frame: int | None
    clock: Chain | None
    tree: tuple[Moment, ...] = ()
    ends: frozenset[int] = frozenset()
    _past: dict[tuple[int, int], Past] = field(default_factory=dict, compare=False, repr=False)
    _future: dict[int, dict[int, list[int]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def has_frames(self) -> bool:
        """Whether moments are those of a frame."""
        return self.frame is not None or bool(self.tree)

    @property
    def beats(self) -> Iterable[int]:
        """The moments after which a frame begins; all, where there are none."""
        if self.tree:
            return self.ends
        if self.frame is None:
            return range(self.length)
        return range(self.frame - 1, self.length, self.frame)

    def phase(self, moment: int) -> int:
        """Returns the clock's phase at a moment; -1 where it is none."""
        if self.tree:
            assert self.clock is not None
            phases = (index for name, index in self.tree[moment].phases if name == self.clock.name)
            return next(phases, -1)
        return -1 if self.frame is None else moment % self.frame

    def phases(self, moment: int) -> tuple[Phase, ...]:
        """Returns all phases that a moment is known to be."""
        if self.tree:
            return self.tree[moment].phases
        if self.frame is None or self.clock is None:
            return ()
        return ((self.clock.name, moment % self.frame),)

    def at(self, chain: str, phase: int) -> list[int]:
        """Returns the moments that are known to be a phase; those that are none, for `NO_PHASE`."""
        if self.frame is not None and self.clock is not None and not self.tree:
            is_clock = chain == self.clock.name
            return list(range(phase, self.length, self.frame)) if is_clock else []
        wanted = (chain, phase)
        return [m for m in range(self.length) if wanted in (self.phases(m) or (NO_PHASE,))]

    def way_to(self, moment: int) -> list[int]:
        """Returns the moments of a frame that divides, back from one of them."""
        way = [moment]
        while self.tree[way[-1]].parent >= 0:
            way.append(self.tree[way[-1]].parent)
        return way

    def outcome(self, moment: int, relay: str) -> bool | None:
        """Returns whether a relay fires in a moment, where that tells moments apart."""
        return self.tree[moment].outcome.get(relay) if self.tree else None

    def past(self, moment: int, steps: int) -> Past:
        """Returns the moments that lie so many steps before a moment."""
        if not self.tree:
            before = moment - steps
            if before >= 0:
                return Past((before,), -1, False)
            return Past((before % self.length,), -before - 1, (before + 1) % self.length == 0)
        found = self._past.get((moment, steps))
        if found is None:
            found = self._past[moment, steps] = self._back(moment, steps)
        return found

    def _back(self, moment: int, steps: int) -> Past:
        while steps > 0 and self.tree[moment].parent >= 0:
            moment, steps = self.tree[moment].parent, steps - 1
        if steps == 0:
            return Past((moment,), -1, False)
        before, is_start = set(self.ends), True
        for _ in range(steps - 1):
            parents = {self.tree[moment].parent for moment in before}
            is_start = -1 in parents
            before = parents - {-1} | (self.ends if is_start else set())
        return Past(tuple(sorted(before)), steps - 1, is_start)

    def steps_of(self, steps: int) -> int:
        """Returns how many steps back tell anything that fewer do not."""
        return steps if self.tree else min(steps, self.length)

    def future(self, moment: int, steps: int) -> Iterable[int]:
        """Returns the moments that may lie so many steps after a moment.

        -1 is the one before the first frame.
        """
        if not self.tree:
            return ((moment + steps) % self.length,)
        if steps not in self._future:
            after: dict[int, list[int]] = {}
            for later in range(self.length):
                past = self.past(later, steps)
                for earlier in (*past.moments, *([-1] if past.is_start else [])):
                    after.setdefault(earlier, []).append(later)
            self._future[steps] = after
        return self._future[steps].get(moment, ())


def timeline(circuit: Circuit) -> Timeline | None:
    """Returns the timeline of a circuit whose frames have one length, if its rings run as such."""
    schedule = circuit.schedule
    frame = schedule.frame_length
    if frame is None:
        return None if schedule.clock else timeless()
    turning = [chain for chain in schedule.chains if chain.ring and not chain.started_by]
    length = lcm(frame, *(len(chain.relays) for chain in turning))
    return Timeline(length if length <= _MOST_MOMENTS else frame, frame, schedule.clock)


def timeless() -> Timeline:
    """Returns the timeline on which one moment stands for every step."""
    return Timeline(1, None, None)
