"""Where a kernel keeps what: sets as bits, drives, weights."""

from __future__ import annotations

from dataclasses import dataclass

from sfc.sim.compiled.program import Bounded, Carry, Drive, Group, Guard, Known, Program

WORD = 64
"""Neurons in a word of a set."""

_LINE = 64
"""Bytes that everything in the arena is aligned to."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What vectors the processor has.

    Attributes:
        lanes: 16-bit integers in a vector register.
        registers: that may hold running sums.
    """

    lanes: int
    registers: int


def words(size: int) -> int:
    """Returns how many words hold a set of a population of so many neurons."""
    return -(-size // WORD)


def chunk(size: int) -> int:
    """Returns how many neurons are looked at at a time."""
    return 16 if size <= 16 else 32 if size <= 32 else WORD


def padded(size: int) -> int:
    """Returns the number of lanes that neurons take, a multiple of their chunk."""
    return -(-size // chunk(size)) * chunk(size)


def weight_bits(group: Group) -> int:
    """Returns the bits of a stored weight: 8, or 16 where the range needs it."""
    return 8 if group.low >= -128 and group.high <= 127 else 16


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in the arena, in bytes.

    Attributes:
        sets: of each set's words; they lie one after the other, from offset 0.
        set_bytes: of all of them.
        rows: of the list of each set's neurons, 32 bits each.
        drives: of each drive, 32 bits a lane.
        size: of the arena.
    """

    sets: tuple[int, ...]
    set_bytes: int
    rows: tuple[int, ...]
    drives: dict[int, int]
    size: int


def lay_out(program: Program) -> Layout:
    """Returns the layout of a program's arena."""
    place = 0

    def take(size: int) -> int:
        nonlocal place
        start = place
        place = -(-(start + size) // _LINE) * _LINE
        return start

    sets = []
    for size in program.sizes:
        sets.append(place)
        place += 8 * words(size)
    set_bytes = place
    take(0)
    rows = tuple(take(4 * size + 64) for size in program.sizes)
    drives = {
        drive.number: take(4 * WORD * words(program.groups[drive.group].columns))
        for drive in all_drives(program)
    }
    return Layout(tuple(sets), set_bytes, rows, drives, max(place, _LINE))


def all_drives(program: Program) -> list[Drive]:
    """Returns the drives of a program, those that guards may ask for included."""
    found: dict[int, Drive] = {}
    for operation in program.operations:
        if isinstance(operation, Drive):
            found[operation.number] = operation
    for part in _parts(program):
        if part.exact is not None:
            found[part.exact.number] = part.exact
    return list(found.values())


def guarded_drives(program: Program) -> set[int]:
    """Returns the numbers of the drives whose extremes are looked at."""
    parts = _parts(program)
    known = {part.drive for part in parts if isinstance(part, Known)}
    return known | {part.exact.number for part in parts if part.exact is not None}


def _parts(program: Program) -> list[Known | Bounded]:
    found = [o.parts for o in program.operations if isinstance(o, Guard | Carry)]
    return [part for parts in found for part in parts]


def membrane_lanes(program: Program) -> int:
    """Returns the lanes of a frame's recorded membranes."""
    return sum(padded(program.sizes[chosen]) for chosen in program.membranes.values())


def membrane_place(program: Program, chosen: int) -> int:
    """Returns the first lane of the membranes of a recorded set."""
    recorded = list(program.membranes.values())
    before = recorded[: recorded.index(chosen)]
    return sum(padded(program.sizes[other]) for other in before)
