"""What authors ask of the placement: from text to constraints, and through passes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import ceil
from random import Random
from typing import Any

import pytest

import sfc
from sfc.ir.circuit import Circuit
from sfc.ir.constraints import Constraint, dealt, renamed
from sfc.ir.groups import Groups, clashes
from sfc.ir.record import digest
from sfc.ir.text import parse_circuit
from sfc.passes.relay_delays import RelayDelays
from sfc.span import Source
from sfc.syntax.formatter import format_source

HEAD = """sfc 1;
neuron Cell { threshold = 100; drive = 120; ring = 128; close = 120; }
"""
SIZES = {"h": 10, "k": 10, "o": 4, "d": 4, "e": 4, "r0": 1, "r1": 1, "r2": 1}

Asked = tuple[Any, ...]


def compiled(text: str, **parameters: float) -> Circuit:
    reporter = sfc.Reporter()
    circuit = sfc.compile_text(HEAD + text, "test.sfc", reporter, **parameters)
    assert not reporter.diagnostics
    assert parse_circuit(str(circuit)) == circuit
    return circuit


def short(constraints: tuple[Constraint, ...]) -> list[Asked]:
    """Kinds and populations, with the cores of an "on"."""
    return [
        (c.kind, *c.populations) + ((c.first, c.last) if c.kind == "on" else ())
        for c in constraints
    ]


def asked(text: str, **parameters: float) -> list[Asked]:
    return short(compiled(text, **parameters).constraints)


def on(first: int, last: int, *names: str) -> Constraint:
    return Constraint("on", names, first, last)


def together(*names: str) -> Constraint:
    return Constraint("together", names)


def apart(*names: str) -> Constraint:
    return Constraint("apart", names)


# From text


def test_every_population_and_every_chain_has_its_own_constraint() -> None:
    text = "chain g[3] : Cell ring;\npopulation h[10], k[2, 5] : Cell;\n"
    assert asked(text + "place h, g, k on cores 2..79;\n") == [
        ("on", "h", 2, 79),
        ("on", "g[0]", "g[1]", "g[2]", 2, 79),
        ("on", "k", 2, 79),
    ]
    assert asked(text + "place h on cores 3;\nplace g[1] on cores 10**6 - 1;\n") == [
        ("on", "h", 3, 3),
        ("on", "g[1]", 999_999, 999_999),
    ]
    assert asked(text + "place together h, k;\nplace apart k, g[0], g[2];\n") == [
        ("together", "h", "k"),
        ("apart", "k", "g[0]", "g[2]"),
    ]


def test_constraints_of_modules_loops_and_conditions() -> None:
    text = """param n = 3;
