"""The pass merge-gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import frexp
from typing import ClassVar

from sfc.diagnostics import Reporter
from sfc.ir.circuit import Circuit, Projection, Weight
from sfc.ir.integers import WEIGHT_EXPONENTS, split_weight
from sfc.passes.base import Preserves
from sfc.passes.editing import carriers, with_projections


@dataclass(frozen=True, slots=True)
class MergeGates:
    """Merges parallel constant projections into one, and drops those without effect.

    Projections are parallel if they join the same parts of the same populations by the same
    pattern with the same delay, and were made for the same purpose (origin); those of an input
    must be carried by the same presents. The first of them stays, with the sum of the weights,
    if that is an 8-bit mantissa times 2^-6..7. A projection of weight zero, or without a synapse,
    goes. What starts a chain stays as it is.

    It is exact: what arrives at a neuron in a step is a sum, and the same sum, so that it also
    wraps the same way.
    """

    name: ClassVar[str] = "merge-gates"
    summary: ClassVar[str] = "parallel constant projections become one with the sum of the weights"
    preserves: ClassVar[Preserves] = "states"

    def run(self, circuit: Circuit, reporter: Reporter) -> Circuit:
        """Returns the circuit with fewer projections."""
        carried = carriers(circuit)
        kept = dict(circuit.projections)
        first: dict[object, str] = {}
        for projection in circuit.projections.values():
            if not _may_merge(projection):
                continue
            key = _key(projection, carried)
            into = kept[first.setdefault(key, projection.name)]
            if into.name == projection.name:
                continue
            total = _sum(into, projection)
            if total is not None:
                kept[into.name] = replace(into, weight=total)
                del kept[projection.name]
        remaining = [p for p in kept.values() if not (_may_merge(p) and _is_idle(circuit, p))]
        if len(remaining) == len(circuit.projections):
            return circuit
        return with_projections(circuit, remaining)


def _may_merge(projection: Projection) -> bool:
    is_start = projection.origin is not None and projection.origin.kind == "start"
    return isinstance(projection.weight, Weight) and not is_start


def _key(projection: Projection, carried: Mapping[str, object]) -> object:
    """Returns what parallel projections have in common."""
    return (
        *(projection.source, projection.source_part, projection.target, projection.target_part),
        *(projection.pattern, projection.delay, projection.origin),
        carried.get(projection.name),
    )


def _sum(one: Projection, other: Projection) -> Weight | None:
    """Returns the sum of two constant weights, None if it cannot be held."""
    assert isinstance(one.weight, Weight)
    assert isinstance(other.weight, Weight)
    value = one.weight.value + other.weight.value
    if one.weight.mantissa == 1 and not isinstance(one.pattern, str):
        return _power(value)
    split = split_weight(value)
    return None if split is None else Weight(*split)


def _power(value: float) -> Weight | None:
    """Returns a power of two as a weight of mantissa 1, as patterns with mantissas have it."""
    half, exponent = frexp(value)
    return Weight(1, exponent - 1) if half == 0.5 and exponent - 1 in WEIGHT_EXPONENTS else None


def _is_idle(circuit: Circuit, projection: Projection) -> bool:
    """Tells whether spikes over a constant projection add nothing anywhere."""
    assert isinstance(projection.weight, Weight)
    return not projection.weight.mantissa or not circuit.synapse_count(projection)
