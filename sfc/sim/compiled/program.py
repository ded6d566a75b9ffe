"""What a kernel does in a frame: a straight line of operations on sets of neurons.

A set holds the neurons that fire in one or more cells, (population, phase): cells that the analysis
shows to fire alike have one set. Amounts are in state units (64 a weight unit).
"""

from __future__ import annotations

from dataclasses import dataclass

Moment = int
"""A phase of the chain that makes the frames, or a step of a frame in which that is in none."""


@dataclass(frozen=True, slots=True)
class Group:
    """Plastic projections whose weights are equal, and held once.

    Attributes:
        projections: their names.
        rows, columns: of the matrix of each.
        low, high: range of a stored weight.
        step: weight units that a stored weight of 1 stands for.
        unit: state units likewise.
    """

    number: int
    projections: tuple[str, ...]
    rows: int
    columns: int
    low: int
    high: int
    step: int
    unit: int


@dataclass(frozen=True, slots=True)
class ReadInput:
    """The set of an input's generators that are on; more or fewer than it declares is a surprise.

    Attributes:
        least, most: of them, as the analysis took for granted.
    """

    set: int
    input: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Everyone:
    """The set of all neurons of a population."""

    set: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """The weights of a group change where neurons of both sets meet.

    Attributes:
        change: of a stored weight, before it is clipped.
    """

    group: int
    pre: int
    post: int
    change: int


@dataclass(frozen=True, slots=True)
class Drive:
    """What the neurons of a set bring over a group's weights, one number for each column.

    Attributes:
        number: of the drive.
        lessons: of this frame that came before, as indices of the program's lessons.
        like: a drive that it equals unless one of the last of its lessons took place, if any.
        since: those lessons.
    """

    number: int
    group: int
    set: int
    lessons: tuple[int, ...]
    like: int | None = None
    since: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluate:
    """The set of neurons whose drive exceeds a level.

    Attributes:
        level: what the sum of everything below has to exceed.
        pairs: sets of as many neurons, each of which brings an amount to its counterpart.
        counts: sets each of whose neurons brings an amount to all.
        drives: numbers of drives.
        blocked: sets of neurons that are refractory.
        needs: of each of these groups of sets, one is not empty if any neuron fires.
        membrane: the constant part of the membrane if that is recorded, else None.
    """

    set: int
    level: int
    pairs: tuple[tuple[int, int], ...]
    counts: tuple[tuple[int, int], ...]
    drives: tuple[int, ...]
    blocked: tuple[int, ...]
    needs: tuple[tuple[int, ...], ...]
    membrane: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What arrives is a drive, changed by lessons since, or is found by the exact one.

    Attributes:
        growth: (lesson, change) that each neuron of the set brings at most, in state units.
    """

    drive: int
    set: int
    growth: tuple[tuple[int, int], ...]
    exact: Drive | None = None


@dataclass(frozen=True, slots=True)
class Bounded:
    """What arrives lies between the set's count times low and high, or is found by the drive."""

    set: int
    low: int
    high: int
    exact: Drive | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """The sum of all parts has to stay within bounds; else the frame is not what was supposed.

    Attributes:
        least: None if there is no lower bound.
        cell: which cell it keeps silent, or within 24 bits.
    """

    parts: tuple[Known | Bounded, ...]
    most: int
    least: int | None
    cell: tuple[str, Moment]


@dataclass(frozen=True, slots=True)
class Resume:
    """A set that the frame before left."""

    set: int


@dataclass(frozen=True, slots=True)
class Carry:
    """The set that this frame leaves to the next.

    Attributes:
        set: in the next frame.
        cells: (population, moment, level) of it in that frame, as far as the frame before decides
            them: what it sends there has to exceed the level.
        parts, most: nobody fires if the sum of what arrives does not exceed this.
        evaluate: works it out, from the exact drives of the parts.
    """

    set: int
    cells: tuple[tuple[str, Moment, int], ...]
    parts: tuple[Known | Bounded, ...]
    most: int
    evaluate: Evaluate


Operation = ReadInput | Everyone | Resume | Drive | Evaluate | Guard | Carry


@dataclass(frozen=True, slots=True)
class Program:
    """All of a frame.

    Attributes:
        frame: its steps.
        groups: by number.
        sizes: of the sets, by number.
        operations: in their order; they only read weights.
        lessons: in their order, after all operations, if the circuit learns.
        cells: the set of every (population, moment) that may fire.
        membranes: sets whose membranes are recorded, by (population, moment).
        pending: (offset, population, amount): what populations that fire as a whole bring over the
            end of a frame.
        spiked: (chain, index) of the relays that spike in its last step.
        room: by (population, offset), least and most that populations may have sent in the frame
            before to a silent cell; cells at which nothing arrives are left out.
    """

    frame: int
    groups: tuple[Group, ...]
    sizes: tuple[int, ...]
    operations: tuple[Operation, ...]
    lessons: tuple[Lesson, ...]
    cells: dict[tuple[str, Moment], int]
    membranes: dict[tuple[str, Moment], int]
    pending: tuple[tuple[int, str, int], ...]
    spiked: tuple[tuple[str, int], ...]
    room: dict[tuple[str, Moment], tuple[int, int]]
