"""Random wishes on the placement that can be kept together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from random import Random

from sfc.ir.circuit import Circuit
from sfc.ir.constraints import Constraint, dealt
from sfc.ir.groups import clashes


def make_constraint(random: Random, circuit: Circuit) -> Constraint:
    populations = list(circuit.populations)
    kind = random.choice(("on", "on", "together", "apart", "apart"))
    if kind == "on":
        groups = [(name,) for name in populations]
        groups += [chain.relays for chain in circuit.schedule.chains] * 3
        first = random.randint(0, 5)
        return Constraint("on", random.choice(groups), first, first + random.randint(0, 3))
    chosen = random.choice(populations)
    others = [
        name
        for name in populations
        if name != chosen and (kind == "apart" or circuit.size(name) == circuit.size(chosen))
    ]
    amount = random.randint(1, 3)
    return Constraint(
        "together" if kind == "together" else "apart",
        (chosen, *random.sample(others, min(amount, len(others)))),
    )


def constrained(random: Random, circuit: Circuit) -> Circuit:
    """Returns the circuit with a few more constraints that can be kept, if there are any."""
    kept, placed = circuit.constraints, set(cores(circuit))
    for _ in range(random.randint(1, 6)):
        constraint = make_constraint(random, circuit)
        if constraint.kind == "on" and not placed.isdisjoint(constraint.populations):
            continue
        if constraint.kind != "on" and len(constraint.populations) < 2:
            continue
        if not any(clashes((*kept, constraint), circuit.size)):
            kept = (*kept, constraint)
            placed |= set(constraint.populations if constraint.kind == "on" else ())
    return replace(circuit, constraints=kept)


def cores(circuit: Circuit) -> dict[str, range]:
    """Returns the cores of every population that is on some."""
    found: dict[str, range] = {}
    for constraint in circuit.constraints:
        if constraint.kind == "on":
            found |= dealt(constraint, circuit.size)
    return found


def pairs(circuit: Circuit) -> Iterator[tuple[str, str, str]]:
    """Yields what is asked of two populations each."""
    for constraint in circuit.constraints:
        if constraint.kind != "on":
            for one, other in combinations(sorted(constraint.populations), 2):
                yield constraint.kind, one, other


def check_constraints(before: Circuit, after: Circuit) -> None:
    """What is asked of populations that remain is asked of them still."""
    old, new = cores(before), cores(after)
    assert {name: new[name] for name in old if name in after.populations} == {
        name: old[name] for name in old if name in after.populations
    }
    left = set(pairs(after))
    for kind, one, other in pairs(before):
        if one in after.populations and other in after.populations:
            assert (kind, one, other) in left
    assert all(name in after.populations for c in after.constraints for name in c.populations)
