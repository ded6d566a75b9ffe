"""The beginning of a frame that a kernel ran, to go back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.sim.clock import Phase
from sfc.sim.compiled.boundary import Carried

TAIL = 2
"""Frames that the general engine goes through for the exact state: what the first leaves under way
decides the currents of the second, which are part of the state."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames that a kernel ran: samples of the inputs, (count, size)."""

    rows: Mapping[str, NDArray[np.bool_]]
    count: int
    learn: bool

    def part(self, start: int, stop: int) -> Segment:
        """Returns some of the frames, with samples of their own."""
        rows = {name: array[start:stop].copy() for name, array in self.rows.items()}
        return Segment(rows, stop - start, self.learn)


@dataclass(slots=True)
class Anchor:
    """The beginning of a frame, and all that the kernel ran since.

    Attributes:
        is_exact: whether the general engine still has the state of that time.
        weights: as the storage held them.
        carried: who fires early in the frame because of the one before.
        clock: step, frame, step in which that began, and relays that had spiked.
    """

    is_exact: bool
    weights: list[NDArray[Any]]
    carried: Carried
    clock: tuple[int, int, int, tuple[Phase, ...]]
    segments: list[Segment] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Frames since."""
        return sum(segment.count for segment in self.segments)

    def divided(self) -> tuple[list[Segment], list[Segment]]:
        """Returns the frames since, the last ones apart."""
        before: list[Segment] = []
        left = self.count - TAIL
        for number, segment in enumerate(self.segments):
            if left <= 0:
                return before, self.segments[number:]
            if left < segment.count:
                tail = [segment.part(left, segment.count), *self.segments[number + 1 :]]
                return [*before, segment.part(0, left)], tail
            before.append(segment)
            left -= segment.count
        return before, []
