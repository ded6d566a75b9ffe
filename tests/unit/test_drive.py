"""Why a neuron did what it did: the terms of its sums, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import sfc
from sfc import driver
from sfc.sim.drive import Drive, drive_of
from sfc.sim.script import Script

GATED = """sfc 1;
neuron Relay { threshold = 1024; ring = 2048; }
neuron Gated { threshold = 1024; bias = -8192; drive = 520; close = 8128; }
"""
LEARNING = f"""{GATED}
rule Delta {{ dw = 2*x0*y0; range = -256..254; }}
input image[2], label[2];
chain g[4] : Relay ring;
population x[2], y[2] : Gated;
plastic W[2, 2] by Delta;
x -> y via W as forward;
y -> x via W.T as backward;
phase 1 {{ present image to x; present label to y; open x, y; }}
"""
LEAKY = """sfc 1;
neuron Leaky { threshold = 100; decay_u = 1024; decay_v = 512; refractory = 3; }
input p[3];
population a[3] : Leaky { bias = 5; }
population b[2, 2] : Leaky;
p -> a one_to_one weight 60;
"""

Details = Callable[[str], tuple[str, ...]]


@pytest.fixture
def details(tmp_path: Path) -> Details:
    """Runs a text whose only test fails, and returns the lines from the drive on."""

    def run(text: str) -> tuple[str, ...]:
        path = tmp_path / "t.sfc"
        path.write_text(text, "utf-8")
        (outcome,) = sfc.test(path)
        assert outcome.failure is not None
        lines = outcome.failure.details
        begin = next(n for n, line in enumerate(lines) if line.startswith("drive of"))
        return lines[begin:]

    return run


def adds_up(drive: Drive) -> bool:
    """Whether a drive's terms make its sums, where nothing left its 24 bits."""
    arrived = sum(arrival.amount for arrival in drive.arrivals)
    membrane = 0.0 if drive.resting else drive.current + drive.bias + drive.membrane_before
    return (drive.current_before + arrived, membrane) == (drive.current, drive.membrane)


def test_the_drive_adds_up_in_every_neuron_and_step(tmp_path: Path) -> None:
    text = f"""{LEAKY}
rule R {{ dw = 2*x0*y0; range = -256..254; }}
plastic W[3, 4] by R init constant(30);
a -> b via W;
a[1..2] -> b[0..1, 1] one_to_one weight -7.5 delay 2;
b -> a[0] all_to_all weight 3;
a -> a sparse(0.5, seed = 2) weight 1/2;
"""
    path = tmp_path / "t.sfc"
    path.write_text(f'{text} test "t" {{ present p at 0..9 = 1; run 30; }}')
    circuit, (bench,) = driver.compile_tests(path)
    script = Script(circuit, bench)
    probes = ["a", "b", "a.v", "b.v"]
    inputs = script.inputs(range(30))
    result = sfc.Simulator(circuit).run(inputs, steps=30, probes=probes)
    projections = set()
    for name in ("a", "b"):
        for step in range(30):
            for number in range(circuit.size(name)):
                drive = drive_of(script, name, number, step, step)
                assert adds_up(drive)
                assert drive.membrane == result.membrane[name][step, number]
                fires = drive.membrane > drive.threshold and not drive.resting
                assert fires == result.spikes[name][step, number]
                projections |= {arrival.projection for arrival in drive.arrivals}
    assert projections == set(circuit.projections)


def test_gates_and_kicked_relays_are_among_what_arrives(tmp_path: Path) -> None:
    path = tmp_path / "t.sfc"
    path.write_text(f'{LEARNING} phase 0 {{ close y; }} test "t" {{ present image = 1; run 2; }}')
    circuit, (bench,) = driver.compile_tests(path)
    script = Script(circuit, bench)
    names = list(circuit.populations)
    simulator = sfc.Simulator(circuit)
    arrived = set()
    for frame in range(2):
        inputs = script.inputs(range(frame, frame + 1))
        result = simulator.run(inputs, frames=1, probes=[f"{name}.v" for name in names])
        for name in names:
            for step in range(4):
                drive = drive_of(script, name, 0, frame, 4 * frame + step)
                assert adds_up(drive)
                assert drive.membrane == result.membrane[name][0, step, 0]
                arrived |= {(a.projection, frame, step) for a in drive.arrivals}
    assert {("g[0] -> y", frame, 0) for frame in range(2)} <= arrived
    assert {("g[3] -> g[0]", 0, 3), ("g[0] -> g[1]", 0, 0), ("image -> x", 0, 1)} <= arrived


