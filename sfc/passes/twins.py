"""Populations that are proved to fire together: the coarsest partition that explains itself.

Two populations are twins if they have the same neurons and the same shape, are kicked alike, and
for each projection onto one there is a projection onto the other of the same pattern, weight,
delay and parts, from the same population, from a twin, or from the same input in the same phases.
All state is zero at first, so by induction over the steps twins have the same currents, membranes
and spikes in every step, wherever loops lead. A plastic projection is like no other, since its
weights can be set alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import count

from sfc.ir.circuit import Circuit, Weight
from sfc.passes.editing import carriers, incoming


def twin_classes(circuit: Circuit) -> Mapping[str, int]:
    """Returns the class of every population; twins have the same.

    The partition is refined from the coarsest one: when populations leave a class, those that they
    project to are looked at again. The largest part of a class keeps its number, so that this
    takes about projections times log(populations) steps, for long chains too.
    """
    onto = _onto(circuit)
    targets: dict[str, list[str]] = defaultdict(list)
    for projection in circuit.projections.values():
        targets[projection.source].append(projection.target)
    numbers = count()
    classes = {name: next(numbers) for name in circuit.inputs}
    members: dict[int, set[str]] = {}
    for group in _grouped(circuit.populations, _nature(circuit)):
        members[number := next(numbers)] = set(group)
        classes |= dict.fromkeys(group, number)
    doubtful = list(circuit.populations)
    while doubtful:
        signatures = {
            name: (classes[name], *sorted((classes[source], kind) for source, kind in onto[name]))
            for name in doubtful
        }
        parts: dict[int, list[list[str]]] = defaultdict(list)
        for group in _grouped(doubtful, signatures):
            parts[classes[group[0]]].append(group)
        moved = []
        for old, groups in parts.items():
            for group in _leaving(members[old], groups):
                members[number := next(numbers)] = set(group)
                members[old].difference_update(group)
                classes |= dict.fromkeys(group, number)
                moved += group
        doubtful = list(dict.fromkeys(target for name in moved for target in targets[name]))
    return {name: classes[name] for name in circuit.populations}


def _leaving(members: set[str], groups: list[list[str]]) -> list[list[str]]:
    """Returns the parts of a class that leave it: all but the largest.

    Its members that are in none of the groups are a part too: none of their sources has moved.
    """
    largest = max(groups, key=len)
    others = len(members) - sum(map(len, groups))
    if others >= len(largest):
        return groups
    rest = list(members.difference(*groups)) if others else []
    return [group for group in (*groups, rest) if group and group is not largest]


def _grouped(names: Iterable[str], keys: Mapping[str, object]) -> list[list[str]]:
    """Returns names in groups of equal keys."""
    groups: dict[object, list[str]] = defaultdict(list)
    for name in names:
        groups[keys[name]].append(name)
    return list(groups.values())


def _nature(circuit: Circuit) -> Mapping[str, object]:
    """Returns what twins must have in common beside their projections."""
    kicks: dict[str, list[bool]] = defaultdict(list)
    for chain in circuit.schedule.chains:
        if chain.ring or not chain.started_by:
            kicks[chain.relays[0]].append(chain.ring)
    return {
        name: (population.neuron, population.shape, tuple(kicks[name]))
        for name, population in circuit.populations.items()
    }


def _onto(circuit: Circuit) -> Mapping[str, list[tuple[str, int]]]:
    """Returns for every population the source of each projection onto it, and a number.

    The number is equal for projections that are alike but for their ends.
    """
    carried = carriers(circuit)
    kinds: dict[object, int] = {}

    def kind(name: str) -> int:
        projection = circuit.projections[name]
        weight = projection.weight
        key = (
            *(projection.pattern, projection.delay, projection.source_part),
            *(projection.target_part, carried.get(name)),
            weight.value if isinstance(weight, Weight) else name,
        )
        return kinds.setdefault(key, len(kinds))

    return {
        target: [(projection.source, kind(projection.name)) for projection in projections]
        for target, projections in incoming(circuit).items()
    }
