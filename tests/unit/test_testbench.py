"""Tests of circuit files: what passes, what fails, and how a failure is explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sfc
from sfc import driver
from sfc.sim.testbench import run_test

GATED = """sfc 1;
neuron Relay { threshold = 1024; ring = 2048; }
neuron Gated { threshold = 1024; bias = -8192; drive = 520; close = 8128; }
"""
COPY = f"""{GATED}
input image[4];
chain g[4] : Relay ring;
population x[4], y[2, 2] : Gated;
x -> y one_to_one weight spike;
phase 1 {{ present image to x; open x; }}
phase 2 {{ open y; }}
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

Tester = Callable[..., dict[str, sfc.Outcome]]


@pytest.fixture
def tested(tmp_path: Path) -> Tester:
    """Runs the tests of a text, and returns what became of them by title."""

    def run(text: str, **parameters: object) -> dict[str, sfc.Outcome]:
        path = tmp_path / "t.sfc"
        path.write_text(text, "utf-8")
        return {outcome.test.title: outcome for outcome in sfc.test(path, **parameters)}

    return run


def messages(outcome: sfc.Outcome) -> list[str]:
    assert outcome.failure is not None
    return [diagnostic.message for diagnostic in outcome.failure.diagnostics]


# What passes


@pytest.mark.parametrize(
    "items",
    [
        "expect x at 1 = [1, 0, 1, 1];",
        "expect y at 2 = [[1, 0], [1, 1]];",
        "expect y[0, 0..1] at 2 = [1, 0]; expect y[1, 0] at 2 = 1;",
        "expect silent x at 0, 2..3; expect silent y at 0..1, 3;",
        "expect silent x[1], y[0, 1];",
        "expect y.v at 2 = [[1032, 512], [1032, 1032]];",
        "expect y.v at 1, 3 = -8192; expect x[1].v at 1 = 512;",
        "expect g[2] at 1 = 1; expect silent g[2] at 0, 2..3;",
        "expect g[2].v at 1 = 2048;",
        "expect image at 0 = [1, 0, 1, 1]; expect silent image at 1..3;",
        "frame 1 { expect silent x, y; } frame 2 { present image[1] = 1; expect x[1] at 1 = 1; }",
        "frame 1 { present image = 1; expect x at 1 = 1; } frame 0 { expect x[1] at 1 = 0; }",
        "for k in 1..3 { frame k { present image[k] = 1; expect x[k] at 1 = 1; } }",
        "expect y at 2 = [[1, 0], [1, 1]]; run 5;",
        'expect "x -> y" = [[520, 0, 0, 0], [0, 520, 0, 0], [0, 0, 520, 0], [0, 0, 0, 520]];',
    ],
)
def test_what_holds(items: str, tested: Tester) -> None:
    items = items.replace('"x -> y"', "copy")
    text = COPY.replace("weight spike;", "weight spike as copy;")
    (outcome,) = tested(f'{text} test "t" {{ present image = [1, 0, 1, 1]; {items} }}').values()
    assert outcome.passed, str(outcome)
    assert outcome.failure is None
    assert not outcome.expects_nothing
    outcome.check()
    assert repr(outcome) == "<Outcome of 't': passed>"
    assert str(outcome) == "t: passed"


def test_a_test_without_expectations_passes_and_says_so(tested: Tester) -> None:
    (outcome,) = tested(f'{COPY} test "t" {{ present image = 1; run 3; }}').values()
    assert (outcome.passed, outcome.expects_nothing, outcome.steps) == (True, True, 12)


def test_tests_start_afresh_and_come_in_order(tested: Tester) -> None:
    learned = "set W = 6; present image = [1, 0]; present label = [0, 1]; expect W[0, 1] = 8;"
    outcomes = tested(f'{LEARNING} test "b" {{ {learned} }} test "a" {{ {learned} }}')
    assert [(title, outcome.passed) for title, outcome in outcomes.items()] == [
        ("b", True),
        ("a", True),
    ]


def test_parameters_and_shipped_circuits() -> None:
    assert [outcome.passed for outcome in sfc.test("memory", engine="reference")] == [True, True]
    with pytest.raises(sfc.SfcError, match="E0208"):
        sfc.test("memory", m=3)


def test_an_unknown_engine() -> None:
    with pytest.raises(sfc.SfcError, match="E0707"):
        sfc.test("memory", engine="nest")


def test_progress_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.sfc"
    path.write_text(f'{COPY} test "t" {{ run 4; }}')
    circuit, (bench,) = driver.compile_tests(path)
    seen: list[int] = []
    assert run_test(circuit, bench, progress=seen.append).steps == 16
    assert seen == [1, 2, 3, 4]


# Spikes and membranes that differ


