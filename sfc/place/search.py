"""The search for a packing on few cores."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, islice
from math import ceil

import numpy as np

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit
from sfc.place.cores import Core, Part, Room
from sfc.place.demand import Group, fanouts
from sfc.place.lists import Lists
from sfc.place.manual import Chosen, chosen
from sfc.place.pack import DoesNotFit, Outgoing, Packer, Pulls

_SLACKS = (0.03, 0.06, 0.1, 0.01, 0.2, 0.4)
"""By how much a core may be fuller than the mean with what fills the most of it."""

_OPEN_CORES, _OPEN_WORK = 48, 200_000
"""Cores that a group is tried on at least, and groups times cores that are tried at most else."""

_MANY_GROUPS = 2000
"""Groups up to which several ways of cutting them are compared."""

_HEAVY = 0.25
"""Of a core's synaptic memory: groups that take more are spread before all others."""

_TRIED_WORK = 20_000
"""Work of all tries together: parts times cores, and a thousand synapses that are looked at."""

_ROUNDS = 12
"""Passes in which the entries for outgoing axons should settle: cuts of targets add to them."""

_MOST_TRIES = 24


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be packed.

    Attributes:
        lists: of every projection, by name.
        room: of a core, or less where neurons are to be spread.
        full: what a core really has, for neurons on cores that their author chose.
        entries: that an outgoing axon takes.
        seed: of the orders that are tried.
        pulls: see `sfc.place.pack.Packer`.
    """

    circuit: Circuit
    chip: Chip
    lists: Mapping[str, Lists]
    groups: Sequence[Group]
    room: Room
    full: Room
    entries: int
    seed: int
    pulls: Pulls


def fewest(task: Task, at_least: int) -> list[Core]:
    """Returns the packing on the fewest cores that is found, at best on `at_least`.

    Raises:
        DoesNotFit: a neuron fits no core.
        Overfull: a core that an author chose does not hold what is to lie there.
    """
    best = plain(task)
    for way in _tries(task, at_least, len(best)):
        if len(best) <= max(at_least, way.cores - 1):
            break
        with suppress(DoesNotFit, Overfull):  # more than the mean of the cores
            best = min(best, _settled(task, way), key=len)
    return best


def plain(task: Task) -> list[Core]:
    """Returns a packing that fills one core after another.

    Raises:
        DoesNotFit: a neuron fits no core.
        Overfull: a core that an author chose does not hold what is to lie there.
    """
    found: list[list[Core]] = []
    errors: list[Exception] = []
    for way in _PLAIN:
        try:
            found.append(_settled(task, way))
        except (DoesNotFit, Overfull) as error:
            errors.append(error)
        if found and len(task.groups) > _MANY_GROUPS:
            break
    if not found:
        raise errors[0]
    return min(found, key=len)


def packings(task: Task, at_least: int) -> Iterator[list[Core]]:
    """Yields packings of one task on different numbers of cores, from about `at_least` on.

    Raises:
        DoesNotFit: a neuron fits no core.
        Overfull: a core that an author chose does not hold what is to lie there.
    """
    first = plain(task)
    yield first
    for way in _tries(task, at_least, max(len(first), at_least + 4)):
        for is_pulled in (True, False):
            with suppress(DoesNotFit, Overfull):
                yield _settled(task, replace(way, is_pulled=is_pulled))


@dataclass(frozen=True, slots=True)
class _Way:
    """How a packing is tried.

    Attributes:
        worth: of what an empty core holds: less of a group is not cut off to fill a core.
        cores: to reach, with the heavy groups spread over all of them; 0 to fill one after another.
        slack: how much fuller than the mean a core may be.
        disorder: number of a random change of the order of groups; 0 for none.
        is_pulled: whether groups go where those lie that they exchange spikes with.
    """

    worth: float
    cores: int = 0
    slack: float = 0.0
    disorder: int = 0
    is_pulled: bool = False


_PLAIN = (_Way(1.0), _Way(0.4), _Way(0.1))
"""Groups whole where they can be, or cut so that cores are full."""


def _tries(task: Task, at_least: int, reached: int) -> Iterator[_Way]:
    """Yields what to try: numbers of cores from the least on, each with every slack."""
    looked_at = sum(
        task.circuit.synapse_count(projection)
        for projection in task.circuit.projections.values()
        if not isinstance(projection.pattern, str)
    )
    work = max(len(task.groups), reached) * reached + looked_at // 1000
    most = min(_MOST_TRIES, _TRIED_WORK // max(work, 1))
    step = max(1, (reached - at_least) // 4)
    aims = ((cores, slack) for cores in range(max(1, at_least), reached, step) for slack in _SLACKS)
    for number, (cores, slack) in enumerate(islice(aims, most)):
        yield _Way(0.1, cores, slack, number)


def _settled(task: Task, way: _Way) -> list[Core]:
    """Packs again and again until neurons have the axons that the cuts of their targets ask for.

    Each neuron first gets as many as the last cuts asked for, then as any did, then twice as many;
    at last it has them, or fits no core.
    """
    given = {name: np.zeros(p.size, np.int64) for name, p in task.circuit.populations.items()}
    for turn in count():
        cores = _packed(task, way, Outgoing.of(given, task.entries))
        needed = fanouts(task.circuit, task.lists.values(), cuts(cores))
        if _suffices(cores, Outgoing.of(needed, task.entries)):
            break
        if turn >= _ROUNDS // 2:
            needed = {name: np.maximum(given[name], needed[name]) for name in given}
        given = {name: needed[name] * (2 if turn >= _ROUNDS else 1) for name in given}
    return cores


def _suffices(cores: Iterable[Core], outgoing: Outgoing) -> bool:
    """Tells whether no core has fewer entries for outgoing axons than its neurons take."""
    return all(
        core.room.output_axons is None or sum(map(outgoing, core.parts)) <= core.room.output_axons
        for core in cores
    )


def _packed(task: Task, way: _Way, outgoing: Outgoing) -> list[Core]:
    packer = Packer(
        task.room,
        outgoing,
        way.worth,
        max(_OPEN_CORES, _OPEN_WORK // len(task.groups)),
        task.pulls if way.is_pulled else {},
    )
    left = _fixed(task, packer)
    order = _ordered(task, left, outgoing, way.disorder)
    if not way.cores:
        for group in order:
            packer.add(group)
        return packer.cores
    heavy = [group for group in order if _memory_share(group, task.room) > _HEAVY]
    if task.room.words is not None and heavy:
        total = sum(group.cost(0, group.size).least_words for group in heavy)
        words = min(task.room.words, ceil(total / way.cores * (1 + way.slack)))
        spread = replace(task.room, words=words)
        _give_room(packer, spread)
        for group in heavy:
            packer.add(group)
        _give_room(packer, task.room)
    packer.cores.extend(Core(task.room) for _ in range(way.cores - len(packer.cores)))
    light = [group for group in order if group not in heavy]
    for group in light:
        packer.add(group, balanced=True)
    return [core for core in packer.cores if core.parts]


def _ordered(task: Task, left: Iterable[Group], outgoing: Outgoing, disorder: int) -> list[Group]:
    """Returns groups, those that take most of a core first."""
    generator = random.Random(task.seed * _MOST_TRIES + disorder)

    def rank(group: Group) -> float:
        share = _share(group, task.room, outgoing)
        return -share * (generator.uniform(0.5, 1) if disorder else 1)

    return sorted(left, key=rank)


def _share(group: Group, room: Room, outgoing: Outgoing) -> float:
    """Returns the largest share of a core's resources that a group takes."""
    cost = group.cost(0, group.size)
    shares = [_memory_share(group, room), cost.neurons / room.compartments]
    for demand, limit in (
        (cost.input_axons, room.input_axons),
        (outgoing(Part(group, 0, group.size)), room.output_axons),
        (cost.plastic, room.plastic),
    ):
        shares.append(demand / limit if limit else 0.0)
    return max(shares)


