"""Learning rules are multiplied out into sums of products."""

from __future__ import annotations

import itertools
from math import prod

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sfc
from sfc.ir.rules import Rule, Trace

TRACES = "".join(f" trace {name} impulse 16 tau 20;" for name in ("x1", "x2", "y1", "y2", "y3"))


def rule(body: str, before: str = "") -> Rule:
    circuit = sfc.compile_text(f"sfc 1; {before} rule R {{ {body} }}")
    return circuit.rules["R"]


def terms(expression: str, before: str = "") -> dict[str, float]:
    found = rule(f"dw = {expression};{TRACES}", before).dw
    products = {"*".join(term.factors): term.coefficient for term in found}
    assert len(products) == len(found)
    return products


def error(body: str, before: str = "") -> sfc.SfcError:
    with pytest.raises(sfc.SfcError) as caught:
        rule(body, before)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x0", {"x0": 1}),
        ("-x0", {"x0": -1}),
        ("+x0", {"x0": 1}),
        ("3", {"": 3}),
        ("2*x0*y0*(2*r1 - 1)", {"r1*x0*y0": 4, "x0*y0": -2}),
        ("4*x0*y0*r1 - 2*x0*y0", {"r1*x0*y0": 4, "x0*y0": -2}),
        ("(x0 + y0)*(x0 - y0)", {"x0*x0": 1, "y0*y0": -1}),
        ("(x0 + y0)**2", {"x0*x0": 1, "x0*y0": 2, "y0*y0": 1}),
        ("(x0 - 1)**3", {"x0*x0*x0": 1, "x0*x0": -3, "x0": 3, "": -1}),
        ("x0**0", {"": 1}),
        ("x0**1", {"x0": 1}),
        ("w*w", {"w*w": 1}),
        ("y0*x0", {"x0*y0": 1}),
        ("x0*y0 + y0*x0", {"x0*y0": 2}),
        ("-(x0 - (y0 - (r0 - 1)))", {"x0": -1, "y0": 1, "r0": -1, "": 1}),
        ("-x0**2", {"x0*x0": -1}),
        ("(-x0)**2", {"x0*x0": 1}),
        ("x0/2", {"x0": 0.5}),
        ("x0/4*y0", {"x0*y0": 0.25}),
        ("x0*(1/2 + 1/4)", {"x0": 0.75}),
        ("2**3*x0", {"x0": 8}),
        ("2**-8*x0", {"x0": 1 / 256}),
        ("max(2, 3)*x0", {"x0": 3}),
        ("(3 % 2)*x0", {"x0": 1}),
        ("x1*y0 - y1*x0", {"x1*y0": 1, "x0*y1": -1}),
        ("w - t + d", {"w": 1, "t": -1, "d": 1}),
        ("0.5*x0 + 0.25*x0", {"x0": 0.75}),
    ],
)
def test_expression_is_multiplied_out(expression: str, expected: dict[str, float]) -> None:
    assert terms(expression) == expected


@pytest.mark.parametrize(
    "expression", ["0", "x0 - x0", "0*x0", "(x0 + y0)*(x0 - y0) - x0**2 + y0**2", "x0*(1 - 1)"]
)
def test_terms_that_cancel_vanish(expression: str) -> None:
    assert terms(expression) == {}


def test_constants_and_parameters_are_folded() -> None:
    before = "param rate = 3; const half = rate/2;"
    assert terms("half*x0*2 - rate", before) == {"x0": 3, "": -3}


def test_terms_keep_the_order_in_which_they_are_written() -> None:
    assert list(terms("y0 - x0 + 2 + r0")) == ["y0", "x0", "", "r0"]


def test_the_update_of_the_flagship() -> None:
    written = rule("dw = 4*x0*y0*r1 - 2*x0*y0; range = -256..254;")
    factored = rule("dw = 2*x0*y0*(2*r1 - 1); range = -256..254;")
    assert written.dw == factored.dw
    assert (written.low, written.high, written.weights.step) == (-256, 254, 2)


def test_defaults_of_a_rule() -> None:
    empty = rule("")
    assert (empty.dw, empty.dt, empty.traces) == ((), (), ())
    assert (empty.low, empty.high) == (-256, 254)


def test_the_tag_has_a_sum_of_its_own() -> None:
    found = rule("dt = x0*y0; dw = t*r1;")
    assert [term.factors for term in found.dt] == [("x0", "y0")]
    assert [term.factors for term in found.dw] == [("r1", "t")]


