"""From syntax tree to circuit: names, numbers, models, projections, gates, phases, parameters."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import sfc
from sfc.diagnostics import Diagnostic, Reporter
from sfc.ir.circuit import Circuit, Init, Neuron, Tie, Weight
from sfc.sema.draft import Draft
from sfc.sema.evaluate import Value, evaluate
from sfc.sema.scope import Abandon, Scope, Shared
from sfc.span import Source
from sfc.syntax import ast
from sfc.syntax.parser import parse

MODEL = (
    "neuron M { threshold = 1024; bias = -8192; refractory = 2;"
    " drive = 520; close = 8128; ring = 9280; }\n"
)
CHAIN = MODEL + "chain g[6] : M ring;\n"


def compiled(text: str, **parameters: float) -> Circuit:
    reporter = Reporter()
    circuit = sfc.compile_text(f"sfc 1;\n{text}", "test.sfc", reporter, **parameters)
    assert reporter.diagnostics == []
    return circuit


def errors(text: str, **parameters: float) -> list[Diagnostic]:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile_text(f"sfc 1;\n{text}", "test.sfc", **parameters)
    return list(caught.value.diagnostics)


def codes(text: str, **parameters: float) -> list[str]:
    return [diagnostic.code for diagnostic in errors(text, **parameters)]


def value(text: str) -> Value | str:
    """The value of an expression, or the code of its message."""
    (const,) = parse(Source("test", f"sfc 1; const a = {text};")).statements
    assert isinstance(const, ast.Const)
    reporter = Reporter()
    try:
        return evaluate(const.value, Scope(Shared(reporter, Draft(reporter))), spike=520)
    except Abandon:
        (diagnostic,) = reporter.diagnostics
        return diagnostic.code


# Expressions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3", 7),
        ("7 - 2 - 1", 4),
        ("7/2", 3.5),
        ("8/2", 4.0),
        ("2*3/4*5", 7.5),
        ("-7 % 3", 2),
        ("7.5 % 2", 1.5),
        ("2**10", 1024),
        ("2**-2", 0.25),
        ("-2**2", -4),
        ("(-2)**2", 4),
        ("2**3**2", 512),
        ("4**0.5", 2.0),
        ("0**0", 1),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775807", -(2**63) + 1),
        ("2**62 - 1 + 2**62", 2**63 - 1),
        ("1 < 2", True),
        ("2 <= 2 and 3 > 4", False),
        ("1 == 1.0", True),
        ("1 != 2 or true and false", True),
        ("true == (1 < 2)", True),
        ("false != false", False),
        ("min(3, 1, 2)", 1),
        ("max(1)", 1),
        ("abs(-3)", 3),
        ("abs(-3.5)", 3.5),
        ("floor(-1.5)", -2),
        ("ceil(-1.5)", -1),
        ("ceil(2)", 2),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.4999999999999996)", 2),
        ("round(0.49999999999999994)", 0),
        ("round(4503599627370497.0)", 4503599627370497),
        ("round(4611686018427387905)", 4611686018427387905),
        ("sqrt(2)", math.sqrt(2)),
        ("log2(1024)", 10.0),
        ("spike/2 - 4", 256.0),
    ],
)
def test_value(text: str, expected: Value) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1/0", "E0304"),
        ("1 % 0", "E0304"),
        ("1/0.0", "E0304"),
        ("0**-1", "E0304"),
        ("0.0**-1", "E0304"),
        ("(-8)**(1/3)", "E0304"),
        ("2**63", "E0304"),
        ("-2**62*4", "E0304"),
        ("2**1025", "E0304"),
        ("2**-1025", "E0304"),
        ("2**2**2**2**2**2", "E0304"),
        ("10.0**200*10.0**200", "E0304"),
        ("10.0**1000", "E0304"),
        ("sqrt(-1)", "E0304"),
        ("log2(0)", "E0304"),
        ("log2(-1)", "E0304"),
        ("round(10.0**300)", "E0304"),
        ("floor(10.0**30)", "E0304"),
        ("-true", "E0305"),
        ("1 + true", "E0305"),
        ("true < false", "E0305"),
        ("true == 1", "E0305"),
        ("1 and true", "E0305"),
        ("false or 1", "E0305"),
        ("true or 1", True),
        ("min()", "E0305"),
        ("abs(1, 2)", "E0305"),
        ("max(true)", "E0305"),
        ("max(a = 1)", "E0205"),
        ("maximum(1)", "E0201"),
        ("unknown", "E0201"),
    ],
)
def test_expression_without_a_value(text: str, code: str) -> None:
    assert value(text) == code


@pytest.mark.parametrize(
    ("text", "expected"), [("not true", False), ("not 1 < 2", False), ("not 1", "E0305")]
)
def test_not(text: str, expected: Value | str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("1 + 2 + (3 < 4)", "(3 < 4)"),
        ("true + 2", "true"),
        ("1 + 4/(2 - 2) + 5", "4/(2 - 2)"),
        ("1 < 2 and 7", "7"),
        ("2*sqrt(0 - 1)", "sqrt(0 - 1)"),
    ],
)
def test_message_points_at_the_part_that_is_wrong(text: str, marked: str) -> None:
    line = f"const a = {text};"
    (diagnostic,) = errors(line)
    span = diagnostic.span
    assert span is not None
    assert line[span.column - 1 : span.end_column - 1] == marked


# Names


def test_names_may_be_used_before_they_are_declared() -> None:
    circuit = compiled(
        "h -> h one_to_one weight two*strength; population h[two] : Later;"
        " neuron Later : Base { } const two = one + one; const one = 1;"
        " neuron Base { threshold = strength; } const strength = 10;"
    )
    assert circuit.populations["h"].shape == (2,)
    assert circuit.projections["h -> h"].weight == Weight(20, 0)


def test_definitions_in_order_may_be_many() -> None:
    text = "const a0 = 1;" + "".join(f"const a{i + 1} = a{i} + 1;" for i in range(2000))
    circuit = compiled(f"{MODEL} {text} population h[a2000] : M;")
    assert circuit.populations["h"].size == 2001


@pytest.mark.parametrize("count", [150, 2000])
@pytest.mark.parametrize(
    ("form", "last"),
    [
        ("const a{} = a{};", "const a{} = 1;"),
        ("const a{} = 1 + 2*(3 - abs(-a{}));", "const a{} = 1;"),
        ("neuron a{} : a{} {{ }}", "neuron a{} {{ }}"),
    ],
)
def test_definitions_that_wait_for_many_others(form: str, last: str, count: int) -> None:
    text = "".join(form.format(i, i + 1) for i in range(count))
    assert codes(text + last.format(count)) == ["E0106"]


@pytest.mark.parametrize("count", [10, 40])
def test_definitions_that_wait_for_some_others(count: int) -> None:
    text = "".join(f"const a{i} = a{i + 1} + 1;" for i in range(count))
    assert compiled(f"{MODEL} {text} const a{count} = 1; population h[a0] : M;")


@pytest.mark.parametrize("count", [1, 2, 40, 5000])
def test_a_circle_of_definitions_gives_one_message(count: int) -> None:
    text = "".join(f"const a{i} = a{(i + 1) % count};\n" for i in range(count))
    assert codes(text) == ["E0207" if count < 50 else "E0106"]


def test_an_unknown_name_is_reported_once() -> None:
    text = f"{CHAIN} population h : M; phase 1 {{ open hh; close hh; }} probe hh;"
    (diagnostic,) = errors(f"{text} h -> hh one_to_one weight 1; gate hh -> hh, h one_to_one;")
    assert (diagnostic.code, diagnostic.help) == ("E0201", "did you mean `h`?")


@pytest.mark.parametrize(
    "text",
    [
        "population x : M; input x; x -> x one_to_one weight 1; phase 1 { open x; } probe x.v;",
        "input x; population x : M; x -> x one_to_one weight 1; phase 1 { open x; } probe x.v;",
        "phase gg[1] { reward r1; } phase gg[2] { reward r1; } gg[3] -> gg[4] one_to_one weight 1;",
        "const n = 1.5; population a[n], b[n, n] : M; input i[n]; population c[n] : M;",
        "neuron N { threshold = 1001; } population a, b : N; phase 1, 2 { open a, b; }",
    ],
)
def test_one_mistake_in_a_name_gives_one_message(text: str) -> None:
    assert len(errors(CHAIN + text)) == 1


@pytest.mark.parametrize(
    "declaration",
    [
        "neuron N { treshold = 5; }",
        "neuron N { threshold = 1/0; }",
        "neuron N { }",
        "neuron N : Missing { threshold = 5; }",
    ],
)
def test_a_broken_model_gives_one_message(declaration: str) -> None:
    text = (
        f"{CHAIN} {declaration} population a[3], b[3] : N; population c[3] : N {{ bias = 1; }}"
        " a -> b one_to_one weight spike; gate a -> c one_to_one; phase 1 { open a; close b; }"
        " probe a, b, c; input i[3]; phase 2 { present i to a; } readout a at 3 against i;"
    )
    assert len(errors(text)) == 1


@pytest.mark.parametrize(
    "declaration",
    [
        "chain g[6] : Missing ring;",
        "chain g[1/0] : M ring;",
        "chain g : M ring;",
        "neuron P { threshold = 1; } chain g[6] : P ring;",
        "chain g[6.5] : M;",
    ],
)
def test_a_broken_chain_gives_one_message(declaration: str) -> None:
    text = (
        f"{MODEL} {declaration} population a[3] : M; input i[3]; probe a at 1..2;"
        " phase 1 { open a; present i to a; } phase g[2] { close a; reward r1; }"
        " g[3] -> a all_to_all weight 1; readout a at 3 against i;"
    )
    assert len(errors(text)) == 1


def test_a_broken_chain_does_not_lend_its_phases_to_another() -> None:
    text = f"{MODEL} chain f[2] : M; chain g[6] : Missing; population a : M; phase 4 {{ open a; }}"
    assert codes(text) == ["E0201"]


@pytest.mark.parametrize(
    "declaration",
    [
        "rule R { dw = x0*y9; } plastic W[3, 3] by R;",
        "rule R { dw = x0; } plastic W[3] by R;",
        "rule R { dw = x0; } plastic W[3, 4] by R;",
        "plastic W[3, 3] by R;",
    ],
)
def test_a_broken_matrix_gives_one_message(declaration: str) -> None:
    text = f"{MODEL} {declaration} population a[3], b[3], c[3] : M;"
    assert len(errors(f"{text} a, b -> a, b, c via W;")) == 1


def test_mistakes_of_many_statements_are_reported_together_and_in_order() -> None:
    text = "const a = 1/0;\nconst b = c;\npopulation h : N;\nneuron O { bias = 1.5; }\n"
    found = errors(text)
    assert [d.code for d in found] == ["E0304", "E0201", "E0201", "E0301"]
    assert [d.span.line for d in found if d.span] == [2, 3, 4, 5]


def test_an_error_silences_warnings_about_what_depends_on_it() -> None:
    assert codes(f"{CHAIN} input i; phase 1 {{ present i to nowhere; }}") == ["E0201"]


def test_warnings_go_to_the_reporter() -> None:
    reporter = Reporter()
    text = f"sfc 1; {CHAIN} input i; population h : M; phase 1 {{ open h above -512; }}"
    assert sfc.compile_text(text, "test.sfc", reporter).populations["h"]
    assert {d.code: d.severity for d in reporter.diagnostics} == {
        "W0501": "warning",
        "W0502": "warning",
    }


def test_a_label_that_a_readout_compares_with_needs_no_phase() -> None:
    compiled(f"{CHAIN} input label; population o : M; readout o at 3 against label;")


def test_many_mistakes_stop_at_a_limit() -> None:
    text = "".join(f"const a{i} = b{i};\n" for i in range(300))
    assert len(errors(text)) == 100


# Models


def test_models_extend_one_another() -> None:
    circuit = compiled(
        "neuron A { threshold = 100; bias = -64; decay_v = 4000; drive = 10; }"
        " neuron B : A { threshold = 200; refractory = 3; }"
        " population a : A; population b : B; population c : B { bias = 0; drive = 12; }"
        " a -> a, b, c one_to_one weight -2*spike;"
    )
    assert circuit.populations["a"].neuron == Neuron(100, -64, 0, 4096, 4000)
    assert circuit.populations["b"].neuron == Neuron(200, -64, 3, 4096, 4000)
    assert circuit.populations["c"].neuron == Neuron(200, 0, 3, 4096, 4000)
    weights = {name: str(p.weight) for name, p in circuit.projections.items()}
    assert weights == {"a -> a": "-20", "a -> b": "-20", "a -> c": "-24"}


def test_a_model_without_threshold_may_be_a_base() -> None:
    compiled("neuron Base { refractory = 2; } neuron A : Base { threshold = 1; } population a : A;")


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("threshold = -1", "E0302"),
        ("threshold = 131072", "E0302"),
        ("bias = -8193", "E0302"),
        ("bias = 8191", "E0302"),
        ("bias = 4097", "E0303"),
        ("refractory = 64", "E0302"),
        ("decay_u = 4097", "E0302"),
        ("decay_v = -1", "E0302"),
        ("drive = 0", "E0302"),
        ("drive = 257", "E0303"),
        ("close = 32641", "E0302"),
        ("ring = 8705", "E0303"),
        ("threshold = 1..2", "E0305"),
        ("threshold = true", "E0305"),
    ],
)
def test_settings_out_of_range(setting: str, code: str) -> None:
    assert codes(f"neuron A {{ {setting}; }}") == [code]


# Projections and gates


def test_gate_weights() -> None:
    circuit = compiled(
        f"{CHAIN} population a, b, c, d : M;"
        " phase 2 { open a; open b above 0; open c above 1024; close d; }"
        " phase 3 { close a by 640; }"
        " gate a -> b one_to_one above 1024 delay 7;"
    )
    weights = {name: str(p.weight) for name, p in circuit.projections.items()}
    assert weights["g[2] -> a"] == "8704"
    assert weights["g[2] -> b"] == "9216"
    assert weights["g[2] -> c"] == "8192"
    assert weights["g[2] -> d"] == "-8128"
    assert weights["g[3] -> a"] == "-640"
    gate = circuit.projections["a -> b"]
    assert (str(gate.weight), gate.delay) == ("8192", 7)
    assert gate.origin is not None
    assert (gate.origin.kind, gate.origin.level) == ("gate", 1024)


@pytest.mark.parametrize(
    ("declaration", "bounds"),
    [
        ("input a[4];", [(0, None)]),
        ("input a[4] at most 2, b[4];", [(0, 2), (0, None)]),
        ("input a[4], b[2] at least 1;", [(0, None), (1, None)]),
        ("input a[4] at most half + 1 at least half, b at most 1;", [(2, 3), (0, 1)]),
        ("input a[2, 3] at least 6 at most 6;", [(6, 6)]),
        ("input a[2] at most 0;", [(0, 0)]),
    ],
)
def test_bounds_of_inputs(declaration: str, bounds: list[tuple[int, int | None]]) -> None:
    circuit = sfc.compile_text(f"sfc 1; param n = 4; const half = n/2; {declaration}")
    assert [(i.at_least, i.at_most) for i in circuit.inputs.values()] == bounds


@pytest.mark.parametrize("bound", ["at most -1", "at least 5", "at most 5", "at least 3 at most 2"])
def test_bounds_of_inputs_that_no_sample_meets(bound: str) -> None:
    assert codes(f"input a[4] {bound}, b[4];") == ["E0302"]


@pytest.mark.parametrize(
    ("pixels", "most"), [(2352, 2262), (784, 694), (400, 310), (399, 399), (9, 9)]
)
@pytest.mark.parametrize("name", ["backprop", "backprop_margin"])
def test_images_of_the_shipped_circuits_are_never_all_on(name: str, pixels: int, most: int) -> None:
    assert sfc.compile(name, n_in=pixels, n_hid=2).inputs["image"].at_most == most


def test_every_pair_of_sources_and_targets_has_its_projection() -> None:
    circuit = compiled(f"{MODEL} population a[2], b[3] : M; a, b -> b, a all_to_all weight 1;")
    assert list(circuit.projections) == ["a -> b", "a -> a", "b -> b", "b -> a"]


def test_projections_between_the_same_populations_are_numbered() -> None:
    circuit = compiled(
        f"{MODEL} population a, b : M; a -> b one_to_one weight 1; a -> b one_to_one weight 2;"
        " a -> b one_to_one weight 3 as extra; b -> a one_to_one weight 4;"
    )
    assert list(circuit.projections) == ["a -> b #1", "a -> b #2", "extra", "b -> a"]


def test_a_name_that_fits_several_projections() -> None:
    circuit = compiled(
        f"{MODEL} population a, b : M; a -> b one_to_one weight 1; a -> b one_to_one weight 2;"
    )
    with pytest.raises(sfc.SfcError, match="fits 2 projections") as caught:
        sfc.Simulator(circuit).weights["a -> b"]
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["E0206"]


def test_ties() -> None:
    circuit = compiled(
        f"{MODEL} rule R {{ dw = x0; }} population a[2], b[3] : M;"
        " plastic W[1 + 1, 3] by R init uniform(high = 8, low = -8);"
        " a -> b via W; b -> a via -W.T; b -> a via W.T;"
    )
    ties = [projection.weight for projection in circuit.projections.values()]
    assert ties == [Tie("W"), Tie("W", -1, True), Tie("W", 1, True)]
    assert circuit.matrices["W"].init == Init("uniform", (("low", -8), ("high", 8)))


def test_one_message_for_a_clause_that_is_wrong_for_every_target() -> None:
    text = f"{MODEL} population a[3], b[3], c[3] : M;"
    assert codes(f"{text} a -> b, c one_to_one weight 8705;") == ["E0303"]
    assert codes(f"{text} a -> b, c one_to_one weight 1 delay 1/2;") == ["E0301"]
    assert codes(f"{text} gate a -> b, c one_to_one above 1;") == ["E0303"]
    assert codes(f"{text} gate a -> b, c one_to_one above 10000;") == ["E0503"]


def test_relays_are_populations() -> None:
    circuit = compiled(
        f"{CHAIN} population a : M; g[2*1 + 1] -> a one_to_one weight 1; a -> g[0] all_to_all"
        " weight spike; phase 1 { open g[4]; } probe g[0], g[5].v;"
    )
    assert {"g[3] -> a", "a -> g[0]", "g[1] -> g[4]"} <= set(circuit.projections)
    probed = [(probe.population, probe.quantity) for probe in circuit.schedule.probes]
    assert probed == [("g[0]", "spikes"), ("g[5]", "membrane")]


# Chains and phases


def test_rings_and_open_chains() -> None:
    circuit = compiled(f"{MODEL} chain g[3] : M ring; chain f[3] : M; chain e[1] : M;")
    links = [name for name, p in circuit.projections.items() if p.origin and p.origin.chain == "g"]
    assert links == ["g[0] -> g[1]", "g[1] -> g[2]", "g[2] -> g[0]"]
    links = [name for name, p in circuit.projections.items() if p.origin and p.origin.chain == "f"]
    assert links == ["f[0] -> f[1]", "f[1] -> f[2]"]
    assert circuit.schedule.clock is circuit.schedule.chain("g")


def test_phases_of_several_blocks_merge() -> None:
    circuit = compiled(
        f"{CHAIN} population a, b : M; phase 1 {{ open a; }} phase g[1], 3 {{ open b; reward r1; }}"
    )
    gates = [name for name, p in circuit.projections.items() if p.origin and p.origin.level]
    assert gates == ["g[1] -> a", "g[1] -> b", "g[3] -> b"]
    assert [reward.phase for reward in circuit.schedule.rewards] == [1, 3]


def test_an_input_is_presented_by_one_projection_in_all_phases() -> None:
    circuit = compiled(
        f"{CHAIN} input i[2]; population a[2], b[2] : M;"
        " phase 1, 3 { present i to a; } phase 2 { present i to b, a; }"
    )
    presents = [(p.phase, p.projections) for p in circuit.schedule.presents]
    own = ("i -> a",)
    assert presents == [(1, own), (3, own), (2, ("i -> b", "i -> a"))]


def test_an_input_with_projections_of_its_own() -> None:
    circuit = compiled(
        f"{CHAIN} input i[2]; population a[2] : M; i -> a one_to_one weight 3;"
        " i -> a one_to_one weight -1 as other; phase 1 { present i; }"
    )
    assert circuit.schedule.presents[0].projections == ("i -> a", "other")


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("phase 1 { open a, a; }", ["E0502"]),
        ("phase 1, 1 { open a; }", ["E0205"]),
        ("phase 1, 2 { open a; } phase 2, 3 { open a; }", ["E0502"]),
        ("phase 1 { close a; open a; }", ["E0502"]),
        ("phase 1 { close a; close a by 640; }", ["E0502"]),
        ("phase 1 { open a, b; close b; close a; }", ["E0502", "E0502"]),
        ("phase 1 { present i to a; } phase 1 { present i to a; }", ["E0205"]),
        ("phase 1 { present i to a, a; }", ["E0205"]),
        ("phase 6 { open a; present i to a; }", ["E0501"]),
        ("phase 1.5 { open a; }", ["E0301"]),
        ("phase g[6], -1 { open a; }", ["E0501"]),
        ("phase h[1] { open a; }", ["E0201"]),
        ("phase a { open a; }", ["E0202"]),
        ("phase 1 { open i; }", ["E0202"]),
        ("phase 1 { open g; }", ["E0202"]),
        ("phase 1 { present a to a; }", ["E0202"]),
        ("phase 1 { present i to a; reward r0; }", ["E0601"]),
        ("phase 1 { open a above 2**21; }", ["E0302"]),
    ],
)
def test_phases_with_mistakes(block: str, expected: list[str]) -> None:
    text = f"{CHAIN} input i; population a, b : M; {block}"
    found = [d.code for d in errors(text) if d.severity == "error"]
    assert found == expected


def test_probes() -> None:
    circuit = compiled(
        f"{MODEL} chain g[6] : M ring; chain f[4] : M; population a, b : M;"
        " probe a; probe a, b.v at g[5], g[0]..2, f[1]; probe f;"
    )
    probes = [(p.population, p.quantity, p.chain, p.phases) for p in circuit.schedule.probes]
    assert probes[:5] == [
        ("a", "spikes", "", ()),
        ("a", "spikes", "g", (0, 1, 2, 5)),
        ("a", "spikes", "f", (1,)),
        ("b", "membrane", "g", (0, 1, 2, 5)),
        ("b", "membrane", "f", (1,)),
    ]
    assert [probe[0] for probe in probes[5:]] == ["f[0]", "f[1]", "f[2]", "f[3]"]


# Parameters, sizes, documentation


def test_parameters() -> None:
    text = f"{MODEL} param n = 3; param m; param r = n/2; population h[n, m] : M;"
    circuit = compiled(text, m=2)
    assert dict(circuit.parameters) == {"n": 3, "m": 2, "r": 1.5}
    assert circuit.populations["h"].shape == (3, 2)
    assert compiled(text, m=2, n=4.0).populations["h"].shape == (4, 2)


def test_numbers_of_numpy_are_parameters() -> None:
    text = f"{MODEL} param n; population h[n] : M;"
    for number in (np.int64(4), np.float32(4), np.uint8(4)):
        circuit = compiled(text, n=number)
        assert type(circuit.parameters["n"]) in (int, float)
        assert circuit.populations["h"].size == 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["E0209"]),
        ({"n": True}, ["E0305"]),
        ({"n": "3"}, ["E0305"]),
        ({"n": None}, ["E0305"]),
        ({"n": 1j}, ["E0305"]),
        ({"n": math.inf}, ["E0305"]),
        ({"n": -math.inf}, ["E0305"]),
        ({"n": math.nan}, ["E0305"]),
        ({"n": 10**400}, ["E0302"]),
        ({"n": 2**63}, ["E0302"]),
        ({"n": 1e300}, ["E0302"]),
        ({"n": 2.5}, ["E0301"]),
        ({"n": 0}, ["E0302"]),
        ({"n": 3, "m": 4}, ["E0208"]),
        ({"n": 3, "h": 4}, ["E0208"]),
        ({"n": 3, "a": 1, "b": 2}, ["E0208", "E0208"]),
    ],
)
def test_parameters_that_do_not_fit(values: dict[str, float], expected: list[str]) -> None:
    assert codes(f"{MODEL} param n; population h[n] : M;", **values) == expected


def test_an_unknown_parameter_is_compared_with_those_there_are() -> None:
    (diagnostic,) = errors("param n_hid = 3;", n_hidden=4)
    assert diagnostic.help == "did you mean `n_hid`?"
    (diagnostic,) = errors("param n_hid = 3;", xyz=4)
    assert diagnostic.help == "its parameters are n_hid"
    (diagnostic,) = errors("const n_hid = 3;", n_hid=4)
    assert diagnostic.help == "it has none"


@pytest.mark.parametrize(
    "text",
    [
        "population h[10**8 + 1] : M;",
        "population h[10**9] : M;",
        "population h[2**62, 2**62] : M;",
        "population a[10**8], b[1] : M;",
        "input a[10**8]; population b[1] : M;",
        "chain g[10**9] : M ring;",
        "rule R { dw = x0; } plastic W[2**31, 2] by R;",
    ],
)
def test_sizes_have_limits(text: str) -> None:
    assert set(codes(MODEL + text)) <= {"E0302", "E0306"}


def test_projections_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ", ".join(f"p{i}" for i in range(20))
    text = f"{MODEL} population {names} : M; {names} -> {names} all_to_all weight spike;"
    assert len(compiled(text).projections) == 400
    monkeypatch.setattr("sfc.sema.draft.PROJECTION_LIMIT", 399)
    assert codes(text) == ["E0306"]


def test_documentation_reaches_the_circuit() -> None:
    circuit = compiled(
        f"//! The file.\n{CHAIN}/// An input.\ninput i;\n/// Two.\npopulation a, b : M;\n"
        "/// A loop.\na -> a one_to_one weight 1;\nphase 1 { present i to a; }"
    )
    assert circuit.doc == "The file."
    assert circuit.inputs["i"].doc == "An input."
    assert circuit.populations["a"].doc == circuit.populations["b"].doc == "Two."
    assert circuit.projections["a -> a"].doc == "A loop."
    assert circuit.populations["g[0]"].doc == ""


def test_a_circuit_is_named_after_its_file() -> None:
    assert compiled("").name == "test"
    for name in ("<text>", "", "a/\u202e.sfc", "..", "x y/a b.c.sfc"):
        assert re.fullmatch(r"[\w.-]+", sfc.compile_text("sfc 1;", name).name)


def test_plain_networks_need_no_chain() -> None:
    circuit = compiled(f"{MODEL} input i; population a : M; i -> a one_to_one weight spike;")
    assert circuit.schedule.chains == ()
    assert circuit.schedule.frame_length is None
