"""How many cores a circuit takes at least, by each resource; nothing here is a guess.

Every bound is the least that the neurons of a circuit take together, however they are cut, divided
by what a core has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit
from sfc.place.cores import WORD_BYTES, Core, Room, delay_slots
from sfc.place.demand import Group
from sfc.place.lists import Lists
from sfc.place.manual import chosen
from sfc.place.pack import Outgoing, Packer


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
    circuit: Circuit, chip: Chip, lists: Mapping[str, Lists], groups: Sequence[Group], room: Room
) -> tuple[Bound, ...]:
    """Returns a bound for each resource that has a limit.

    Args:
        circuit: to be placed.
        chip: to place it on.
        lists: of every projection, by name.
        groups: of its populations.
        room: of an empty core.
    """
    populations = tuple(circuit.populations.values())
    neurons = sum(population.size for population in populations)
    words = sum(found.least_words() for found in lists.values())
    pieces = {p.name: _fewest_pieces(group, room) for group in groups for p in group.populations}
    entries = chip.limit("learning_axon_entries") or 1
    further = chip.limit("other_chip_entries") or 0
    axons_in = axons_out = plastic = 0
    for found in lists.values():
        projection = found.projection
        take = found.take(0, circuit.size(projection.target))
        reaches_all = projection.pattern == "all_to_all" and projection.target_part is None
        times = pieces[projection.target] if reaches_all else 1
        axons_in += take.lists * times * (entries if found.learns else 1)
        plastic += take.synapses if found.learns else 0
        if projection.source in circuit.populations:
            axons_out += take.lists * (times + further * max(0, times - chip.cores))
    chosen_cores = len({neurons.core for neurons in chosen(circuit)})
    neuron_kinds = {(p.neuron.decay_u, p.neuron.decay_v, p.neuron.refractory) for p in populations}
    thresholds = {p.neuron.threshold for p in populations}
    memory = words * WORD_BYTES + neurons * room.compartment_bytes
    demands = (
        ("compartments", neurons, room.compartments),
        ("synaptic_memory", words, room.words),
        ("delay_slots", _slots(circuit, lists, room), room.accumulators),
        ("input_axons", axons_in, room.input_axons),
        ("output_axons", axons_out, room.output_axons),
        ("compartment_profiles", len(neuron_kinds), room.profiles),
        ("threshold_profiles", len(thresholds), room.thresholds),
        ("memory_bytes", memory, room.memory_bytes),
        ("plastic_synapses", plastic, room.plastic),
        ("cores_chosen_by_the_author", chosen_cores, 1 if chosen_cores else None),
    )
    return tuple(
        Bound(resource, -(-demand // limit), demand, limit)
        for resource, demand, limit in demands
        if limit
    )


def _slots(circuit: Circuit, lists: Mapping[str, Lists], room: Room) -> int:
    """Returns the delay slots of all neurons: of each as many as its own longest delay asks for."""
    delays = dict.fromkeys(circuit.populations, 0)
    for found in lists.values():
        projection = found.projection
        if isinstance(projection.pattern, str) and projection.target_part is None:
            delays[projection.target] = max(delays[projection.target], projection.delay)
    return sum(
        population.size * delay_slots(delays[name], room.slots)
        for name, population in circuit.populations.items()
    )


def lower_bound(found: Sequence[Bound]) -> Bound:
    """Returns the bound that binds: the largest, the first of equal ones."""
    return max(found, key=lambda bound: bound.cores)


def _fewest_pieces(group: Group, room: Room) -> int:
    """Returns into how many pieces a population is cut at least, were it alone.

    Where every neuron has alike synapses, no core holds more neurons than an empty one.
    """
    least = -(-group.size // room.compartments)
    is_uniform = len(group.populations) == 1 and all(
        isinstance(found.projection.pattern, str) and found.projection.target_part is None
        for found in group.lists[0]
    )
    if not is_uniform:
        return least
    most = Packer(room, Outgoing({}), 1.0, 0).most(Core(room), group, 0)
    return max(least, -(-group.size // most) if most else 1)
