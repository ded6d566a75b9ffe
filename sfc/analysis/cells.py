"""What one moment brings to one block: the sum of what arrives, and who fires of it.

Amounts are in state units. A set of neurons that fire is known by a value number: blocks of equal
places with equal numbers fire equal sets, in every frame. Blocks that see one drive fire in order
of their levels: a block that fires above a lower level fires wherever one above a higher level
does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sfc.analysis.network import Block, Link
from sfc.ir.integers import STATE_LIMIT

CURRENT_LOW, CURRENT_HIGH = -STATE_LIMIT - 1, STATE_LIMIT
"""The 24 bits of a current, in state units."""


class Root(NamedTuple):
    """The cell whose number of spikes bounds that of another.

    Attributes:
        name: of an input (moment -1) or of a population.
    """

    name: str
    moment: int


class Firing(NamedTuple):
    """How many neurons of a block fire in a moment, in every frame.

    Attributes:
        low, high: neurons.
        number: value number of the set of neurons.
        root: where the bound `high` comes from.
    """

    low: int
    high: int
    number: int
    root: Root


class Arrival(NamedTuple):
    """Spikes that one link brings.

    Attributes:
        firing: of the link's source when they were sent.
        is_old: whether they were sent in an earlier frame.
        sent: what tells apart when they were sent.
    """

    link: Link
    firing: Firing
    is_old: bool
    sent: Hashable


@dataclass(slots=True)
class Numbering:
    """Value numbers of sets of neurons.

    Attributes:
        meaning: for each number the drive that the set sees, as a number, and the level above
            which a neuron is in the set; None for a set that is no such thing.
        functions: of sets that several drives decide, see `sfc.analysis.sets`.
    """

    known: dict[Hashable, int] = field(default_factory=dict)
    meaning: list[tuple[int, int] | None] = field(default_factory=list)
    functions: dict[int, tuple[Any, dict[tuple[int, ...], bool]]] = field(default_factory=dict)

    def number(self, key: Hashable, meaning: tuple[int, int] | None = None) -> int:
        """Returns the number of what `key` describes."""
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.meaning)
            self.meaning.append(meaning)
        return found

    def above(self, drive: Hashable, level: int) -> int:
        """Returns the number of the neurons whose drive exceeds a level."""
        base = self.number(("drive", drive))
        return self.number(("above", base, level), (base, level))

    def ladder(self, number: int) -> tuple[int, int]:
        """Returns (drive, level) of a set; one that is no such thing is a drive of its own."""
        return self.meaning[number] or (number, 0)


class Ladder(NamedTuple):
    """What tells apart the drives of sets that bring something pairwise.

    Attributes:
        drive: number of the drive.
        shift: see `Link`.
        is_old: whether the spikes were sent in an earlier frame.
    """

    drive: int
    shift: Hashable
    is_old: bool


class Step(NamedTuple):
    """A rung of a ladder: sets that are equal, and what each of their neurons gets."""

    level: int
    number: int
    drive: int
    gate: int
    high: int
    root: Root
    low: int


@dataclass(slots=True)
class Sum:
    """Bounds of everything that arrives at one neuron of a block in a moment.

    Attributes:
        low, high: of all of it.
        drive_low, drive_high: of what is not of gates.
        certain: what arrives in every frame at every neuron.
        opened, closed: whether a gate that opens or closes may arrive.
        ladders: by drive and shift, what arrives pairwise and not always.
        climbs: for every ladder, see `heights`.
        others: bounds of what else arrives, and value keys of it.
    """

    low: int = 0
    high: int = 0
    drive_low: int = 0
    drive_high: int = 0
    certain: int = 0
    opened: bool = False
    closed: bool = False
    ladders: dict[Ladder, list[Step]] = field(default_factory=dict)
    climbs: dict[Ladder, list[tuple[int, int]]] = field(default_factory=dict)
    others: list[tuple[Hashable, int, int]] = field(default_factory=list)

    def add(self, low: int, high: int, gate: str) -> None:
        """Adds an amount within bounds."""
        self.low += low
        self.high += high
        if not gate:
            self.drive_low += low
            self.drive_high += high


def amount(link: Link, firing: Firing, size: int) -> tuple[int, int]:
    """Returns bounds of what a link that is not pairwise brings to one neuron.

    Args:
        link: the link.
        firing: of its source.
        size: neurons of its source.
    """
    contact = link.contact
    fewest = max(0, firing.low - (size - contact.joined))
    most = min(firing.high, contact.joined)
    if fewest == contact.joined:
        low, high = contact.all_low, contact.all_high
    else:
        low = max(contact.low * (most if contact.low < 0 else fewest), contact.least)
        high = min(contact.high * (most if contact.high > 0 else fewest), contact.most)
        if not contact.is_dense:
            low, high = min(low, 0), max(high, 0)
    return (low, high) if contact.covers else (min(low, 0), max(high, 0))


def add_up(arrivals: Iterable[Arrival], blocks: list[Block], numbers: Numbering) -> Sum:
    """Adds up what arrives at a block in a moment."""
    total = Sum()
    for arrival in arrivals:
        link, firing = arrival.link, arrival.firing
        if firing.high == 0:
            continue
        total.opened |= link.gate == "open"
        total.closed |= link.gate == "close"
        contact = link.contact
        if contact.low == contact.high == 0:
            continue
        sent = arrival.sent if link.learns else None
        size = blocks[link.source].size
        if not contact.is_pairwise:
            low, high = amount(link, firing, size)
            total.add(low, high, link.gate)
            if low == high:
                total.certain += low
            else:
                key = (firing.number, arrival.is_old, link.key, sent)
                total.others.append((key, low, high))
            continue
        if firing.low == size and contact.low == contact.high:
            total.add(contact.low, contact.low, link.gate)
            total.certain += contact.low
            continue
        if contact.low != contact.high:
            total.add(min(contact.low, 0), max(contact.high, 0), link.gate)
            key = (firing.number, arrival.is_old, link.key, sent)
            total.others.append((key, min(contact.low, 0), max(contact.high, 0)))
            continue
        drive, level = numbers.ladder(firing.number)
        is_gate = bool(link.gate)
        step = Step(
            level,
            firing.number,
            0 if is_gate else contact.low,
            contact.low if is_gate else 0,
            min(firing.high, contact.joined),
            firing.root,
            max(0, firing.low - (size - contact.joined)),
        )
        total.ladders.setdefault(Ladder(drive, link.shift, arrival.is_old), []).append(step)
    for ladder, steps in total.ladders.items():
        steps.sort(key=lambda step: step.level)
        total.climbs[ladder] = heights(steps)
        _climb(total, total.climbs[ladder])
    return total


def _climb(total: Sum, climbs: list[tuple[int, int]]) -> None:
    """Adds the bounds of what the sets of one ladder bring together."""
    low = high = drive_low = drive_high = 0
    for drive, gate in climbs:
        low, high = min(low, drive + gate), max(high, drive + gate)
        drive_low, drive_high = min(drive_low, drive), max(drive_high, drive)
    total.low += low
    total.high += high
    total.drive_low += drive_low
    total.drive_high += drive_high


def heights(steps: list[Step]) -> list[tuple[int, int]]:
    """Returns (drive, gate) that a neuron gets which is in the sets up to each level."""
    found: list[tuple[int, int]] = []
    drive = gate = 0
    for index, step in enumerate(steps):
        drive, gate = drive + step.drive, gate + step.gate
        if index + 1 == len(steps) or steps[index + 1].level > step.level:
            found.append((drive, gate))
    return found
