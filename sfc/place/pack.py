"""Cutting groups of populations and packing the parts onto cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfc.place.cores import Core, Part, Room, words_of
from sfc.place.demand import Group

Pulls = Mapping[tuple[int, int], float]


class DoesNotFit(Exception):
    """One neuron of a group that not even an empty core holds.

    Attributes:
        part: the neuron.
        resource, demand, limit: what does not suffice.
    """

    def __init__(self, part: Part, resource: str, demand: int, limit: int) -> None:
        super().__init__(resource)
        self.part, self.resource, self.demand, self.limit = part, resource, demand, limit


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How many entries for outgoing axons neurons take.

    Attributes:
        totals: by population, (neurons + 1,): entries of all neurons before the one of an index;
            those of populations that are not there take none.
    """

    totals: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, fanouts: Mapping[str, NDArray[np.int64]], entries: int) -> Outgoing:
        """Returns those of neurons with so many lists, each of which takes `entries`."""
        return cls(
            {
                name: np.concatenate([[0], np.cumsum(lists * entries)])
                for name, lists in fanouts.items()
            }
        )

    def __call__(self, part: Part) -> int:
        """Returns the entries of a part's neurons."""
        return sum(
            int(self.totals[p.name][part.stop] - self.totals[p.name][part.first])
            for p in part.group.populations
            if p.name in self.totals
        )


@dataclass(slots=True)
class Packer:
    """Puts groups on cores one after another; where a whole group does not fit, it is cut.

    Attributes:
        room: of an empty core.
        outgoing: what the spikes of neurons take.
        worth: of what an empty core holds: less of a group is not cut off to fill a core.
        window: last cores that are tried before a new one is taken.
        pulls: spikes that two groups send each other, by their numbers, where these are to lie
            together if they can.
        cores: so far.
    """

    room: Room
    outgoing: Outgoing
    worth: float
    window: int
    pulls: Pulls = field(default_factory=dict)
    cores: list[Core] = field(default_factory=list)

    def add(self, group: Group, first: int = 0, *, balanced: bool = False) -> None:
        """Puts neurons from `first` on cores: on the first that holds them, or with more room left.

        Args:
            group: whose neurons.
            first: of them.
            balanced: put them where the scarcest resource is least used afterwards, of all cores;
                otherwise only the last cores are looked at, and the first that holds them is taken.

        Raises:
            DoesNotFit: not even one of the neurons fits an empty core.
        """
        tried = self.cores if balanced else self.cores[-self.window :]
        open_cores = [core for core in tried if not core.groups & group.apart]
        worthy = list(open_cores)
        while first < group.size:
            part = self._whole(open_cores, group, first, balanced)
            if part is None:
                most = self.most(Core(self.room), group, first)
                part = self._cut(worthy, group, first, most, balanced)
            first = (part or self._on_new(group, first, most)).stop

    def _whole(
        self, open_cores: list[Core], group: Group, first: int, balanced: bool
    ) -> Part | None:
        """Puts all further neurons of a group on an open core, if one holds them."""
        rest = Part(group, first, group.size)
        entries = self.outgoing(rest)
        holding = (core for core in open_cores if core.lacks(rest, entries) is None)

        def worth(core: Core) -> tuple[float, float]:
            pull = sum(self.pulls.get((group.number, other), 0.0) for other in core.groups)
            return pull, -_use(core, rest, entries)

        core = _best(holding, worth, balanced)
        return None if core is None else self._put(core, rest)

    def _cut(
        self, worthy: list[Core], group: Group, first: int, most: int, balanced: bool
    ) -> Part | None:
        """Puts some neurons of a group on an open core, if one holds enough of them.

        Those that do not are taken off the list. An empty core holds `most`.
        """
        least = Part(group, first, min(group.size, first + max(1, int(self.worth * most))))
        entries = self.outgoing(least)
        if balanced:
            worthy[:] = [core for core in worthy if core.lacks(least, entries) is None]
        else:
            while worthy and worthy[0].lacks(least, entries) is not None:
                del worthy[0]
        core = _best(worthy, lambda core: self.most(core, group, first), balanced)
        if core is None:
            return None
        return self._put(core, Part(group, first, first + self.most(core, group, first)))

    def _on_new(self, group: Group, first: int, most: int) -> Part:
        """Puts the next neurons of a group, `most` of them, on a core of their own."""
        if not most:
            one = Part(group, first, first + 1)
            lacking = Core(self.room).lacks(one, self.outgoing(one))
            assert lacking is not None
            raise DoesNotFit(one, *lacking)
        self.cores.append(Core(self.room))
        return self._put(self.cores[-1], Part(group, first, first + most))

    def _put(self, core: Core, part: Part) -> Part:
        core.add(part, self.outgoing(part))
        return part

    def most(self, core: Core, group: Group, first: int) -> int:
        """Returns the most neurons from `first` on that fit a core."""
        low, high = 0, min(group.size - first, self.room.compartments - core.neurons)
        while low < high:
            middle = (low + high + 1) // 2
            part = Part(group, first, first + middle)
            if core.lacks(part, self.outgoing(part)) is None:
                low = middle
            else:
                high = middle - 1
        return low


def _best(cores: Iterable[Core], worth: Callable[[Core], Any], balanced: bool) -> Core | None:
    """Returns the core of most worth, or the first one unless cores are to be balanced."""
    return max(cores, key=worth, default=None) if balanced else next(iter(cores), None)


def _use(core: Core, part: Part, entries: int) -> float:
    """Returns the share of the scarcest resource that is used with more neurons on a core."""
    room, cost = core.room, part.cost
    words = words_of(sorted([*core.slots, *cost.slots]), room.dense_base)
    used = (
        (core.neurons + cost.neurons, room.compartments),
        (core.input_axons + cost.input_axons, room.input_axons),
        (core.output_axons + entries, room.output_axons),
        (words, room.words),
    )
    return max(demand / limit for demand, limit in used if limit)
