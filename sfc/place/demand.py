"""What neurons ask of the core that they lie on, whatever else lies there.

Populations that an author wants together are one group, whose neurons of the same number are never
parted; every other population is a group by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.chips.formats import Format
from sfc.ir.circuit import Circuit, Neuron, Population
from sfc.place.lists import Lists

Profile = tuple[int, int, int]
"""decay_u, decay_v and refractory of a compartment profile."""


class Slot(NamedTuple):
    """Neurons of one population, to lie on a core in the order of slots.

    Attributes:
        rank: words that dense lists save for each compartment, negative: the most comes first.
        group, member, first: number of the group, of its population, and of the first neuron.
        size: number of neurons.
        near, far: words of synaptic memory, where dense lists may be used (it begins low enough on
            the core) and where not.
        near_formats, far_formats: of the lists.
    """

    rank: float
    group: int
    member: int
    first: int
    size: int
    near: int
    far: int
    near_formats: frozenset[Format]
    far_formats: frozenset[Format]
    population: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a range of a group's neurons takes of a core.

    Attributes:
        neurons: of all its populations.
        input_axons: entries of the synapse map.
        plastic, synapses: synapses that learn, and all.
        delay: the longest of the synapses that arrive.
        slots: by population.
        formats: all that the lists may have.
        least_words, most_words: of synaptic memory, wherever on a core it lies.
    """

    neurons: int
    input_axons: int
    plastic: int
    synapses: int
    delay: int
    profiles: frozenset[Profile]
    thresholds: frozenset[int]
    slots: tuple[Slot, ...]
    formats: frozenset[Format]
    least_words: int
    most_words: int


@dataclass(slots=True)
class Group:
    """Populations whose neurons of the same number share a core.

    Attributes:
        populations: of equal sizes.
        lists: that arrive, by population.
        apart: numbers of the groups that must not share a core with it.
    """

    number: int
    populations: tuple[Population, ...]
    lists: tuple[tuple[Lists, ...], ...]
    learning_entries: int
    apart: frozenset[int] = frozenset()
    _known: dict[tuple[int, int], Cost] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Neurons of one population."""
        return self.populations[0].size

    def cost(self, first: int, stop: int) -> Cost:
        """Returns what neurons first..stop-1 of all populations take."""
        key = first, stop
        if key not in self._known:
            self._known[key] = self._cost(first, stop)
        return self._known[key]

    def _cost(self, first: int, stop: int) -> Cost:
        axons = plastic = synapses = delay = 0
        slots = []
        for member, arriving in enumerate(self.lists):
            near = far = 0
            near_formats, far_formats = set(), set()
            for lists in arriving:
                take = lists.take(first, stop)
                if not take.lists:
                    continue
                axons += take.lists * (self.learning_entries if lists.learns else 1)
                plastic += take.synapses if lists.learns else 0
                synapses += take.synapses
                delay = max(delay, lists.projection.delay)
                near += take.near
                far += take.far
                near_formats.add(take.near_format)
                far_formats.add(take.far_format)
            slots.append(
                Slot(
                    (near - far) / (stop - first),
                    self.number,
                    member,
                    first,
                    stop - first,
                    near,
                    far,
                    frozenset(near_formats),
                    frozenset(far_formats),
                    self.populations[member].name,
                )
            )
        neurons = [population.neuron for population in self.populations]
        return Cost(
            neurons=(stop - first) * len(neurons),
            input_axons=axons,
            plastic=plastic,
            synapses=synapses,
            delay=delay,
            profiles=frozenset(_profile(neuron) for neuron in neurons),
            thresholds=frozenset(neuron.threshold for neuron in neurons),
            slots=tuple(slots),
            formats=frozenset().union(*(slot.near_formats | slot.far_formats for slot in slots)),
            least_words=sum(slot.near for slot in slots),
            most_words=sum(slot.far for slot in slots),
        )


def groups(circuit: Circuit, chip: Chip, lists: Mapping[str, Lists]) -> list[Group]:
    """Returns the groups of a circuit's populations, in the order of the circuit.

    Args:
        circuit: any.
        chip: whose limit learning_axon_entries is used.
        lists: of every projection, by name.
    """
    arriving: dict[str, list[Lists]] = {name: [] for name in circuit.populations}
    for name, found in lists.items():
        arriving[circuit.projections[name].target].append(found)
    entries = chip.limit("learning_axon_entries") or 1
    made = []
    for number, members in enumerate(_together(circuit)):
        populations = tuple(circuit.populations[name] for name in members)
        into = tuple(tuple(arriving[name]) for name in members)
        made.append(Group(number, populations, into, entries))
    of_population = {p.name: group for group in made for p in group.populations}
    for constraint in circuit.constraints:
        if constraint.kind == "apart":
            numbers = frozenset(of_population[name].number for name in constraint.populations)
            for number in numbers:
                made[number].apart |= numbers - {number}
    return made


def _together(circuit: Circuit) -> list[list[str]]:
    """Returns the names of populations that belong together, in the order of the circuit."""
    import networkx as nx

    wanted: nx.Graph[str] = nx.Graph()
    wanted.add_nodes_from(circuit.populations)
    for constraint in circuit.constraints:
        if constraint.kind == "together":
            nx.add_path(wanted, constraint.populations)
    order = {name: number for number, name in enumerate(circuit.populations)}
    found = [sorted(names, key=order.__getitem__) for names in nx.connected_components(wanted)]
    return sorted(found, key=lambda names: order[names[0]])


def _profile(neuron: Neuron) -> Profile:
    return neuron.decay_u, neuron.decay_v, neuron.refractory


def fanouts(
    circuit: Circuit,
    lists: Iterable[Lists],
    cuts: Mapping[str, Iterable[tuple[int, int]]],
) -> dict[str, NDArray[np.int64]]:
    """Returns how many lists every neuron sends its spikes to, (neurons,), by population.

    Args:
        circuit: any.
        lists: of its projections.
        cuts: ranges (first, stop) that populations are cut into.
    """
    counts = {name: np.zeros(p.size, np.int64) for name, p in circuit.populations.items()}
    for found in lists:
        source = counts.get(found.projection.source)
        if source is None:
            continue
        for first, stop in cuts[found.projection.target]:
            source[found.senders(first, stop)] += 1
    return counts