def test_traces_are_kept_and_r1_needs_none() -> None:
    found = rule("dw = x1*r1; trace x1 impulse 16 tau 20; trace y3 impulse 0 tau 0.5;")
    assert found.traces == (Trace("x1", 16, 20.0), Trace("y3", 0, 0.5))
    assert found.trace("r1") == Trace("r1", 1, 0.0)


def test_a_trace_of_the_reward() -> None:
    found = rule("dw = r1; trace r1 impulse 5 tau 2;")
    assert found.trace("r1") == Trace("r1", 5, 2.0)


@pytest.mark.parametrize("coefficient", ["1/3", "0.1", "1/512", "2**-9", "1e-3"])
def test_coefficients_are_multiples_of_1_256(coefficient: str) -> None:
    caught = error(f"dw = x0*{coefficient};")
    assert [d.code for d in caught.diagnostics] == ["E0603"]
    assert "nearest that can be held" in caught.diagnostics[0].help


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("dw = x0*y5;", "E0601"),
        ("dw = x0 < 1;", "E0602"),
        ("dw = x0 % 2;", "E0602"),
        ("dw = x0 or y0;", "E0602"),
        ("dw = true;", "E0602"),
        ("dw = 1/x0;", "E0602"),
        ("dw = 2**y0;", "E0602"),
        ("dw = abs(w);", "E0602"),
        ("dw = min(1, 2*(w + 1));", "E0602"),
        ("dw = w[0];", "E0602"),
        ("dw = w.T;", "E0602"),
        ("dw = x0**-1;", "E0302"),
        ("dw = x0**1.5;", "E0301"),
        ("dw = x0/0;", "E0304"),
        ("dw = (x0 + 1)**8*(y0 + 1)**8;", "E0603"),
        ("dw = ((((w**8)**8)**8)**8)**8;", "E0603"),
        ("dw = w*w*w*w;", "E0603"),
        ("dw = 1e18*x0 + 1e18*y0;", "E0603"),
        ("dw = x0*1e18*1e18*1e18;", "E0603"),
        ("dw = y1*x0;", "E0604"),
        ("range = 0..256;", ""),
        ("range = -1..32640;", "E0604"),
        ("range = 254..-256;", "E0604"),
        ("range = 1.5..2;", "E0301"),
        ("range = -32769..0;", "E0302"),
        ("trace x1 impulse -1 tau 1;", "E0302"),
        ("trace x1 impulse 1 tau 2000000;", "E0302"),
        ("trace w impulse 1 tau 1;", "E0601"),
    ],
)
def test_rule_that_cannot_be_held(body: str, code: str) -> None:
    if not code:
        assert rule(body)
        return
    assert [d.code for d in error(body).diagnostics] == [code]


def test_one_message_for_an_unknown_name_in_many_places() -> None:
    caught = error("dw = rate*x0 + rate*y0; dt = rate;", "const a = rate;")
    assert [d.code for d in caught.diagnostics] in (["E0601"], ["E0201"])


def test_a_constant_named_like_a_variable_is_refused_in_rules_only() -> None:
    before = "const w = 5; param d = w; neuron M { threshold = w; } population t[d] : M;"
    assert rule("dw = x0;", before)
    assert "rename the constant `w`" in str(error("dw = w*x0;", before))
    assert "rename the constant `d`" in str(error("dw = d*x0;", before))
    assert rule("dw = t*x0;", before).dw[0].factors == ("t", "x0")


def test_a_message_points_at_the_term() -> None:
    (diagnostic,) = error("dw = 2*x0*y0 + x0*0.3;").diagnostics
    assert diagnostic.span is not None
    line = "sfc 1;  rule R { dw = 2*x0*y0 + x0*0.3; }"
    assert line[diagnostic.span.column - 1 :].startswith("x0*0.3")


VARIABLES = ("x0", "y0", "r0", "w", "t", "d")
expressions = st.recursive(
    st.sampled_from(VARIABLES) | st.integers(0, 9).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"-{part}"),
        inner.map(lambda part: f"({part})**2"),
        inner.map(lambda part: f"{part}/4"),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(expressions)
def test_the_sum_of_products_has_the_value_of_the_expression(expression: str) -> None:
    try:
        found = rule(f"dw = {expression};").dw
    except sfc.SfcError as refused:
        codes = {diagnostic.code for diagnostic in refused.diagnostics}
        assume(codes != {"E0603"})
        raise
    for values in itertools.product((0, 1, -3), repeat=3):
        variables = dict(zip(VARIABLES, (*values, *values[::-1]), strict=True))
        total = sum(term.coefficient * prod(variables[f] for f in term.factors) for term in found)
        assert total == eval(expression, {}, variables)
