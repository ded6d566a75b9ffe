"""The circuit IR: its text and its record round-trip, its digest, damage, and its invariants."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

import sfc
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
from sfc.ir.graph import view
from sfc.ir.limits import CORE_LIMIT, NEURON_LIMIT, SYNAPSE_LIMIT
from sfc.ir.patterns import Convolution, Sparse, Table, Toeplitz
from sfc.ir.record import RecordError, digest, from_record, to_record
from sfc.ir.rules import Rule, Term, Trace
from sfc.ir.schedule import Present, Probe, Property, Readout, Reward, Schedule
from sfc.ir.text import parse_circuit, print_circuit
from sfc.ir.verify import InvariantError, verify
from sfc.span import Source, Span

TEXT = """sfc 1;
//! A circuit with a bit of everything.
param n = 2;
param rate = 2.5;
param sizes = [2, 0.5, n];
neuron M { threshold = 1024; bias = -8192; refractory = 2; drive = 520; close = 8128; ring = 9280; }
neuron Leaky { threshold = 10; decay_u = 0; decay_v = 4000; }
rule R { dw = x1*y0*r1 - w/2; dt = 2*x0; range = -512..508; trace x1 impulse 16 tau 2.5; }
/// Two bits, "quoted" \\ and ü.
input i[n] at least 1, label[1, n] at most n - 1;
chain g[3] : M ring;
chain f[2] : M;
chain side[2] : M started by a[0], g[2] delay 4;
population a[n], b[1, n] : M;
population c[1, floor((n - 1) / 2) + 1] : M;
population l : Leaky;
plastic W[n, n] by R init uniform(-3, 3);
plastic V[n, 1] by R;
a -> b via W as forth;
b -> a via -W.T delay 3;
a -> l via V;
a -> l all_to_all weight 1/64;
a -> l all_to_all weight -0.75;
a[0..1] -> b[0, 0..1] one_to_one weight 5 as part;
a -> b toeplitz([1, 2, 1]) weight 4 as smooth;
b -> c conv([[3, 0, -2]], stride = [1, 2], padding = [0, 1]) as seen;
a -> b sparse(0.5, 3) weight 0.25 as some;
b[0, k] -> a[k] for k in 0..n - 1 weight k + 1 as pairs;
phase g[1] { present i to a, b; open a; close b by 640; reward r1; }
phase f[1] { open b above 0; present label; }
label -> a one_to_one weight 3;
gate a -> b one_to_one delay 2;
probe a, b.v at g[1]..2, f[0];
probe l;
readout a at g[2] against label;
assert silent a, b in g[0], side[1];
assert fires l in f[0]..1;
assert tied W, V;
assert no_overflow;
place a, l, g on cores 2..3;
place together a, b;
place apart c, l;
"""


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return sfc.compile_text(TEXT, "folder/every thing.sfc")


@pytest.fixture
def record(circuit: Circuit) -> Any:
    return copy.deepcopy(to_record(circuit))


def test_the_text_parses_back_to_an_equal_circuit(circuit: Circuit) -> None:
    text = print_circuit(circuit)
    parsed = parse_circuit(text)
    assert parsed == circuit
    assert print_circuit(parsed) == text
    assert str(circuit) == text
    assert digest(parsed) == digest(circuit)
    verify(parsed)


def test_the_text_is_plain(circuit: Circuit) -> None:
    text = print_circuit(circuit)
    assert text.isascii()
    assert text.startswith('sfc-ir 1\ncircuit "every_thing" ')
    assert text.endswith("\n")
    assert text.count("\n") == len(text.splitlines())


def test_the_record_survives_json(circuit: Circuit) -> None:
    assert from_record(json.loads(json.dumps(to_record(circuit), allow_nan=False))) == circuit


def test_the_empty_circuit_round_trips() -> None:
    empty = Circuit("")
    assert parse_circuit(print_circuit(empty)) == empty
    assert to_record(empty) == {"name": ""}


def test_names_of_any_kind_round_trip() -> None:
    for name in ('"', "\\", "a\nb", "a=b", "\x1b[0m", "\u2028", "ü", "", "x" * 1000, "a:1:2-3:4"):
        span = Span(Source(name), 1, 2, 3, 4)
        found = Circuit(name, inputs=by_name([Input(name, (1,), doc=name, span=span)]), doc=name)
        assert parse_circuit(print_circuit(found)) == found
        assert parse_circuit(print_circuit(found)).inputs[name].span == span


def test_tables_are_read_only(circuit: Circuit) -> None:
    for table in (circuit.populations, circuit.projections, parse_circuit(str(circuit)).rules):
        with pytest.raises(TypeError):
            table["x"] = None  # type: ignore[index]


def test_the_graph_shows_every_object(circuit: Circuit) -> None:
    graph = view(circuit)
    assert set(graph) == {*circuit.inputs, *circuit.populations}
    edges = {key: data["projection"] for _, _, key, data in graph.edges(keys=True, data=True)}
    assert edges == dict(circuit.projections)
    assert graph.nodes["a"]["node"] is circuit.populations["a"]


# The digest


def test_the_digest_ignores_places_documentation_probes_and_assumptions(circuit: Circuit) -> None:
    other = sfc.compile_text(
        "// moved\n"
        + TEXT.replace("//! A", "//! Another")
        .replace("/// Two", "/// 2")
        .replace("probe l;", "")
        .replace("assert no_overflow;", "")
        .replace("at most n - 1", "at least 1")
        .replace("i[n] at least 1", "i[n]"),
        "elsewhere/other.sfc",
    )
    assert other != circuit
    assert digest(other) == digest(circuit)
    assert len(digest(circuit)) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("refractory = 2", "refractory = 3"),
        ("n = 2;", "n = 3;"),
        ("delay 3", "delay 4"),
        ("-W.T", "W.T"),
        ("as forth", "as back"),
        ("tau 2.5", "tau 2.25"),
        ("- w/2", "- w/4"),
        ("reward r1;", ""),
        ("above 0", "above 1024"),
        ("input i[n]", "input i[n, 1]"),
        ("f[2]", "f[3]"),
        ("toeplitz([1, 2, 1])", "toeplitz([1, 2, 2])"),
        ("toeplitz([1, 2, 1])", "toeplitz([1, 2, 1], first = 0)"),
        ("3, 0, -2", "3, -2, 0"),
        ("[3, 0, -2]", "[3, 0, -2, 0]"),
        ("sparse(0.5, 3)", "sparse(0.5, 2)"),
        ("sparse(0.5, 3)", "sparse(0.25, 3)"),
        ("weight k + 1", "weight 2*k + 1"),
        ("by a[0], g", "by a[1], g"),
        ("by a[0], g[2]", "by a[0]"),
        ("delay 4", "delay 3"),
        ("a[0..1] -> b[0, 0..1]", "a -> b"),
    ],
)
def test_the_digest_tells_circuits_apart(circuit: Circuit, old: str, new: str) -> None:
    assert old in TEXT
    other = sfc.compile_text(TEXT.replace(old, new), "every thing.sfc")
    assert digest(other) != digest(circuit)


# Damaged records and texts


def places(record: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record, as the keys that lead there."""
    if path:
        yield path
    if isinstance(record, dict):
        for key, item in record.items():
            yield from places(item, (*path, key))
    elif isinstance(record, list):
        for index, item in enumerate(record):
            yield from places(item, (*path, index))