@pytest.mark.parametrize(
    ("items", "message", "place", "step", "counts"),
    [
        (
            "expect y at 2 = [[1, 1], [1, 1]];",
            "`y[0, 1]` is silent in frame 0, phase g[2] (step 2), expected a spike",
            (0, 1),
            2,
            (1, 4),
        ),
        (
            "expect y at 2 = 0;",
            "`y[0, 0]` spikes in frame 0, phase g[2] (step 2), expected silence",
            (0, 0),
            2,
            (3, 4),
        ),
        (
            "frame 2 { present image[2..3] = 1; expect silent y; }",
            "`y[1, 0]` spikes in frame 2, phase g[2] (step 10), expected silence",
            (1, 0),
            10,
            (2, 4),
        ),
        (
            "expect silent x[1..2] at 0..3;",
            "`x[2]` spikes in frame 0, phase g[1] (step 1), expected silence",
            (2,),
            1,
            (1, 2),
        ),
        (
            "expect y[1, 0..1].v at 2 = [1032, 1031];",
            "the membrane of `y[1, 1]` is 1032 in frame 0, phase g[2] (step 2), expected 1031",
            (1, 1),
            2,
            (1, 2),
        ),
        (
            "expect g[3] at 1 = 1;",
            "`g[3]` is silent in frame 0, phase g[1] (step 1), expected a spike",
            (0,),
            1,
            (1, 1),
        ),
        (
            "expect image at 0 = 1;",
            "`image[1]` is silent in frame 0, phase g[0] (step 0), expected a spike",
            (1,),
            0,
            (1, 4),
        ),
    ],
)
def test_what_does_not_hold(
    items: str,
    message: str,
    place: tuple[int, ...],
    step: int,
    counts: tuple[int, int],
    tested: Tester,
) -> None:
    text = f'{COPY}test "t" {{\n  present image = [1, 0, 1, 1];\n  {items}\n}}\n'
    (outcome,) = tested(text).values()
    assert messages(outcome) == [message]
    assert outcome.failure is not None
    (diagnostic,) = outcome.failure.diagnostics
    difference = outcome.failure.difference
    assert diagnostic.code == "E0710"
    assert diagnostic.span is not None
    assert diagnostic.span.line == 13
    assert difference is not None
    assert diagnostic.span == difference.expectation.span
    assert (difference.place, difference.step) == (place, step)
    assert (difference.count, difference.size) == counts
    assert (difference.drive is None) == ("image at" in items)
    assert difference.expected != difference.found
    with pytest.raises(sfc.SfcError, match="E0710"):
        outcome.check()
    assert repr(outcome) == "<Outcome of 't': failed>"


def test_the_earliest_difference_is_reported(tested: Tester) -> None:
    text = (
        "present image = 1; frame 1 { expect y at 2 = 1; }"
        " expect silent y; expect x at 1 = 0; expect y at 2 = 0; expect x at 0 = 0;"
    )
    (outcome,) = tested(f'{COPY} test "t" {{ {text} }}').values()
    assert "`x[0]` spikes in frame 0, phase g[1]" in messages(outcome)[0]
    assert outcome.steps == 4


def test_a_failure_is_shown_with_its_place_the_values_and_the_drive(tested: Tester) -> None:
    text = """test "copies" {
  present image = [1, 0, 1, 1];
  expect y at 3 = [[1, 0], [1, 1]];
}
"""
    (outcome,) = tested(COPY + text).values()
    shown = str(outcome).split("\n")
    assert shown[0] == "copies: failed"
    assert shown[1].endswith(
        "t.sfc:13:3: error[E0710]: `y[0, 0]` is silent in frame 0, phase g[3] (step 3), "
        "expected a spike"
    )
    assert shown[2:] == [
        "    13 |   expect y at 3 = [[1, 0], [1, 1]];",
        "       |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "  3 of 4 neurons differ:",
        "    expected 1 0 1 1",
        "    found    0 0 0 0",
        "  it spikes in phase g[2], step 2",
        "  drive of `y[0, 0]` in step 3:",
        "    nothing arrives",
        "        0  current",
        "    -8192  bias",
        "    -8192  membrane, not above the threshold 1024",
    ]


def test_many_neurons_are_counted_only(tested: Tester) -> None:
    text = COPY.replace("[4]", "[99]").replace("[2, 2]", "[99]").replace("g[99]", "g[4]")
    (outcome,) = tested(f'{text} test "t" {{ expect x at 1 = 1; }}').values()
    assert outcome.failure is not None
    assert outcome.failure.details[0] == "99 of 99 neurons differ"


# Weights and learning


