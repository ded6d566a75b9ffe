"""The checker of placements: every violation, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from placing import (
    CHIP,
    circuit_of,
    constant,
    only,
    placed,
    plastic,
    whole,
)
from small_chips import small_chip

from sfc.ir.circuit import (
    Circuit,
    Neuron,
    Weight,
    by_name,
)
from sfc.ir.constraints import Constraint, ConstraintKind
from sfc.place.check import violations

# Every neuron on one core.


def test_what_fits_has_no_violations() -> None:
    circuit = plastic(3, 4)
    assert violations(circuit, CHIP, whole(circuit, b=1)) == []
    several = placed(("a", 0, 0, 255), ("a", 1, 2, 0), ("b", 0, 1, 7), ("b", 2, 3, 255))
    assert violations(circuit, CHIP, several) == []


@pytest.mark.parametrize(
    ("pieces", "kind", "text"),
    [
        ([("a", 0, 1, 0)], "unplaced", "1 neurons of a lie on no core, first 2"),
        ([("a", 0, 1, 0), ("a", 1, 2, 1)], "placed_twice", "first 1"),
        ([("a", 0, 2, 0), ("a", 0, 2, 0)], "placed_twice", "3 neurons of a"),
        ([("a", 0, 2, 256)], "core", "a[0..2] lies on core 256; there are 256"),
        ([("a", 0, 2, -1)], "core", "core -1"),
        ([("a", 0, 2, 0), ("b", 0, 0, 0)], "unknown_population", "b"),
        ([("a", 0, 2, 0), ("a", 3, 3, 0)], "bounds", "a[3..3]"),
        ([("a", 0, 2, 0), ("a", -1, 0, 0)], "bounds", "a[-1..0]"),
        ([("a", 0, 2, 0), ("a", 2, 1, 0)], "bounds", "a[2..1]"),
    ],
)
def test_neurons_that_have_not_one_core(
    pieces: list[tuple[str, int, int, int]], kind: str, text: str
) -> None:
    violation = only(violations(circuit_of([], a=3), CHIP, placed(*pieces)))
    assert violation.kind == kind
    assert text in str(violation)


def test_a_placement_for_another_chip() -> None:
    circuit = circuit_of([], a=3)
    placement = replace(whole(circuit), chip="other")
    assert only(violations(circuit, CHIP, placement)).kind == "chip"


def test_fewer_chips_than_the_largest_system_has() -> None:
    circuit = circuit_of([], a=3)
    placement = whole(circuit, a=128)
    assert violations(circuit, CHIP, placement, chips=2) == []
    assert only(violations(circuit, CHIP, placement, chips=1)).kind == "core"


# What no core of the chip has.


@pytest.mark.parametrize(("name", "limit"), [("delay", 5), ("refractory", 3), ("weight_bits", [6])])
def test_what_the_chip_has_not(name: str, limit: Any) -> None:
    circuit = constant("all_to_all", 2, 3, Weight(131, 0))
    slow = replace(circuit.projections["p"], delay=6)
    tired = replace(circuit.populations["b"], neuron=Neuron(64, 0, 4))
    populations = by_name([circuit.populations["a"], tired])
    circuit = replace(circuit, projections=by_name([slow]), populations=populations)
    assert violations(circuit, CHIP, whole(circuit)) == []
    assert violations(circuit, small_chip(**{name: None}), whole(circuit)) == []
    found = only(violations(circuit, small_chip(**{name: limit}), whole(circuit)))
    assert found.kind == name
    least = limit[0] if isinstance(limit, list) else limit
    assert found.used > found.available == least


# What the author asks.


def asks(kind: ConstraintKind, *names: str, cores: tuple[int, int] = (-1, -1)) -> Circuit:
    circuit = circuit_of([], a=5, b=3, c=1)
    return replace(circuit, constraints=(Constraint(kind, names, *cores),))


def test_on_cores_in_order() -> None:
    """9 neurons on 4 cores: 3 to each, from the first on; the last stays empty."""
    circuit = asks("on", "a", "c", "b", cores=(4, 7))
    kept = [("a", 0, 2, 4), ("a", 3, 4, 5), ("c", 0, 0, 5), ("b", 0, 2, 6)]
    assert violations(circuit, CHIP, placed(*kept)) == []
    broken = [("a", 0, 2, 4), ("a", 3, 4, 5), ("c", 0, 0, 6), ("b", 0, 1, 6), ("b", 2, 2, 7)]
    found = only(violations(circuit, CHIP, placed(*broken)))
    assert (found.kind, found.core) == ("on", 6)
    assert "2 neurons of a, c, b lie elsewhere than asked, first on core 6 and not on 5" in str(
        found
    )


def test_together_by_number() -> None:
    circuit = asks("together", "b", "a", "c")
    kept = [("a", 0, 1, 4), ("a", 2, 4, 5), ("b", 0, 1, 4), ("b", 2, 2, 5), ("c", 0, 0, 4)]
    assert violations(circuit, CHIP, placed(*kept)) == []
    broken = [("a", 0, 1, 4), ("a", 2, 4, 5), ("b", 0, 0, 4), ("b", 1, 2, 5), ("c", 0, 0, 4)]
    found = only(violations(circuit, CHIP, placed(*broken)))
    assert (found.kind, found.core) == ("together", 5)
    assert "1 neurons of b" in str(found)


def test_apart() -> None:
    circuit = asks("apart", "a", "b")
    kept = [("a", 0, 4, 4), ("b", 0, 2, 5), ("c", 0, 0, 4)]
    assert violations(circuit, CHIP, placed(*kept)) == []
    broken = [("a", 0, 3, 4), ("a", 4, 4, 5), ("b", 0, 2, 5), ("c", 0, 0, 4)]
    found = only(violations(circuit, CHIP, placed(*broken)))
    assert (found.kind, found.core, str(found)) == (
        *("apart", 5),
        "core 5 holds neurons of a and of b",
    )
