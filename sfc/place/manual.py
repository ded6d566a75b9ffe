"""Cores that an author has chosen: `place h on cores 2..79;`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sfc.ir.circuit import Circuit
from sfc.ir.constraints import Constraint, dealt


@dataclass(frozen=True, slots=True)
class Chosen:
    """Neurons first..stop-1 of a population that an author wants on a core."""

    population: str
    first: int
    stop: int
    core: int
    constraint: Constraint


def chosen(circuit: Circuit) -> Iterator[Chosen]:
    """Yields the neurons that are dealt to cores, core by core of every statement."""
    for constraint in circuit.constraints:
        if constraint.kind != "on":
            continue
        for name, cores in dealt(constraint, circuit.size).items():
            size = circuit.size(name)
            share = -(-size // (constraint.last - constraint.first + 1))
            for number, core in enumerate(cores):
                first = number * share
                yield Chosen(name, first, min(first + share, size), core, constraint)
