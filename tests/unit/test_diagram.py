"""Diagrams: what is drawn, where, and that every file is well formed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markup import HOSTILE, SVG, tags_of

import sfc
from sfc.ir.circuit import (
    Circuit,
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
from sfc.ir.rules import Rule
from sfc.ir.schedule import Chain, Present, Probe, Readout, Reward, Schedule
from sfc.report.diagram import BOX_LIMIT, Diagram, build
from sfc.report.diagram_page import page
from sfc.report.drawing import draw
from sfc.report.layers import Net, Wire, layered
from sfc.report.layout import Layout, Rectangle, Route, lay_out
from sfc.report.show import show
from sfc.resources import circuit_names

NEURON = Neuron(1024)


def circuit_of(
    names: list[str], pairs: list[tuple[str, str]] | None = None, name: str = "made"
) -> Circuit:
    """A circuit of equal populations, joined one to one."""
    projections = [
        Projection(f"p{k}", source, target, "one_to_one", Weight(520, 0))
        for k, (source, target) in enumerate(pairs or [])
    ]
    populations = [Population(name, (10,), NEURON) for name in names]
    return Circuit(name, populations=by_name(populations), projections=by_name(projections))


def layered_circuit(depth: int = 3) -> Circuit:
    """Layers, modules of a module, that learn and send errors back, with a clock."""
    relays = tuple(f"clock[{k}]" for k in range(2 * depth + 2))
    populations = [
        Population(relay, (1,), NEURON, Origin("relay", "clock", k))
        for k, relay in enumerate(relays)
    ]
    populations.append(Population("x", (4, 5), NEURON))
    image, weight = Input("image", (4, 5)), Weight(520, 0)
    present = Origin("present")
    projections = [Projection("image -> x", "image", "x", "one_to_one", weight, origin=present)]
    projections += [
        Projection(f"link {k}", relay, relays[(k + 1) % len(relays)], "all_to_all", weight,
                   origin=Origin("link", "clock", k))
        for k, relay in enumerate(relays)
    ]  # fmt: skip
    matrices = []
    below = "x"
    for number in range(depth):
        module = f"net.layer[{number}]"
        here = [f"{module}.{part}" for part in ("h", "memory", "error")]
        populations += [Population(name, (20,), NEURON) for name in here]
        matrices.append(Matrix(f"{module}.W", (20, 20), "Still"))
        projections += [
            Projection(f"{module} in", below, here[0], "all_to_all", Tie(f"{module}.W")),
            Projection(f"{module} kept", here[0], here[1], "one_to_one", weight, 3),
            Projection(f"{module} less", here[1], here[2], "one_to_one", Weight(-520, 0)),
            Projection(f"{module} gate", here[2], here[0], "one_to_one", weight,
                       origin=Origin("gate", level=0)),
            Projection(f"{module} open", relays[number + 2], here[0], "all_to_all", weight,
                       origin=Origin("open", "clock", number + 2, 512)),
            Projection(f"{module} close", relays[0], here[0], "all_to_all", Weight(-520, 0),
                       origin=Origin("close", "clock", 0)),
        ]  # fmt: skip
        if number:
            tie = Tie(f"{module}.W", -1, True)
            error = f"net.layer[{number - 1}].error"
            projections.append(Projection(f"{module} back", here[0], error, "all_to_all", tie))
        below = here[0]
    schedule = Schedule(
        (Chain("clock", relays, True),),
        (Present("image", "clock", 1, ("image -> x",)),),
        (Reward("clock", 3),),
        (Probe("x", "spikes"), Probe("x", "membrane")),
        (Readout(below, "image", "clock", 3),),
    )
    return Circuit(
        "layers",
        {},
        by_name(populations),
        by_name([image]),
        by_name([Rule("Still", ())]),
        by_name(matrices),
        by_name(projections),
        schedule,
        doc="Layers that learn.\n\nAnd more.",
    )


def names_of(svg: str, kind: str = "box") -> list[str]:
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return [g.attrib["data-name"] for g in groups if kind in g.get("class", "").split()]


def overlaps(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def contains(outer: Rectangle, inner: Rectangle) -> bool:
    return (
        outer.x < inner.x
        and outer.y < inner.y
        and inner.x + inner.width < outer.x + outer.width
        and inner.y + inner.height < outer.y + outer.height
    )


def trace(route: Route) -> Iterator[tuple[float, float]]:
    """Points along a route: the curve between two points is a cubic with level ends."""
    for (x0, y0), (x1, y1) in pairwise(route.points):
        for step in range(21):
            t = step / 20
            middle = (x0 + x1) / 2
            x = (1 - t) ** 3 * x0 + 3 * t * (1 - t) * middle + t**3 * x1
            yield x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def check(layout: Layout) -> None:
    """Everything is where it belongs, and no edge runs through a box."""
    parents = {box.name: box.module for box in layout.diagram.boxes}
    for one, other in combinations(layout.boxes.values(), 2):
        assert not overlaps(one, other)
    for name, place in layout.boxes.items():
        if parents[name]:
            assert contains(layout.frames[parents[name]], place)
    for frame in layout.diagram.frames:
        place = layout.frames[frame.name]
        if frame.parent:
            assert contains(layout.frames[frame.parent], place)
        for name, box in layout.boxes.items():
            if not name.startswith(f"{frame.name}."):
                assert not overlaps(place, box)
    for route in layout.routes:
        source, target = layout.boxes[route.edge.source], layout.boxes[route.edge.target]
        if not route.points:
            assert source is target
            continue
        (x0, y0), (x1, y1) = route.points[0], route.points[-1]
        assert any(x0 == pytest.approx(side) for side in (source.x, source.x + source.width))
        assert any(x1 == pytest.approx(side) for side in (target.x, target.x + target.width))
        assert source.y <= y0 <= source.y + source.height
        assert target.y <= y1 <= target.y + target.height
        for x, y in trace(route):
            assert -0.1 <= x <= layout.width + 0.1
            assert -0.1 <= y <= layout.height + 0.1
            for box in layout.boxes.values():
                inside = box.x + 1 < x < box.x + box.width - 1
                assert not (inside and box.y + 1 < y < box.y + box.height - 1)


@pytest.mark.parametrize("name", circuit_names())
@pytest.mark.parametrize("relays", [False, True])
def test_shipped_circuits_are_drawn(name: str, relays: bool) -> None:
    circuit = sfc.compile(name)
    svg = draw(circuit, relays=relays)
    chains = circuit.schedule.chains
    own = {relay for chain in chains for relay in chain.relays}
    expected = [*circuit.inputs, *(p for p in circuit.populations if p not in own)]
    assert sorted(names_of(svg)) == sorted([*expected, *(chain.name for chain in chains)])
    assert draw(circuit, relays=relays) == svg
    check(lay_out(build(circuit, relays=relays)))


def test_same_drawing_in_another_process(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONHASHSEED": "17"}
    words = [sys.executable, "-m", "sfc", "show", "backprop", "-o", "-"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout == draw(sfc.compile("backprop")).encode()


def edge_of(diagram: Diagram, source: str, target: str):
    return next(e for e in diagram.edges if (e.source, e.target) == (source, target))


def test_projections_are_bundled() -> None:
    diagram = build(sfc.compile("backprop"))
    ends = [(edge.source, edge.target) for edge in diagram.edges]
    assert len(set(ends)) == len(ends) < 50
    memory = edge_of(diagram, "m_h", "h")
    assert [strand.label for strand in memory.strands] == ["d1, d5"]
    assert memory.details.splitlines()[1:] == [
        "m_h -> h #1: one_to_one, weight 520, delay 1",
        "m_h -> h #2: one_to_one, weight 520, delay 5",
    ]
    (back,) = edge_of(diagram, "o_T", "h_T").strands
    assert (back.label, back.style.kind, back.style.matrix) == ("-W2.T", "plastic", "W2")
    kinds = {e.strands[0].style.kind for e in diagram.edges}
    assert kinds == {"plastic", "excitatory", "inhibitory", "gate", "present"}
    assert 'class="bar inhibitory"' in draw(sfc.compile("backprop"))


def test_phases_are_marked() -> None:
    boxes = {box.name: box for box in build(sfc.compile("backprop")).boxes}
    (strip,) = boxes["o"].strips
    assert strip.length == 12
    assert [(m.phase, m.kind) for m in strip.marks] == [
        *((0, "close"), (3, "open"), (5, "open"), (6, "close"), (9, "open"), (10, "close")),
    ]
    assert boxes["h_gt"].strips[0].marks[0].text == "open h_gt above 1024"
    assert [m.kind for m in boxes["x"].strips[0].marks if m.phase == 1] == ["open", "present"]
    clock = boxes["g"].strips[0].marks
    assert [m.phase for m in clock if m.kind == "reward"] == [5, 7]
    assert boxes["g"].note == "ring of 12 phases"
    assert boxes["o"].tags == ("readout", "probe", "probe v")


def test_relays_make_edges_if_asked() -> None:
    circuit = sfc.compile("graded_relay")
    assert all(edge.source != "g" for edge in build(circuit).edges)
    diagram = build(circuit, relays=True)
    assert [s.label for s in edge_of(diagram, "g", "b").strands] == ["2"]


def test_a_relay_that_drives_a_population_is_an_edge_of_its_chain() -> None:
    text = """sfc 1;
    neuron M { threshold = 1024; bias = -8192; drive = 520; ring = 2048; }
    chain g[3] : M ring;
    population a : M;
    g[2] -> a one_to_one weight 64;
    """
    diagram = build(sfc.compile_text(text))
    assert [s.label for s in edge_of(diagram, "g", "a").strands] == ["g[2]"]


def test_patterns_that_are_objects_are_called_by_their_class() -> None:
    class Sparse:
        pass

    pair = [Population("a", (2,), NEURON), Population("b", (2,), NEURON)]
    odd = Projection("p", "a", "b", Sparse(), Weight(1, 0))  # type: ignore[arg-type]
    circuit = Circuit("c", populations=by_name(pair), projections=by_name([odd]))
    (edge,) = build(circuit).edges
    assert edge.strands[0].label == "sparse"
    assert "p: sparse, weight 1, delay 0" in edge.details


@pytest.mark.parametrize("depth", [0, 1, 2, None])
@pytest.mark.parametrize("relays", [False, True])
def test_modules_are_drawn(depth: int | None, relays: bool) -> None:
    layout = lay_out(build(layered_circuit(), depth, relays))
    check(layout)
    framed = {0: 0, 1: 1, 2: 4, None: 4}[depth]
    assert len(layout.frames) == framed
    svg = draw(layered_circuit(), depth, relays)
    assert len(names_of(svg, "frame")) == framed


def test_folding_hides_members_and_keeps_edges() -> None:
    diagram = build(layered_circuit(), 1)
    layers = [f"net.layer[{k}].*" for k in range(3)]
    assert [box.name for box in diagram.boxes] == ["clock", "image", "x", *layers]
    assert [(e.source, e.target) for e in diagram.edges] == [
        ("image", "x"),
        ("x", layers[0]),
        (layers[0], layers[1]),
        (layers[1], layers[0]),
        (layers[1], layers[2]),
        (layers[2], layers[1]),
    ]
    layout = lay_out(diagram)
    assert {frame.name for frame in diagram.frames} == {"net"}
    module = {box.name: box for box in diagram.boxes}[layers[0]]
    assert (module.kind, module.label, module.note) == ("module", "layer[0]", "3 populations")
    assert [(m.phase, m.kind) for m in module.strips[0].marks] == [(0, "close"), (2, "open")]
    check(layout)
    assert [box.name for box in build(layered_circuit(), 0).boxes] == [
        *("clock", "image", "x", "net.*")
    ]


def test_edges_of_many_kinds_become_one() -> None:
    diagram = build(layered_circuit(), 0, relays=True)
    assert {s.style.kind for s in edge_of(diagram, "clock", "net.*").strands} == {"open", "close"}
    pairs = [("a.x", "b.x")] * 2
    circuit = circuit_of(["a.x", "a.y", "b.x", "b.y"], pairs)
    mixed = [
        Projection("less", "a.y", "b.y", "one_to_one", Weight(-1, 0)),
        Projection("more", "a.y", "b.y", "all_to_all", Weight(1, 0)),
        Projection("gate", "a.x", "b.y", "one_to_one", Weight(1, 0), origin=Origin("gate")),
    ]
    projections = by_name([*circuit.projections.values(), *mixed])
    (edge,) = build(Circuit("c", {}, circuit.populations, projections=projections), 0).edges
    assert [(s.style.kind, s.label) for s in edge.strands] == [
        ("mixed", "\N{MULTIPLICATION SIGN}5")
    ]
    assert len(edge.details.splitlines()) == 6


def test_a_projection_to_itself_is_a_loop() -> None:
    circuit = circuit_of(["a", "b"], [("a", "a"), ("a", "b"), ("b", "b")])
    layout = lay_out(build(circuit))
    check(layout)
    assert sum(not route.points for route in layout.routes) == 2
    assert names_of(draw(circuit)) == ["a", "b"]


def test_long_arrays_are_stacks_when_folded() -> None:
    names = [f"net.layer[{k}].{part}" for k in range(500) for part in "abcdef"]
    circuit = circuit_of(names, list(pairwise(names)))
    diagram = build(circuit)
    (box,) = diagram.boxes
    assert (box.name, box.kind, box.note) == ("net.layer[*]", "array", "500 elements")
    assert (diagram.depth, diagram.deepest) == (1, 2)
    check(lay_out(diagram))
    assert names_of(draw(circuit)) == ["net.layer[*]"]
    assert names_of(draw(circuit, 0)) == ["net.*"]


def test_many_populations_without_modules_are_refused() -> None:
    names = [f"p{k}" for k in range(BOX_LIMIT + 1)]
    with pytest.raises(sfc.SfcError, match="E0306") as refused:
        draw(circuit_of(names))
    assert "modules can be drawn folded" in str(refused.value)
    inner = [f"m{k % 7}.{name}" for k, name in enumerate(names)]
    assert len(names_of(draw(circuit_of(inner)))) == 7
    with pytest.raises(sfc.SfcError, match="--depth 0 makes 7 boxes"):
        draw(circuit_of(inner), 1)


def test_an_array_of_populations_is_a_stack_up_to_its_depth() -> None:
    names = [f"p[{k}]" for k in range(50)]
    circuit = circuit_of(names, list(pairwise(names)))
    assert names_of(draw(circuit)) == ["p[*]"]
    assert names_of(draw(circuit, 1)) == names


def test_long_edges_have_a_limit_of_bends() -> None:
    names = [f"p{k}" for k in range(300)]
    pairs = [*pairwise(names), *((name, names[-1 - k]) for k, name in enumerate(names[:140]))]
    layout = lay_out(build(circuit_of(names, pairs), 0))
    for one, other in combinations(layout.boxes.values(), 2):
        assert not overlaps(one, other)


def test_chains_of_many_phases_are_drawn_in_few_elements() -> None:
    relays = tuple(f"g[{k}]" for k in range(5000))
    populations = [
        Population(r, (1,), NEURON, Origin("relay", "g", k)) for k, r in enumerate(relays)
    ]
    populations.append(Population("a", (1,), NEURON))
    gates = [
        Projection(
            f"{r} -> a", r, "a", "all_to_all", Weight(1, 0), origin=Origin("open", "g", k, 0)
        )
        for k, r in enumerate(relays)
    ]
    schedule = Schedule((Chain("g", relays, False),))
    circuit = Circuit(
        "long", populations=by_name(populations), projections=by_name(gates), schedule=schedule
    )
    svg = draw(circuit)
    assert names_of(svg) == ["g", "a"]
    assert svg.count('class="open"') == 2
    assert "phases 0 to 4999: open a above 0" in svg


def test_several_chains_have_strips_of_their_own() -> None:
    text = """sfc 1;
    neuron M { threshold = 1024; bias = -8192; drive = 520; ring = 2048; }
    chain g[3] : M ring;
    chain f[4] : M;
    population a, b : M;
    a -> b one_to_one weight spike;
    phase g[1] { open a; }
    phase f[2] { open a, b; }
    """
    boxes = {box.name: box for box in build(sfc.compile_text(text)).boxes}
    assert [(s.title, s.length) for s in boxes["a"].strips] == [("", 3), ("f", 4)]
    assert boxes["f"].note == "chain of 4 phases"


def test_nothing_crosses_in_a_ladder() -> None:
    net = [Net(str(k), None, "", 0.0) for k in range(3)]
    wires = [Wire(net[0], 0, 5), Wire(net[1], 1, 4), Wire(net[2], 2, 3)]
    layers = layered(6, wires, lambda item, right, net: 0.5, {})
    left, right = ([vertex.item for vertex in column] for column in layers.columns[1:3])
    assert [wire.head for item in left for wire in wires if wire.tail == item] == right


def test_an_empty_circuit_is_drawn() -> None:
    assert names_of(draw(Circuit("empty"))) == []
    assert "<table>" in page(Circuit("empty"))


def test_page_holds_every_depth_and_all_populations() -> None:
    html = page(layered_circuit(), 1)
    tags = tags_of(html)
    depths = [attributes for tag, attributes in tags.found if "data-depth" in attributes]
    assert [(d["data-depth"], "hidden" in d) for d in depths] == [
        *(("0", True), ("1", False), ("2", True))
    ]
    rows = [attributes["data-name"] for tag, attributes in tags.found if tag == "tr" and attributes]
    assert rows[:2] == ["image", "x"]
    assert len(rows) == 11
    assert "presented 1" in html
    (script,) = tags.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in html
    assert not re.search(r"(src|href)=|url\(|@import", html)


@pytest.mark.parametrize("depth", [0, None])
def test_hostile_names_are_escaped(depth: int | None) -> None:
    names = [HOSTILE, f"{HOSTILE}.{HOSTILE}", f"a[{HOSTILE}].b", "..", "a.", "a.b.", "", "\n\t"]
    circuit = circuit_of(names, list(pairwise(names)), name=HOSTILE)
    svg = draw(circuit, depth)
    assert b"<script" not in svg.encode()
    assert len(names_of(svg)) == len(build(circuit, depth).boxes)
    if depth is None:
        assert re.sub("[\x00\ud800\uffff]", "?", HOSTILE) in names_of(svg)
    html = page(circuit, depth)
    tags = tags_of(html)
    html.encode()
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)


def test_show_writes_a_picture_or_a_page(tmp_path: Path) -> None:
    circuit = sfc.compile("ring")
    assert show(circuit, tmp_path / "new" / "ring.svg").read_text("utf-8") == draw(circuit)
    assert sfc.show(circuit, str(tmp_path / "ring.HTML")).read_text("utf-8") == page(circuit)
    with pytest.raises(sfc.SfcError, match="E0802"):
        show(circuit, tmp_path / "ring.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "ring.HTML"]


def command(*words: str, folder: Path, code: int = 0) -> str:
    words = (sys.executable, "-m", "sfc", "show", *words)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_command_writes_files(tmp_path: Path) -> None:
    assert "Examples:" in command("--help", folder=tmp_path)
    default = Path("build") / "memory.html"
    assert command("memory", folder=tmp_path) == f"{default}\n"
    tags_of((tmp_path / default).read_text("utf-8"))
    words = ("memory", "-D", "n=3", "-o", "m.svg", "--depth", "0", "--relays")
    assert command(*words, folder=tmp_path) == "m.svg\n"
    svg = (tmp_path / "m.svg").read_text("utf-8")
    assert svg == draw(sfc.compile("memory", n=3), 0, relays=True)
    assert "diagrams are .svg or .html" in command("ring", "-o", "r.pdf", folder=tmp_path, code=1)
    assert "did you mean `ring`" in command("rng", folder=tmp_path, code=1)
