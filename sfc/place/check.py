"""An independent checker of placements: it shares no code with what makes them.

It counts from the circuit, synapse by synapse where a pattern is more than a word, what every core
holds, and compares that with the limits of the chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sfc.chips.chip import Chip
from sfc.ir.circuit import Circuit
from sfc.ir.constraints import Constraint, ConstraintKind
from sfc.place.check_formats import MOST_BITS, legal, weight_format
from sfc.place.check_lists import Numbers
from sfc.place.check_use import LIMIT_OF, PLASTIC, used
from sfc.place.placement import Piece, Placement

__all__ = ["Violation", "used", "violations"]

_Structure = Literal["chip", "core", "unknown_population", "bounds", "unplaced", "placed_twice"]
_Limit = Literal["resource", "delay", "refractory", "weight_bits"]
Kind = _Structure | _Limit | ConstraintKind


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a placement.

    Attributes:
        kind: resource where a core holds too much; delay, refractory and weight_bits where no core
            of the chip has what a projection or population needs; else what is not as it should be.
        core: where; -1 if on no core in particular.
        resource: of which the core holds too much; empty for other kinds.
        used, available: of a limit; 0 for other kinds.
    """

    kind: Kind
    text: str
    core: int = -1
    resource: str = ""
    used: int = 0
    available: int = 0

    def __str__(self) -> str:
        return self.text


def violations(
    circuit: Circuit,
    chip: Chip,
    placement: Placement,
    *,
    max_plastic_per_core: int | None = None,
    chips: int | None = None,
) -> list[Violation]:
    """Returns all that is wrong with a placement; nothing if it can be loaded and keeps its word.

    Where not every neuron has one core, only that is said.

    Args:
        max_plastic_per_core: most plastic synapses of a core.
        chips: how many there are; as many as the largest system has where it is None.

    Raises:
        ValueError: the circuit's weights are real numbers.
    """
    cores = chip.cores * (chip.most_chips if chips is None else chips)
    if found := [*_misplaced(circuit, chip, placement, cores)]:
        return found
    found += _beyond_the_chip(circuit, chip)
    for core, resources in used(circuit, chip, placement).items():
        limits = _limits(chip, resources["delay_slots"]) | {PLASTIC: max_plastic_per_core}
        for resource, available in limits.items():
            amount = resources.get(resource, 0)
            if available is not None and amount > available:
                what = resource.replace("_", " ")
                text = f"core {core} holds {amount:,} {what} of {available:,}"
                found.append(Violation("resource", text, core, resource, amount, available))
    core_of = _cores_of_neurons(circuit, placement)
    for constraint in circuit.constraints:
        found += _CHECKS[constraint.kind](constraint, core_of)
    return found


def _limits(chip: Chip, delay_slots: int) -> dict[str, int | None]:
    """Returns what a core has of each resource, given the delay slots of its compartments."""
    limits = {name: chip.limit(limit) for name, limit in LIMIT_OF.items()}
    accumulators = chip.limit("dendritic_accumulators")
    if accumulators is not None:
        most = accumulators // delay_slots
        limits["compartments"] = min(most, limits["compartments"] or most)
    return limits


def _misplaced(
    circuit: Circuit, chip: Chip, placement: Placement, cores: int
) -> Iterator[Violation]:
    """Yields what keeps neurons from having one core each."""
    if placement.chip != chip.name:
        yield Violation("chip", f"the placement is for {placement.chip}, not for {chip.name}")
    pieces: dict[str, list[Piece]] = {name: [] for name in circuit.populations}
    for piece in placement.pieces:
        where = f"{piece.population}[{piece.first}..{piece.last}]"
        if not 0 <= piece.core < cores:
            text = f"{where} lies on core {piece.core}; there are {cores:,}"
            yield Violation("core", text, piece.core)
        if piece.population not in pieces:
            yield Violation("unknown_population", f"no population is called {piece.population}")
        elif not 0 <= piece.first <= piece.last < circuit.size(piece.population):
            size = circuit.size(piece.population)
            text = f"{where} is no piece of {piece.population}, which has {size:,} neurons"
            yield Violation("bounds", text, piece.core)
        else:
            pieces[piece.population].append(piece)
    for name, own in pieces.items():
        change = np.zeros(circuit.size(name) + 1, np.int64)
        np.add.at(change, [piece.first for piece in own], 1)
        np.add.at(change, [piece.last + 1 for piece in own], -1)
        times = np.cumsum(change[:-1])
        if len(missing := np.flatnonzero(times == 0)):
            text = f"{len(missing):,} neurons of {name} lie on no core, first {missing[0]}"
            yield Violation("unplaced", text)
        if len(double := np.flatnonzero(times > 1)):
            text = f"{len(double):,} neurons of {name} lie on several cores, first {double[0]}"
            yield Violation("placed_twice", text)


