"""Consecutive steps of a run, as an engine hands them over to a recorder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.ir.schedule import Quantity
from sfc.sim.clock import Phase


@dataclass(frozen=True, slots=True)
class Tap:
    """What is taken down of a population or an input in every step, or in those of some phases.

    Attributes:
        name: of the population or input.
        phases: None for every step; a step is one of its phases, whichever its main one is.
        waits: whether steps before the first frame that begins in the run are left out.
    """

    name: str
    quantity: Quantity
    phases: frozenset[Phase] | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Overflow:
    """The first time that a current wrapped or a membrane was clipped at 24 bits.

    Attributes:
        count: in how many (neuron, step) pairs it happened.
        population, neuron, step: where first; steps count from the start of the run.
    """

    quantity: str
    count: int
    population: str
    neuron: int
    step: int

    def __str__(self) -> str:
        what = "a current wrapped" if self.quantity == "u" else "a membrane was clipped"
        where = f"{self.population}, neuron {self.neuron}, step {self.step}"
        return f"{what} at 24 bits {self.count} times, first in {where}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Membranes of a population.

    Attributes:
        steps: (k,) ascending.
        values: (k, n) before the reset of neurons that spike, in state units.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive steps of a run; steps count from the start of the stretch.

    Attributes:
        steps: how many.
        phases: (steps, 2) the number of the chain and the index of the main phase, -1 for none.
        frame_starts: (frames,) steps.
        spikes: by tap, (k, 2) steps and neurons in order of steps; an input's may name step -1,
            which is the one before the stretch, and may name a spike twice.
        membranes: by tap.
        overflows: where a current and where a membrane first left its 24 bits, the earlier first.
        counts: (k, 3) step of the frame, number of the population, spikes; if they are wanted.
        longest: one more than the highest step of a frame (0 without chains), if counts are wanted.
    """

    steps: int
    phases: NDArray[np.int64]
    frame_starts: NDArray[np.int64]
    spikes: Mapping[Tap, NDArray[np.int64]] = field(default_factory=dict)
    membranes: Mapping[Tap, Rows] = field(default_factory=dict)
    overflows: tuple[Overflow, ...] = ()
    counts: NDArray[np.int64] | None = None
    longest: int = 0


def events(step: int, neurons: NDArray[Any]) -> NDArray[np.int64]:
    """Returns the (k, 2) spikes of these neurons in one step."""
    pairs = np.empty((len(neurons), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = step, neurons
    return pairs
