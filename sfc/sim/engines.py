"""The engines, by name, and what all of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sfc.ir.circuit import Circuit
from sfc.sim.clock import Clock
from sfc.sim.fallbacks import Fallbacks
from sfc.sim.recorder import Recorder
from sfc.sim.reference import ReferenceEngine
from sfc.sim.stimulus import Stimulus

Arrays = dict[str, NDArray[np.int16]]

_LONG_RUN = 200
"""Frames of a run for which `auto` makes a kernel, which takes as long as some hundred of them."""


class Engine(Protocol):
    """Steps a circuit through time, bit for bit as every other engine does.

    Attributes:
        pace: frames of a large circuit that it runs in about a tenth of a second.
    """

    pace: int

    @property
    def weights(self) -> Mapping[str, NDArray[np.int16]]:
        """(n_pre, n_post) of every plastic projection, in weight units; may be changed in place."""

    @property
    def clock(self) -> Clock:
        """Where the engine stands in time."""

    @property
    def kind(self) -> str:
        """The name of what runs the circuit."""

    @property
    def reason(self) -> str:
        """Why that runs it; empty if it was named."""

    @property
    def fallbacks(self) -> Fallbacks | None:
        """How many frames were not run in a kernel; None for an engine that has none."""

    def run(self, stimulus: Stimulus, recorder: Recorder, learn: bool) -> None:
        """Runs until the stimulus is over; E0706 if the chain that makes frames fell silent."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Returns everything but the weights that the next steps depend on."""

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Goes on from what `state` of any engine returned; E0801 if it is of another circuit."""

    def fresh(self, weights: Arrays) -> Engine:
        """Returns an engine of the same circuit before step 0; `weights` is used in place."""


def _event(circuit: Circuit, weights: Arrays) -> Engine:
    from sfc.sim.event.engine import EventEngine

    return EventEngine(circuit, weights)


def _compiled(circuit: Circuit, weights: Arrays) -> Engine:
    from sfc.sim.compiled.engine import CompiledEngine

    return CompiledEngine(circuit, weights)


def _auto(circuit: Circuit, weights: Arrays) -> Engine:
    from sfc.sim.compiled.engine import CompiledEngine

    return CompiledEngine(circuit, weights, fewest=_LONG_RUN)


ENGINES: dict[str, Callable[[Circuit, Arrays], Engine]] = {
    "auto": _auto,
    "compiled": _compiled,
    "event": _event,
    "reference": ReferenceEngine,
}
"""What makes an engine, by its name; those that take long to load are loaded when they are made."""