def changed(record: Any, path: tuple[Any, ...], value: object) -> Any:
    """A record with another value in one place."""
    if not path:
        return value
    copied = copy.copy(record)
    copied[path[0]] = changed(record[path[0]], path[1:], value)
    return copied


@pytest.mark.parametrize(
    "value",
    [None, True, -1, 0.5, 10**30, float("nan"), float("inf"), "", "x", [], [[]], {}, {"a": 1}],
    ids=repr,
)
def test_a_wrong_value_anywhere_is_refused_or_verified(record: Any, value: object) -> None:
    """Decoding and verifying never fail in another way than with their own errors."""
    for path in places(record):
        try:
            verify(from_record(changed(record, path, value)))
        except (RecordError, InvariantError):
            continue


def test_a_huge_integer_where_a_real_is_held(record: Any) -> None:
    with pytest.raises(RecordError):
        from_record(changed(record, ("parameters", "rate"), 10**400))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "path",
    [("parameters", "n"), ("rules", 0, "traces", 0, "tau"), ("rules", 0, "dw", 0, "coefficient")],
)
def test_reals_that_are_not_finite(record: Any, path: tuple[Any, ...], value: float) -> None:
    with pytest.raises(RecordError):
        from_record(changed(record, path, value))


def test_a_span_with_too_many_digits(record: Any) -> None:
    with pytest.raises(RecordError):
        from_record(changed(record, ("inputs", 0, "span"), f"f:1:1-1:{'9' * 5000}"))


