"""What a circuit's author asks of its placement on the cores of a chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sfc.span import Span

ConstraintKind = Literal["on", "together", "apart"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A `place` statement.

    Attributes:
        kind: on (the neurons of all populations, in order, are dealt over the given cores,
            ceil(n / cores) to each, from the first on), together (neurons of the same number share
            a core), apart (no core holds neurons of two of the populations).
        populations: by name; those that a statement names have an "on" each, the relays of a chain
            one in common.
        first, last: the cores of "on", both inclusive; -1 otherwise.
    """

    kind: ConstraintKind
    populations: tuple[str, ...]
    first: int = -1
    last: int = -1
    span: Span | None = None


def dealt(constraint: Constraint, size: Callable[[str], int]) -> dict[str, range]:
    """Returns the cores that neurons of each population of an "on" are on.

    Where it is dealt by itself, or has one neuron, these tell where each of its neurons is.

    Args:
        size: number of neurons of a population.
    """
    sizes = {name: size(name) for name in constraint.populations}
    cores = constraint.last - constraint.first + 1
    share = -(-sum(sizes.values()) // cores)
    found, before = {}, 0
    for name, neurons in sizes.items():
        start = constraint.first + before // share
        before += neurons
        found[name] = range(start, constraint.first + (before - 1) // share + 1)
    return found


def renamed(
    constraints: Sequence[Constraint], names: Mapping[str, str], size: Callable[[str], int]
) -> tuple[Constraint, ...]:
    """Returns what is asked of a circuit in which populations are gone.

    What stays of an "on" keeps its cores. Populations that stand for others are asked for what was
    asked of those, too, which must not contradict itself (see `sfc.ir.groups`).

    Args:
        names: of what is gone, each with the name of what stands for it, "" if nothing does.
        size: number of neurons of a population, also of those that are gone.
    """
    found: list[Constraint] = []
    touched = [not names.keys().isdisjoint(c.populations) for c in constraints]
    placed = {
        name
        for constraint, changes in zip(constraints, touched, strict=True)
        if constraint.kind == "on" and not changes
        for name in constraint.populations
    }
    for constraint, changes in zip(constraints, touched, strict=True):
        if not changes:
            found.append(constraint)
            continue
        now = {name: names.get(name, name) for name in constraint.populations}
        kept = tuple(dict.fromkeys(name for name in now.values() if name))
        if constraint.kind != "on":
            found += [replace(constraint, populations=kept)] if len(kept) > 1 else []
        elif len(kept) == len(now) and placed.isdisjoint(kept):
            found.append(replace(constraint, populations=kept))
            placed.update(kept)
        else:
            for name, cores in dealt(constraint, size).items():
                if now[name] and now[name] not in placed:
                    alone = Constraint("on", (now[name],), cores[0], cores[-1], constraint.span)
                    found.append(alone)
                    placed.add(now[name])
    return tuple(found)
