"""Which populations share cores, by what is asked of their placement, and what cannot be."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from sfc.ir.constraints import Constraint, dealt


@dataclass(frozen=True, slots=True)
class Clash:
    """Two populations that would have to be together and apart, or in two places.

    Attributes:
        constraints: what says so, beside what was asked last.
        core: that two populations would share which are to be apart; -1 in other cases.
    """

    one: str
    other: str
    constraints: tuple[Constraint, ...]
    core: int = -1


def clashes(
    constraints: Iterable[Constraint], size: Callable[[str], int]
) -> Iterator[tuple[Constraint, Clash]]:
    """Yields the constraints that contradict others, each with the first of its contradictions."""
    groups = Groups(size)
    for constraint in in_order(constraints):
        clash = groups.add(constraint)
        if clash is not None:
            yield constraint, clash


def in_order(constraints: Iterable[Constraint]) -> list[Constraint]:
    """Returns constraints as `Groups` takes them: on, together, apart."""
    kinds = ("on", "together", "apart")
    return sorted(constraints, key=lambda constraint: kinds.index(constraint.kind))


@dataclass(slots=True)
class Groups:
    """Groups of populations whose neurons of the same number share a core.

    Attributes:
        size: number of neurons of a population.
        leader: of populations, another one of their group; nothing for one that speaks for it.
        placed: the cores of a group, by the one that speaks for it, with the population that an
            "on" names and the "on".
        joined: a "together" that names a population.
        separate: the numbers of what keeps a group apart from others.
        apart: what keeps groups apart, by number.
        taken: for each of these the cores of its groups, ascending: (first, one after the last,
            population).
    """

    size: Callable[[str], int]
    leader: dict[str, str] = field(default_factory=dict)
    placed: dict[str, tuple[range, str, Constraint]] = field(default_factory=dict)
    joined: dict[str, Constraint] = field(default_factory=dict)
    separate: dict[str, set[int]] = field(default_factory=dict)
    apart: list[Constraint] = field(default_factory=list)
    taken: list[list[tuple[int, int, str]]] = field(default_factory=list)

    def copy(self) -> Groups:
        """Returns groups that can be changed by themselves."""
        return Groups(
            self.size,
            dict(self.leader),
            dict(self.placed),
            dict(self.joined),
            {name: set(numbers) for name, numbers in self.separate.items()},
            list(self.apart),
            [list(taken) for taken in self.taken],
        )

    def add(self, constraint: Constraint) -> Clash | None:
        """Takes a constraint; returns what contradicts it, and then the rest of it is left out."""
        if constraint.kind == "apart":
            return self._part(constraint)
        if constraint.kind == "on":
            for name, cores in dealt(constraint, self.size).items():
                self.placed[self._find(name)] = cores, name, constraint
            return None
        first, *others = constraint.populations
        self.joined.setdefault(first, constraint)
        for other in others:
            clash = self.join(first, other)
            if clash is not None:
                return clash
            self.joined.setdefault(other, constraint)
        return None

    def join(self, one: str, other: str) -> Clash | None:
        """Puts two groups together; returns what contradicts it, and then they stay as they are."""
        into, gone = self._find(one), self._find(other)
        if into == gone:
            return None
        kept, more = self.separate.get(into, set()), self.separate.get(gone, set())
        if both := kept & more:
            return Clash(one, other, (self.apart[min(both)],))
        if into in self.placed and gone in self.placed:
            (cores, first, on), (others, second, also) = self.placed[into], self.placed[gone]
            if cores != others:
                return Clash(first, second, (on, also))
        elif into in self.placed or gone in self.placed:
            cores, first, on = self.placed.get(into) or self.placed[gone]
            numbers = sorted(more if into in self.placed else kept)
            for number in numbers:
                if clash := self._crowded(number, cores, first, on):
                    return clash
            for number in numbers:
                insort(self.taken[number], (cores.start, cores.stop, first))
            self.placed[into] = cores, first, on
        self.leader[gone] = into
        if more:
            few, many = sorted((kept, more), key=len)
            many |= few
            self.separate[into] = many
        return None

    def _crowded(self, number: int, cores: range, name: str, on: Constraint) -> Clash | None:
        """Returns the clash of a population on cores with one from which its group is apart."""
        taken = self.taken[number]
        place = bisect_right(taken, (cores.start, cores.stop, name))
        for start, stop, other in taken[max(place - 1, 0) : place + 1]:
            core = max(start, cores.start)
            if core < min(stop, cores.stop):
                also = self.placed[self._find(other)][2]
                return Clash(name, other, (self.apart[number], on, also), core)
        return None

    def _part(self, constraint: Constraint) -> Clash | None:
        members: dict[str, str] = {}
        for name in constraint.populations:
            before = members.setdefault(self._find(name), name)
            if before != name:
                return Clash(before, name, (self.joined[name],))
        taken = sorted(
            (self.placed[leader][0].start, self.placed[leader][0].stop, leader)
            for leader in members
            if leader in self.placed
        )
        for (_, stop, one), (start, _, other) in pairwise(taken):
            if start < stop:
                (_, first, on), (_, second, also) = self.placed[one], self.placed[other]
                return Clash(first, second, (on, also), start)
        for leader in members:
            self.separate.setdefault(leader, set()).add(len(self.apart))
        self.apart.append(constraint)
        self.taken.append(taken)
        return None

    def _find(self, name: str) -> str:
        """Returns who speaks for the group of a population."""
        while (leader := self.leader.get(name)) is not None:
            self.leader[name] = self.leader.get(leader, leader)
            name = leader
        return name
