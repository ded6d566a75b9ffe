"""Changes of a circuit that keep its tables, its schedule and its constraints consistent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from sfc.ir.circuit import Circuit, Projection, by_name
from sfc.ir.constraints import renamed


def with_projections(circuit: Circuit, projections: Iterable[Projection]) -> Circuit:
    """Returns a circuit with other projections.

    Those that are gone carry no input and share no weights any more.
    """
    table = by_name(projections)
    presents = tuple(
        replace(present, projections=tuple(name for name in present.projections if name in table))
        for present in circuit.schedule.presents
    )
    groups = (tuple(name for name in group if name in table) for group in circuit.shared)
    return replace(
        circuit,
        projections=table,
        schedule=replace(circuit.schedule, presents=presents),
        shared=tuple(group for group in groups if len(group) > 1),
    )


def without_populations(circuit: Circuit, names: Set[str]) -> Circuit:
    """Returns a circuit without populations and the projections from and to them."""
    ends_stay = (
        p for p in circuit.projections.values() if p.source not in names and p.target not in names
    )
    return with_others(with_projections(circuit, ends_stay), dict.fromkeys(names, ""))


def with_others(circuit: Circuit, names: Mapping[str, str]) -> Circuit:
    """Returns a circuit without populations for which others stand, or none (see `renamed`).

    Its projections and its schedule are as they were.
    """
    kept = (p for p in circuit.populations.values() if p.name not in names)
    constraints = renamed(circuit.constraints, names, circuit.size)
    return replace(circuit, populations=by_name(kept), constraints=constraints)


def carriers(circuit: Circuit) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Returns in which (chain, phase) each projection from an input is presented, ascending."""
    found: dict[str, list[tuple[str, int]]] = {}
    for present in circuit.schedule.presents:
        for name in dict.fromkeys(present.projections):
            found.setdefault(name, []).append((present.chain, present.phase))
    return {name: tuple(sorted(phases)) for name, phases in found.items()}


def named_populations(circuit: Circuit) -> set[str]:
    """Returns the populations that a probe, a readout or an assertion names."""
    schedule = circuit.schedule
    named = {probe.population for probe in schedule.probes}
    named |= {readout.population for readout in schedule.readouts}
    for prop in circuit.properties:
        named |= set(prop.subjects) & set(circuit.populations)
    return named


def incoming(circuit: Circuit) -> Mapping[str, list[Projection]]:
    """Returns the projections that end at each population, in the circuit's order."""
    found: dict[str, list[Projection]] = {name: [] for name in circuit.populations}
    for projection in circuit.projections.values():
        found[projection.target].append(projection)
    return found
