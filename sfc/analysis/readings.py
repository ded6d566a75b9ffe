"""One reading of a circuit: the fixed point, its table, its ties."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.analysis.branching import branching
from sfc.analysis.network import Network, network
from sfc.analysis.solve import Reading, solve
from sfc.analysis.table import Cell, PhaseTable, tabulate
from sfc.analysis.ties import Ties, differing_ties, prove
from sfc.analysis.timeline import Timeline, timeless, timeline
from sfc.ir.circuit import Circuit, Tie


@dataclass(frozen=True, slots=True)
class Reached:
    """One reading of a circuit.

    Attributes:
        reading: the fixed point.
        tables: what it says of every population and phase, see `tabulate`.
        ties: what it says of the copies of every plastic matrix.
    """

    reading: Reading
    tables: tuple[PhaseTable, ...]
    ties: Ties

    @property
    def table(self) -> PhaseTable:
        """The phases of the chain that makes the frames."""
        return self.tables[0]

    def table_of(self, chain: str) -> PhaseTable | None:
        """Returns the phases of a chain, where they are told apart."""
        return next((table for table in self.tables if table.chain == chain), None)

    def open(self) -> list[Cell]:
        """Returns the cells that nobody opened and that are not proved silent."""
        return [cell for table in self.tables for cell in table.open()]


def read(
    circuit: Circuit,
    conditional: bool,
    moments: Timeline | None = None,
    apart: frozenset[Tie] = frozenset(),
    admitted: frozenset[tuple[str, int]] = frozenset(),
) -> Reached:
    """Returns one reading of a circuit.

    Copies of a matrix are supposed to be equal, until it turns out that this cannot be proved.

    Args:
        circuit: any.
        conditional: which reading.
        moments: to tell apart; by default those of the frame. A circuit without a ring has frames
            only in runs by frames.
        apart: ties of which nothing is supposed.
        admitted: cells, (population, moment), that the conditional reading lets fire although
            nobody opened them.
    """
    moments = moments or timeline(circuit)
    while True:
        found = network(circuit, apart)
        reading = _solved(found, moments, conditional, admitted)
        differing = differing_ties(reading)
        if differing <= apart:
            return Reached(reading, tabulate(reading), prove(reading))
        apart |= differing


def _solved(
    found: Network,
    moments: Timeline | None,
    conditional: bool,
    admitted: frozenset[tuple[str, int]],
) -> Reading:
    """Returns the fixed point on a timeline that it bears out, or on one without phases.

    Without a timeline, frames divide.
    """
    if moments is None:
        reading = branching(found, conditional)
        return reading or solve(found, timeless(), conditional)
    reading = solve(found, moments, conditional, admitted)
    if _keeps_time(reading):
        return reading
    return solve(found, timeless(), conditional)


def _keeps_time(reading: Reading) -> bool:
    """Tells whether the ring that makes the frames begins one when it should, and never else."""
    moments = reading.timeline
    if moments.frame is None or moments.clock is None or not moments.clock.ring:
        return True
    (relay,) = reading.network.blocks_of[moments.clock.relays[0]]
    for moment in range(moments.length):
        firing = reading.firing(relay, moment)
        begins = (moment + 1) % moments.frame == 0
        if firing.low != int(begins) or firing.high != int(begins):
            return False
    return True
