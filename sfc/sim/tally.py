"""Spikes counted over several runs of a circuit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfc.sim.result import Result


@dataclass(slots=True)
class Tally:
    """What fired, and what was presented; it grows with every run that is added.

    Attributes:
        frames, steps: so far; no frames in a circuit without chains.
        spikes: by population, by step of the frame, or one number without chains.
        presented: by input, the bits that were on in all samples.
    """

    frames: int = 0
    steps: int = 0
    spikes: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    presented: dict[str, int] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """Adds a run that counted spikes."""
        for name, counts in result.spike_counts.items():
            before = self.spikes.get(name, np.zeros_like(counts))
            self.spikes[name] = _sum(before, counts)
        for name, bits in result.presented.items():
            self.presented[name] = self.presented.get(name, 0) + bits
        self.frames += len(result.frame_starts)
        self.steps += result.steps


def _sum(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Adds counts by step of the frame; the shorter ends in zeros."""
    if np.ndim(left) == 0:
        return left + right
    total = np.zeros(max(len(left), len(right)), np.int64)
    total[: len(left)] += left
    total[: len(right)] += right
    return total