def test_a_table_on_the_line_of_the_circuit() -> None:
    with pytest.raises(RecordError):
        parse_circuit('sfc-ir 1\ncircuit "a" populations=5\npopulation "h"')


def test_a_field_too_few_or_too_many_is_named(record: Any) -> None:
    for path in places(record):
        at = record
        for key in path:
            at = at[key]
        if isinstance(at, dict) and path != ("parameters",) and "value" not in at:
            with pytest.raises(RecordError, match="unknown field 'zzz'"):
                from_record(changed(record, path, {**at, "zzz": 1}))
    for path, field in [
        (("populations", 0), "name"),
        (("populations", 0), "neuron"),
        (("populations", 0, "neuron"), "threshold"),
        (("projections", 0), "weight"),
        (("schedule", "chains", 0), "relays"),
        (("matrices", 0), "rule"),
    ]:
        at = record
        for key in path:
            at = at[key]
        less = {name: item for name, item in at.items() if name != field}
        with pytest.raises(RecordError, match=f"field '{field}' is missing"):
            from_record(changed(record, path, less))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), 5, "circuit.name: expected str, found 5"),
        (("populations",), {}, "circuit.populations: expected a list"),
        (("populations", 0), [], r"populations\[0\]: expected fields"),
        (("populations", 0, "shape"), [1.0], r"shape\[0\]: expected int, found 1.0"),
        (("populations", 0, "shape"), 3, "shape: expected a list"),
        (("populations", 0, "neuron", "bias"), True, "bias: expected int, found True"),
        (("populations", 0, "span"), "here", "expected file:line:column-line:column"),
        (("populations", 0, "origin", "kind"), "made", "expected one of"),
        (("projections", 0, "pattern"), "some", "expected one of"),
        (("projections", 0, "weight"), 5, "expected fields"),
        (("projections", 0, "weight"), {"value": 1}, "expected value and exponent"),
        (("projections", 0, "weight"), {"value": "1", "exponent": 0}, "expected float"),
        (("projections", 0, "weight"), {"value": 1, "exponent": 0.0}, "expected int"),
        (("projections", 0, "weight"), {"value": 1, "exponent": 99}, "out of range"),
        (("projections", 0, "weight"), {"value": 1, "exponent": 1}, r"not a multiple of 2\^1"),
        (("parameters", "n"), "2", "parameters.n: expected float"),
        (("parameters",), [], "parameters: expected fields"),
        (("matrices", 0, "shape"), [1], "expected 2 items, found 1"),
        (("matrices", 0, "init", "arguments"), [["low"]], "expected 2 items, found 1"),
        (("schedule",), [], "schedule: expected fields"),
        (("rules", 0, "dw"), [{"coefficient": 1, "factors": "x0"}], "expected a list"),
        (("rules", 0, "traces", 0, "tau"), None, "expected float"),
    ],
)
def test_wrong_types_are_named(
    record: Any, path: tuple[Any, ...], value: object, message: str
) -> None:
    with pytest.raises(RecordError, match=message):
        from_record(changed(record, path, value))


@pytest.mark.parametrize("table", ["populations", "inputs", "rules", "matrices", "projections"])
def test_names_that_occur_twice_are_refused(record: Any, table: str) -> None:
    rows = record[table]
    with pytest.raises(RecordError, match=f"{table}: a name occurs twice"):
        from_record({**record, table: [*rows, rows[0]]})


@pytest.mark.parametrize(
    "junk", [None, 1, "x", [], [{}], {}, {"name": None}, {"name": "a", "b": 1}]
)
def test_data_that_is_no_circuit(junk: object) -> None:
    with pytest.raises(RecordError):
        from_record(junk)


