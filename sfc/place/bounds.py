"""How many cores a circuit takes at least, by each resource; nothing here is a guess.

Every bound is the least that the neurons of a circuit take together, however they are cut, divided
by what a core has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfc.ir.circuit import Circuit
from sfc.place.cores import WORD_BYTES, Room
from sfc.place.demand import Group
from sfc.place.lists import Lists
from sfc.place.manual import chosen


@dataclass(frozen=True, slots=True)
class Bound:
    """The fewest cores by one resource.

    Attributes:
        demand: of the whole circuit, at least.
        per_core: what a core has.
    """

    resource: str
    cores: int
    demand: int
    per_core: int


def bounds(
    circuit: Circuit, lists: Mapping[str, Lists], groups: Sequence[Group], room: Room
) -> tuple[Bound, ...]:
    """Returns a bound for each resource that has a limit.

    Args:
        circuit: to be placed.
        lists: of every projection, by name.
        groups: of its populations.
        room: of an empty core.
    """
    neurons = sum(population.size for population in circuit.populations.values())
    words = {name: found.least_words() for name, found in lists.items()}
    whole = {p.name: group.size for group in groups for p in group.populations}
    into: dict[str, list[Lists]] = {name: [] for name in whole}
    for found in lists.values():
        into[found.projection.target].append(found)
    entries = max((group.learning_entries for group in groups), default=1)
    pieces = {
        name: _fewest_pieces(into[name], size, words, room, entries) for name, size in whole.items()
    }
    axons_in = axons_out = plastic = 0
    for found in lists.values():
        projection = found.projection
        take = found.take(0, whole[projection.target])
        reaches_all = projection.pattern == "all_to_all" and projection.target_part is None
        times = pieces[projection.target] if reaches_all else 1
        axons_in += take.lists * times * (entries if found.learns else 1)
        axons_out += take.lists * times if projection.source in circuit.populations else 0
        plastic += take.synapses if found.learns else 0
    author_cores = len({neurons.core for neurons in chosen(circuit)})
    profiles = {
        (p.neuron.decay_u, p.neuron.decay_v, p.neuron.refractory)
        for p in circuit.populations.values()
    }
    thresholds = {p.neuron.threshold for p in circuit.populations.values()}
    total_words = sum(words.values())
    demands = (
        ("compartments", neurons, room.compartments),
        ("synaptic_memory", total_words, room.words),
        ("input_axons", axons_in, room.input_axons),
        ("output_axons", axons_out, room.output_axons),
        ("compartment_profiles", len(profiles), room.profiles),
        ("threshold_profiles", len(thresholds), room.thresholds),
        (
            "memory_bytes",
            total_words * WORD_BYTES + neurons * room.compartment_bytes,
            room.memory_bytes,
        ),
        ("plastic_synapses", plastic, room.plastic),
        ("cores_chosen_by_the_author", author_cores, 1 if author_cores else None),
    )
    return tuple(
        Bound(resource, -(-demand // limit), demand, limit)
        for resource, demand, limit in demands
        if limit
    )


def lower_bound(found: Sequence[Bound]) -> Bound:
    """Returns the bound that binds: the largest, the first of equal ones."""
    return max(found, key=lambda bound: bound.cores)


def _fewest_pieces(
    arriving: Sequence[Lists], size: int, words: Mapping[str, int], room: Room, entries: int
) -> int:
    """Returns into how many pieces a population is cut at least, were it alone."""
    least = -(-size // room.compartments)
    if room.words:
        total = sum(words[found.projection.name] for found in arriving)
        least = max(least, -(-total // room.words))
    if room.plastic:
        plastic = sum(found.take(0, size).synapses for found in arriving if found.learns)
        least = max(least, -(-plastic // room.plastic))
    return max(least, 1)
