"""The pass share-copies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import ClassVar

from sfc.analysis.ties import compare
from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection, Tie
from sfc.passes.base import Preserves
from sfc.passes.timing import timing

Groups = tuple[tuple[str, ...], ...]


def equal_copies(circuit: Circuit) -> Groups:
    """Returns the groups of tied copies that are proved to hold equal weights in every run."""
    groups: dict[Tie, list[Projection]] = defaultdict(list)
    for projection in circuit.projections.values():
        if isinstance(projection.weight, Tie):
            groups[projection.weight].append(projection)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return ()
    reading = timing(circuit, begin_equal=True).reading
    found = []
    for first, *others in several:
        rule = circuit.rule_of(first)
        assert rule is not None
        equal = [p.name for p in others if compare(reading, rule, first, p).state == "proved"]
        if equal:
            found.append((first.name, *equal))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ShareCopies:
    """Marks tied copies that always hold equal weights, so that they can be kept once.

    Copies are tied to one matrix with equal sign and transpose, and so start with equal weights.
    They stay equal if every step teaches them the same, as the sound reading of the phase analysis
    shows, without the bounds that inputs declare. The circuit is otherwise as before: what makes
    use of the mark is up to engines and targets, as long as nobody sets the weights of one copy
    alone.
    """

    name: ClassVar[str] = "share-copies"
    summary: ClassVar[str] = "tied copies whose weights stay equal are marked as one"
    preserves: ClassVar[Preserves] = "states"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit with the groups as its `shared`."""
        groups = equal_copies(circuit)
        return circuit if groups == circuit.shared else replace(circuit, shared=groups)
