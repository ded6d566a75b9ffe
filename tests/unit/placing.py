"""Small circuits and placements of them, for the tests of the checker."""

from __future__ import annotations

from collections.abc import Sequence

from small_chips import small_chip

from sfc.chips.chip import Chip
from sfc.ir.circuit import (
    Circuit,
    Input,
    Matrix,
    Neuron,
    Pattern,
    Population,
    Projection,
    Tie,
    Weight,
    by_name,
)
from sfc.ir.rules import Rule, Term
from sfc.ir.verify import verify
from sfc.place.check import Violation, used
from sfc.place.placement import Piece, Placement

CHIP = small_chip()
RULES = by_name([Rule("R", (Term(2.0, ("x0", "y0")),)), Rule("Still", ())])
UNIT = Weight(1, 0)


def circuit_of(
    projections: Sequence[Projection], matrices: Sequence[Matrix] = (), **sizes: int
) -> Circuit:
    """Populations of these sizes; those that begin with `in` are inputs."""
    ends = {n: s for n, s in sizes.items() if not n.startswith("in")}
    populations = [Population(name, (size,), Neuron(64)) for name, size in ends.items()]
    inputs = [Input(name, (size,)) for name, size in sizes.items() if name not in ends]
    circuit = Circuit(
        "c",
        populations=by_name(populations),
        inputs=by_name(inputs),
        rules=RULES,
        matrices=by_name(matrices),
        projections=by_name(projections),
    )
    verify(circuit)
    return circuit


def plastic(source: int, target: int, rule: str = "R", delay: int = 0, **more: int) -> Circuit:
    """Populations a and b of these sizes, joined by a matrix."""
    joined = Projection("p", "a", "b", "all_to_all", Tie("W"), delay)
    return circuit_of([joined], [Matrix("W", (source, target), rule)], a=source, b=target, **more)


def constant(pattern: Pattern, source: int, target: int, weight: Weight = UNIT) -> Circuit:
    return circuit_of([Projection("p", "a", "b", pattern, weight)], a=source, b=target)


def placed(*pieces: tuple[str, int, int, int]) -> Placement:
    return Placement("small", tuple(Piece(*piece) for piece in pieces))


def whole(circuit: Circuit, **cores: int) -> Placement:
    """Populations as they are, on core 0 unless said otherwise."""
    sizes = {name: population.size for name, population in circuit.populations.items()}
    return placed(*((name, 0, size - 1, cores.get(name, 0)) for name, size in sizes.items()))


def use_of(circuit: Circuit, placement: Placement, core: int, chip: Chip = CHIP) -> dict[str, int]:
    return dict(used(circuit, chip, placement)[core])


def words_of_core_1(circuit: Circuit, chip: Chip = CHIP) -> int:
    """Words that b takes alone on core 1."""
    return use_of(circuit, whole(circuit, b=1), 1, chip)["synaptic_memory"]


def only(found: list[Violation]) -> Violation:
    assert len(found) == 1, [str(violation) for violation in found]
    return found[0]
