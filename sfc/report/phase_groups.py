"""Rows of the phase table by the modules that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sfc.report.outline import module_of, modules_around
from sfc.report.phase_rows import Row


@dataclass(frozen=True, slots=True)
class Group:
    """A module.

    Attributes:
        name: empty for what is in no module.
        rows: that belong to it, without those of modules in it.
        inner: the rows of all modules in it, its own first.
    """

    name: str
    rows: tuple[Row, ...]
    inner: tuple[Row, ...]

    @property
    def depth(self) -> int:
        """How many modules are around it."""
        return len(modules_around(self.name)) if self.name else 0


def groups_of(rows: Sequence[Row]) -> list[Group]:
    """Returns the modules of rows, each before those in it, in the order of their first rows."""
    own: dict[str, list[Row]] = {}
    inner: dict[str, list[Row]] = {}
    for row in rows:
        module = module_of(row.name)
        for name in modules_around(row.name):
            own.setdefault(name, [])
            inner.setdefault(name, []).append(row)
        own.setdefault(module, []).append(row)
        if not module:
            inner.setdefault(module, []).append(row)
    place = {name: number for number, name in enumerate(own)}
    order = sorted(own, key=lambda name: [place[part] for part in [*modules_around(name), name]])
    return [Group(name, tuple(own[name]), tuple(inner[name])) for name in order]


def label_of(row: Row) -> str:
    """Returns a row's name without the modules around it."""
    module = module_of(row.name)
    return row.name.removeprefix(f"{module}.") if module else row.name


def note_of(row: Row) -> str:
    """Returns the size of a row in a few letters."""
    return f"{row.size:,} relays" if row.kind == "chain" else f"{row.size:,}"
