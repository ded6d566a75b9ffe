"""Populations that never fire: which of them is the cause, and which only wait for another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sfc.analysis.effects import Effects
from sfc.analysis.readings import Reached
from sfc.ir.circuit import Circuit, Projection, Weight


@dataclass(frozen=True, slots=True)
class Silence:
    """What never fires, as a reading has it.

    Attributes:
        silent: populations, relays among them, and inputs without spikes.
        causes: those that are silent for a reason of their own; all others of the silent wait for
            one of these, or for an input without spikes.
        waiting: what misses something: targets of what is silent, silent or not.
    """

    silent: frozenset[str]
    causes: tuple[str, ...]
    waiting: frozenset[str]

    def excuses(self, population: str) -> bool:
        """Tells whether what is wrong with a population may be that another is silent."""
        return population in self.silent or population in self.waiting


def silence(reached: Reached, followed: Effects) -> Silence:
    """Tells causes from consequences among the populations that never fire."""
    circuit = reached.reading.network.circuit
    firing = {cell.population for cell in reached.table.firing()}
    populations = [name for name in circuit.populations if name not in firing]
    inputs = _silent_inputs(circuit, followed)
    silent = frozenset([*populations, *inputs])
    targets = _wanted(circuit, silent)
    explained = set(inputs) | _unpresented_targets(circuit, inputs, populations)
    _spread(explained, targets)
    waiting = frozenset(target for among in targets.values() for target in among)
    driven = {n for n in populations if any(c.drive[1] > 0 for c in reached.table.of(n))}
    causes = []
    for name in sorted(populations, key=lambda n: (n in waiting, n not in driven)):
        if name in explained:
            continue
        causes.append(name)
        explained.add(name)
        _spread(explained, targets, [name])
    return Silence(silent, tuple(causes), waiting)


def _silent_inputs(circuit: Circuit, followed: Effects) -> list[str]:
    """Returns inputs that have projections, or none, and never a spike on them."""
    if not circuit.schedule.chains:
        return [source.name for source in circuit.inputs.values() if source.at_most == 0]
    heard = {circuit.projections[name].source for name in followed.by_projection}
    labels = {readout.label for readout in circuit.schedule.readouts}
    presented = {present.input for present in circuit.schedule.presents}
    return [
        name
        for name, source in circuit.inputs.items()
        if (name not in heard and name not in presented and name not in labels)
        or source.at_most == 0
    ]


def _unpresented_targets(
    circuit: Circuit, inputs: Iterable[str], populations: Iterable[str]
) -> set[str]:
    """Returns populations that nothing reaches, and that an unpresented input may be for."""
    sources = {projection.source for projection in circuit.projections.values()}
    sizes = {circuit.inputs[name].size for name in inputs if name not in sources}
    reached = {p.target for p in circuit.projections.values() if is_drive(p)}
    return {n for n in populations if n not in reached and circuit.populations[n].size in sizes}


def is_drive(projection: Projection) -> bool:
    """Tells whether a projection is there to drive its target, not to open or close it."""
    return projection.origin is None or projection.origin.kind not in ("open", "close", "gate")


def _wanted(circuit: Circuit, silent: frozenset[str]) -> dict[str, list[str]]:
    """Returns for everything silent the targets that would fire, or open, by it."""
    targets: dict[str, list[str]] = {}
    for projection in circuit.projections.values():
        if projection.source not in silent:
            continue
        kind = projection.origin.kind if projection.origin else ""
        if kind != "close" and _may_excite(projection):
            targets.setdefault(projection.source, []).append(projection.target)
    return targets


def _may_excite(projection: Projection) -> bool:
    return not isinstance(projection.weight, Weight) or projection.weight.mantissa > 0


def _spread(
    explained: set[str], targets: Mapping[str, list[str]], start: Iterable[str] | None = None
) -> None:
    """Adds all that waits for what is explained."""
    pending = list(explained if start is None else start)
    while pending:
        for target in targets.get(pending.pop(), ()):
            if target not in explained:
                explained.add(target)
                pending.append(target)
