"""The pass drop-useless."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

from sfc.analysis.cells import CURRENT_HIGH, CURRENT_LOW, Arrival, add_up
from sfc.analysis.solve import Key, Reading
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection, Weight
from sfc.passes.base import Preserves
from sfc.passes.editing import with_projections
from sfc.passes.timing import seen_membranes, timing


@dataclass(frozen=True, slots=True)
class DropUseless:
    """Drops constant projections that can never matter, closing gates among them.

    A projection goes if in every phase in which its spikes may arrive its target is proved silent
    without them too, or proved to fire in any case: by the sound reading of the phase analysis,
    without the bounds that inputs declare. Several projections onto one population are looked at
    together: what goes is useless even when all of it is gone.

    Spikes are the same, so what learns does the same. Membranes of the targets differ; populations
    whose membrane is probed or read out keep all that drives them, and so do those that keep
    anything from step to step, or whose current may leave 24 bits. The synapses of chains stay.
    """

    name: ClassVar[str] = "drop-useless"
    summary: ClassVar[str] = "drives and gates that are proved to change no spike go"
    preserves: ClassVar[Preserves] = "spikes"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit without useless projections."""
        reading = timing(circuit).reading
        shown = seen_membranes(circuit)
        landing = _landing(reading)
        useless: set[str] = set()
        left = [p.name for p in circuit.projections.values() if _may_go(p, shown)]
        found = True
        while found:
            found = False
            for name in left:
                useless.add(name)
                if all(_same(reading, cell, useless) for cell in landing[name]):
                    found = True
                else:
                    useless.remove(name)
            left = [name for name in left if name not in useless]
        if not useless:
            return circuit
        return with_projections(
            circuit, (p for p in circuit.projections.values() if p.name not in useless)
        )


def _may_go(projection: Projection, shown: frozenset[str]) -> bool:
    kind = projection.origin.kind if projection.origin else ""
    is_constant = isinstance(projection.weight, Weight)
    return is_constant and kind not in ("link", "start") and projection.target not in shown


def _landing(reading: Reading) -> dict[str, list[Key]]:
    """Returns the cells at which each projection's spikes arrive."""
    found: dict[str, list[Key]] = defaultdict(list)
    for cell, links in reading.arrivals.items():
        for link in links:
            found[link.projection].append(cell)
    return found


def _same(reading: Reading, cell: Key, without: set[str]) -> bool:
    """Tells whether a cell's neurons fire alike if some projections bring nothing."""
    block, found = reading.network.blocks[cell[0]], reading.found.get(cell)
    if found is None or block.has_memory or found.overflows:
        return False
    left: list[Arrival] = [
        arrival for arrival in reading.coming(*cell) if arrival.link.projection not in without
    ]
    total = add_up(left, reading.network.blocks, reading.numbers)
    if not CURRENT_LOW <= total.low <= total.high <= CURRENT_HIGH:
        return False
    level = block.threshold - block.bias
    if found.may_fire == 0 and total.high <= level:
        return True
    return found.firing.low == block.size and total.low > level