def test_learning_changes_weights_exactly(tested: Tester) -> None:
    items = """
  set W = [[2, 4], [0, 6]];
  expect W = [[2, 8], [0, 8]];
  frame 0 { present image = [1, 0]; present label = [0, 1]; expect W = [[2, 6], [0, 6]]; }
  frame 1 { present image = 1; present label[1] = 1; expect W[0..1, 1] = [8, 8]; }
  frame 2 { present image = [1, 0]; expect forward = [[2, 8], [0, 8]]; }
  expect backward[1, 0] = 8;
"""
    (outcome,) = tested(f'{LEARNING} test "t" {{ {items} }}').values()
    assert outcome.passed, str(outcome)


@pytest.mark.parametrize(
    ("items", "message", "details"),
    [
        (
            "expect W = [[2, 8], [0, 8]];",
            "weight [0, 1] of `W` is 6 at the end of frame 0, expected 8",
            ["2 of 4 weights differ:", "  expected 2 8 0 8", "  found    2 6 0 6"],
        ),
        (
            "frame 1 { expect W[1, 0..1] = [-10, 6]; }",
            "weight [1, 0] of `W` is 0 at the end of frame 1, expected -10",
            ["1 of 2 weights differ:", "  expected -10   6", "  found      0   6"],
        ),
        (
            "expect backward[1, 0] = 4;",
            "weight [1, 0] of `backward` is 6 at the end of frame 0",
            [],
        ),
    ],
)
def test_weights_that_differ(items: str, message: str, details: list[str], tested: Tester) -> None:
    text = "set W = [[2, 4], [0, 6]]; present image = [1, 0]; present label = [0, 1];"
    (outcome,) = tested(f'{LEARNING} test "t" {{ {text} {items} }}').values()
    assert messages(outcome)[0].startswith(message)
    assert outcome.failure is not None
    assert outcome.failure.details == tuple(details)
    assert outcome.failure.difference is not None
    assert outcome.failure.difference.drive is None


def test_tied_weights_that_differ(tested: Tester) -> None:
    text = LEARNING.replace("phase 1", "population z[2] : Gated; y -> z via W as other; phase 1")
    items = "set W = 0; present image = 1; present label = 1; expect other = 0; expect W = 2;"
    (outcome,) = tested(f'{text} test "t" {{ {items} }}').values()
    assert outcome.failure is not None
    (diagnostic,) = outcome.failure.diagnostics
    assert diagnostic.code == "E0710"
    assert diagnostic.message.startswith("`W` has no one value: 4 of 4 weights differ between")
    assert diagnostic.message.endswith(", at the end of frame 0")
    assert "by its label" in diagnostic.help
    assert diagnostic.span is not None


def test_weights_of_a_plain_circuit_are_those_after_the_last_step(tested: Tester) -> None:
    text = LEAKY + "rule R { dw = 2*x0; range = -256..254; } plastic W[3, 4] by R; a -> b via W;"
    items = "present p[0] at 0, 1995 = 1; run 2500; expect W[1..2, 0..3] = 0; expect W[0, 0..3] ="
    (outcome,) = tested(f'{text} test "t" {{ {items} 4; }}').values()
    assert outcome.passed, str(outcome)
    (outcome,) = tested(f'{text} test "t" {{ {items} 2; }}').values()
    assert messages(outcome) == ["weight [0, 0] of `W` is 4 at the end of step 2499, expected 2"]


# Chains


SIDE = f"""{GATED}
input go[1];
chain g[6] : Relay ring;
population start : Gated;
chain r[3] : Relay started by start delay 1;
chain s[2] : Relay;
population y : Gated;
phase g[1] {{ present go to start; open start; }}
phase r[1] {{ open y above -512; }}
"""


def test_phases_of_a_chain_that_a_population_starts(tested: Tester) -> None:
    items = """
  frame 0 { expect silent y, r[0], r[1], r[2]; }
  frame 1, 2 {
    present go = 1;
    expect start at g[1] = 1;
    expect r[0] at g[3] = 1;
    expect r[1] at r[0] = 1;
    expect r[2] at r[1] = 1;
    expect y at r[1] = 1;
    expect silent y at r[0];
  }
  expect s[1] at s[0] = 1;
  frame 2 { expect s[1] at s[0], g[0] = 1; expect silent y at r[2], g[0]; }
"""
    (outcome,) = tested(f'{SIDE} test "t" {{ {items} }}').values()
    assert outcome.passed, str(outcome)


def test_a_phase_that_does_not_come(tested: Tester) -> None:
    (outcome,) = tested(f'{SIDE} test "t" {{ frame 1 {{ expect silent y at r[1]; }} }}').values()
    assert messages(outcome) == ["phase r[1] does not come in frame 1"]
    assert outcome.failure is not None
    assert outcome.failure.difference is None


def test_a_phase_that_begins_with_the_next_frame(tested: Tester) -> None:
    text = SIDE.replace("g[6]", "g[4]")
    items = "present go = 1; expect r[0] at g[3] = 1; frame 1 { expect r[1] at r[0], g[0] = 1; }"
    (outcome,) = tested(f'{text} test "t" {{ {items} }}').values()
    assert outcome.passed, str(outcome)


