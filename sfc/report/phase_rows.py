"""The phase table in rows: a population each, or all relays of a chain, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sfc.analysis.phases import Phases
from sfc.analysis.sentences import amount_text
from sfc.analysis.table import Cell, PhaseTable, State
from sfc.diagnostics import fail, nearest, shortened

RowKind = Literal["population", "relay", "chain", "module"]

STATES: Mapping[State, str] = {
    "silent": "silent",
    "may_fire": "may fire",
    "must_fire": "fires in every frame",
    "open": "open: nobody opened it, and it is not proved silent",
}
"""What the states mean; the later ones say more of a row of several relays."""

_ORDER = list(STATES)
_MOST_MEMBERS = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """What is known of a row in a phase.

    Attributes:
        cells: in the reading that is shown; of a chain, those that are not silent.
        others: in the other reading.
    """

    cells: tuple[Cell, ...]
    others: tuple[Cell, ...]

    @property
    def state(self) -> State:
        """The state in the reading that is shown."""
        return _state(self.cells)

    @property
    def other(self) -> State:
        """The state in the other reading."""
        return _state(self.others)

    @property
    def differs(self) -> bool:
        """Whether the readings have different states."""
        return self.state != self.other

    @property
    def opened(self) -> bool:
        """Whether a gate that opens may arrive."""
        return any(cell.opened for cell in self.cells)

    @property
    def closed(self) -> bool:
        """Whether a gate that closes may arrive."""
        return any(cell.closed for cell in self.cells)

    @property
    def is_silent(self) -> bool:
        """Whether nothing fires in either reading, and nothing opens or closes it."""
        return self.state == self.other == "silent" and not self.opened and not self.closed


@dataclass(frozen=True, slots=True)
class Row:
    """A population or a relay; or a chain or module, which stands for what is in it.

    Attributes:
        size: neurons.
        slots: by phase, where there is something to know.
        threshold: of its neurons; 0 if it stands for several populations.
    """

    name: str
    kind: RowKind
    size: int
    slots: Mapping[int, Slot]
    threshold: int = 0

    @property
    def is_single(self) -> bool:
        """Whether it stands for one population."""
        return self.kind in ("population", "relay")

    @property
    def is_silent(self) -> bool:
        """Whether it is silent in all phases."""
        return all(slot.is_silent for slot in self.slots.values())


def rows(
    phases: Phases, sound: bool = False, relays: bool = False, chosen: Sequence[str] = ()
) -> list[Row]:
    """Returns the rows of a circuit, the clock's first.

    Args:
        phases: its analysis.
        sound: show the sound reading; else the conditional one.
        relays: a row for every relay; else one for every chain.
        chosen: names of populations, chains and modules; by default all.

    Raises:
        SfcError: E0201, a name is none of these.
    """
    _check_names(phases, chosen)
    circuit = phases.circuit
    chain_of = {r: chain.name for chain in circuit.schedule.chains for r in chain.relays}
    row_of = {r: r if relays else chain for r, chain in chain_of.items()}
    row_of |= {name: name for name in circuit.populations if name not in chain_of}
    shown, other = phases.conditional.table, phases.sound.table
    if sound:
        shown, other = other, shown
    slots = _slots(shown, other, row_of, chain_of)
    clock = circuit.schedule.clock
    order = [*(clock.relays if clock else ()), *chain_of, *row_of]
    found = []
    for name in dict.fromkeys(row_of[population] for population in order):
        population = circuit.populations.get(name)
        if population is None:
            size = len(circuit.schedule.chain(name).relays)
            found.append(Row(name, "chain", size, slots.get(name, {})))
        else:
            kind: RowKind = "relay" if name in chain_of else "population"
            threshold = population.neuron.threshold
            found.append(Row(name, kind, population.size, slots.get(name, {}), threshold))
    return [row for row in found if _is_chosen(row, chain_of, chosen)] if chosen else found


def _check_names(phases: Phases, chosen: Iterable[str]) -> None:
    """Reports a name that is no population, chain or module."""
    circuit = phases.circuit
    known = dict.fromkeys([*circuit.populations, *(c.name for c in circuit.schedule.chains)])
    for name in list(known):
        parts = name.split(".")
        known |= dict.fromkeys(".".join(parts[:level]) for level in range(1, len(parts)))
    for name in chosen:
        if name not in known:
            message = f"there is no population, chain or module `{shortened(name)}`"
            fail("E0201", message, help=nearest(name, known))


def _is_chosen(row: Row, chain_of: Mapping[str, str], chosen: Sequence[str]) -> bool:
    return any(
        name in (row.name, chain_of.get(row.name)) or row.name.startswith(f"{name}.")
        for name in chosen
    )


def _slots(
    shown: PhaseTable, other: PhaseTable, row_of: Mapping[str, str], chain_of: Mapping[str, str]
) -> dict[str, dict[int, Slot]]:
    """Returns the slots of every row by phase, in the order of the phases."""
    gathered: dict[tuple[int, str], list[str]] = {}
    known = dict.fromkeys([*shown.known, *other.known])
    if shown.chain and not other.chain:
        known = dict.fromkeys(
            [*shown.known, *((n, p) for n, _ in other.known for p in shown.numbers)]
        )
    for name, phase in known:
        if phase not in shown.numbers:
            continue
        gathered.setdefault((phase, row_of[name]), []).append(name)
    found: dict[str, dict[int, Slot]] = {}
    for (phase, row), names in sorted(gathered.items()):
        sides = []
        for table in (shown, other):
            cells = [table.cell(name, phase) for name in names]
            if names[0] in chain_of and row != names[0]:
                cells = [cell for cell in cells if cell.state != "silent"]
            sides.append(tuple(cells))
        if sides[0] or sides[1]:
            found.setdefault(row, {})[phase] = Slot(*sides)
    return found


def _state(cells: Iterable[Cell]) -> State:
    return max((cell.state for cell in cells), key=_ORDER.index, default="silent")


def merged(name: str, members: Iterable[Row]) -> Row:
    """Returns the row of a module, which stands for those in it."""
    gathered: dict[int, list[Slot]] = {}
    size = 0
    for row in members:
        size += row.size
        for phase, slot in row.slots.items():
            gathered.setdefault(phase, []).append(slot)
    slots = {}
    for phase, found in sorted(gathered.items()):
        sides = (
            tuple(cell for side in several for cell in side if cell.state != "silent")
            for several in ((s.cells for s in found), (s.others for s in found))
        )
        slot = Slot(*sides)
        if slot.cells or slot.others:
            slots[phase] = slot
    return Row(name, "module", size, slots)


def described(row: Row, phase: int, slot: Slot | None, sound: bool) -> list[str]:
    """Says in lines what is known of a row in a phase; of its silence, if there is no slot."""
    where = f"{row.name} in phase {phase}" if phase >= 0 else f"{row.name} in any step"
    if slot is None:
        return [f"{where}: {STATES['silent']}", "nothing arrives"]
    lines = [f"{where}: {STATES[slot.state]}"]
    if slot.differs:
        other = "conditional" if sound else "sound"
        lines.append(f"in the {other} reading: {STATES[slot.other]}")
    gates = [word for word, has in (("opened", slot.opened), ("closed", slot.closed)) if has]
    if gates:
        lines.append(" and ".join(gates))
    if not row.is_single:
        return [*lines, *_members(slot)]
    (cell,) = slot.cells
    low, high, level, margin = map(amount_text, (*cell.drive, cell.level, cell.margin))
    lines.append(f"drive {low} to {high}, fires above {level}: margin {margin}")
    fewest, most = cell.count
    count = f"{fewest:,} to {most:,}" if fewest < most else f"{most:,}"
    lines.append(f"{count} of {row.size:,} neurons")
    return lines


def _members(slot: Slot) -> list[str]:
    """Says which of the populations that a row stands for are not silent."""
    lines = [f"{cell.population} {STATES[cell.state]}" for cell in slot.cells[:_MOST_MEMBERS]]
    rest = len(slot.cells) - len(lines)
    return [*lines, f"… and {rest:,} more"] if rest else lines