def test_a_refractory_neuron_is_explained(details: Details) -> None:
    text = LEARNING.replace("bias = -8192;", "bias = -8192; refractory = 3;")
    text += "phase 2 { present image to x; open x; }"
    assert details(f'{text} test "t" {{ present image = 1; expect x at 1, 2 = 1; }}') == (
        "drive of `x[0]` in step 2:",
        "   +520  image -> x (1 spike: image[0])",
        "  +8704  g[2] -> x",
        "   9224  current",
        "  -8192  bias",
        "      0  membrane, held at 0: refractory in this step and the next 1",
    )


def test_what_is_left_of_current_and_membrane(details: Details) -> None:
    before = math.floor(64 * (5 * 7 / 8 + 65) * 7 / 8) / 64
    items = "present p[0] at 0 = 1; expect a[0].v at 2 = 0;"
    assert details(f'{LEAKY} test "t" {{ {items} }}') == (
        "drive of `a[0]` in step 2:",
        "  nothing arrives",
        "         +45  left of the current before",
        "          45  current",
        "          +5  bias",
        f"  +{before:.12g}  left of the membrane before",
        f"  {50 + before:.12g}  membrane, above the threshold 100",
    )


@pytest.mark.parametrize(
    ("neuron", "lines"),
    [
        (
            "",
            (
                "  +146304  p -> a (9 spikes: p[0], p[1], p[2], p[3], …)",
                "  -115840  current, wrapped to 24 bits",
                "  -115840  membrane, not above the threshold 1000",
            ),
        ),
        (
            " { bias = 8190; }",
            (
                "  +130048  p -> a (8 spikes: p[0], p[1], p[2], p[3], …)",
                "   130048  current",
                "    +8190  bias",
                "  131071.984375  membrane, clipped to 24 bits, above the threshold 1000",
            ),
        ),
    ],
)
def test_24_bits_that_were_left_are_named(
    neuron: str, lines: tuple[str, ...], details: Details
) -> None:
    text = f"sfc 1; neuron M {{ threshold = 1000; }} input p[9]; population a : M{neuron or ';'}"
    count = 7 if neuron else 8
    text += f'p -> a all_to_all weight 16256; test "t" {{ present p[0..{count}] at 0 = 1;'
    found = details(f"{text} expect a.v at 1 = 0; }}")
    assert found[0] == "drive of `a` in step 1:"
    width = max(len(line) for line in lines)
    assert [line.split() for line in found[1:]] == [line.split() for line in lines]
    assert width == max(len(line) for line in found[1:])


def test_weights_are_those_from_before_the_update_of_their_own_spike(details: Details) -> None:
    items = """
  set W = 0;
  frame 0..2 { present image = 1; present label = 1; }
  frame 2 { expect y.v at 2 = 0; }
"""
    text = LEARNING.replace("phase 1", "phase 2 { open y; } phase 1")
    assert details(f'{text} test "t" {{ {items} }}') == (
        "drive of `y[0]` in step 10:",
        "     +8  forward (2 spikes: x[0], x[1])",
        "  +8704  g[2] -> y",
        "   8712  current",
        "  -8192  bias",
        "    520  membrane, not above the threshold 1024",
    )


def test_plastic_synapses_of_weight_0_are_shown(details: Details) -> None:
    text = LEARNING.replace("phase 1", "phase 2 { open y; } phase 1")
    assert details(f'{text} test "t" {{ present image[1] = 1; expect y at 2 = 1; }}')[1:3] == (
        "     +0  forward (1 spike: x[1])",
        "  +8704  g[2] -> y",
    )
