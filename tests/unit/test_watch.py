"""Watching runs: cells that fire, and samples that break the bounds of inputs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import sfc
from sfc.report.run import check_data
from sfc.sim.activity import run_activity
from sfc.sim.datasets import Dataset
from sfc.sim.training import Training, evaluate
from sfc.sim.watch import BrokenBounds, Cell, Firing, Watch

pytestmark = pytest.mark.usefixtures("engine")

MODEL = (
    "neuron Gated { threshold = 1024; bias = -8192; ring = 10240; drive = 520; close = 8128; }\n"
)

# y fires in phase 2 for each of its pixels, the upper row of z in phase 3 too.
RELAY = f"""sfc 1;
{MODEL}
input image[2, 3] at least 1 at most 3;
chain g[5] : Gated ring;
population x[2, 3], y[2, 3], z[2, 3] : Gated;
x -> y one_to_one weight spike;
y[1] -> z[1] one_to_one weight 9600;
phase 1 {{ present image to x; open x; }}
phase 2 {{ open y; }}
"""
CELLS = [("y", "g", 2), ("z", "g", 3), ("y", "g", 3)]

PLAIN = """sfc 1;
neuron Simple { threshold = 10; }
input a[2] at most 1, b;
population p[2] : Simple;
a -> p one_to_one weight 20;
b -> p all_to_all weight 20;
"""


def rows(*patterns: str) -> list[list[int]]:
    return [[int(bit) for bit in pattern] for pattern in patterns]


def watched(text: str, cells: list[Any], **run: Any) -> Watch:
    circuit = sfc.compile_text(text)
    watch = Watch(circuit, cells)
    sfc.Simulator(circuit).run(**run, watch=watch)
    return watch


def summary(watch: Watch) -> list[tuple[Any, ...]]:
    """Of each violation: what, samples, where first, and spikes and neurons or generators on."""
    found: list[tuple[Any, ...]] = []
    for violation in watch.violations:
        extent = violation.extent
        if isinstance(violation, Firing):
            what = (violation.cell, extent.samples, extent.first, violation.spikes)
            found.append((*what, violation.neurons))
        else:
            found.append((violation.input.name, extent.samples, extent.first, violation.on))
    return found


def test_cells_that_fire_and_where_first() -> None:
    image = rows("100000", "000000", "010110", "000010")
    watch = watched(RELAY, CELLS, inputs={"image": image})
    assert watch.samples == 4
    assert summary(watch) == [
        (("y", "g", 2), 3, 0, 5, (0,)),
        (("z", "g", 3), 2, 2, 3, (3, 4)),
        ("image", 1, 1, 0),
    ]
    assert [str(violation) for violation in watch.violations] == [
        "y fired in phase g[2] in 3 of 4 samples, 5 spikes; first y[0, 0] in sample 0",
        "z fired in phase g[3] in 2 of 4 samples, 3 spikes; first z[1, 0] in sample 2",
        "image broke its bounds, at least 1 and at most 3, in 1 of 4 samples; first in sample 1, "
        "with 0 on",
    ]


def test_nothing_is_reported_where_nothing_happens() -> None:
    watch = watched(RELAY, [("y", "g", 3), ("z", "g", 2)], inputs={"image": rows("110001")})
    assert watch.violations == ()
    assert (watch.samples, watch.cells) == (1, (("y", "g", 3), ("z", "g", 2)))


def test_samples_that_break_bounds_from_above_and_below() -> None:
    image = rows("111000", "111100", "100000", "111111", "000000", "010101")
    assert summary(watched(RELAY, [], inputs={"image": image})) == [("image", 3, 1, 4)]


@pytest.mark.parametrize("run", [{"frames": 2}, {"steps": 6}])
def test_an_input_that_is_left_out_has_nothing_on(run: dict[str, int]) -> None:
    assert summary(watched(RELAY, [], **run)) == [("image", 2, 0, 0)]


def test_samples_count_on_from_run_to_run() -> None:
    circuit = sfc.compile_text(RELAY)
    simulator, watch = sfc.Simulator(circuit), Watch(circuit, CELLS[:1])
    for pattern in ("000000", "001000", "110000"):
        simulator.run({"image": rows(pattern, "100000")}, frames=1, watch=watch)
    assert watch.samples == 3
    assert summary(watch) == [(("y", "g", 2), 2, 1, 3, (2,)), ("image", 1, 0, 0)]


def test_a_frame_under_way_when_the_watch_begins() -> None:
    circuit = sfc.compile_text(RELAY)
    simulator = sfc.Simulator(circuit)
    simulator.run({"image": rows("100000")}, frames=1)
    simulator.run(steps=2)
    watch = Watch(circuit, [("g[3]", "g", 2), ("g[4]", "g", 3)])
    simulator.run({"image": rows("100000")}, watch=watch)
    assert watch.samples == 1
    assert summary(watch) == [
        (("g[3]", "g", 2), 2, -1, 2, (0,)),
        (("g[4]", "g", 3), 2, -1, 2, (0,)),
    ]
    assert str(watch.violations[0]).endswith("2 spikes; first g[3] before sample 0")


def test_phases_of_several_chains() -> None:
    text = RELAY.replace("g[5]", "g[6]").replace("phase 1", "phase g[1]")
    text = text.replace("phase 2", "phase g[2]")
    text += "chain late[2] : Gated started by y[0, 0] delay 1; phase late[0] { open z; }\n"
    text += "x -> z one_to_one weight spike delay 3;"
    cells = [("z", "late", 0), ("z", "g", 4), ("z", "g", 5)]
    watch = watched(text, cells, inputs={"image": rows("110000")})
    # y fires in step 2, the relay late[0] in step 4, and z, which it opens, in step 5.
    assert summary(watch) == [
        (("z", "late", 0), 1, 0, 2, (0, 1)),
        (("z", "g", 5), 1, 0, 2, (0, 1)),
    ]


def test_a_circuit_without_chains_has_steps() -> None:
    inputs = {"a": rows("00", "10", "11", "00"), "b": rows("1", "0", "0", "0")}
    watch = watched(PLAIN, [("p", "", -1)], inputs=inputs)
    assert summary(watch) == [(("p", "", -1), 3, 1, 5, (0, 1)), ("a", 1, 2, 2)]
    assert [str(violation) for violation in watch.violations] == [
        "p fired in 3 of 4 steps, 5 spikes; first p[0] in step 1",
        "a broke its bounds, at most 1, in 1 of 4 steps; first in step 2, with 2 on",
    ]


def test_a_cell_of_every_step_counts_a_sample_once() -> None:
    watch = watched(RELAY, [("g[0]", "", -1), ("y", "", -1)], inputs={"image": rows("110000")})
    assert summary(watch) == [(("g[0]", "", -1), 1, 0, 1, (0,)), (("y", "", -1), 1, 0, 2, (0, 1))]


def test_the_first_neurons_are_kept_up_to_ten() -> None:
    text = "sfc 1; neuron N { threshold = 10; } input a; population p[50] : N; a -> p all_to_all"
    watch = watched(f"{text} weight 20;", [("p", "", -1)], inputs={"a": rows("1", "0")})
    assert summary(watch) == [(("p", "", -1), 1, 1, 50, tuple(range(10)))]


def test_the_run_is_the_same_with_a_watch() -> None:
    circuit = sfc.compile("backprop", n_in=400, n_hid=10)
    generator = np.random.default_rng(3)
    inputs = {"image": generator.random((8, 400)) < 0.6, "label": generator.integers(0, 10, 8)}
    alone, seen = sfc.Simulator(circuit), sfc.Simulator(circuit)
    watch = Watch(circuit, [("h", "g", 8), ("h", "g", 2)])
    counts = [
        alone.run(inputs, counts=True).spike_counts,
        seen.run(inputs, counts=True, watch=watch).spike_counts,
    ]
    for name in circuit.populations:
        assert (counts[0][name] == counts[1][name]).all()
    for name, weights in alone.plastic_weights().items():
        assert (weights == seen.plastic_weights()[name]).all()
    fired = [v for v in watch.violations if isinstance(v, Firing)]
    assert {v.cell: v.spikes for v in fired} == {
        ("h", "g", phase): counts[0]["h"][phase] for phase in (2, 8) if counts[0]["h"][phase]
    }
    assert fired


@pytest.mark.parametrize(
    ("cell", "code", "message"),
    [
        (("yy", "g", 2), "E0201", "no population `yy`"),
        (("image", "g", 2), "E0201", "no population `image`"),
        (("y", "f", 2), "E0201", "no chain `f`"),
        (("y", "g", 5), "E0501", "phases 0 to 4, not 5"),
        (("y", "g", -1), "E0501", "phases 0 to 4, not -1"),
        (("y", "", 0), "E0201", "no chain ``"),
    ],
)
def test_cells_that_are_not_there(cell: Any, code: str, message: str) -> None:
    with pytest.raises(sfc.SfcError) as caught:
        Watch(sfc.compile_text(RELAY), [cell])
    assert caught.value.diagnostics[0].code == code
    assert message in caught.value.diagnostics[0].message


def test_a_watch_belongs_to_its_circuit() -> None:
    watch = Watch(sfc.compile_text(RELAY), CELLS)
    with pytest.raises(sfc.SfcError, match="another circuit"):
        sfc.Simulator(sfc.compile_text(PLAIN)).run(steps=1, watch=watch)


def test_the_data_of_a_watch_are_json() -> None:
    watch = watched(RELAY, CELLS, inputs={"image": rows("100000", "111110")})
    expected = {
        "samples": 2,
        "watched": [
            {"population": "y", "phase": ["g", 2]},
            {"population": "z", "phase": ["g", 3]},
            {"population": "y", "phase": ["g", 3]},
        ],
        "violations": [
            {
                "population": "y",
                "phase": ["g", 2],
                "samples": 2,
                "spikes": 6,
                "first": {"sample": 0, "neurons": [0]},
            },
            {
                "population": "z",
                "phase": ["g", 3],
                "samples": 1,
                "spikes": 2,
                "first": {"sample": 1, "neurons": [3, 4]},
            },
            {
                "input": "image",
                "at_least": 1,
                "at_most": 3,
                "samples": 1,
                "first": {"sample": 1, "on": 5},
            },
        ],
    }
    assert json.loads(json.dumps(check_data(watch))) == expected


def test_watched_activity() -> None:
    circuit = sfc.compile_text(RELAY)
    watch = Watch(circuit, CELLS[:1])
    image = np.array(rows("100000", "000000"), np.bool_)
    for _ in run_activity(sfc.Simulator(circuit), "frames", 61, {"image": image}, watch=watch):
        pass
    assert summary(watch) == [(("y", "g", 2), 31, 0, 31, (0,)), ("image", 30, 1, 0)]


def test_training_and_its_test_are_watched() -> None:
    text = f"""sfc 1;
    {MODEL}
    input image[4] at most 2;
    input label[2] at least 1;
    chain g[4] : Gated ring;
    population x[4], o[2] : Gated;
    x[0..1] -> o one_to_one weight spike;
    phase 1 {{ present image to x; open x; }}
    phase 2 {{ open o; }}
    readout o at 2 against label;
    """
    circuit = sfc.compile_text(text)
    images = np.array(rows("1000", "0100", "0000", "0111", "0110"), np.bool_)
    labels = np.array([0, 1, 0, 1, 1])
    dataset = Dataset("five", images[:3], labels[:3], images[3:], labels[3:], (2, 2))
    simulator, watch = sfc.Simulator(circuit), Watch(circuit, [("o", "g", 2)])
    for _ in Training(simulator, dataset, shuffle=False).run(2, watch=watch):
        pass
    for _ in evaluate(simulator, dataset, watch=watch):
        pass
    assert watch.samples == 8
    # The test shows no labels.
    assert summary(watch) == [
        (("o", "g", 2), 6, 0, 6, (0,)),
        ("image", 1, 6, 3),
        ("label", 2, 6, 0),
    ]


def closed(circuit: sfc.Circuit, population: str) -> list[Cell]:
    """The cells in which a chain closes a population."""
    origins = [p.origin for p in circuit.projections.values() if p.target == population]
    return [(population, o.chain, o.phase) for o in origins if o is not None and o.kind == "close"]


@pytest.fixture(scope="module")
def fashion_images() -> Any:
    """Fifty images of Fashion-MNIST with 80 to 160 pixels on."""
    images = sfc.load_data("fashion28").train_images[:1000]
    on = images.sum(axis=1)
    return images[(on >= 80) & (on <= 160)][:50]


@pytest.mark.parametrize(
    ("name", "parameters", "prefix", "fires"),
    [("backprop", {"n_in": 784}, "", True), ("fashion", {}, "net.", False)],
)
def test_the_closing_gates_of_the_paper_and_of_the_library_on_fashion(
    name: str, parameters: dict[str, int], prefix: str, fires: bool, fashion_images: Any
) -> None:
    circuit = sfc.compile(name, n_hid=20, **parameters)
    hidden, matrix = ("net.layer[1].h", "net.layer[1].W") if prefix else ("h", "W1")
    watch = Watch(circuit, closed(circuit, hidden))
    simulator = sfc.Simulator(circuit)
    weights = simulator.weights[matrix]
    weights[:, 7] = 254
    simulator.weights[matrix] = weights
    simulator.run({f"{prefix}image": fashion_images}, learn=False, watch=watch)
    assert watch.samples == 50
    if not fires:
        assert watch.violations == ()
        return
    (violation,) = watch.violations
    assert isinstance(violation, Firing)
    assert violation.cell == ("h", "g", 8)
    assert violation.name == "h[7]"
    assert violation.extent.samples == violation.spikes == 50


def test_violations_are_of_two_kinds() -> None:
    kinds = {type(v) for v in watched(RELAY, CELLS, inputs={"image": rows("111111")}).violations}
    assert kinds == {Firing, BrokenBounds}
