"""What a pass is: it takes a circuit and returns one that does the same."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit

Preserves = Literal["states", "spikes", "readings", "structure"]

MEANINGS: dict[Preserves, str] = {
    "states": "every population that remains has the same spikes and membranes in every step, and "
    "every plastic projection that remains the same weights",
    "spikes": "every population that remains has the same spikes in every step, and every plastic "
    "projection that remains the same weights; membranes are the same where a probe or readout "
    "names them",
    "readings": "probes, readouts and assertions find the same, and plastic projections that "
    "learn have the same weights after every frame",
    "structure": "populations, synapses, delays and the schedule are the same; weights are rounded,"
    " with a report on the error",
}
"""What a pass preserves, from the most to the least. All of it is for equal inputs and first
weights, in runs with and without learning. What a probe, readout or assertion names remains."""


class Pass(Protocol):
    """A frozen dataclass; its fields are the options, each with a default.

    The docstring is the long help: when the pass does something, and why that is exact. What it
    keeps has its name, origin, place and documentation, and what the schedule, the properties,
    the shared weights or the constraints name is there afterwards. A constraint holds of what is
    left of it, and of a population for those that it stands for.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    preserves: ClassVar[Preserves]

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the changed circuit, or the same object if there is nothing to do."""
