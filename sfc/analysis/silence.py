"""Populations that never fire: which of them is the cause, and which only wait for another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sfc.analysis.effects import Effects
from sfc.analysis.readings import Reached
from sfc.ir.circuit import Circuit, Projection, Weight

_MOST_RANKED = 200
"""Silent populations beyond which it is not found out which of them wait for which others."""

Targets = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Silence:
    """What never fires, as a reading has it.

    Attributes:
        silent: populations, relays among them, and inputs without spikes.
        causes: those that are silent for a reason of their own; all others of the silent wait for
            one of these, or for an input without spikes.
        waiting: populations that miss something, silent or not: who would fire, or fire more often,
            by what is silent.
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
    if not silent:
        return Silence(silent, (), silent)
    missing = {
        cell.population
        for cell in reached.table.known.values()
        if cell.opened and not cell.count[1] and cell.population not in silent
    }
    targets = _targets(circuit, silent | missing)
    explained = _spread([*inputs, *_unpresented_targets(circuit, inputs, populations)], targets)
    driven = {n for n in populations if any(c.drive[1] > 0 for c in reached.table.of(n))}
    causes = []
    for name in _ranked(populations, targets, driven):
        if name not in explained:
            causes.append(name)
            explained |= _spread([name], targets)
    hit = _spread(silent, targets)
    waiting = frozenset(target for name in hit for target in targets.get(name, ()))
    return Silence(silent, tuple(causes), waiting)


def _ranked(names: list[str], targets: Targets, driven: Collection[str]) -> list[str]:
    """Returns populations, those before others that wait for them and not the other way round."""
    waits = {target for name in names for target in targets.get(name, ())}
    behind = {name: int(name in waits) for name in names}
    if len(names) <= _MOST_RANKED:
        spread = {name: _spread([name], targets) for name in names}
        behind = {
            name: sum(name in spread[o] and o not in spread[name] for o in names) for name in names
        }
    return sorted(names, key=lambda name: (behind[name], name not in driven))


def _silent_inputs(circuit: Circuit, followed: Effects) -> list[str]:
    """Returns inputs without spikes: they are presented nowhere, or bounded by 0."""
    shut = {source.name for source in circuit.inputs.values() if source.at_most == 0}
    if circuit.schedule.chains:
        heard = {circuit.projections[name].source for name in followed.by_projection}
        heard |= {present.input for present in circuit.schedule.presents}
        heard |= {readout.label for readout in circuit.schedule.readouts}
        shut |= set(circuit.inputs) - heard
    return [name for name in circuit.inputs if name in shut]


def _unpresented_targets(
    circuit: Circuit, inputs: Iterable[str], populations: Iterable[str]
) -> list[str]:
    """Returns populations that nothing reaches, and that an unpresented input may be for."""
    sources = {projection.source for projection in circuit.projections.values()}
    sizes = {circuit.inputs[name].size for name in inputs if name not in sources}
    reached = {p.target for p in circuit.projections.values() if is_drive(p)}
    return [n for n in populations if n not in reached and circuit.populations[n].size in sizes]


def is_drive(projection: Projection) -> bool:
    """Tells whether a projection is there to drive its target, not to open or close it."""
    return projection.origin is None or projection.origin.kind not in ("open", "close", "gate")


def _targets(circuit: Circuit, sources: Collection[str]) -> Targets:
    """Returns for every source whom it would make fire, or open."""
    targets: dict[str, list[str]] = {}
    for projection in circuit.projections.values():
        if projection.source not in sources:
            continue
        kind = projection.origin.kind if projection.origin else ""
        weight = projection.weight
        excites = not isinstance(weight, Weight) or weight.mantissa > 0
        if kind != "close" and excites:
            targets.setdefault(projection.source, []).append(projection.target)
    return targets


def _spread(start: Iterable[str], targets: Targets) -> set[str]:
    """Returns all that waits for some, these included."""
    found = set(start)
    pending = list(found)
    while pending:
        for target in targets.get(pending.pop(), ()):
            if target not in found:
                found.add(target)
                pending.append(target)
    return found