def test_frames_of_different_lengths(tested: Tester) -> None:
    text = f"""{GATED}
input short, long;
population a, b, c, d : Gated;
chain g[3] : Relay ring started by a, d;
phase 2 {{ present short to a; present long to b; open a, b; }}
gate b -> c one_to_one above -512;
gate c -> d one_to_one above -512;
"""
    items = """
  frame 0 { present short = 1; expect a at 2 = 1; }
  frame 1 { present long = 1; expect b at 2 = 1; expect silent a; }
  frame 2 { present short = 1; expect a at 2 = 1; expect silent b, c, d; }
"""
    (outcome,) = tested(f'{text} test "t" {{ {items} }}').values()
    assert outcome.passed, str(outcome)
    assert outcome.steps == 4 + 6 + 4


def test_inputs_of_the_next_frame_are_sent_in_the_last_phase(tested: Tester) -> None:
    text = COPY.replace("phase 1", "phase 0")
    items = """
  expect silent image at 0..2;
  expect image at 3 = [1, 0, 0, 0];
  frame 1 { present image[0] = 1; expect x[0] at 0 = 1; }
  frame 2 { expect silent image; }
"""
    (outcome,) = tested(f'{text} test "t" {{ present image = 1; {items} }}').values()
    assert outcome.passed, str(outcome)


def test_a_chain_that_stops_fails_the_test(tested: Tester) -> None:
    text = COPY.replace("ring = 2048", "ring = 1000")
    (outcome,) = tested(f'{text} test "t" {{ expect silent y; run 3; }}').values()
    assert outcome.failure is not None
    assert [diagnostic.code for diagnostic in outcome.failure.diagnostics] == ["E0706"]
    assert messages(outcome)[0].startswith("chain `g` stopped")
    assert not outcome.passed


def test_what_differs_before_a_chain_stops_is_reported(tested: Tester) -> None:
    text = COPY + "y -> g[0] all_to_all weight -8000;"
    items = "frame 0 { expect silent x at 1; } frame 1 { present image = 1; } run 4;"
    outcome = tested(f'{text} test "t" {{ {items} }}')["t"]
    assert "stopped" in messages(outcome)[0]
    outcome = tested(f'{text} test "t" {{ {items} frame 0 {{ expect x at 1 = 1; }} }}')["t"]
    assert "`x[0]` is silent in frame 0" in messages(outcome)[0]


# Circuits without chains


def test_steps_of_a_plain_circuit(tested: Tester) -> None:
    items = """
  present p at 0..1, 3 = [1, 0, 1];
  expect a.v at 0 = 5;
  expect a at 1 = 0;
  expect a at 2 = [1, 0, 1];
  expect silent a at 0..1, 3..4;
  expect silent b;
  run 6;
"""
    (outcome,) = tested(f'{LEAKY} test "t" {{ {items} }}').values()
    assert outcome.passed, str(outcome)
    assert outcome.steps == 6


def test_a_difference_in_a_late_step(tested: Tester) -> None:
    items = "present p[1] at 1998..1999 = 1; expect a[1] at 2001 = 1; expect a[1] at 1500 = 1;"
    (outcome,) = tested(f'{LEAKY} test "t" {{ {items} }}').values()
    assert messages(outcome) == ["`a[1]` is silent in step 1500, expected a spike"]
    assert outcome.failure is not None
    assert outcome.failure.difference is not None
    assert outcome.failure.difference.frame is None
    assert outcome.failure.difference.phase is None


def test_weights_that_cannot_be_set(tested: Tester) -> None:
    text = f"{GATED} rule R {{ dw = 2*x0; range = 0..255; }} plastic W[2, 2] by R;"
    text += 'population a[2] : Gated; test "t" { set W[0, 1] = 3; expect silent a; }'
    (outcome,) = tested(text).values()
    assert messages(outcome) == ["no projection is tied to `W`"]
    assert outcome.steps == 0


def test_membranes_of_a_population_called_v(tested: Tester) -> None:
    text = f"""{GATED}
module M() {{ population v[2] : Gated {{ bias = 0; }} }}
instance net : M();
test "t" {{ expect silent net.v; expect net.v.v at 0 = 0; expect net.v[1].v at 1 = 0; }}
"""
    (outcome,) = tested(text).values()
    assert outcome.passed, str(outcome)


def test_arrays_are_numbers(tested: Tester) -> None:
    (outcome,) = tested(f'{COPY} test "t" {{ expect x at 1 = 1; }}').values()
    assert outcome.failure is not None
    assert outcome.failure.difference is not None
    assert not isinstance(outcome.failure.difference.found, np.generic)
