"""Makes a program of a circuit: which sets of neurons are worked out in a frame, and from what.

The conditional reading of the phase analysis says which cells fire, and which fire alike. What it
supposes (that cells nobody opened stay silent, that nothing leaves 24 bits, that samples keep to
the bounds of their inputs) becomes guards.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress

from sfc.analysis.readings import read
from sfc.analysis.solve import Reading
from sfc.analysis.ties import is_by_coincidence
from sfc.ir.circuit import Circuit
from sfc.sim.compiled.planner import Planner
from sfc.sim.compiled.program import Moment, Program
from sfc.sim.compiled.terms import NotCompiled


def make_program(circuit: Circuit) -> Program:
    """Returns the program of a circuit.

    Raises:
        NotCompiled: its frames are not alike, or something in it is not provided for.
    """
    if not circuit.schedule.clock:
        raise NotCompiled("the circuit has no frames")
    for projection in circuit.projections.values():
        rule = circuit.rule_of(projection)
        if rule is not None and (rule.dt or not is_by_coincidence(rule)):
            raise NotCompiled(f"rule `{rule.name}` sees more than coincidences of spikes")
    reading = read(circuit, True).reading
    timeline = reading.timeline
    if timeline.frame is None or timeline.tree or timeline.length != timeline.frame:
        raise NotCompiled("frames are not all of one length, or phases cannot be told apart")
    best = Planner(circuit, reading, timeline.frame).plan()
    admitted: frozenset[tuple[str, Moment]] = frozenset()
    for cells in _open_cells(reading):
        wider = read(circuit, True, admitted=admitted | cells).reading
        with suppress(NotCompiled):
            program = Planner(circuit, wider, timeline.frame).plan()
            if _is_only_wider(best, program, cells):
                best, admitted = program, admitted | cells
    return best


def _open_cells(reading: Reading) -> list[frozenset[tuple[str, Moment]]]:
    """Returns the cells that nobody opens and that only the frame before may make fire.

    Those are together at which the same spikes arrive; those that need least come first.
    """
    found: dict[tuple[int, Hashable], set[tuple[str, Moment]]] = {}
    for (number, moment), cell in reading.found.items():
        block = reading.network.blocks[number]
        if block.kind == "population" and cell.is_shut and cell.may_fire and not cell.firing.high:
            coming = [a for a in reading.coming(number, moment) if a.firing.low < a.firing.high]
            if coming and all(arrival.is_old for arrival in coming):
                level = block.threshold - block.bias - cell.total.certain
                sent = frozenset((a.link.source, a.link.latency) for a in coming)
                found.setdefault((level, (moment, sent)), set()).add((block.name, moment))
    return [frozenset(found[key]) for key in sorted(found, key=lambda key: key[0])]


def _is_only_wider(narrow: Program, wide: Program, cells: frozenset[tuple[str, Moment]]) -> bool:
    """Tells whether a program differs from another only by more cells that fire."""
    if {*wide.cells} != {*narrow.cells, *cells} or wide.groups != narrow.groups:
        return False
    if len(wide.lessons) != len(narrow.lessons):
        return False
    pairs = {(narrow.cells[cell], wide.cells[cell]) for cell in narrow.cells}
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
