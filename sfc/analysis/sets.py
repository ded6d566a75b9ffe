"""Value numbers of the neurons that fire, from what drives them.

Where all that varies is pairwise, a neuron fires by which of its partners fire: such sets are told
apart by that function alone, whatever the weights. Else they are known by their drive and level.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product
from typing import NamedTuple

from sfc.analysis.cells import Ladder, Numbering, Step, Sum

_MOST_CASES = 256
"""Cases of partners beyond which a set is known by its drive and level."""


class Rungs(NamedTuple):
    """Levels of a ladder that matter, ascending."""

    ladder: Hashable
    levels: tuple[int, ...]


class Condition(NamedTuple):
    """A set of neurons as a function of which levels their drives reach.

    Attributes:
        axes: the drives.
        fires: for each case, the number of levels reached on each axis.
    """

    axes: tuple[Rungs, ...]
    fires: dict[tuple[int, ...], bool]


def conditions(numbers: Numbering, number: int) -> Condition:
    """Returns what decides whether a neuron is in a set; the set itself, if nothing else does."""
    known = numbers.functions.get(number)
    if known is not None:
        return Condition(*known)
    drive, level = numbers.ladder(number)
    return Condition((Rungs(Ladder(drive, None, False), (level,)),), {(0,): False, (1,): True})


class _Axis(NamedTuple):
    """The sets of one ladder.

    Attributes:
        steps: for each height but the first, a set that reaches it.
        heights: what a neuron gets that is in none, in the lowest, …, in all of them.
    """

    ladder: Ladder
    steps: list[Step]
    heights: list[int]


def numbered(numbers: Numbering, total: Sum, level: int) -> int:
    """Returns the value number of the neurons for which what varies exceeds a level."""
    drive = _drive(total)
    if total.others:
        return numbers.above(drive, level)
    axes = [_axis(total, ladder) for ladder in total.ladders]
    axes.sort(key=lambda axis: (axis.ladder.drive, axis.ladder.is_old, repr(axis.ladder.shift)))
    cases = 1
    for axis in axes:
        cases *= len(axis.heights)
    if cases > _MOST_CASES:
        return numbers.above(drive, level)
    fires = {
        case: sum(axis.heights[place] for axis, place in zip(axes, case, strict=True)) > level
        for case in product(*(range(len(axis.heights)) for axis in axes))
    }
    kept = [_telling(fires, number, len(axis.heights)) for number, axis in enumerate(axes)]
    telling = [number for number, places in enumerate(kept) if places]
    if len(telling) == 1:
        axis, (first, *more) = axes[telling[0]], kept[telling[0]]
        if not more and axis.ladder.shift is None and not fires[(0,) * len(axes)]:
            return axis.steps[first - 1].number
    names = tuple(
        Rungs(axes[n].ladder, tuple(axes[n].steps[place - 1].level for place in kept[n]))
        for n in telling
    )
    choices = [[0, *places] for places in kept]
    function = {
        tuple(choices[n].index(case[n]) for n in telling): fires[case] for case in product(*choices)
    }
    base = numbers.number(("drive", drive))
    key = ("function", names, tuple(function.items()))
    number = numbers.number(key, (base, level))
    numbers.functions[number] = (names, function)
    return number


def _axis(total: Sum, ladder: Ladder) -> _Axis:
    steps = total.ladders[ladder]
    distinct = [step for n, step in enumerate(steps) if n == 0 or steps[n - 1].level < step.level]
    return _Axis(ladder, distinct, [0, *(drive + gate for drive, gate in total.climbs[ladder])])


def _telling(fires: dict[tuple[int, ...], bool], axis: int, length: int) -> list[int]:
    """Returns the heights of an axis at which any neuron begins or ceases to fire."""
    found = []
    for place in range(1, length):
        for case, fired in fires.items():
            lower = (*case[:axis], place - 1, *case[axis + 1 :])
            if case[axis] == place and fires[lower] != fired:
                found.append(place)
                break
    return found


def _drive(total: Sum) -> Hashable:
    """Returns what stands for all that varies of a drive."""
    parts = [
        (ladder, tuple((step.level, step.drive + step.gate) for step in steps))
        for ladder, steps in total.ladders.items()
    ]
    others = sorted((key for key, _, _ in total.others), key=repr)
    return frozenset(parts), tuple(others)
