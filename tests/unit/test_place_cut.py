"""Circuits of pieces: names, slices, and what is said of populations in the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import sfc
from sfc import Simulator
from sfc.ir.circuit import (
    Circuit,
    Init,
    Input,
    Matrix,
    Neuron,
    Origin,
    Population,
    Projection,
    Tie,
    Weight,
    by_name,
)
from sfc.ir.constraints import Constraint
from sfc.ir.patterns import RealTable, Sparse
from sfc.ir.rules import Rule
from sfc.ir.schedule import Chain, Probe, Property, Readout, Schedule
from sfc.ir.synapses import synapses, table
from sfc.ir.verify import verify
from sfc.place.cut import Cut, cut_circuit
from sfc.place.placement import Piece, Placement

UNIT = Weight(1, 0)


def circuit_of(
    projections: Sequence[Projection], nodes: Sequence[Population | Input], **more: Any
) -> Circuit:
    circuit = Circuit(
        "c",
        populations=by_name(n for n in nodes if isinstance(n, Population)),
        inputs=by_name(n for n in nodes if isinstance(n, Input)),
        projections=by_name(projections),
        **more,
    )
    verify(circuit)
    return circuit


def line(name: str, *shape: int) -> Population:
    return Population(name, shape, Neuron(64))


def cut_at(circuit: Circuit, **starts: tuple[int, ...]) -> Cut:
    """Cuts populations where pieces start, beside 0."""
    pieces = []
    for name, population in circuit.populations.items():
        firsts = (0, *starts.get(name, ()))
        lasts = [first - 1 for first in firsts[1:]] + [population.size - 1]
        pieces += [Piece(name, a, b, 0) for a, b in zip(firsts, lasts, strict=True)]
    cut = cut_circuit(circuit, Placement("any", tuple(pieces)))
    verify(cut.circuit)
    return cut


def joins(cut: Cut) -> list[tuple[Any, ...]]:
    """Ends and parts of all projections."""
    return [
        (p.source, p.source_part, p.target, p.target_part) for p in cut.circuit.projections.values()
    ]


def triples(cut: Cut, name: str) -> list[tuple[int, int, int]]:
    found = synapses(cut.circuit, cut.circuit.projections[name])
    ends = (found.sources.tolist(), found.targets.tolist(), found.mantissas.tolist())
    return list(zip(*ends, strict=True))


def test_pieces_are_populations() -> None:
    circuit = circuit_of([], [line("h", 2, 5), line("o", 3)])
    cut = cut_at(circuit, h=(4,))
    assert [(p.name, p.shape) for p in cut.circuit.populations.values()] == [
        ("h[0-3]", (4,)),
        ("h[4-9]", (6,)),
        ("o", (3,)),
    ]
    assert cut.pieces == {"h": ("h[0-3]", "h[4-9]"), "o": ("o",)}


def test_names_that_are_taken() -> None:
    """By a population, an input and a chain, whose name would stand for its relays in probes."""
    relay = line("g", 1)
    schedule = Schedule((Chain("h[1-1]", ("g",), False),))
    nodes = [line("h", 3), line("h[0-0]", 1), line("h[0-0]-", 1), Input("h[2-2]", (1,)), relay]
    cut = cut_at(circuit_of([], nodes, schedule=schedule), h=(1, 2))
    assert cut.pieces["h"] == ("h[0-0]--", "h[1-1]-", "h[2-2]-")


def test_all_to_all() -> None:
    joined = Projection("p", "a", "b", "all_to_all", UNIT, 0, ((1, 3),), ((0, 1),))
    cut = cut_at(circuit_of([joined], [line("a", 4), line("b", 4)]), a=(2, 3), b=(1, 2))
    assert joins(cut) == [
        ("a[0-1]", ((1, 1),), "b[0-0]", ((0, 0),)),
        ("a[0-1]", ((1, 1),), "b[1-1]", ((0, 0),)),
        ("a[2-2]", ((0, 0),), "b[0-0]", ((0, 0),)),
        ("a[2-2]", ((0, 0),), "b[1-1]", ((0, 0),)),
        ("a[3-3]", ((0, 0),), "b[0-0]", ((0, 0),)),
        ("a[3-3]", ((0, 0),), "b[1-1]", ((0, 0),)),
    ]
    assert list(cut.circuit.projections) == [f"p #{k}" for k in range(1, 7)]


def test_parts_with_gaps() -> None:
    """Columns 1..2 of three rows of 4: neurons 1 2 5 6 9 10; inputs are not cut."""
    part = ((0, 2), (1, 2))
    joined = Projection("p", "i", "b", "all_to_all", UNIT, 0, ((1, 1), (0, 1)), part)
    circuit = circuit_of([joined], [Input("i", (2, 3)), line("b", 3, 4)])
    cut = cut_at(circuit, b=(6,))
    whole = ("i", ((1, 1), (0, 1)))
    assert joins(cut) == [
        (*whole, "b[0-5]", ((1, 2),)),
        (*whole, "b[0-5]", ((5, 5),)),
        (*whole, "b[6-11]", ((0, 0),)),
        (*whole, "b[6-11]", ((3, 4),)),
    ]


def test_one_to_one() -> None:
    joined = Projection("p", "a", "b", "one_to_one", UNIT, 0, None, ((1, 4),))
    cut = cut_at(circuit_of([joined], [line("a", 4), line("b", 5)]), a=(2,), b=(2, 4))
    assert joins(cut) == [
        ("a[0-1]", ((0, 0),), "b[0-1]", ((1, 1),)),
        ("a[0-1]", ((1, 1),), "b[2-3]", ((0, 0),)),
        ("a[2-3]", ((0, 0),), "b[2-3]", ((1, 1),)),
        ("a[2-3]", ((1, 1),), "b[4-4]", ((0, 0),)),
    ]
    assert {p.pattern for p in cut.circuit.projections.values()} == {"one_to_one"}


def test_one_to_one_from_a_plane() -> None:
    """Columns 1..2 of two rows of 3 are 1 2 4 5; the plane stays whole, so synapses are listed."""
    joined = Projection("p", "i", "b", "one_to_one", Weight(3, 2), 0, ((0, 1), (1, 2)))
    cut = cut_at(circuit_of([joined], [Input("i", (2, 3)), line("b", 4)]), b=(3,))
    assert triples(cut, "p #1") == [(1, 0, 3), (2, 1, 3), (4, 2, 3)]
    assert triples(cut, "p #2") == [(5, 0, 3)]
    assert cut.circuit.projections["p #1"].weight == Weight(1, 2)


def test_listed_synapses_go_where_they_are() -> None:
    """Two between the same neurons stay two; pieces without synapses are not joined."""
    pattern = table([0, 0, 0, 3], [1, 1, 2, 0], [5, 7, 9, 11])
    circuit = circuit_of([Projection("p", "a", "b", pattern, UNIT)], [line("a", 4), line("b", 3)])
    cut = cut_at(circuit, a=(2,), b=(2,))
    assert [(p.source, p.target) for p in cut.circuit.projections.values()] == [
        ("a[0-1]", "b[0-1]"),
        ("a[0-1]", "b[2-2]"),
        ("a[2-3]", "b[0-1]"),
    ]
    assert [triples(cut, f"p #{k}") for k in (1, 2, 3)] == [
        [(0, 1, 5), (0, 1, 7)],
        [(0, 0, 9)],
        [(1, 0, 11)],
    ]


def test_the_lowest_mantissa_alone_becomes_two_synapses() -> None:
    """-256 is held only where others are positive."""
    pattern = table([0, 0, 0], [0, 1, 2], [-256, 254, -256])
    circuit = circuit_of([Projection("p", "a", "b", pattern, UNIT)], [line("a", 1), line("b", 3)])
    cut = cut_at(circuit, b=(1,))
    assert triples(cut, "p #1") == [(0, 0, -128), (0, 0, -128)]
    assert triples(cut, "p #2") == [(0, 0, 254), (0, 1, -256)]


def test_what_is_not_cut_stays_itself() -> None:
    real = RealTable(0, "eJwDAAAAAAE=")
    projections = [
        Projection("p", "b", "b", Sparse(0.5, 1), Weight(3, 0)),
        Projection("q", "i", "b", "all_to_all", Tie("W")),
        Projection("r", "b", "b", real, UNIT),
    ]
    circuit = circuit_of(
        projections,
        [line("a", 2), line("b", 3), Input("i", (2,))],
        rules=by_name([Rule("R", ())]),
        matrices=by_name([Matrix("W", (2, 3), "R")]),
    )
    cut = cut_at(circuit, a=(1,))
    assert cut.circuit.projections == circuit.projections
    assert cut.circuit.matrices == circuit.matrices
    with pytest.raises(ValueError, match="real weights"):
        cut_at(circuit, b=(1,))


def tied() -> Circuit:
    """W joins c to a, the other way round a to c, and twice c to b."""
    projections = [
        Projection("p", "c", "a", "all_to_all", Tie("W")),
        Projection("q", "a", "c", "all_to_all", Tie("W", -1, True)),
        Projection("r", "c", "b", "all_to_all", Tie("W")),
        Projection("s", "c", "b", "all_to_all", Tie("W")),
    ]
    return circuit_of(
        projections,
        [line("a", 4), line("b", 4), line("c", 3)],
        rules=by_name([Rule("R", ())]),
        matrices=by_name(
            [
                Matrix("W", (3, 4), "R", Init("uniform", (("low", -200), ("high", 200)))),
                Matrix("V", (1, 1), "R"),
            ]
        ),
        properties=(Property("tied", ("W", "V")), Property("no_overflow")),
        shared=(("r", "s"),),
    )


def test_weights_are_cut_and_joined() -> None:
    circuit = tied()
    cut = cut_at(circuit, a=(1,))
    whole = Simulator(circuit, seed=3).plastic_weights()
    parts = cut.cut_weights(whole)
    assert {name: array.shape for name, array in parts.items()} == {
        **{"p #1": (3, 1), "p #2": (3, 3), "q #1": (1, 3), "q #2": (3, 3)},
        **{"r": (3, 4), "s": (3, 4)},
    }
    np.testing.assert_array_equal(parts["p #2"], whole["p"][:, 1:])
    np.testing.assert_array_equal(parts["q #2"], whole["q"][1:])
    joined = cut.join_weights(parts)
    assert joined.keys() == whole.keys()
    for name, weights in whole.items():
        np.testing.assert_array_equal(joined[name], weights)
        assert joined[name].dtype == weights.dtype


def test_matrices_of_slices() -> None:
    """Each has its own; the whole stays as long as something is tied to it."""
    cut = cut_at(tied(), a=(1,))
    shapes = {name: matrix.shape for name, matrix in cut.circuit.matrices.items()}
    assert shapes == {
        **{"W": (3, 4), "V": (1, 1)},
        **{"W[1]": (3, 1), "W[2]": (3, 3), "W[3]": (1, 3), "W[4]": (3, 3)},
    }
    assert [cut.circuit.projections[name].weight for name in ("q #1", "r")] == [
        Tie("W[3]"),
        Tie("W"),
    ]
    assert cut.circuit.shared == (("r", "s"),)
    assert cut.circuit.properties == (Property("tied", ("V",)), Property("no_overflow"))
    everything = cut_at(tied(), c=(1,))
    assert "W" not in everything.circuit.matrices
    assert everything.circuit.shared == ()


def test_who_starts_a_chain() -> None:
    """Pieces start it that have synapses to its first relay: both ways to it count."""
    starts = [
        Projection("p", "a", "g", "all_to_all", Weight(200, 0), origin=Origin("start", "k")),
        Projection(
            "q", "b", "g", "all_to_all", Weight(2, 0), 0, ((0, 0),), origin=Origin("start", "k")
        ),
        Projection("r", "b", "g", "all_to_all", Weight(2, 0), origin=Origin("gate")),
    ]
    schedule = Schedule((Chain("k", ("g",), True, ("b", "a")),))
    circuit = circuit_of(starts, [line("a", 3), line("b", 2), line("g", 1)], schedule=schedule)
    chain = cut_at(circuit, a=(1,), b=(1,)).circuit.schedule.chains[0]
    assert chain.started_by == ("a[0-0]", "a[1-2]", "b[0-0]")
    assert cut_at(circuit).circuit.schedule == schedule


def test_a_chain_that_nothing_reaches_is_still_not_kicked() -> None:
    """The host would kick a chain that no population starts."""
    none = Projection("p", "a", "g", Sparse(0.0, 1), Weight(2, 0), origin=Origin("start", "k"))
    schedule = Schedule((Chain("k", ("g",), False, ("a",)), Chain("r", ("f",), True)))
    nodes = [line("a", 3), line("g", 1), line("f", 1)]
    cut = cut_at(circuit_of([none], nodes, schedule=schedule), a=(1,))
    assert cut.circuit.schedule.chains[0].started_by == ("a[0-0]",)
    assert cut.circuit.projections["p #1"].pattern == table([], [], [])


def test_the_schedule_speaks_of_pieces() -> None:
    readout = Readout("b", "i", "k", 0)
    schedule = Schedule(
        (Chain("k", ("g",), True),),
        probes=(Probe("a", "spikes", "k", (0,)), Probe("b", "membrane")),
        readouts=(Readout("a", "i", "k", 0), readout),
    )
    where = ("k", (0,))
    circuit = circuit_of(
        [],
        [line("a", 2), line("b", 2), line("g", 1), Input("i", (2,))],
        schedule=schedule,
        properties=(
            Property("silent", ("a", "b"), *where),
            Property("fires", ("a", "b"), *where),
            Property("fires", ("a",), *where),
        ),
        constraints=(Constraint("apart", ("a", "b")),),
    )
    cut = cut_at(circuit, a=(1,)).circuit
    assert cut.schedule.probes == (
        Probe("a[0-0]", "spikes", *where),
        Probe("a[1-1]", "spikes", *where),
        Probe("b", "membrane"),
        Probe("a[0-0]", "spikes", *where),
        Probe("a[1-1]", "spikes", *where),
        Probe("a[0-0]", "membrane", *where),
        Probe("a[1-1]", "membrane", *where),
    )
    assert cut.schedule.readouts == (readout,)
    assert cut.properties == (
        Property("silent", ("a[0-0]", "a[1-1]", "b"), *where),
        Property("fires", ("b",), *where),
    )
    assert cut.constraints == ()


def test_inputs_are_presented_to_all_pieces() -> None:
    circuit = sfc.compile("backprop", n_in=6, n_hid=4)
    cut = cut_at(circuit, x=(2, 4))
    present = next(p for p in cut.circuit.schedule.presents if p.input == "image")
    assert present.projections == ("image -> x #1", "image -> x #2", "image -> x #3")


def test_a_readout_can_be_taken_from_pieces() -> None:
    circuit = sfc.compile("backprop", n_in=6, n_hid=4)
    cut = cut_at(circuit, o=(3, 4), h=(1,))
    whole, parts = Simulator(circuit, seed=1), Simulator(cut.circuit)
    for name, weights in cut.cut_weights(whole.plastic_weights()).items():
        parts.weights[name] = weights
    inputs = {"image": np.eye(6, dtype=bool)[[0, 3, 5, 1]], "label": np.array([1, 5, 9, 0])}
    result, pieces = whole.run(inputs), parts.run(inputs)
    assert pieces.readouts == ()
    membranes = [pieces.membrane.rows(name) for name in cut.pieces["o"]]
    np.testing.assert_array_equal(np.concatenate(membranes, axis=1), result.readout.membrane)
    events = cut.join_events(pieces.events, "o")
    np.testing.assert_array_equal(events, result.events["o"])