def _memory_share(group: Group, room: Room) -> float:
    return group.cost(0, group.size).least_words / room.words if room.words else 0.0


def _give_room(packer: Packer, room: Room) -> None:
    packer.room = room
    for core in packer.cores:
        core.room = room


class Overfull(Exception):
    """Neurons that an author wants on a core, which does not hold them.

    Attributes:
        neurons: these neurons.
        resource, demand, limit: what does not suffice; empty if they are to be apart from others.
    """

    def __init__(self, neurons: Chosen, resource: str, demand: int, limit: int) -> None:
        super().__init__(resource)
        self.neurons, self.resource, self.demand, self.limit = neurons, resource, demand, limit


def _fixed(task: Task, packer: Packer) -> list[Group]:
    """Puts neurons on the cores that their author chose, and returns the groups that are left.

    Raises:
        Overfull: they do not fit there.
    """
    of_population = {p.name: group for group in task.groups for p in group.populations}
    cores: dict[int, Core] = {}
    done: set[tuple[int, int]] = set()
    for neurons in chosen(task.circuit):
        group = of_population[neurons.population]
        if (group.number, neurons.first) in done:
            continue
        done.add((group.number, neurons.first))
        core = cores.get(neurons.core)
        if core is None:
            core = cores[neurons.core] = Core(task.full, neurons.core)
            packer.cores.append(core)
        part = Part(group, neurons.first, neurons.stop)
        entries = packer.outgoing(part)
        if core.groups & group.apart:
            raise Overfull(neurons, "", 0, 0)
        if (lacking := core.lacks(part, entries)) is not None:
            raise Overfull(neurons, *lacking)
        core.add(part, entries)
    for core in packer.cores:
        core.room = packer.room
    fixed = {number for number, _ in done}
    return [group for group in task.groups if group.number not in fixed]


def cuts(cores: Iterable[Core]) -> dict[str, list[tuple[int, int]]]:
    """Returns the ranges (first, stop) that populations are cut into, by population."""
    found: dict[str, list[tuple[int, int]]] = {}
    for core in cores:
        for part in core.parts:
            for population in part.group.populations:
                found.setdefault(population.name, []).append((part.first, part.stop))
    return found