module Layer {
  port population below;
  port chain c;
  population h[4] : Cell;
  place h on cores 7;
  place apart h, below;
  place c on cores 9;
}
chain g[2] : Cell ring;
population x[4] : Cell;
instance layer[k in 1..2] : Layer { below = x; c = side[k].c; }
for k in 1..2 as side { chain c[2] : Cell; }
for k in 1..2 { if k > 1 and n == 3 { place together layer[k].h, layer[k - 1].h; } }
alias last = layer[2].h;
place apart last, g[0];
"""
    expected = [
        *[("on", "layer[1].h", 7, 7), ("on", "side[1].c[0]", "side[1].c[1]", 9, 9)],
        *[("on", "layer[2].h", 7, 7), ("on", "side[2].c[0]", "side[2].c[1]", 9, 9)],
        *[("together", "layer[2].h", "layer[1].h"), ("apart", "layer[2].h", "g[0]")],
        *[("apart", "layer[1].h", "x"), ("apart", "layer[2].h", "x")],
    ]
    assert sorted(asked(text)) == sorted(expected)
    left = [constraint for constraint in expected if constraint[0] != "together"]
    assert sorted(asked(text, n=2)) == sorted(left)


def test_constraints_point_at_what_is_asked() -> None:
    text = "population h, k : Cell;\nplace h,\n  k on cores 3;\nplace together h, k;\n"
    first, second, third = compiled(text).constraints
    assert [str(c.span) for c in (first, second)] == ["test.sfc:4:7", "test.sfc:5:3"]
    assert str(third.span) == "test.sfc:6:1"


def test_every_mistake_in_a_list_is_reported() -> None:
    text = "input x;\npopulation h[2], k[2] : Cell;\nplace h, x, u, k[0], k on cores 0..1;\n"
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile_text(HEAD + text)
    assert [d.code for d in caught.value.diagnostics] == ["E0202", "E0201", "E0202"]


def test_constraints_are_no_part_of_what_a_circuit_does() -> None:
    text = "population h[10], k[10] : Cell;\n"
    placed = compiled(text + "place h on cores 0..3;\nplace together h, k;\n")
    assert digest(placed) == digest(compiled(text))


def test_the_layout_of_statements() -> None:
    text = "sfc 1;place h ,k on cores  0 .. n-1;place\ntogether a,b;place apart a , g [ 1 ];"
    assert format_source(Source("test.sfc", text)) == (
        "sfc 1;\nplace h, k on cores 0..n - 1;\nplace together a, b;\nplace apart a, g[1];\n"
    )
    names = ", ".join(f"population_{number}" for number in range(6))
    text = format_source(Source("test.sfc", f"sfc 1; place {names} on cores 0..3;"))
    assert text == f"sfc 1;\nplace {names}\n    on cores 0..3;\n"


# Cores


@pytest.mark.parametrize(
    ("constraint", "cores"),
    [
        (on(0, 7, "h"), {"h": range(0, 5)}),
        (on(2, 79, "h"), {"h": range(2, 12)}),
        (on(3, 3, "h"), {"h": range(3, 4)}),
        (on(5, 7, "h"), {"h": range(5, 8)}),
        (on(4, 5, "r0", "r1", "r2"), {"r0": range(4, 5), "r1": range(4, 5), "r2": range(5, 6)}),
    ],
)
def test_neurons_are_dealt_over_cores(constraint: Constraint, cores: dict[str, range]) -> None:
    assert dealt(constraint, SIZES.__getitem__) == cores


@pytest.mark.parametrize("neurons", range(1, 30))
def test_cores_tell_where_each_neuron_is(neurons: int) -> None:
    """The premise of comparing cores alone: the number of cores determines the share of each."""
    shares: dict[int, int] = {}
    for cores in range(1, 40):
        used = len(dealt(on(0, cores - 1, "p"), lambda _: neurons)["p"])
        share = -(-neurons // cores)
        assert shares.setdefault(used, share) == share


CONTRADICTIONS = [
    ((on(0, 4, "h"), on(0, 1, "k"), together("h", "k")), ("h", "k", -1)),
    ((on(0, 0, "o"), on(1, 1, "e"), together("d", "o"), together("d", "e")), ("o", "e", -1)),
    ((together("o", "d"), apart("o", "h", "d")), ("o", "d", -1)),
    ((apart("o", "e"), together("o", "d"), together("d", "e")), ("o", "e", -1)),
    ((on(0, 3, "h"), on(3, 3, "o"), apart("k", "o", "h")), ("h", "o", 3)),
    ((together("o", "d"), on(3, 3, "d"), on(0, 9, "h"), apart("h", "o")), ("h", "d", 3)),
    ((on(0, 1, "r0", "r1", "r2"), apart("r2", "r1", "r0")), ("r0", "r1", 0)),
]


@pytest.mark.parametrize(("constraints", "expected"), CONTRADICTIONS)
def test_what_cannot_be(
    constraints: tuple[Constraint, ...], expected: tuple[str, str, int]
) -> None:
    for order in (constraints, constraints[::-1]):
        ((_, clash),) = clashes(order, SIZES.__getitem__)
        assert {clash.one, clash.other} == set(expected[:2])
        assert clash.core == expected[2]


@pytest.mark.parametrize(
    "constraints",
    [
        (on(0, 7, "h"), on(0, 4, "k"), together("h", "k")),
        (on(0, 7, "h"), on(5, 5, "o"), apart("h", "o")),
        (on(3, 3, "o"), together("o", "d", "e"), together("d", "e"), apart("o", "h")),
        (apart("h", "k"), apart("h", "k"), together("o", "d")),
        (on(0, 2, "r0", "r1", "r2"), apart("r0", "r1", "r2")),
        (on(0, 7, "h"), on(0, 7, "k")),
    ],
)
def test_what_can_be(constraints: tuple[Constraint, ...]) -> None:
    assert list(clashes(constraints, SIZES.__getitem__)) == []


def test_groups_that_join_later() -> None:
    groups = Groups(SIZES.__getitem__)
    for constraint in (on(0, 1, "h"), on(1, 1, "o"), on(2, 2, "r0"), apart("d", "h")):
        assert groups.add(constraint) is None
    tried = groups.copy()
    clash = tried.join("d", "o")
    assert clash is not None
    assert (clash.one, clash.other, clash.core) == ("o", "h", 1)
    assert tried.join("d", "r0") is None
    assert tried.join("k", "h") is None
    assert tried.join("k", "d") is not None
    assert tried.join("r0", "o") is not None
    assert groups.join("k", "d") is None
    assert groups.join("k", "h") is not None


def is_possible(constraints: list[Constraint]) -> bool:
    """Looks at every neuron; a group is a set of populations that are together."""
    core = {}
    for constraint in constraints:
        if constraint.kind == "on":
            neurons = [(name, k) for name in constraint.populations for k in range(SIZES[name])]
            share = ceil(len(neurons) / (constraint.last - constraint.first + 1))
            core |= {neuron: constraint.first + k // share for k, neuron in enumerate(neurons)}
    groups = [{name} for name in SIZES]
    for constraint in constraints:
        if constraint.kind == "together":
            met = [group for group in groups if not group.isdisjoint(constraint.populations)]
            groups = [group for group in groups if group not in met] + [set().union(*met)]
    cores = {}
    for group in groups:
        size = SIZES[min(group)]
        found = [{core[name, k] for name in group if (name, k) in core} for k in range(size)]
        if any(len(places) > 1 for places in found):
            return False
        cores |= dict.fromkeys(group, (min(group), set().union(*found)))
    for constraint in constraints:
        if constraint.kind == "apart":
            for (one, places), (other, others) in combinations(
                [cores[name] for name in constraint.populations], 2
            ):
                if one == other or places & others:
                    return False
    return True


def random_constraint(random: Random) -> Constraint:
    kind = random.choice(("on", "together", "apart"))
    if kind == "on":
        first = random.randint(0, 6)
        names = random.choice([*((name,) for name in SIZES), ("r0", "r1", "r2")])
        return on(first, first + random.randint(0, 4), *names)
    if kind == "together":
        return together(*random.sample(random.choice((["h", "k"], ["o", "d", "e"])), 2))
    return apart(*random.sample(list(SIZES), random.randint(2, 3)))


def test_contradictions_are_found_exactly() -> None:
    possible = 0
    for seed in range(1500):
        random = Random(seed)
        drawn = [random_constraint(random) for _ in range(random.randint(3, 10))]
        placed: set[str] = set()
        constraints = []
        for constraint in drawn:
            if constraint.kind != "on" or placed.isdisjoint(constraint.populations):
                constraints.append(constraint)
                placed |= set(constraint.populations if constraint.kind == "on" else ())
        assert is_possible(constraints) == (not list(clashes(constraints, SIZES.__getitem__)))
        possible += is_possible(constraints)
    assert 400 < possible < 1100


# What becomes of them

ALL = (
    on(0, 4, "h"),
    on(7, 8, "r0", "r1", "r2"),
    on(0, 4, "k"),
    together("o", "d", "e"),
    apart("o", "h", "r1"),
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"x": ""}, short(ALL)),
        ({"h": ""}, [*short(ALL[1:4]), ("apart", "o", "r1")]),
        ({"h": "", "r1": ""}, [("on", "r0", 7, 7), ("on", "r2", 8, 8), *short(ALL[2:4])]),
        ({"o": "", "d": ""}, [*short(ALL[:3]), ("apart", "h", "r1")]),
        ({"d": "o", "k": "h"}, [*short(ALL[:2]), ("together", "o", "e"), *short(ALL[4:])]),
        ({"d": "o", "e": "o"}, [*short(ALL[:3]), *short(ALL[4:])]),
        ({"h": "y"}, [("on", "y", 0, 4), *short(ALL[1:4]), ("apart", "o", "y", "r1")]),
        (
            {f"r{number}": f"s{number}" for number in range(3)},
            [
                *[("on", "h", 0, 4), ("on", "s0", "s1", "s2", 7, 8)],
                *[*short(ALL[2:4]), ("apart", "o", "h", "s1")],
            ],
        ),
    ],
)
def test_constraints_of_what_is_left(names: dict[str, str], expected: list[Asked]) -> None:
    assert short(renamed(ALL, names, SIZES.__getitem__)) == expected


def optimised(text: str, *passes: str) -> Circuit:
    return sfc.optimise(compiled(text), passes=passes)


TWINS = "input p[2];\npopulation a[2], b[2], c[2] : Cell;\np -> a, b, c one_to_one weight 120;\n"


@pytest.mark.parametrize(
    ("more", "left", "expected"),
    [
        ("place b on cores 3;", ["a"], [("on", "a", 3, 3)]),
        ("place a, c on cores 3..4;", ["a"], [("on", "a", 3, 4)]),
        ("place a on cores 0..8; place c on cores 0..1;", ["a"], [("on", "a", 0, 8)]),
        (
            "place a on cores 0; place c on cores 1;",
            ["a", "c"],
            [("on", "a", 0, 0), ("on", "c", 1, 1)],
        ),
        ("place together a, b;", ["a"], []),
        ("place apart a, c;", ["a", "c"], [("apart", "a", "c")]),
        ("place apart a, b, c;", ["a", "b", "c"], [("apart", "a", "b", "c")]),
        (
            "place c on cores 1; place apart c, k; place k on cores 2; population k[2] : Cell;",
            ["a", "k"],
            [("on", "a", 1, 1), ("on", "k", 2, 2), ("apart", "a", "k")],
        ),
        (
            "place together b, k; place apart k, c; population k[2] : Cell;",
            ["a", "c", "k"],
            [("together", "a", "k"), ("apart", "k", "c")],
        ),
        ("probe b; place a on cores 1;", ["b"], [("on", "b", 1, 1)]),
    ],
)
def test_twins_take_over_what_is_asked(more: str, left: list[str], expected: list[Asked]) -> None:
    circuit = optimised(TWINS + more, "merge-twins")
    assert list(circuit.populations) == left
    assert short(circuit.constraints) == expected


CHAINS = "chain g[3] : Cell ring;\nchain k[3] : Cell ring;\n"


@pytest.mark.parametrize(
    ("more", "chains", "expected"),
    [
        ("place k on cores 4..6;", ["g"], [("on", "g[0]", "g[1]", "g[2]", 4, 6)]),
        ("place g, k on cores 4..6;", ["g"], [("on", "g[0]", "g[1]", "g[2]", 4, 6)]),
        (
            "place g on cores 4; place k[2] on cores 4;",
            ["g"],
            [("on", "g[0]", "g[1]", "g[2]", 4, 4)],
        ),
        (
            "place g on cores 4..5; place k on cores 4..6;",
            ["g", "k"],
            [
                ("on", "g[0]", "g[1]", "g[2]", 4, 5),
                ("on", "k[0]", "k[1]", "k[2]", 4, 6),
            ],
        ),
        (
            "place g[0] on cores 4; place k on cores 4..5;",
            ["g"],
            [("on", "g[0]", 4, 4), ("on", "g[1]", 4, 4), ("on", "g[2]", 5, 5)],
        ),
        ("place apart g[1], k[1];", ["g", "k"], [("apart", "g[1]", "k[1]")]),
        (
            "place apart k[0], k[1]; place g on cores 4;",
            ["g", "k"],
            [("on", "g[0]", "g[1]", "g[2]", 4, 4), ("apart", "k[0]", "k[1]")],
        ),
    ],
)
def test_chains_merge_as_a_whole_or_not(
    more: str, chains: list[str], expected: list[Asked]
) -> None:
    circuit = optimised(CHAINS + more, "merge-twins")
    assert [chain.name for chain in circuit.schedule.chains] == chains
    assert short(circuit.constraints) == expected
    relays = {relay for chain in circuit.schedule.chains for relay in chain.relays}
    assert relays == {name for name in circuit.populations if "[" in name}


def test_what_is_not_read_leaves_its_constraints() -> None:
    text = TWINS + "chain g[2] : Cell;\nphase 1 { present p; }\nprobe a;\n"
    text += "place b, a, g on cores 0..1;\nplace together a, b;\nplace apart c, b;\n"
    circuit = optimised(text, "drop-unread")
    assert short(circuit.constraints) == [("on", "a", 0, 1), ("on", "g[0]", "g[1]", 0, 1)]


def test_hops_are_placed_freely() -> None:
    text = TWINS + "population z[2] : Cell;\na -> z one_to_one weight 120 delay 9;\n"
    circuit = compiled(text + "place a, z on cores 0..1;\n")
    relayed = RelayDelays(2).run(circuit, sfc.Reporter())
    assert "a.delay[0]" in relayed.populations
    assert relayed.constraints == circuit.constraints


def test_a_circuit_without_constraints_is_older_text() -> None:
    circuit = compiled(TWINS + "place a on cores 1;\n")
    without = replace(circuit, constraints=())
    lines = [line for line in str(circuit).split("\n") if not line.startswith("constraint ")]
    assert parse_circuit("\n".join(lines)) == without
