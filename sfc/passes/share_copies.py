"""The pass share-copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Tie
from sfc.passes.base import Preserves

Groups = tuple[tuple[str, ...], ...]


def fixed_copies(circuit: Circuit) -> Groups:
    """Returns the groups of tied copies whose weights never change: their rules have no terms."""
    groups: dict[Tie, list[str]] = defaultdict(list)
    for name, projection in circuit.projections.items():
        if isinstance(projection.weight, Tie) and not circuit.learns(projection):
            groups[projection.weight].append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


@dataclass(frozen=True, slots=True)
class ShareCopies:
    """Marks tied copies that always hold equal weights, so that they can be kept once.

    Copies are tied to one matrix with equal sign and transpose, and so start with equal weights.
    Those of a rule without terms never change. (Others stay equal if every step teaches them the
    same, which takes an analysis of the phases to tell.) The circuit is otherwise as before: what
    makes use of the mark is up to engines and targets, as long as nobody sets the weights of one
    copy alone.

    Attributes:
        shareable: tells the groups.
    """

    name: ClassVar[str] = "share-copies"
    summary: ClassVar[str] = "tied copies whose weights stay equal are marked as one"
    preserves: ClassVar[Preserves] = "states"

    shareable: Callable[[Circuit], Groups] = fixed_copies

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit with the groups as its `shared`."""
        groups = self.shareable(circuit)
        return circuit if groups == circuit.shared else replace(circuit, shared=groups)
