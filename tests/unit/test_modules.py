"""Modules, loops, conditions, imports, slices and patterns: what circuits they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfc
from sfc.ir.circuit import Tie
from sfc.ir.patterns import Convolution, Sparse, Toeplitz
from sfc.ir.text import parse_circuit

HEAD = """sfc 1;
neuron Gated { threshold = 1024; bias = -8192; drive = 520; close = 8128; ring = 9280; }
"""


def circuit(text: str, **parameters: Any) -> sfc.Circuit:
    reporter = sfc.Reporter()
    compiled = sfc.compile_text(HEAD + text, "test.sfc", reporter, **parameters)
    assert not reporter.diagnostics
    assert parse_circuit(str(compiled)) == compiled
    return compiled


def weights(text: str, name: str) -> Any:
    return sfc.Simulator(circuit(text)).weights[name]


def codes(text: str) -> list[str]:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile_text(HEAD + text, "test.sfc")
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


# Modules


COPY = """
module Copy(n, wait = 0) {
  port population pre[n];
  population out[n] : Gated;
  pre -> out one_to_one weight spike delay wait;
}
module Pair(n) {
  port population pre[n];
  instance copy[k in 1..2] : Copy(n, k) { pre = pre; }
  alias last = copy[2].out;
}
population x[4] : Gated;
"""


def test_instances_have_flat_names() -> None:
    made = circuit(COPY + "instance a : Pair(4) { pre = x; } a.last -> x one_to_one weight spike;")
    assert list(made.populations) == ["x", "a.copy[1].out", "a.copy[2].out"]
    assert {name: p.delay for name, p in made.projections.items()} == {
        "a.copy[2].out -> x": 0,
        "x -> a.copy[1].out": 1,
        "x -> a.copy[2].out": 2,
    }


def test_arguments_by_name_and_defaults() -> None:
    text = (
        COPY + "instance a : Copy(wait = 3, n = 4) { pre = x; } instance b : Copy(4) { pre = x; }"
    )
    made = circuit(text)
    assert [p.delay for p in made.projections.values()] == [3, 0]


def test_a_port_can_be_bound_to_a_slice_a_relay_or_an_element() -> None:
    text = """
    chain g[3] : Gated ring;
    instance a : Copy(2) { pre = x[1..2]; }
    instance b : Copy(1) { pre = g[1]; }
    instance c : Copy(2) { pre = a.out; }
    """
    made = circuit(COPY + text)
    names = [name for name in made.projections if not name.startswith("g")]
    assert names == ["x[1..2] -> a.out", "a.out -> c.out"]
    assert "g[1] -> b.out" in made.projections


def test_ports_of_every_kind() -> None:
    text = """
    rule Hebb { dw = 2*x0*y0; }
    module All() {
      port population p[3];
      port input i[3];
      port chain c[4];
      port plastic W[3, 3];
      p -> p via W.T;
      phase c[2] { present i to p; open p; }
    }
    input image[3];
    chain g[4] : Gated ring;
    population x[3] : Gated;
    plastic V[3, 3] by Hebb;
    instance all : All() { p = x; i = image; c = g; W = V; }
    """
    made = circuit(text)
    assert made.projections["x -> x"].weight == Tie("V", 1, True)
    assert made.schedule.presents[0].input == "image"
    assert list(made.matrices) == ["V"]


def test_rules_and_models_of_a_module_depend_on_its_parameters() -> None:
    text = """
    module Net(level, step) {
      neuron Cell { threshold = level; }
      rule Grow { dw = step*x0*y0; }
      population a[2] : Cell;
      plastic W[2, 2] by Grow;
      a -> a via W;
    }
    instance one : Net(10, 2);
    instance two : Net(20, 4);
    """
    made = circuit(text)
    assert [p.neuron.threshold for p in made.populations.values()] == [10, 20]
    assert list(made.rules) == ["one.Grow", "two.Grow"]
    assert made.rules["two.Grow"].dw[0].coefficient == 4


def test_a_recursive_module_ends() -> None:
    text = """
    module Tree(depth) {
      population node[2] : Gated;
      if depth > 0 {
        instance child[k in 0..1] : Tree(depth - 1);
        for k in 0..1 { node -> child[k].node one_to_one weight spike; }
      }
    }
    instance tree : Tree(3);
    """
    made = circuit(text)
    assert len(made.populations) == 15
    assert "tree.child[0].child[1].node -> tree.child[0].child[1].child[0].node" in made.projections


def test_a_module_may_be_declared_inside_another() -> None:
    text = """
    module Outer(n) {
      module Inner() { population p[n] : Gated; }
      instance inner : Inner();
    }
    instance a : Outer(3);
    """
    assert circuit(text).populations["a.inner.p"].size == 3


def test_sizes_may_be_asked_for() -> None:
    text = """
    module Like() {
      port population pre;
      port chain g;
      population out[length(pre)] : Gated;
      phase g[length(g) - 1] { open out; }
    }
    chain g[7] : Gated ring;
    population x[2, 3] : Gated;
    instance a : Like() { pre = x; g = g; }
    """
    made = circuit(text)
    assert made.populations["a.out"].size == 6
    assert "g[6] -> a.out" in made.projections


# Loops and conditions


def test_rounds_of_a_named_loop_are_parts_of_it() -> None:
    text = """
    const sizes = [4, 3, 2];
    for k in 1..2 as layer {
      population h[sizes[k]] : Gated;
      if k > 1 { layer[k - 1].h -> h all_to_all weight 8; }
    }
    for n in sizes as of { population p[n] : Gated; }
    """
    made = circuit(text)
    assert {name: p.size for name, p in made.populations.items()} == {
        "layer[1].h": 3,
        "layer[2].h": 2,
        "of[0].p": 4,
        "of[1].p": 3,
        "of[2].p": 2,
    }
    assert list(made.projections) == ["layer[1].h -> layer[2].h"]


@pytest.mark.parametrize(("n", "expected"), [(1, "one"), (2, "two"), (7, "many"), (0, "many")])
def test_one_branch_is_taken(n: int, expected: str) -> None:
    text = """
    param n;
    if n == 1 { population one : Gated; }
    else if n == 2 { population two : Gated; }
    else { population many : Gated; }
    """
    assert list(circuit(text, n=n).populations) == [expected]


def test_what_an_if_declares_belongs_to_what_is_around_it() -> None:
    text = """
    population x[2], y[2] : Gated;
    if true { alias source = x; const strength = 8; } else { alias source = y; }
    source -> y one_to_one weight strength;
    """
    assert list(circuit(text).projections) == ["x -> y"]


def test_loops_over_ranges_that_are_empty_do_nothing() -> None:
    assert not circuit("for k in 1..0 as l { population a : Gated; }").populations


def test_and_and_or_stop_when_they_know() -> None:
    text = "const a = [1]; if length(a) > 3 and a[3] == 0 { population p : Gated; }"
    assert not circuit(text).populations
    assert circuit("if true or 1/0 == 1 { population p : Gated; }").populations


def test_arrays_as_parameters() -> None:
    text = "param sizes = [4, 3]; for n in sizes as of { population p[n] : Gated; }"
    made = circuit(text, sizes=[5, 6, 7])
    assert made.parameters == {"sizes": (5, 6, 7)}
    assert [p.size for p in made.populations.values()] == [5, 6, 7]
    assert circuit(text, sizes=np.array([2])).parameters == {"sizes": (2,)}
    assert len(circuit(text).populations) == 2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("length([1, 2, 3])", 3),
        ("length([0..9, 4])", 11),
        ("[10, 20, 30][1] + 0", None),
        ("sum([1..4])", 10),
        ("max([3, 9, 2])", 9),
        ("min(table[1])", 3),
        ("table[1, 0]", 3),
        ("length(table[0..1])", 2),
        ("length([])", None),
    ],
)
def test_array_expressions(expression: str, expected: int | None) -> None:
    text = f"const table = [[1, 2], [3, 4]]; population p[{expression}] : Gated;"
    if expected is None:
        assert codes(text) == ["E0105"]
    else:
        assert circuit(text).populations["p"].size == expected


# Slices and patterns


ENDS = "population x[4], y[4] : Gated; population a[2, 3], b[3, 2] : Gated;"


def test_slices_of_two_dimensions() -> None:
    text = ENDS + "a[1] -> y[1..3] one_to_one weight 2; a[0..1, 2] -> b[2] one_to_one weight 4;"
    made = circuit(text)
    first, second = made.projections.values()
    assert (first.name, first.source_part, first.target_part) == (
        "a[1, 0..2] -> y[1..3]",
        ((1, 1), (0, 2)),
        ((1, 3),),
    )
    assert second.source_part == ((0, 1), (2, 2))
    assert second.target_part == ((2, 2), (0, 1))


def test_a_slice_of_everything_is_the_whole() -> None:
    made = circuit(ENDS + "x[0..3] -> y one_to_one weight 2;")
    assert made.projections["x -> y"].source_part is None


def test_index_variables() -> None:
    expected = np.zeros((4, 4), int)
    expected[[0, 1, 2], [3, 2, 1]] = [0, 10, 20]
    found = weights(ENDS + "x[i] -> y[3 - i] for i in 0..2 weight 10*i as p;", "p")
    assert np.array_equal(found, expected)


def test_index_variables_with_a_condition_in_two_dimensions() -> None:
    text = ENDS + "a[i, j] -> b[j, i] for i in 0..1, j in 0..2 if i != j weight spike as t;"
    expected = np.zeros((2, 3, 3, 2), int)
    for i, j in [(0, 1), (0, 2), (1, 0), (1, 2)]:
        expected[i, j, j, i] = 520
    assert np.array_equal(weights(text, "t"), expected.reshape(6, 6))


def test_index_variables_within_slices_and_from_single_neurons() -> None:
    text = ENDS + "population one : Gated; one -> y[i] for i in [0, 2] weight 6*i + 4 as p;"
    assert weights(text, "p").tolist() == [[4, 0, 16, 0]]


def test_a_gate_with_index_variables() -> None:
    made = circuit(ENDS + "gate x[i] -> y[(i + 1) % 4] for i in 0..3 above 0 as p;")
    assert made.projections["p"].origin is not None
    found = sfc.Simulator(made).weights["p"]
    assert found[0, 1] == found[3, 0] == 1024 + 8192
    assert np.count_nonzero(found) == 4


def test_patterns_in_the_circuit() -> None:
    text = (
        ENDS
        + """
    x -> y toeplitz([-2, 4, -2]) weight 64;
    x -> y toeplitz([2, 4], first = 1) as shifted;
    x -> y sparse(0.5, seed = 3) weight 6 as random;
    a -> b[0..1, 0..1] conv([[1, 2], [2, 1]], stride = [1, 1], padding = 0) weight 16 as c;
    """
    )
    with pytest.raises(sfc.SfcError, match="yields"):
        circuit(text)
    made = circuit(text.replace("b[0..1, 0..1]", "b[0..0, 0..1]"))
    patterns = [projection.pattern for projection in made.projections.values()]
    assert patterns == [
        Toeplitz(-1, (-64, 128, -64)),
        Toeplitz(1, (2, 4)),
        Sparse(0.5, 3),
        Convolution(((16, 32), (32, 16))),
    ]
    simulator = sfc.Simulator(made)
    assert simulator.weights["x -> y"][1].tolist() == [-128, 256, -128, 0]
    assert simulator.weights["shifted"][0].tolist() == [0, 2, 4, 0]
    assert simulator.weights["c"].tolist() == [
        [16, 0],
        [32, 16],
        [0, 32],
        [32, 0],
        [16, 32],
        [0, 16],
    ]


def test_weights_from_a_file(tmp_path: Path) -> None:
    table = np.array([[0, 2.5], [-1.5, 0], [3, 3], [0, 0]])
    (tmp_path / "data").mkdir()
    arrays = {"W": table, "whole": (2 * table).astype(int), "wrong": table[:2]}
    np.savez(tmp_path / "data" / "w.npz", text=np.array("a"), **arrays)
    file = tmp_path / "file.sfc"
    line = 'population x[4], y[2] : Gated; x -> y matrix("data/w.npz", "W") weight 4;'
    file.write_text(HEAD + line, encoding="utf-8")
    made = sfc.compile(file)
    assert np.array_equal(sfc.Simulator(made).weights["x -> y"], 4 * table)
    assert parse_circuit(str(made)) == made
    for old, new, code in [
        ('"W"', '"V"', "E0403"),
        ('"W"', '"wrong"', "E0401"),
        ('"W"', '"text"', "E0401"),
        ("w.npz", "v.npz", "E0403"),
        ('"W") weight 4', '"whole") weight 100.3', "E0303"),
        ("data/w.npz", "../data/w.npz", "E0403"),
    ]:
        file.write_text(HEAD + line.replace(old, new), encoding="utf-8")
        with pytest.raises(sfc.SfcError) as caught:
            sfc.compile(file)
        assert [d.code for d in caught.value.diagnostics] == [code]


# Chains, properties


def test_a_chain_started_by_populations() -> None:
    text = """
    population x[2], y : Gated;
    chain g[3] : Gated ring;
    chain branch[2] : Gated started by x, y delay 3;
    phase branch[1] { open y; }
    """
    made = circuit(text)
    assert made.schedule.chain("branch").started_by == ("x", "y")
    starts = [p for p in made.projections.values() if p.origin and p.origin.kind == "start"]
    assert [(p.source, p.target, p.delay) for p in starts] == [
        ("x", "branch[0]", 3),
        ("y", "branch[0]", 3),
    ]
    assert made.schedule.frame_length == 3


def test_a_ring_through_a_branch_has_frames_of_its_length() -> None:
    text = "chain a[2] : Gated ring started by b[3]; chain b[4] : Gated started by a[1];"
    made = circuit(text)
    assert made.schedule.frame_length is None
    result = sfc.Simulator(made).run(frames=3)
    assert result.frame_starts.tolist() == [0, 6, 12]


def test_properties_are_kept() -> None:
    text = """
    rule Hebb { dw = 2*x0*y0; }
    chain g[4] : Gated ring;
    population x[2] : Gated;
    plastic W[2, 2] by Hebb;
    x -> x via W;
    assert silent x in 0, 2..3;
    assert fires x in 1;
    assert tied W;
    assert no_overflow;
    """
    kinds = [(p.kind, p.subjects, p.chain, p.phases) for p in circuit(text).properties]
    assert kinds == [
        ("silent", ("x",), "g", (0, 2, 3)),
        ("fires", ("x",), "g", (1,)),
        ("tied", ("W",), "", ()),
        ("no_overflow", (), "", ()),
    ]


# Imports


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.sfc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"sfc 1;\n{text}", encoding="utf-8")
    return folder / "main.sfc"


MODEL = "neuron Cell { threshold = 9; }"


def test_an_import_brings_definitions_and_no_circuit(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        parts__one=MODEL + 'import "two.sfc"; const n = m + 1; population p : Cell; test "t" { }',
        parts__two="const m = 4; param unused; const broken = 1/0;",
        main='import "parts/one.sfc"; population a[n] : Cell;',
    )
    made = sfc.compile(main)
    assert {name: p.size for name, p in made.populations.items()} == {"a": 5}


def test_imports_are_not_passed_on(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        one=MODEL,
        two='import "one.sfc"; module M() { population p : Cell; }',
        main='import "two.sfc"; instance a : M(); population b : Cell;',
    )
    with pytest.raises(sfc.SfcError, match="unknown name `Cell`"):
        sfc.compile(main)


def test_two_ways_to_one_file_are_one_import(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        base=f"{MODEL} rule Grow {{ dw = 2*x0*y0; }}",
        left='import "base.sfc"; module L() { population p : Cell; }',
        right='import "base.sfc"; module R() { population p : Cell; '
        "plastic W[1, 1] by Grow; p -> p via W; }",
        main='import "left.sfc"; import "right.sfc"; import "base.sfc"; import "base.sfc"; '
        "instance l : L(); instance r : R(); plastic V[1, 1] by Grow; r.p -> l.p via V;",
    )
    made = sfc.compile(main)
    assert [name.split("-")[0] for name in made.rules] == ["base"]
    assert list(made.populations) == ["l.p", "r.p"]


def test_two_rules_of_one_name_are_told_apart(tmp_path: Path) -> None:
    module = (
        "rule Grow {{ dw = {}*x0*y0; }} "
        "module {}() {{ port population p; plastic W[1, 1] by Grow; p -> p via W; }}"
    )
    main = write(
        tmp_path,
        a__rules=module.format(2, "A"),
        b__rules=module.format(4, "B"),
        main=MODEL
        + 'import "a/rules.sfc"; import "b/rules.sfc"; population p : Cell; '
        + "instance a : A() { p = p; } instance b : B() { p = p; }",
    )
    with pytest.raises(sfc.SfcError, match="`Grow` is declared twice"):
        sfc.compile(main)


def test_files_that_import_each_other(tmp_path: Path) -> None:
    main = write(tmp_path, a='import "b.sfc";', b='import "a.sfc";', main='import "a.sfc";')
    with pytest.raises(sfc.SfcError, match="E0109"):
        sfc.compile(main)


def test_a_mistake_in_an_imported_file_is_shown_there(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        part="module M(n) {\n  population p[n] : Missing;\n}",
        main='import "part.sfc";\ninstance a : M(3);',
    )
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile(main)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0201"
    assert diagnostic.span is not None
    assert (diagnostic.span.source.name, diagnostic.span.line) == ("part.sfc", 3)
    assert [str(label.span) for label in diagnostic.labels] == [f"{main}:3:10"]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.sfc", "a/../../x.sfc", "~/x.sfc", "", "a\\b"]
)
def test_an_import_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    write(tmp_path, x="")
    main = write(tmp_path / "inner", main=f'import "{name}";')
    with pytest.raises(sfc.SfcError, match="E0108"):
        sfc.compile(main)


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    write(tmp_path, x="")
    main = write(tmp_path / "inner", main='import "x.sfc";')
    (tmp_path / "inner" / "x.sfc").symlink_to(tmp_path / "x.sfc")
    with pytest.raises(sfc.SfcError, match="leads out"):
        sfc.compile(main)


# What once went wrong


def test_the_range_of_an_index_variable_may_depend_on_those_before() -> None:
    text = "population x[4], y[4] : Gated; x[i] -> y[j] for i in 0..3, j in 0..i weight 100 as p;"
    assert np.array_equal(weights(text, "p"), 100 * np.tri(4))


@pytest.mark.parametrize(
    "weight", ["2*(i*j % 5) - 4", "4*min(i, j)", "table[j]", "(i - j)/2", "spike*(2 - i)"]
)
def test_index_variables_are_computed_row_by_row_or_all_at_once(weight: str) -> None:
    table = "const table = [8, 4, 2, 0];"
    ends = "population x[3], y[4] : Gated;"
    text = f"{table} {ends} x[i] -> y[j] for i in 0..2, j in 0..3 weight {weight} as p;"
    single = [
        weights(
            f"{table} population x, y : Gated; const i = {i}; const j = {j}; "
            f"x -> y all_to_all weight {weight} as p;",
            "p",
        )[0, 0]
        for i in range(3)
        for j in range(4)
    ]
    assert weights(text, "p").ravel().tolist() == single


def test_a_rule_of_an_instance_and_one_of_an_import_have_two_names(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        mem="rule A { dw = 2*x0*y0; }",
        main=MODEL + 'import "mem.sfc"; population p : Cell; '
        "plastic W[1, 1] by A; p -> p via W; "
        "module K() { port population p; rule A { dw = 8*x0*y0; } "
        "plastic W[1, 1] by A; p -> p via W; } "
        "instance mem : K() { p = p; }",
    )
    made = sfc.compile(main)
    found = [made.rules[m.rule].dw[0].coefficient for m in made.matrices.values()]
    assert found == [2, 8]


def test_everything_is_in_the_order_of_its_declaration() -> None:
    text = """
    population p[length(b)] : Gated;
    module M() { port chain g; population q[length(g)] : Gated; }
    instance m : M() { g = b; }
    chain a[3] : Gated ring;
    chain b[5] : Gated ring;
    population r : Gated;
    """
    made = circuit(text)
    assert [chain.name for chain in made.schedule.chains] == ["a", "b"]
    assert made.schedule.frame_length == 3
    expected = ["p", "m.q", *made.schedule.chain("a").relays, *made.schedule.chain("b").relays, "r"]
    assert list(made.populations) == expected


def test_slices_of_slices_and_of_ports() -> None:
    text = (
        ENDS
        + """
    module M() { port population pre[2]; pre[1] -> pre[0] one_to_one weight 2; }
    instance m : M() { pre = x[1..2]; }
    alias row = a[1];
    row[1..2] -> x[2..3][0..1] one_to_one weight 4;
    """
    )
    parts = [(p.source_part, p.target_part) for p in circuit(text).projections.values()]
    assert parts == [(((1, 1), (1, 2)), ((2, 3),)), (((2, 2),), ((1, 1),))]


def test_only_wholes_are_probed_and_asserted() -> None:
    text = ENDS + "module M() { port population a; probe a; } instance m : M() { a = x[1..2]; }"
    assert codes(text) == ["E0202"]


def test_parts_of_instances_are_probed() -> None:
    made = circuit(COPY + "instance m : Copy(4) { pre = x; } probe m.out, m.out.v;")
    assert [(p.population, p.quantity) for p in made.schedule.probes] == [
        ("m.out", "spikes"),
        ("m.out", "membrane"),
    ]


def test_a_convolution_of_a_column() -> None:
    text = "population r[4, 6], t[2, 1] : Gated; r[0..3, 2] -> t conv([[2], [4], [2]]) as c;"
    assert weights(text, "c").tolist() == [[2, 0], [4, 2], [2, 4], [0, 2]]
    assert codes(text.replace("t[2, 1]", "t[2]")) == ["E0401"]


def test_what_an_instance_has_is_known_wherever_it_stands() -> None:
    text = """
    if length(m.out) > 1 { population wide : Gated; }
    instance n : N(length(m.out));
    module M(k) { population out[k] : Gated; }
    module N(k) { if k > 1 { population inside[k] : Gated; } }
    instance m : M(2);
    """
    assert set(circuit(text).populations) == {"wide", "n.inside", "m.out"}


def test_a_relay_and_an_index_variable() -> None:
    text = ENDS + "chain g[3] : Gated ring; g[2] -> x[i] for i in 0..1 weight 4*i + 4 as p;"
    made = circuit(text)
    assert made.projections["p"].source == "g[2]"
    assert sfc.Simulator(made).weights["p"].tolist() == [[4, 8, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "population x, y : Gated; x -> y toeplitz([10.0**300]) weight 10.0**300;",
        "const a = [[0..999999], [0..999999]];",
        "const a = [0..1999]; for i in a { for j in a { } }",
        "module E() { } instance e[k in 0..400000] : E(); instance f[k in 0..400000] : E();",
        "population x, y : Gated; x -> y toeplitz([1, 2, 3], first = 0..1);",
    ],
)
def test_too_much_or_too_odd_is_an_error_at_once(text: str) -> None:
    assert len(codes(text)) == 1
