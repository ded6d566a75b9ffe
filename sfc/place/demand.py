"""What neurons ask of the core that they lie on, whatever else lies there.

Populations that an author wants together are one group, whose neurons of the same number are never
parted; every other population is a group by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfc.chips.chip import Chip
from sfc.chips.formats import Format
from sfc.ir.circuit import Circuit, Neuron, Population
from sfc.place.lists import Lists

Profile = tuple[int, int, int]
"""decay_u, decay_v and refractory of a compartment profile."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a range of a group's neurons takes of a core.

    Attributes:
        neurons: all of them, and those of each population.
        input_axons: entries of the synapse map.
        near, far: words of synaptic memory by population, where dense lists may be used (the
            population begins low enough on the core) and where not.
        plastic, synapses: synapses that learn, and all.
        delay: the longest of the synapses that arrive.
        near_formats, far_formats: of the lists, by population.
        formats: all of these.
        least_words, most_words: sums of near and far.
    """

    neurons: int
    input_axons: int
    near: tuple[int, ...]
    far: tuple[int, ...]
    plastic: int
    synapses: int
    delay: int
    profiles: frozenset[Profile]
    thresholds: frozenset[int]
    near_formats: tuple[frozenset[Format], ...]
    far_formats: tuple[frozenset[Format], ...]
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
        near: list[int] = []
        far: list[int] = []
        near_formats: list[frozenset[Format]] = []
        far_formats: list[frozenset[Format]] = []
        for arriving in self.lists:
            near_words = far_words = 0
            near_kinds, far_kinds = set(), set()
            for lists in arriving:
                take = lists.take(first, stop)
                if not take.lists:
                    continue
                axons += take.lists * (self.learning_entries if lists.learns else 1)
                plastic += take.synapses if lists.learns else 0
                synapses += take.synapses
                delay = max(delay, lists.projection.delay)
                near_words += take.near
                far_words += take.far
                near_kinds.add(take.near_format)
                far_kinds.add(take.far_format)
            near.append(near_words)
            far.append(far_words)
            near_formats.append(frozenset(near_kinds))
            far_formats.append(frozenset(far_kinds))
        neurons = [population.neuron for population in self.populations]
        return Cost(
            neurons=(stop - first) * len(neurons),
            input_axons=axons,
            near=tuple(near),
            far=tuple(far),
            plastic=plastic,
            synapses=synapses,
            delay=delay,
            profiles=frozenset(_profile(neuron) for neuron in neurons),
            thresholds=frozenset(neuron.threshold for neuron in neurons),
            near_formats=tuple(near_formats),
            far_formats=tuple(far_formats),
            formats=frozenset().union(*near_formats, *far_formats),
            least_words=sum(near),
            most_words=sum(far),
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