def _beyond_the_chip(circuit: Circuit, chip: Chip) -> Iterator[Violation]:
    """Yields what no core of the chip has."""
    longest, rest = chip.limit("delay"), chip.limit("refractory")
    widest = max(legal(chip, "weight_bits"), default=MOST_BITS)
    for population in circuit.populations.values():
        silent = population.neuron.refractory
        if rest is not None and silent > rest:
            text = f"{population.name} is refractory for {silent} steps; the chip has {rest}"
            yield Violation("refractory", text, used=silent, available=rest)
    for projection in circuit.projections.values():
        delay = projection.delay
        if longest is not None and delay > longest:
            text = f"{projection.name} has delay {delay}; the chip has {longest}"
            yield Violation("delay", text, used=delay, available=longest)
        if widest >= MOST_BITS or not circuit.synapse_count(projection):
            continue
        bits = weight_format(circuit, projection, chip).bits
        if bits > widest:
            text = f"{projection.name} needs weights of {bits} bits; the chip has {widest}"
            yield Violation("weight_bits", text, used=bits, available=widest)


def _cores_of_neurons(circuit: Circuit, placement: Placement) -> Mapping[str, Numbers]:
    found = {p.name: np.full(p.size, -1, np.int64) for p in circuit.populations.values()}
    for piece in placement.pieces:
        found[piece.population][piece.first : piece.last + 1] = piece.core
    return found


def _on(constraint: Constraint, core_of: Mapping[str, Numbers]) -> Iterator[Violation]:
    cores = np.concatenate([core_of[name] for name in constraint.populations])
    share = -(-len(cores) // (constraint.last - constraint.first + 1))
    wanted = constraint.first + np.arange(len(cores)) // share
    if len(wrong := np.flatnonzero(cores != wanted)):
        core, asked = int(cores[wrong[0]]), int(wanted[wrong[0]])
        text = (
            f"{len(wrong):,} neurons of {_listed(constraint)} lie elsewhere than asked, "
            f"first on core {core} and not on {asked}"
        )
        yield Violation("on", text, core)


def _together(constraint: Constraint, core_of: Mapping[str, Numbers]) -> Iterator[Violation]:
    """Compares with the largest population: it has all numbers."""
    largest = max((core_of[name] for name in constraint.populations), key=len)
    for name in constraint.populations:
        cores = core_of[name]
        if len(wrong := np.flatnonzero(cores != largest[: len(cores)])):
            core = int(cores[wrong[0]])
            text = (
                f"{len(wrong):,} neurons of {name} do not share the core of those with the same "
                f"number in {_listed(constraint)}, first {wrong[0]} on core {core}"
            )
            yield Violation("together", text, core)


def _apart(constraint: Constraint, core_of: Mapping[str, Numbers]) -> Iterator[Violation]:
    first: dict[int, str] = {}
    for name in dict.fromkeys(constraint.populations):
        for core in np.unique(core_of[name]).tolist():
            other = first.setdefault(core, name)
            if other != name:
                text = f"core {core} holds neurons of {other} and of {name}"
                yield Violation("apart", text, core)


def _listed(constraint: Constraint) -> str:
    return ", ".join(constraint.populations)


_CHECKS = {"on": _on, "together": _together, "apart": _apart}
