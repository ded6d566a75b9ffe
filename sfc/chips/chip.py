"""A chip: what one of its cores holds, how its cores are joined, and what operations cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NANOSECONDS = {"ns": 1.0, "us": 1000.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """A published number.

    Attributes:
        value: a number or a text, a list or table of them; None where nothing was published.
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
        costs: by basis ("davies", "sanafe"), then by operation and quantity
            ("synaptic_operation_energy", "synaptic_operation_time"): pJ, and ns or us.
        boards: chips of the systems that are built, ascending.
        facts: further figures, for reports.
        any_number: systems of every number of chips up to the largest are built, too.
        systems: `boards` with its source.
    """

    name: str
    title: str
    limits: Mapping[str, Figure]
    costs: Mapping[str, Mapping[str, Figure]]
    boards: tuple[int, ...]
    facts: Mapping[str, Figure]
    any_number: bool = False
    systems: Figure | None = None

    def limit(self, name: str) -> int | None:
        """Returns the value of a limit that is one number; None if nothing binds."""
        figure = self.limits.get(name)
        return None if figure is None else figure.value

    def choices(self, name: str) -> tuple[int, ...]:
        """Returns the values of a limit that is a list; none if it is not there."""
        figure = self.limits.get(name)
        return () if figure is None or figure.value is None else tuple(figure.value)

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

    def chips_for(self, needed: int) -> int | None:
        """Returns the chips of the smallest system that has those needed; None if none has."""
        if needed > self.most_chips:
            return None
        if self.any_number:
            return max(needed, 1)
        return next(chips for chips in self.boards if chips >= needed)

    def energy(self, basis: str, operation: str) -> float | None:
        """Returns pJ of an operation; None where the basis has no figure."""
        figure = self.costs.get(basis, {}).get(f"{operation}_energy")
        return None if figure is None or figure.value is None else float(figure.value)

    def time(self, basis: str, operation: str) -> float | None:
        """Returns ns of an operation; None where the basis has no figure."""
        figure = self.costs.get(basis, {}).get(f"{operation}_time")
        if figure is None or figure.value is None:
            return None
        return float(figure.value) * _NANOSECONDS[figure.unit]

    def barrier(self, basis: str) -> tuple[tuple[int, float], ...]:
        """Returns what the barrier that ends a step takes: (tiles, ns) in order, perhaps none."""
        figure = self.costs.get(basis, {}).get("barrier_time")
        if figure is None or figure.value is None:
            return ()
        scale = _NANOSECONDS[figure.unit.removesuffix(" by tiles")]
        return tuple(sorted((int(tiles), time * scale) for tiles, time in figure.value.items()))
