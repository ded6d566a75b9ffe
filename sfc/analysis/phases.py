"""The phase analysis of a circuit: both readings, what they rest on, what remains to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sfc.analysis.obligations import Assumption, Obligation, assumptions, obligations
from sfc.analysis.readings import Reached, read
from sfc.ir.circuit import Circuit


@dataclass(frozen=True, slots=True)
class Phases:
    """Which population may fire in which phase of a frame.

    Attributes:
        sound: what holds of every run.
        conditional: what holds as long as the cells that are open stay silent, and nothing leaves
            24 bits.
        assumptions: what both take for granted.
        obligations: the author's assertions, then what the conditional reading supposes.
    """

    circuit: Circuit
    sound: Reached
    conditional: Reached
    assumptions: tuple[Assumption, ...]
    obligations: tuple[Obligation, ...]

    def of_chain(self, chain: str) -> Phases:
        """Returns the analysis with the table of one chain alone."""
        sides = []
        for reached in (self.sound, self.conditional):
            table = reached.table_of(chain) or reached.table
            sides.append(replace(reached, tables=(table,)))
        return replace(self, sound=sides[0], conditional=sides[1])


def _supposes_anything(sound: Reached) -> bool:
    """Tells whether the conditional reading can differ."""
    if sound.reading.network.circuit.schedule.clock and not sound.reading.timeline.has_frames:
        return True
    found = sound.reading.found.values()
    return any(cell.overflows or (cell.is_shut and cell.may_fire) for cell in found)


def analyse(circuit: Circuit) -> Phases:
    """Returns the phase analysis of a circuit."""
    sound = read(circuit, False)
    conditional = read(circuit, True) if _supposes_anything(sound) else sound
    shown = obligations(circuit, sound, conditional)
    return Phases(circuit, sound, conditional, assumptions(circuit), shown)
