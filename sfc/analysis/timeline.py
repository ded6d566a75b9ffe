"""The steps that the analysis tells apart: those of a frame, or one that stands for all."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

from sfc.ir.circuit import Circuit
from sfc.ir.schedule import Chain

_MOST_MOMENTS = 20_000
"""Longest period of several rings; beyond it the frame's length is taken."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments 0..length-1 that repeat for ever.

    Before the first of them nothing fired, but for the kick of a ring one step before.

    Attributes:
        length: steps after which everything repeats; 1 where all steps are one moment.
        frame: steps of a frame, a divisor of the length; None where frames vary or there are none.
        clock: the chain whose phases the moments are, if there is a frame.
    """

    length: int
    frame: int | None
    clock: Chain | None

    def phase(self, moment: int) -> int:
        """Returns the clock's phase at a moment; -1 without frames."""
        return -1 if self.frame is None else moment % self.frame


def timeline(circuit: Circuit) -> Timeline:
    """Returns the timeline of a circuit, supposing that its rings run as they should."""
    schedule = circuit.schedule
    frame = schedule.frame_length
    if frame is None:
        return timeless()
    turning = [chain for chain in schedule.chains if chain.ring and not chain.started_by]
    length = lcm(frame, *(len(chain.relays) for chain in turning))
    return Timeline(length if length <= _MOST_MOMENTS else frame, frame, schedule.clock)


def timeless() -> Timeline:
    """Returns the timeline on which one moment stands for every step."""
    return Timeline(1, None, None)
