"""Cores that an author has chosen: `place h on cores 2..79;`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sfc.ir.circuit import Circuit
from sfc.ir.constraints import Constraint


@dataclass(frozen=True, slots=True)
class Dealt:
    """Neurons first..stop-1 of a population that an author wants on a core."""

    population: str
    first: int
    stop: int
    core: int
    constraint: Constraint


def dealt(circuit: Circuit) -> Iterator[Dealt]:
    """Yields what is dealt to cores: ceil(n / cores) neurons to each, from the first on."""
    for constraint in circuit.constraints:
        if constraint.kind != "on":
            continue
        total = sum(circuit.size(name) for name in constraint.populations)
        share = -(-total // (constraint.last - constraint.first + 1))
        passed = 0
        for name in constraint.populations:
            size = circuit.size(name)
            first = 0
            while first < size:
                core, used = divmod(passed, share)
                count = min(size - first, share - used)
                yield Dealt(name, first, first + count, constraint.first + core, constraint)
                first += count
                passed += count
