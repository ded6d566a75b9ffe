"""A chip: what one of its cores holds, how its cores are joined, and what operations cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A published number.

    Attributes:
        value: a number, a list or table of them; None where nothing was published.
        confidence: "high", "medium", "low", "unverified" or "unknown".
    """

    value: Any
    unit: str
    source: str
    confidence: str
    note: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether a report may print it without a warning."""
        return self.value is not None and self.confidence in ("high", "medium")


@dataclass(frozen=True, slots=True)
class Chip:
    """What is known of a chip.

    Attributes:
        name: by which it is chosen; title: for people.
        limits: of a core, a mesh or a system, by name; see docs/chips.md. A limit that is not there
            or has no value does not bind.
        costs: by basis ("davies", "sanafe"), then by operation: energies in pJ, times in ns.
        boards: chips of the systems that are built, ascending.
        facts: further figures, for reports.
    """

    name: str
    title: str
    limits: Mapping[str, Figure]
    costs: Mapping[str, Mapping[str, Figure]]
    boards: tuple[int, ...]
    facts: Mapping[str, Figure]

    def limit(self, name: str) -> int | None:
        """Returns the value of a limit; None if nothing binds."""
        figure = self.limits.get(name)
        return None if figure is None else figure.value

    @property
    def cores(self) -> int:
        """Cores of one chip."""
        return int(self.limits["cores"].value)

    @property
    def mesh(self) -> tuple[int, int]:
        """Tiles of a chip, (columns, rows)."""
        columns, rows = self.limits["mesh"].value
        return int(columns), int(rows)

    @property
    def cores_per_tile(self) -> int:
        """Cores that share a router."""
        return int(self.limits["cores_per_tile"].value)

    @property
    def most_chips(self) -> int:
        """Chips of the largest system that is built."""
        return self.boards[-1]
