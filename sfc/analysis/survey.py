"""What advice looks at: one reading, what becomes of its spikes, who never fires and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sfc.analysis.effects import Effects, effects
from sfc.analysis.readings import Reached
from sfc.analysis.silence import Silence, silence
from sfc.analysis.solve import Reading
from sfc.ir.circuit import Circuit, Projection


@dataclass(frozen=True, slots=True)
class Survey:
    """One reading of a circuit, and what follows from it.

    Attributes:
        incoming: projections by their target.
    """

    reached: Reached
    effects: Effects
    quiet: Silence
    incoming: Mapping[str, list[Projection]]

    @property
    def reading(self) -> Reading:
        """The fixed point."""
        return self.reached.reading

    @property
    def circuit(self) -> Circuit:
        """The circuit."""
        return self.reached.reading.network.circuit


def survey(reached: Reached) -> Survey:
    """Returns what follows from a reading."""
    followed = effects(reached.reading)
    incoming: dict[str, list[Projection]] = {}
    for projection in reached.reading.network.circuit.projections.values():
        incoming.setdefault(projection.target, []).append(projection)
    return Survey(reached, followed, silence(reached, followed), incoming)