def test_deeply_nested_data_is_refused(record: Any) -> None:
    deep: Any = 1
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(RecordError):
        from_record({**record, "parameters": {"n": deep}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected 'sfc-ir 1'"),
        ("sfc-ir 2\n", "line 1: expected 'sfc-ir 1'"),
        ("sfc-ir 1", "field 'name' is missing"),
        ('sfc-ir 1\ncircuit "a"\nneuron "b"', "line 3: unknown object 'neuron'"),
        ('sfc-ir 1\ncircuit "a', "line 2: cannot be read near column"),
        ('sfc-ir 1\ncircuit "a" doc', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a" doc=', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a" doc=x', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a"doc="x"', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a"  doc="x"', "unknown field ' doc'"),
        ('sfc-ir 1\ncircuit "a" name="b"', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a" doc="b" doc="c"', "line 2: cannot be read"),
        ('sfc-ir 1\ncircuit "a" depth=1', "unknown field 'depth'"),
        ('sfc-ir 1\ncircuit "a"\ninput "i"', "field 'shape' is missing"),
        ('sfc-ir 1\ncircuit "a"\ninput "i" shape=[1]\ninput "i" shape=[1]', "twice"),
        ('sfc-ir 1\ncircuit "a" doc=' + "[" * 100_000, "line 2: cannot be read"),
    ],
)
def test_damaged_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        parse_circuit(text)


# Invariants, each broken once and more


def set_in(table: str, key: str, /, **changes: Any) -> Callable[[Circuit], Circuit]:
    def change(circuit: Circuit) -> Circuit:
        things = {**getattr(circuit, table)}
        things[key] = replace(things[key], **changes)
        return replace(circuit, **{table: MappingProxyType(things)})

    return change


def add_to(table: str, thing: Any) -> Callable[[Circuit], Circuit]:
    def change(circuit: Circuit) -> Circuit:
        things = {**getattr(circuit, table), thing.name: thing}
        return replace(circuit, **{table: MappingProxyType(things)})

    return change


def scheduled(table: str, *things: Any) -> Callable[[Circuit], Circuit]:
    def change(circuit: Circuit) -> Circuit:
        return replace(circuit, schedule=replace(circuit.schedule, **{table: things}))

    return change


def neuron(**changes: int) -> Callable[[Circuit], Circuit]:
    return set_in("populations", "a", neuron=Neuron(**{"threshold": 1, **changes}))


def term(coefficient: float, *factors: str) -> Callable[[Circuit], Circuit]:
    return set_in("rules", "R", dw=(Term(coefficient, factors),))


def trace(variable: str, impulse: int, tau: float) -> Callable[[Circuit], Circuit]:
    return set_in("rules", "R", traces=(Trace(variable, impulse, tau),))


def chains(**changes: Any) -> Callable[[Circuit], Circuit]:
    def change(circuit: Circuit) -> Circuit:
        first, *others = circuit.schedule.chains
        return scheduled("chains", replace(first, **changes), *others)(circuit)

    return change


UNIT = Weight(1, 0)


def unphased(circuit: Circuit) -> Circuit:
    """A circuit without anything that names phases."""
    return replace(circuit, schedule=Schedule(circuit.schedule.chains), properties=())


def asserted(kind: Any, *subjects: str, **phases: Any) -> Callable[[Circuit], Circuit]:
    return lambda circuit: replace(circuit, properties=(Property(kind, subjects, **phases),))


def constrained(kind: Any, *names: str, **cores: int) -> Callable[[Circuit], Circuit]:
    constraint = Constraint(kind, names, **cores)
    return lambda circuit: replace(circuit, constraints=(*circuit.constraints, constraint))


def started(**changes: Any) -> Callable[[Circuit], Circuit]:
    def change(circuit: Circuit) -> Circuit:
        *others, last = circuit.schedule.chains
        return scheduled("chains", *others, replace(last, **changes))(circuit)

    return change


BREAKS = [
    ("I01", set_in("populations", "a", name="z")),
    ("I01", set_in("inputs", "i", name="z")),
    ("I01", set_in("rules", "R", name="z")),
    ("I01", set_in("matrices", "W", name="z")),
    ("I01", set_in("projections", "forth", name="z")),
    ("I01", add_to("inputs", Input("a", (1,)))),
    ("I01", lambda circuit: replace(circuit, name="a b")),
    ("I01", add_to("inputs", Input("a\n", (1,)))),
    ("I02", set_in("inputs", "i", shape=())),
    ("I02", set_in("inputs", "i", shape=(1, 1, 2))),
    ("I02", set_in("inputs", "i", shape=(0,))),
    ("I02", set_in("populations", "a", shape=(2, -1))),
    ("I02", set_in("inputs", "i", shape=(NEURON_LIMIT,))),
    ("I02", set_in("matrices", "W", shape=(0, 2))),
    ("I02", set_in("matrices", "W", shape=(SYNAPSE_LIMIT, 2))),
    ("I03", neuron(threshold=-1)),
    ("I03", neuron(threshold=2**17)),
    ("I03", neuron(bias=8191)),
    ("I03", neuron(bias=-8193)),
    ("I03", neuron(refractory=64)),
    ("I03", neuron(refractory=-1)),
    ("I03", neuron(decay_u=4097)),
    ("I03", neuron(decay_v=-1)),
    ("I04", set_in("projections", "forth", source="nowhere")),
    ("I04", set_in("projections", "forth", target="nowhere")),
    ("I04", set_in("projections", "forth", target="i")),
    ("I05", set_in("projections", "label -> a", target="l")),
    ("I05", set_in("projections", "part", source_part=((0, 2),))),
    ("I05", set_in("projections", "part", source_part=((1, 0),))),
    ("I05", set_in("projections", "part", target_part=((0, 1),))),
    ("I05", set_in("projections", "part", target_part=((0, 0), (-1, 0)))),
    ("I05", set_in("projections", "part", target_part=None, source_part=((0, 0),))),
    ("I05", set_in("projections", "seen", target="b")),
    ("I05", set_in("projections", "seen", pattern=Convolution(((1,),), (0, 1)))),
    ("I05", set_in("projections", "some", pattern=Sparse(1.5, 0))),
    ("I05", set_in("projections", "some", pattern=Sparse(0.5, -1))),
    ("I05", set_in("projections", "pairs", pattern=Table(2, ""))),
    ("I06", set_in("projections", "forth", delay=63)),
    ("I06", set_in("projections", "forth", delay=-1)),
    ("I06", set_in("projections", "label -> a", weight=Weight(256, 0))),
    ("I06", set_in("projections", "label -> a", weight=Weight(-256, 0))),
    ("I06", set_in("projections", "label -> a", weight=Weight(1, 8))),
    ("I06", set_in("projections", "label -> a", weight=Weight(1, -7))),
    ("I06", set_in("projections", "smooth", pattern=Toeplitz(0, (256,)))),
    ("I06", set_in("projections", "smooth", pattern=Toeplitz(0, (1, -1)))),
    ("I06", set_in("projections", "smooth", weight=Weight(3, 0))),
    ("I07", set_in("projections", "forth", source_part=((0, 0),))),
    ("I07", set_in("projections", "forth", weight=Tie("Z"))),
    ("I07", set_in("projections", "forth", weight=Tie("W", 0))),
    ("I07", set_in("projections", "forth", weight=Tie("V"))),
    ("I07", set_in("projections", "forth", weight=Tie("V", 1, True))),
    ("I07", set_in("projections", "forth", pattern="one_to_one")),
    ("I08", set_in("matrices", "W", rule="nothing")),
    ("I08", set_in("rules", "R", low=255)),
    ("I08", set_in("rules", "R", low=-511)),
    ("I08", term(1.0, "x9")),
    ("I08", term(0.1, "x0")),
    ("I08", term(float("inf"), "x0")),
    ("I08", trace("x0", 1, 1.0)),
    ("I08", trace("x1", 128, 1.0)),
    ("I08", trace("x1", -1, 1.0)),
    ("I08", trace("x1", 1, -1.0)),
    ("I08", term(1.0, *["x0"] * 17)),
    ("I08", term(1.0, *["w"] * 4)),
    ("I08", set_in("rules", "R", traces=(Trace("x1", 1, 1.0),) * 2)),
    ("I08", set_in("matrices", "W", init=Init("uniform", (("low", 1), ("high", 0))))),
    ("I09", chains(relays=("g[0]", "g[0]"))),
    ("I09", chains(name="f")),
    ("I09", chains(relays=())),
    ("I09", chains(relays=("g[0]", "g[9]"))),
    ("I09", chains(relays=("a",))),
    ("I10", scheduled("presents", Present("z", "g", 1, ()))),
    ("I10", scheduled("presents", Present("i", "g", 1, ("forth",)))),
    ("I10", scheduled("presents", Present("i", "g", 1, ("nothing",)))),
    ("I10", scheduled("presents", Present("i", "g", 3, ()))),
    ("I10", scheduled("presents", Present("i", "h", 1, ()))),
    ("I10", scheduled("rewards", Reward("g", -1))),
    ("I10", scheduled("rewards", Reward("", 0))),
    ("I10", scheduled("readouts", Readout("z", "label", "g", 1))),
    ("I10", scheduled("readouts", Readout("a", "z", "g", 1))),
    ("I10", scheduled("readouts", Readout("l", "label", "g", 1))),
    ("I10", scheduled("readouts", Readout("a", "label", "g", 3))),
    ("I10", scheduled("readouts", Readout("a", "label", "f", 1))),
    ("I10", scheduled("probes", Probe("z", "spikes"))),
    ("I10", scheduled("probes", Probe("a", "spikes", "g", (0, 3)))),
    ("I10", scheduled("probes", Probe("a", "spikes", "h", (0,)))),
    ("I11", scheduled("presents", Present("i", "g", 0, ("i -> l",)))),
    ("I11", scheduled("presents", Present("i", "side", 0, ("i -> l",)))),
    ("I12", started(started_by=())),
    ("I12", started(started_by=("a",))),
    ("I12", started(started_by=("g[2]", "b"))),
    ("I12", started(started_by=("a", "g[2]", "g[2]"))),
    ("I12", started(started_by=("a", "nothing"))),
    ("I12", chains(started_by=("a",))),
    ("I12", set_in("projections", "a[0] -> side[0]", target="side[1]")),
    ("I12", set_in("projections", "a[0] -> side[0]", target="g[0]")),
    ("I12", set_in("projections", "a[0] -> side[0]", source="b", source_part=None)),
    (
        "I12",
        set_in("projections", "forth", origin=Origin("start", "g"), target="g[0]", weight=UNIT),
    ),
    ("I12", lambda circuit: scheduled("chains", circuit.schedule.chains[-1])(unphased(circuit))),
    ("I13", asserted("silent", "nowhere")),
    ("I13", asserted("silent", "W", chain="g", phases=(0,))),
    ("I13", asserted("fires", "i", chain="g", phases=(0,))),
    ("I13", asserted("fires", "a", chain="g", phases=(0, 3))),
    ("I13", asserted("fires", "a", chain="g", phases=(-1,))),
    ("I13", asserted("silent", "a", chain="h", phases=(0,))),
    ("I13", asserted("silent", "a", phases=(0,))),
    ("I13", asserted("tied", "a")),
    ("I13", asserted("tied", "W", "U")),
    ("I14", set_in("inputs", "i", at_least=-1)),
    ("I14", set_in("inputs", "i", at_least=3)),
    ("I14", set_in("inputs", "i", at_most=3)),
    ("I14", set_in("inputs", "i", at_most=0)),
    ("I15", lambda circuit: replace(circuit, shared=(("forth",),))),
    ("I16", constrained("on", "nothing", first=0, last=1)),
    ("I16", constrained("on", "i", first=0, last=1)),
    ("I16", constrained("on", first=0, last=1)),
    ("I16", constrained("on", "c")),
    ("I16", constrained("on", "c", first=-1, last=0)),
    ("I16", constrained("on", "c", first=1, last=0)),
    ("I16", constrained("on", "c", first=0, last=CORE_LIMIT)),
    ("I16", constrained("on", "b", "c", first=0, last=1)),
    ("I16", constrained("on", "f[0]", "f[0]", first=0, last=1)),
    ("I16", constrained("on", "g[1]", first=2, last=3)),
    ("I16", constrained("together", "a")),
    ("I16", constrained("together", "a", "a")),
    ("I16", constrained("together", "a", "l")),
    ("I16", constrained("together", "a", "b", first=2)),
    ("I16", constrained("together", "l", "g[2]")),
    ("I16", constrained("apart", "a")),
    ("I16", constrained("apart", "a", "i")),
    ("I16", constrained("apart", "a", "c", last=1)),
    ("I16", constrained("apart", "a", "b")),
    ("I16", constrained("apart", "b", "l")),
]


@pytest.mark.parametrize(("invariant", "change"), BREAKS)
def test_each_invariant(
    circuit: Circuit, invariant: str, change: Callable[[Circuit], Circuit]
) -> None:
    whole = add_to("projections", Projection("i -> l", "i", "l", "all_to_all", Tie("V")))(circuit)
    verify(whole)
    with pytest.raises(InvariantError, match=f"^{invariant} "):
        verify(change(whole))


@pytest.mark.parametrize(
    "init",
    [Init("magic"), Init("uniform"), Init("zeros", (("low", 1),)), Init("constant", (("x", 1),))],
    ids=str,
)
def test_initialisations_that_nobody_knows(circuit: Circuit, init: Init) -> None:
    with pytest.raises(InvariantError):
        verify(set_in("matrices", "W", init=init)(circuit))


def test_every_invariant_is_broken_once() -> None:
    assert {invariant for invariant, _ in BREAKS} == {f"I{number:02}" for number in range(1, 17)}


def test_a_circuit_built_by_hand_is_verified() -> None:
    verify(
        Circuit(
            "hand",
            populations=by_name([Population("p", (2, 3), Neuron(5), Origin("relay", "c", 0))]),
            matrices=by_name([Matrix("W", (2, 3), "R", Init())]),
            rules=by_name([Rule("R", ())]),
            schedule=Schedule(),
        )
    )
