"""The engines against values worked out by hand, on circuits small enough for that.

Membranes are in weight units; 64 state units are one of them. A spike of step t with delay d
arrives in step t + 1 + d. `cell` neurons have no memory unless a test says so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfc import Result, SfcError, Simulator, compile_text

pytestmark = pytest.mark.usefixtures("engine")


def made(text: str) -> Simulator:
    return Simulator(compile_text(f"sfc 1; {text}"))


def rows(pattern: str) -> list[list[int]]:
    """Returns what one generator does in each step, from a string such as "1 0 1"."""
    return [[int(bit)] for bit in pattern.split()]


def potential(result: Result, population: str = "a") -> list[float]:
    """Returns the membrane of a population's first neuron in every step."""
    return [float(value) for value in result.membrane[population][:, 0]]


def times(result: Result, population: str = "a") -> list[int]:
    """Returns the steps in which a population's first neuron spiked."""
    return [int(step) for step, neuron in result.events[population] if neuron == 0]


def response(
    settings: str, pattern: str, weight: object = 1, delay: int = 0, threshold: int = 131071
) -> Result:
    """Runs one neuron that one generator drives."""
    simulator = made(
        f"neuron Cell {{ threshold = {threshold}; {settings} }} input p; population a : Cell;"
        f"p -> a one_to_one weight {weight} delay {delay};"
    )
    return simulator.run({"p": rows(pattern)}, probes=["a", "a.v"])


# Spike and refractoriness


@pytest.mark.parametrize(("weight", "spikes"), [(10, []), (11, [1])])
def test_a_neuron_fires_above_its_threshold_and_not_at_it(weight: int, spikes: list[int]) -> None:
    result = response("", "1 0 0", weight, threshold=10)
    assert times(result) == spikes
    assert potential(result) == [0, weight, 0]


def test_one_state_unit_above_the_threshold_is_enough() -> None:
    simulator = made(
        "neuron Cell { threshold = 10; } input p, q; population a : Cell;"
        "p -> a one_to_one weight 10; q -> a one_to_one weight 1/64;"
    )
    drive = {"p": rows("1 1 0"), "q": rows("0 1 0")}
    result = simulator.run(drive, probes=["a", "a.v"])
    assert potential(result) == [0, 10, 10 + 1 / 64]
    assert times(result) == [2]


def test_threshold_zero_needs_more_than_nothing() -> None:
    assert times(response("", "0 0", threshold=0)) == []
    assert times(response("", "1 0", "1/64", threshold=0)) == [1]


@pytest.mark.parametrize(
    ("refractory", "spikes"),
    [(0, range(12)), (1, range(12)), (2, range(0, 12, 2)), (5, range(0, 12, 5))],
)
def test_refractory_r_gives_r_minus_1_silent_steps(refractory: int, spikes: range) -> None:
    """The bias alone fires it in every step in which it may."""
    simulator = made(
        f"neuron Cell {{ threshold = 0; bias = 1; refractory = {refractory}; }}population a : Cell;"
    )
    result = simulator.run(steps=12, probes=["a", "a.v"])
    assert times(result) == list(spikes)
    assert potential(result) == [1 if step in spikes else 0 for step in range(12)]


def test_the_membrane_stays_zero_while_refractory() -> None:
    """1, 2, 3 fires; two silent steps at 0; again 1, 2, 3."""
    simulator = made(
        "neuron Cell { threshold = 2; bias = 1; refractory = 3; decay_v = 0; }population a : Cell;"
    )
    result = simulator.run(steps=10, probes=["a", "a.v"])
    assert potential(result) == [1, 2, 3, 0, 0, 1, 2, 3, 0, 0]
    assert times(result) == [2, 7]


def test_the_current_goes_on_while_refractory() -> None:
    """A current that stays (decay_u = 0) fires it again as soon as it may: u = 8, then 16."""
    result = response("refractory = 3; decay_u = 0;", "1 1 0 0 0 0 0 0", 8, threshold=7)
    assert times(result) == [1, 4, 7]
    assert potential(result) == [0, 8, 0, 0, 16, 0, 0, 16]


def test_a_spike_resets_the_membrane_and_not_the_current() -> None:
    """u halves, v keeps its own: 1 fires, and so does every rest of it above 0.

    Driven by 2 with threshold 1: 2 fires, 0 + 1 does not, 1 + 0.5 fires, 0 + 0.25.
    """
    result = response("decay_u = 2048; decay_v = 0;", "1 0 0 0 0", threshold=0)
    assert potential(result) == [0, 1, 0.5, 0.25, 0.125]
    assert times(result) == [1, 2, 3, 4]
    result = response("decay_u = 2048; decay_v = 0;", "1 0 0 0 0", 2, threshold=1)
    assert potential(result) == [0, 2, 1, 1.5, 0.25]
    assert times(result) == [1, 3]


# Decay: sign(x) * ((|x| * (4096 - decay)) >> 12), in state units

DECAYS = [
    # One half: 64 32 16 8 4 2 1, and 1 * 2048 >> 12 = 0.
    (2048, [64, 32, 16, 8, 4, 2, 1, 0, 0]),
    # 64 * 4095 / 4096 = 63.98 is cut to 63: one is lost in every step.
    (1, [64, 63, 62, 61, 60, 59, 58, 57, 56]),
    # 64 * 3096 / 4096 = 48.38, 48: 36.28, 36: 27.21, 27: 20.41, 20: 15.12, 15: 11.34, 8.31, 6.05.
    (1000, [64, 48, 36, 27, 20, 15, 11, 8, 6]),
    # 1/4096: 64 * 1 >> 12 = 0.
    (4095, [64, 0, 0, 0, 0, 0, 0, 0, 0]),
    (0, [64] * 9),
    (4096, [64, 0, 0, 0, 0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("decay", "states"), DECAYS)
def test_decay_of_the_current(decay: int, states: list[int], sign: int) -> None:
    """With no memory in the membrane, v = u; negative values are cut towards zero too."""
    result = response(f"decay_u = {decay};", "1 0 0 0 0 0 0 0 0 0", sign)
    assert potential(result) == [0, *(sign * state / 64 for state in states)]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("decay", "states"), DECAYS)
def test_decay_of_the_membrane(decay: int, states: list[int], sign: int) -> None:
    """With no memory in the current, v is one pulse that decays."""
    result = response(f"decay_v = {decay};", "1 0 0 0 0 0 0 0 0 0", sign)
    assert potential(result) == [0, *(sign * state / 64 for state in states)]


@pytest.mark.parametrize("sign", [1, -1])
def test_both_decays(sign: int) -> None:
    """Halves: u = 64 32 16 8 4 2 1 0; v = 64, 32+32, 32+16, 24+8, 16+4, 10+2, 6+1, 3+0, 1."""
    result = response("decay_u = 2048; decay_v = 2048;", "1" + " 0" * 9, sign)
    states = [0, 64, 64, 48, 32, 20, 12, 7, 3, 1]
    assert potential(result) == [sign * state / 64 for state in states]


def test_no_decay_of_either_is_a_double_sum() -> None:
    """u = 1 1 2 2 2 from spikes at 0 and 2; v sums it: 1 2 4 6 8."""
    result = response("decay_u = 0; decay_v = 0;", "1 0 1 0 0 0")
    assert potential(result) == [0, 1, 2, 4, 6, 8]


def test_large_states_decay_without_overflow() -> None:
    """130560 * 64 = 8355840; * 4095 >> 12 = 8353800, as 8355840 / 4096 = 2040 exactly."""
    simulator = made(
        "neuron Cell { threshold = 131071; decay_v = 1; } input p[4]; population a : Cell;"
        "p -> a all_to_all weight 32640;"
    )
    result = simulator.run({"p": [[1] * 4, [0] * 4, [0] * 4]}, probes=["a.v"])
    assert potential(result) == [0, 130560, 8353800 / 64]


def test_bias() -> None:
    simulator = made(
        "neuron Cell { threshold = 1000; bias = 3; decay_v = 0; }"
        "population a : Cell; population b : Cell { bias = -5; decay_v = 2048; }"
        "population c : Cell { bias = -7; decay_v = 4096; decay_u = 0; }"
    )
    result = simulator.run(steps=6, probes=["a.v", "b.v", "c.v"])
    assert potential(result, "a") == [3, 6, 9, 12, 15, 18]
    # -320, -160 - 320, -240 - 320, -280 - 320, -300 - 320, -310 - 320: the bias is not in u.
    states = [-320, -480, -560, -600, -620, -630]
    assert potential(result, "b") == [state / 64 for state in states]
    assert potential(result, "c") == [-7] * 6


# 24 bits: 2^23 state units are 131072 weight units


def test_the_current_wraps() -> None:
    """u grows by 32640: the fifth time to 163200 = -98944 (mod 262144)."""
    result = response("decay_u = 0;", "1 1 1 1 1 0", 32640)
    assert potential(result) == [0, 32640, 65280, 97920, 130560, -98944]
    (overflow,) = result.overflows
    assert (overflow.quantity, overflow.count) == ("u", 1)
    assert (overflow.population, overflow.neuron, overflow.step) == ("a", 0, 5)


def test_the_current_wraps_below() -> None:
    """-163200 = 98944 (mod 262144), and a wrapped current goes on from there."""
    result = response("decay_u = 0;", "1 1 1 1 1 1", -32640)
    assert potential(result) == [0, -32640, -65280, -97920, -130560, 98944]


EDGES = [
    # 2^23 - 1 is the largest state, above the largest threshold (131071 * 64).
    (131072, -1, 131072 - 1 / 64, []),
    # 2^23 wraps to -2^23, which the membrane clips.
    (131072, 0, -(131072 - 1 / 64), ["u", "v"]),
    # -2^23 is a current but no membrane.
    (-131072, 0, -(131072 - 1 / 64), ["v"]),
    # -2^23 - 1 wraps to 2^23 - 1.
    (-131072, -1, 131072 - 1 / 64, ["u"]),
]


@pytest.mark.parametrize(("large", "small", "membrane", "overflows"), EDGES)
def test_the_edges_of_24_bits(
    large: int, small: int, membrane: float, overflows: list[str]
) -> None:
    simulator = made(
        "neuron Cell { threshold = 131071; } input p[8], q; population a : Cell;"
        f"p -> a all_to_all weight {large // 8}; q -> a one_to_one weight -1/64;"
    )
    result = simulator.run({"p": [[1] * 8] * 2, "q": [[-small]] * 2}, probes=["a", "a.v"])
    assert potential(result)[1] == membrane
    assert times(result) == ([1] if membrane > 0 else [])
    assert [overflow.quantity for overflow in result.overflows] == overflows


def test_the_membrane_is_clipped_above() -> None:
    """8190 a step: 131040 after 16, then 139230 is clipped, which still fires."""
    simulator = made(
        "neuron Cell { threshold = 131071; bias = 8190; decay_v = 0; } population a[2] : Cell;"
    )
    result = simulator.run(steps=18, probes=["a", "a.v"])
    assert potential(result)[15:] == [131040, 131072 - 1 / 64, 8190]
    assert times(result) == [16]
    (overflow,) = result.overflows
    assert (overflow.quantity, overflow.count, overflow.step) == ("v", 2, 16)


def test_the_membrane_is_clipped_below() -> None:
    """-8192 a step: -131072 after 16 is one unit too low, and so is every later step."""
    simulator = made(
        "neuron Cell { threshold = 0; bias = -8192; decay_v = 0; }"
        "population b : Cell { bias = 0; } population a : Cell;"
    )
    result = simulator.run(steps=20, probes=["a.v"])
    assert potential(result)[14:] == [-122880] + [-(131072 - 1 / 64)] * 5
    (overflow,) = result.overflows
    assert (overflow.quantity, overflow.count) == ("v", 5)
    assert (overflow.population, overflow.neuron, overflow.step) == ("a", 0, 15)


def test_a_current_that_wraps_far_is_still_an_overflow() -> None:
    """2048 weights of -32768 make -2^32 state units, 0 (mod 2^24)."""
    simulator = made(
        "neuron Cell { threshold = 1; } rule Still { dw = 0; range = -32768..32512; }"
        "input p[2048]; population a : Cell;"
        "plastic W[2048, 1] by Still init constant(value = -32768); p -> a via W;"
    )
    result = simulator.run({"p": np.ones((2, 2048), bool)}, probes=["a.v"])
    assert potential(result) == [0, 0]
    assert [overflow.quantity for overflow in result.overflows] == ["u"]


def test_no_overflow_is_reported_of_a_silent_step() -> None:
    """Refractory steps hold the membrane at 0, so nothing is clipped there."""
    simulator = made(
        "neuron Cell { threshold = 0; bias = -8192; refractory = 5; }"
        "input p, q[4]; population a : Cell;"
        "p -> a one_to_one weight 8256; q -> a all_to_all weight -32640;"
    )
    stimulus = {"p": rows("1 0 0"), "q": [[0] * 4, [1] * 4, [0] * 4]}
    result = simulator.run(stimulus, probes=["a", "a.v"])
    # Step 1: 8256 - 8192 = 64 fires. Step 2 would be -130560 - 8192, but is silent.
    assert times(result) == [1]
    assert potential(result) == [-8192, 64, 0]
    assert result.overflows == ()


# Delays and patterns


@pytest.mark.parametrize("delay", [0, 1, 2, 62])
def test_delay(delay: int) -> None:
    result = response("", "1" + " 0" * 65, 3, delay)
    assert np.flatnonzero(potential(result)).tolist() == [1 + delay]


@pytest.mark.parametrize("delay", [0, 1, 5, 62])
def test_many_spikes_in_flight(delay: int) -> None:
    pattern = "1 1 0 1 0 0 1 1 1" + " 0" * 70
    result = response("", pattern, 3, delay)
    arrivals = [t + 1 + delay for t in (0, 1, 3, 6, 7, 8)]
    assert np.flatnonzero(potential(result)).tolist() == arrivals


def test_projections_of_different_delay_between_two_populations() -> None:
    """Spikes at 0 and 3: with delay 0 at 1 and 4, with delay 3 at 4 and 7, with delay 62 at 63."""
    simulator = made(
        "neuron Cell { threshold = 100; } input p; population a : Cell;"
        "p -> a one_to_one weight 1; p -> a one_to_one weight 4 delay 3;"
        "p -> a one_to_one weight 16 delay 62;"
    )
    result = simulator.run({"p": rows("1 0 0 1" + " 0" * 61)}, probes=["a.v"])
    found = {step: value for step, value in enumerate(potential(result)) if value}
    assert found == {1: 1, 4: 5, 7: 4, 63: 16}


def test_patterns() -> None:
    """Of three generators the first and the last spike."""
    simulator = made(
        "neuron Cell { threshold = 100; } input p[3]; population a[3], b[3], c[2] : Cell;"
        "p -> a one_to_one weight 3; p -> b all_to_all weight 3; p -> c all_to_all weight -5;"
        "p -> b one_to_one weight -1;"
    )
    result = simulator.run({"p": [[1, 0, 1], [0, 0, 0]]}, probes=["a.v", "b.v", "c.v"])
    assert result.membrane["a"][1].tolist() == [3, 0, 3]
    assert result.membrane["b"][1].tolist() == [5, 6, 5]
    assert result.membrane["c"][1].tolist() == [-10, -10]


def test_fractional_weights() -> None:
    """0.5 + 0.5 is exactly the threshold 1; another 1/64 exceeds it."""
    simulator = made(
        "neuron Cell { threshold = 1; } input p[2], q; population a : Cell;"
        "p -> a all_to_all weight 0.5; q -> a one_to_one weight 1/64;"
    )
    stimulus = {"p": [[1, 0], [1, 1], [1, 1], [0, 0]], "q": rows("0 0 1 0")}
    result = simulator.run(stimulus, probes=["a", "a.v"])
    assert potential(result) == [0, 0.5, 1, 1 + 1 / 64]
    assert times(result) == [3]


def test_a_matrix_delivers_its_rows() -> None:
    """Neuron j gets the sum of w[i][j] over the generators i that spike."""
    simulator = made(
        "neuron Cell { threshold = 1000; } rule Still { dw = 0; range = -256..254; }"
        "input p[3]; population a[2] : Cell; plastic W[3, 2] by Still; p -> a via W delay 1;"
    )
    simulator.weights["W"] = [[2, -4], [8, 16], [32, -64]]
    result = simulator.run(
        {"p": [[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]]}, probes=["a.v"]
    )
    assert result.membrane["a"].tolist() == [[0, 0], [0, 0], [34, -68], [8, 16], [42, -52]]


# Gates

GATED = (
    "neuron Relay { threshold = 1024; ring = 9280; }"
    "neuron Gated { threshold = 1024; bias = -8192; refractory = 2; drive = 520; close = 8128; }"
    "chain g[4] : Relay ring; input p; population a : Gated;"
)


@pytest.mark.parametrize(
    ("level", "drive", "fires"),
    [
        ("", 512, False),
        ("", 513, True),
        ("above 0", 0, False),
        ("above 0", 1, True),
        ("above 1024", 1024, False),
        ("above 1024", 1025, True),
    ],
)
def test_a_gate_opens_above_its_level(level: str, drive: int, fires: bool) -> None:
    """drive - 8192 + (8192 + 1024 - level) > 1024 where drive > level; the default is 512."""
    large, small = drive // 512 * 512, drive % 512
    simulator = made(
        f"{GATED} phase 2 {{ open a {level}; present p; }}"
        f"p -> a one_to_one weight {large}; p -> a one_to_one weight {small};"
    )
    result = simulator.run({"p": [[1]]}, probes=["a", "a.v"])
    assert times(result) == ([2] if fires else [])
    opened = 1024 - {"": 512, "above 0": 0, "above 1024": 1024}[level]
    last = 0 if fires else -8192
    assert result.membrane["a"][0, :, 0].tolist() == [-8192, -8192, drive + opened, last]


def test_no_drive_fires_a_neuron_without_its_gate() -> None:
    """8192 + 1024 = 9216 is what it takes: 32 drives of 288."""
    simulator = made(
        f"{GATED} input q[32]; phase 1 {{ present q; }} phase 3 {{ present q; present p; }}"
        "q -> a all_to_all weight 288; p -> a one_to_one weight 1;"
    )
    result = simulator.run({"q": np.ones((1, 32), bool), "p": [[1]]}, probes=["a", "a.v"])
    assert result.membrane["a"][0, :, 0].tolist() == [-8192, 1024, -8192, 1025]
    assert times(result) == [3]


def test_closing_and_gating_by_a_population() -> None:
    """b opens a one step after it fires; a closing gate of 8128 then holds 64 + 520 back."""
    simulator = made(
        f"{GATED} population b : Gated; input q;"
        "phase 1 { open b; present q to b; } phase 2 { present p to a; } gate b -> a one_to_one;"
    )
    result = simulator.run({"p": [[1], [0], [1]], "q": [[1], [1], [0]]}, probes=["a", "b", "a.v"])
    assert times(result, "b") == [1, 5]
    assert times(result) == [2]
    assert result.membrane["a"][:, 2, 0].tolist() == [1032, 512, -8192 + 520]


@pytest.mark.parametrize(("ring", "turns"), [(101, True), (100, False)])
def test_a_ring_turns_if_its_weight_exceeds_the_threshold(ring: int, turns: bool) -> None:
    simulator = made(f"neuron Relay {{ threshold = 100; ring = {ring}; }} chain g[3] : Relay ring;")
    if turns:
        result = simulator.run(frames=2, probes=["g"])
        # The kick counts as a spike of step -1 and is not recorded.
        assert result.events["g"].tolist() == [[0, 1], [1, 2], [2, 0], [3, 1], [4, 2], [5, 0]]
    else:
        with pytest.raises(SfcError, match="E0706"):
            simulator.run(frames=2)


# Learning. `q` fires b in the step after it, `p` reaches b over W.

PLASTIC = (
    "neuron Cell {{ threshold = 1000; }} input p, q; population b : Cell;"
    "rule Update {{ {rule} }} plastic W[1, 1] by Update init constant(value = {start});"
    "p -> b via W delay {delay}; q -> b one_to_one weight 1024;"
)


def plastic(rule: str, start: int = 0, delay: int = 0) -> Simulator:
    return made(PLASTIC.format(rule=rule, start=start, delay=delay))


def course(simulator: Simulator, pre: str, post: str = "") -> list[int]:
    """Returns the weight after every step.

    Args:
        pre: what p does in each step.
        post: what b does in each step from the second on; q does it one step earlier.
    """
    inputs = {"p": rows(pre), "q": rows(post or "0" + " 0" * pre.count(" "))}
    found = []
    for step in range(len(inputs["p"])):
        simulator.run({name: row[step : step + 1] for name, row in inputs.items()})
        found.append(int(simulator.weights["W"][0, 0]))
    return found


@pytest.mark.parametrize("delay", [0, 3])
def test_a_spike_reads_the_weight_before_it_learns(delay: int) -> None:
    """Every spike of p adds 2 after it was sent: 10, 12, 14 arrive, whatever w is by then."""
    simulator = plastic("dw = 2*x0;", start=10, delay=delay)
    result = simulator.run({"p": rows("1 1 1 0 0 0 0")}, probes=["b.v"])
    expected = [0] * (1 + delay) + [10, 12, 14] + [0] * 6
    assert potential(result, "b") == expected[:7]
    assert simulator.weights["W"].tolist() == [[16]]


def test_coincidences() -> None:
    """x0 and y0 are this step's spikes, whatever the delay: p at 1 3 4, b at 1 2 4."""
    pre, post = "0 1 0 1 1 0", "1 1 0 1 0 0"
    assert course(plastic("dw = 2*x0*y0;", delay=7), pre, post) == [0, 2, 2, 2, 4, 4]
    assert course(plastic("dw = 2*x0;"), pre, post) == [0, 2, 2, 4, 6, 6]
    assert course(plastic("dw = 2*y0;"), pre, post) == [0, 2, 4, 4, 6, 6]
    assert course(plastic("dw = 2*x0 - 4*y0 + 8*x0*y0;"), pre, post) == [0, 6, 2, 4, 10, 10]


def test_every_synapse_learns_by_its_own_neurons() -> None:
    simulator = made(
        "neuron Cell { threshold = 0; } input p[3], q[2]; population b[2] : Cell;"
        "rule Update { dw = 2*x0*y0; } plastic W[3, 2] by Update;"
        "p -> b via W; q -> b one_to_one weight 1;"
    )
    simulator.run({"p": [[0, 0, 0], [1, 0, 1]], "q": [[0, 1], [0, 0]]})
    assert simulator.weights["W"].tolist() == [[0, 2], [0, 0], [0, 2]]


def test_terms_without_a_factor_of_one_side_change_whole_rows_or_columns() -> None:
    """p = 1 0 1 in the step in which b = 0 1 fires: each term where its own factors are not 0."""
    simulator = made(
        "neuron Cell { threshold = 0; } input p[3], q[2]; population b[2] : Cell;"
        "rule Update { dw = 2*x0*y0 + 8*x0 + 32*y0 - 2*w; } plastic W[3, 2] by Update;"
        "p -> b via W delay 9; q -> b one_to_one weight 1;"
    )
    simulator.weights["W"] = [[2, 4], [6, 8], [10, 12]]
    simulator.run({"p": [[0, 0, 0]], "q": [[0, 1]]})  # only -2w: all change their sign
    simulator.run({"p": [[1, 0, 1]], "q": [[0, 0]]})  # and again
    assert simulator.weights["W"].tolist() == [[10, 46], [6, 40], [18, 54]]


RAILS = [
    # 254 + 4 - 6 = 252; clipped after each product it would be 248.
    ("dw = 4*x0 - 6*x0*y0;", 254, 252),
    # -256 - 4 + 6 = -254; else -250.
    ("dw = 6*x0*y0 - 4*x0;", -256, -254),
    # Far beyond the rail and back in one sum.
    ("dw = 1000*x0 - 1000*y0 + 2*x0*y0;", 250, 252),
    ("dw = 2*x0*y0;", 254, 254),
    ("dw = 10*x0*y0;", 250, 254),
    ("dw = -2*x0*y0;", -256, -256),
    ("dw = -1000*x0*y0;", 0, -256),
    ("dw = 1000*x0*y0;", 0, 254),
    # Excitatory 0..255 and inhibitory -255..0, in steps of 1.
    ("dw = 10*x0*y0; range = 0..255;", 250, 255),
    ("dw = 1*x0*y0; range = 0..255;", 4, 5),
    ("dw = -10*x0*y0; range = 0..255;", 5, 0),
    ("dw = -10*x0*y0; range = -255..0;", -250, -255),
    ("dw = -1*x0*y0; range = -255..0;", -254, -255),
    ("dw = 10*x0*y0; range = -255..0;", -5, 0),
    # Narrower than the hardware's.
    ("dw = 10*x0*y0; range = -8..6;", 0, 6),
    ("dw = -10*x0*y0; range = -8..6;", 0, -8),
    ("dw = 10*x0*y0; range = 3..7;", 5, 7),
    # -512..508 in steps of 4: what is less than a step is cut towards zero.
    ("dw = 100*x0*y0; range = -512..508;", 500, 508),
    ("dw = -100*x0*y0; range = -512..508;", -500, -512),
    ("dw = 6*x0*y0; range = -512..508;", 0, 4),
    ("dw = -6*x0*y0; range = -512..508;", 0, -4),
    ("dw = 3*x0*y0; range = -512..508;", 100, 100),
    ("dw = -3*x0*y0; range = -512..508;", 100, 100),
    ("dw = 3*x0 + 1*y0; range = -512..508;", 100, 104),
    ("dw = 40000*x0*y0; range = -32768..32512;", 0, 32512),
    ("dw = -40000*x0*y0; range = -32768..32512;", 0, -32768),
    ("dw = 1000*x0*y0; range = 0..32640;", 128, 1024),
    # Fractional coefficients are summed before the sum is cut.
    ("dw = 0.5*x0 + 0.5*y0; range = 0..255;", 0, 1),
    ("dw = 0.75*x0 + 0.75*y0; range = 0..255;", 0, 1),
    ("dw = -0.75*x0 - 0.75*y0; range = 0..255;", 9, 8),
    ("dw = 0.5*x0 + 0.25*y0; range = 0..255;", 7, 7),
    ("dw = -0.5*x0 - 0.25*y0; range = 0..255;", 7, 7),
    ("dw = 255/256*x0 + 1/256*y0; range = 0..255;", 7, 8),
    # Steps of 2: 1.5 + 2.25 = 3.75 is cut to 2.
    ("dw = 1.5*x0 + 2.25*y0;", 0, 2),
    ("dw = -1.5*x0 - 2.25*y0;", 0, -2),
    ("dw = 1*x0*y0;", 0, 0),
]


@pytest.mark.parametrize(("rule", "start", "end"), RAILS)
def test_one_coincidence(rule: str, start: int, end: int) -> None:
    assert course(plastic(rule, start), "0 1 0", "1 0 0")[1:] == [end, end]


def test_terms_with_the_weight() -> None:
    """A quarter, cut to steps of 2: 254 - 62, 192 - 48, 144 - 36, 108 - 26, 82 - 20."""
    decaying = course(plastic("dw = -0.25*w*x0;", 254), "1 1 1 1 1 0")
    assert decaying == [192, 144, 108, 82, 62, 62]
    assert course(plastic("dw = -0.25*w*x0;", -254), "1 1 1 1 1 0") == [-x for x in decaying]
    # w^2 / 64: 16 + 4, 20 + 6.25, 26 + 10.56.
    rule = "dw = w**2*x0/64; range = 0..255;"
    assert course(plastic(rule, 16), "1 1 1 0") == [20, 26, 36, 36]


def test_terms_with_the_delay_and_constants() -> None:
    assert course(plastic("dw = d*x0; range = 0..255;", delay=7), "1 0 1") == [7, 7, 14]
    assert course(plastic("dw = d*d*x0 - 60*d*x0;", delay=62), "1 0 1") == [124, 124, 248]
    assert course(plastic("dw = 3; range = 0..255;", 249), "0 0 0") == [252, 255, 255]
    assert course(plastic("dw = -4 + 8*x0;"), "0 1 0") == [-4, 0, -4]


TRACES = [
    # exp(-1/20) = 0.9512: 16, 15.2, 14.3, 13.3, 12.4, 11.4.
    ("x1", 16, 20, "1 0 0 0 0 0", [16, 15, 14, 13, 12, 11]),
    # exp(-1/2) = 0.6065: 100, 60.65, 36.39, 21.8 + 100, 73.4 (of 121), 44.3 (of 73).
    ("x2", 100, 2, "1 0 0 1 0 0", [100, 60, 36, 121, 73, 44]),
    # Clipped at 127 and not beyond: 100, 95.1 + 100, 120.8 (of 127), 114.1 + 100.
    ("y1", 100, 20, "1 1 0 1 0 0", [100, 127, 120, 127, 120, 114]),
    # No time constant: forgotten at once.
    ("y2", 127, 0, "1 1 0 1 0 0", [127, 127, 0, 127, 0, 0]),
    # exp(-1/0.5) = 0.1353: 50, 6.77, 0.8.
    ("y3", 50, 0.5, "1 0 0 1 1 0", [50, 6, 0, 50, 56, 7]),
    # An impulse of 1 vanishes in one step whatever the time constant: floor(0.999...).
    ("x1", 1, 1000, "1 0 1 1 0 0", [1, 0, 1, 1, 0, 0]),
    ("x1", 0, 20, "1 0 1 1 0 0", [0, 0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize(("variable", "impulse", "tau", "spikes", "values"), TRACES)
def test_traces(variable: str, impulse: int, tau: float, spikes: str, values: list[int]) -> None:
    """dw = trace - w makes the weight a copy of the trace; b spikes one step after q."""
    rule = f"dw = {variable} - w; range = 0..255; trace {variable} impulse {impulse} tau {tau};"
    other = "0 1 1 0 0 1"
    if variable in ("x1", "x2"):
        assert course(plastic(rule), spikes, other) == values
    else:
        assert course(plastic(rule), other, spikes) == [0, *values[:-1]]


def test_two_traces_of_one_neuron_and_products_of_traces() -> None:
    """x1 = 8, 4, 2 (tau 1/ln 2, a little more), x2 = 3 in the step of the spike: 24 + 8, 0 + 4."""
    rule = (
        "dw = x1*x2 + x1 - w; range = 0..255;"
        "trace x1 impulse 8 tau 1.4427; trace x2 impulse 3 tau 0;"
    )
    assert course(plastic(rule), "1 0 0 0") == [32, 4, 2, 1]
    rule = "dw = x1*y1 - w; range = 0..255; trace x1 impulse 4 tau 0; trace y1 impulse 9 tau 2;"
    # b spikes in step 1: y1 = 9, 5, 3; p in steps 0, 2, 3.
    assert course(plastic(rule), "1 0 1 1", "1 0 0 0") == [0, 0, 20, 12]


def test_spike_timing_dependent_plasticity() -> None:
    """Pre before post adds the pre trace, post before pre subtracts the post trace."""
    rule = "dw = 2*x1*y0 - 2*y1*x0; trace x1 impulse 16 tau 20; trace y1 impulse 16 tau 20;"
    # p in step 0, b in step 3: x1 = 16 15 14 13; then +26.
    assert course(plastic(rule), "1 0 0 0 0", "0 0 1 0 0") == [0, 0, 0, 26, 26]
    # b in step 1, p in step 3: y1 = 16 15 14; then -28.
    assert course(plastic(rule), "0 0 0 1 0", "1 0 0 0 0") == [0, 0, 0, -28, -28]
    # Together they cancel, 32 - 32.
    assert course(plastic(rule), "0 1 0", "1 0 0") == [0, 0, 0]


def test_tags() -> None:
    """A tag gathers dt; in the same step dw still sees it as it was."""
    rule = "dw = t - w; dt = 3*x0 - y0;"
    # p at 0 1 3, b at 2 3: t = 3 6 5 7 7. One step later w goes there in steps of 2 that are cut
    # towards zero: 0 + 3, 2 + 4, 6 - 1, 6 + 1.
    assert course(plastic(rule), "1 1 0 1 0 0", "0 1 1 0 0 0") == [0, 2, 6, 6, 6, 6]
    # Clipped to -256..255.
    rule = "dw = t - w; dt = 200*x0; range = 0..255;"
    assert course(plastic(rule), "1 1 0 0") == [0, 200, 255, 255]
    rule = "dw = t - w; dt = -200*x0;"
    assert course(plastic(rule), "1 1 0 0") == [0, -200, -256, -256]
    # A decay of a quarter, cut towards zero: 10 - 2, 8 - 2, 6 - 1, 5 - 1, 4 - 1.
    rule = "dw = t - w; dt = 10*x0 - t/4; range = 0..255;"
    assert course(plastic(rule), "1 0 0 0 0 0 0") == [0, 10, 8, 6, 5, 4, 3]


def test_tags_turn_a_late_reward_into_a_change() -> None:
    """p and b coincide in phase 1, the reward comes in phase 4: the tag remembers."""
    simulator = made(
        "neuron Cell { threshold = 1000; ring = 1024; drive = 1024; } chain g[6] : Cell ring;"
        "input p, q; population b, c : Cell;"
        "rule Update { dw = 2*r0*t; dt = 5*x0*y0; } plastic W[1, 1] by Update;"
        "p -> c via W; phase 2 { present p; } phase 1 { present q to c; } phase 4 { reward r1; }"
    )
    # p spikes in phase 1 (it arrives in phase 2), and c in phase 1: t = 5, +10, then t = 10, +20.
    simulator.run({"p": [[1], [1], [1]], "q": [[1], [1], [0]]})
    assert simulator.weights["W"].tolist() == [[10 + 20 + 20]]


REWARDED = (
    "neuron Cell {{ threshold = 10; ring = 20; }} chain g[5] : Cell ring; input p;"
    "population b : Cell; rule Update {{ {rule} range = 0..255; }} plastic W[1, 1] by Update;"
    "p -> b via W; phase 2 {{ present p; }} phase 1 {{ reward r1; }} phase 3 {{ reward r1; }}"
)


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("dw = r0 - w;", [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]),
        ("dw = r1 - w;", [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]),
        # exp(-1/2): 60, 36.4, 21.8 + 60, 49.1, 29.7, 17.6 + 60, 46.7, 27.9 + 60, 52.8.
        ("dw = r1 - w; trace r1 impulse 60 tau 2;", [0, 60, 36, 81, 49, 29, 77, 46, 87, 52]),
        ("dw = 3*r0*r1 + r0;", [0, 4, 4, 8, 8, 8, 12, 12, 16, 16]),
    ],
)
def test_rewards(rule: str, values: list[int]) -> None:
    """Rewarded are phases 1 and 3 of 5, that is steps 1, 3, 6 and 8."""
    simulator = made(REWARDED.format(rule=rule))
    found = []
    for _ in values:
        simulator.run(steps=1)
        found.append(int(simulator.weights["W"][0, 0]))
    assert found == values


def test_a_reward_meets_the_spikes_of_its_step() -> None:
    """What arrives in phase 2 was sent in phase 1, which is rewarded: +2 for each sample."""
    simulator = made(REWARDED.format(rule="dw = 4*x0*r1 - 2*x0;"))
    simulator.run({"p": [[1], [0], [1]]})
    assert simulator.weights["W"].tolist() == [[4]]


# Tied copies

TIED = (
    "neuron Cell { threshold = 1000; } input p[2], q[3]; population a[3], c[3], d[2], e[2] : Cell;"
    "rule Update { dw = 2*x0 - 4*x0*y0; } plastic W[2, 3] by Update init uniform(-200, 200);"
    "p -> a via W; p -> c via -W; q -> d via W.T; q -> e via -W.T as back;"
    "input r[3]; r -> a one_to_one weight 1024;"
)


def test_tied_copies_start_with_sign_and_transpose() -> None:
    simulator = made(TIED)
    matrix = simulator.weights["W"]
    assert np.unique(matrix).size > 3
    assert (matrix % 2 == 0).all()
    for name, copy in {"p -> a": matrix, "p -> c": -matrix, "q -> d": matrix.T}.items():
        np.testing.assert_array_equal(simulator.weights[name], copy)
    np.testing.assert_array_equal(simulator.weights["back"], -matrix.T)


def test_first_weights_stay_in_the_range() -> None:
    """Constant 255 is cut to a step of 2; -256 has no opposite; nothing is below 0 where 0..255."""
    text = (
        "neuron Cell {{ threshold = 1; }} input p[2]; population a, b : Cell;"
        "rule Update {{ dw = 0; range = {0}; }}"
        "plastic W[2, 1] by Update init constant(value = {1}); p -> a via W; p -> b via -W;"
    )
    for weights, value, own, opposite in (
        ("-256..254", 255, 254, -254),
        ("-256..254", -255, -254, 254),
        ("-256..254", -256, -256, 254),
        ("-256..254", 10**6, 254, -254),
        ("0..255", 7.9, 7, 0),
        ("-255..0", -7.9, -7, 0),
        ("-512..508", 7, 4, -4),
    ):
        simulator = made(text.format(weights, value))
        assert simulator.weights["p -> a"].tolist() == [[own]] * 2
        assert simulator.weights["p -> b"].tolist() == [[opposite]] * 2


def test_setting_a_matrix_sets_its_tied_copies() -> None:
    simulator = made(TIED)
    matrix = np.array([[2, -4, 6], [8, 254, -254]])
    simulator.weights["W"] = matrix
    np.testing.assert_array_equal(simulator.weights["W"], matrix)
    np.testing.assert_array_equal(simulator.weights["p -> c"], -matrix)
    np.testing.assert_array_equal(simulator.weights["back"], -matrix.T)
    with pytest.raises(SfcError, match="E0704"):
        simulator.weights["W"] = matrix - 2  # -256 has no opposite
    np.testing.assert_array_equal(simulator.weights["W"], matrix)


@pytest.mark.parametrize(("kind", "value"), [(np.uint8, 2), (np.int8, -128), (np.int64, -128)])
def test_a_matrix_of_any_integers_keeps_its_sign(kind: type, value: int) -> None:
    simulator = made(TIED)
    simulator.weights["W"] = np.full((2, 3), value, kind)
    assert (simulator.weights["p -> a"] == value).all()
    assert (simulator.weights["p -> c"] == -value).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint64])
def test_small_integers_may_fill_a_matrix_of_large_steps(kind: type) -> None:
    """Steps of 256 are beyond 8 bits."""
    simulator = made(TIED.replace("4*x0*y0;", "4*x0*y0; range = -32768..32512;"))
    simulator.weights["W"] = np.zeros((2, 3), kind)
    assert not simulator.weights["p -> c"].any()
    with pytest.raises(SfcError, match="E0704"):
        simulator.weights["W"] = np.full((2, 3), 100, kind)


def test_the_extremes_of_16_bits_are_no_tie() -> None:
    """-32768 is not the opposite of itself."""
    simulator = made(TIED.replace("4*x0*y0;", "4*x0*y0; range = -32768..32512;"))
    for name in ("p -> a", "p -> c", "q -> d", "back"):
        simulator.weights[name] = np.full(simulator.weights[name].shape, -32768)
    with pytest.raises(SfcError, match="E0705"):
        simulator.weights["W"]


def test_a_tie_breaks_at_the_rail() -> None:
    """p alone adds 2, p with its target subtracts 2: a fires with p, c does not.

    W[0, 1] goes from -254 to -256, and its opposite from 254 to 254, where the rail holds it.
    """
    simulator = made(TIED)
    start = np.array([[0, -254, 100], [0, 0, 0]])
    simulator.weights["W"] = start
    simulator.weights["q -> d"] = [[0, 0], [-256, 0], [98, 0]]
    simulator.weights["back"] = [[0, 0], [256 - 2, 0], [-98, 0]]
    simulator.run({"r": [[0, 1, 1], [0, 0, 0]], "p": [[0, 0], [1, 0]]})
    # Neuron 0 of a did not fire: 0 + 2, and its opposite -0 + 2.
    assert simulator.weights["p -> a"].tolist() == [[2, -256, 98], [0, 0, 0]]
    assert simulator.weights["p -> c"].tolist() == [[2, 254, -98], [0, 0, 0]]
    with pytest.raises(SfcError, match="E0705") as caught:
        simulator.weights["W"]
    assert "2 of 6 weights differ" in str(caught.value)
    assert "[0, 0]: 2 and -2" in str(caught.value)
    assert simulator.weights["back"].tolist() == [[0, 0], [254, 0], [-98, 0]]


# Inputs in phases

PRESENTED = (
    "neuron Cell { threshold = 10; ring = 20; drive = 20; } chain g[3] : Cell ring;"
    "input p[2]; population a[2], b[2] : Cell;"
)
SAMPLES = {"p": [[1, 0], [0, 1], [1, 1]]}


def presented(phases: str) -> Result:
    return made(PRESENTED + phases).run(SAMPLES, probes=["a", "b", "a.v", "p"])


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_an_input_arrives_in_its_phase(phase: int) -> None:
    result = presented(f"phase {phase} {{ present p to a; }}")
    assert result.events["a"].tolist() == [
        [phase, 0], [3 + phase, 1], [6 + phase, 0], [6 + phase, 1]
    ]  # fmt: skip
    assert result.spikes["a"].any(axis=2).tolist() == [[k == phase for k in range(3)]] * 3
    assert result.spikes["a"][:, phase].tolist() == SAMPLES["p"]
    # It is sent one step earlier, for phase 0 of the first frame in the step before the run.
    sent = [phase - 1, phase + 2, phase + 5, phase + 5]
    assert result.events["p"][:, 0].tolist() == [step for step in sent if step >= 0]


def test_an_input_in_two_phases_and_to_two_populations() -> None:
    result = presented("phase 0 { present p to a; } phase 2 { present p to a, b; }")
    assert times(result) == [0, 2, 6, 8]
    assert times(result, "b") == [2, 8]
    assert result.events["b"].tolist() == [[2, 0], [5, 1], [8, 0], [8, 1]]


def test_an_input_in_adjacent_phases() -> None:
    """In the last phase of a frame and the first of the next: each has its own sample."""
    result = presented("phase 0, 1, 2 { present p to a; }")
    assert result.events["a"][:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 8, 8]


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_the_delay_of_an_input_counts_from_its_phase(phase: int) -> None:
    """A sample may arrive in the next frame; the last one does not arrive in this run."""
    result = presented(f"p -> a one_to_one weight 20 delay 4; phase {phase} {{ present p; }}")
    arrivals = [step for step in (phase + 4, phase + 10) if step < 9]
    assert times(result) == arrivals


def test_an_input_may_be_left_out() -> None:
    simulator = made(PRESENTED + "phase 1 { present p to a; }")
    result = simulator.run(frames=2, probes=["a"])
    assert times(result) == []
    assert result.steps == 6


# Chains and frames

CHAIN = "neuron Cell { threshold = 10; ring = 20; drive = 20; } input p; population a, b : Cell;"


def test_an_open_chain_is_kicked_once_a_frame() -> None:
    simulator = made(f"{CHAIN} chain g[3] : Cell; phase 2 {{ present p to a; }}")
    result = simulator.run({"p": [[1], [0], [1]]}, probes=["g", "a"])
    assert result.events["g"].tolist() == [[0, 1], [1, 2], [3, 1], [4, 2], [6, 1], [7, 2]]
    assert times(result) == [2, 8]
    assert result.frame_starts.tolist() == [0, 3, 6]
    assert list(result.phase_of_step) == [("g", 0), ("g", 1), ("g", 2)] * 3


def test_an_open_chain_is_one_shot_in_a_run_by_steps() -> None:
    simulator = made(f"{CHAIN} chain g[3] : Cell;")
    result = simulator.run(steps=8, probes=["g"])
    assert result.events["g"].tolist() == [[0, 1], [1, 2]]
    assert list(result.phase_of_step) == [("g", 0), ("g", 1), ("g", 2)] + [None] * 5
    result = simulator.run(frames=1, probes=["g"])
    assert result.events["g"].tolist() == [[0, 1], [1, 2]]
    assert (result.steps, result.frame_starts.tolist()) == (3, [0])


def test_two_rings_of_different_length() -> None:
    """The first ring makes the frames (3 steps); phases of the other come around every 4.

    k[0] spikes in steps -1, 3, 7 and 11, so its phase 0 is steps 0, 4, 8 of frames 0, 1, 2, and
    its phase 1 is steps 1, 5, 9, sent in steps 0, 4, 8.
    """
    simulator = made(
        f"{CHAIN} chain g[3] : Cell ring; chain k[4] : Cell ring;"
        "phase k[0] { present p to a; } phase k[1] { present p to b; }"
    )
    result = simulator.run({"p": [[1], [0], [1], [1]]}, probes=["g", "k", "a", "b"])
    assert result.frame_starts.tolist() == [0, 3, 6, 9]
    assert times(result) == [0, 8]
    assert times(result, "b") == [1, 9]
    assert result.events["g"][:, 1].tolist() == [1, 2, 0] * 4
    assert result.events["k"][:, 1].tolist() == [1, 2, 3, 0] * 3


def test_an_open_chain_beside_a_ring() -> None:
    """Kicked at the start of every frame of the ring, even while it still runs."""
    simulator = made(f"{CHAIN} chain g[4] : Cell ring; chain k[6] : Cell;")
    result = simulator.run(frames=2, probes=["k"])
    first = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]
    second = [[4, 1], [5, 2], [6, 3], [7, 4]]
    assert result.events["k"].tolist() == sorted(first + second)


def test_an_open_frame_lasts_as_long_as_the_longest_chain() -> None:
    simulator = made(f"{CHAIN} chain g[2] : Cell; chain k[5] : Cell;")
    result = simulator.run(frames=2, probes=["g", "k"])
    assert result.frame_starts.tolist() == [0, 5]
    assert result.events["g"].tolist() == [[0, 1], [5, 1]]
    assert result.events["k"].tolist() == [[t + 5 * f, t + 1] for f in (0, 1) for t in range(4)]


def test_a_run_by_frames_finishes_the_frame_under_way() -> None:
    """Six steps end in the middle of frame 1; its other two steps have no sample."""
    simulator = made(f"{CHAIN} chain g[4] : Cell ring; phase 0, 3 {{ present p to a; }}")
    simulator.run({"p": [[1]]})
    assert simulator.step == 4
    assert times(simulator.run(steps=2, probes=["a"])) == []
    result = simulator.run({"p": [[1], [1]]}, probes=["a", "g"])
    assert result.steps == 10
    assert result.frame_starts.tolist() == [2, 6]
    assert times(result) == [2, 5, 6, 9]
    assert list(result.phase_of_step) == [("g", k % 4) for k in range(2, 12)]
    assert (simulator.step, simulator.frame) == (16, 4)


def test_counts_by_step_of_the_frame() -> None:
    """A run may begin and end inside a frame; a ring's kick is not counted."""
    simulator = made(f"{CHAIN} chain g[4] : Cell ring; phase 1 {{ present p to a; }}")
    counts = simulator.run({"p": [[1], [0], [1]]}, counts=True).spike_counts
    assert counts["a"].tolist() == [0, 2, 0, 0]
    assert counts["g[0]"].tolist() == [0, 0, 0, 3]
    assert counts["g"].tolist() == [3, 3, 3, 3]
    simulator.run(steps=2)  # phases 0 and 1; the next five are 2, 3, 0, 1, 2
    counts = simulator.run(steps=5, counts=True).spike_counts
    assert counts["g"].tolist() == [1, 1, 2, 1]


# Runs in parts

EVERYTHING = (
    "neuron Cell { threshold = 30; bias = 2; refractory = 3; decay_u = 900; decay_v = 400;"
    "  ring = 200; drive = 60; }"
    "neuron Relay { threshold = 100; ring = 200; }"
    "chain g[5] : Relay ring; chain k[3] : Relay; input p[3]; population a[3], b[2] : Cell;"
    "rule Update { dw = 2*x1*y0 - y1*x0 + t*r1 - w/16; dt = x0 + y0 - t/8;"
    "  trace x1 impulse 40 tau 3; trace y1 impulse 20 tau 5; trace r1 impulse 3 tau 2; }"
    "plastic W[3, 2] by Update init uniform(0, 60);"
    "a -> b via W delay 3; b -> a via W.T; a -> a one_to_one weight -3 delay 11;"
    "phase g[0] { present p to a; } phase g[3] { present p to a; reward r1; }"
)
BITS = np.random.default_rng(5).random((12, 3)) < 0.6


def trail(simulator: Simulator, parts: list[Result]) -> tuple[object, ...]:
    """Returns spikes of all parts with steps that go on, and the weights in the end."""
    events = {}
    for name in ("a", "b", "g", "k"):
        starts = np.cumsum([0, *(part.steps for part in parts)])
        shifted = [
            part.events[name] + [[start, 0]] for part, start in zip(parts, starts, strict=False)
        ]
        events[name] = np.concatenate(shifted).tolist()
    weights = {name: array.tolist() for name, array in simulator.plastic_weights().items()}
    return events, weights


PROBES = ("a", "b", "g", "k")


def test_without_learning_nothing_is_learned() -> None:
    """Nor do tags change: afterwards the weights are as if that run had only moved the neurons."""
    simulator = made(EVERYTHING)
    before = simulator.plastic_weights()
    result = simulator.run({"p": BITS}, learn=False, probes=PROBES)
    assert result.events["b"].size > 0
    for name, array in simulator.plastic_weights().items():
        np.testing.assert_array_equal(array, before[name])
    simulator.run({"p": BITS})
    assert any((array != before[name]).any() for name, array in simulator.plastic_weights().items())


def test_traces_go_on_without_learning() -> None:
    """floor(64 exp(-1/2)) = 38, 23, 13: the last is learned, though the first were not."""
    simulator = plastic("dw = x1 - w; range = 0..255; trace x1 impulse 64 tau 2;")
    simulator.run({"p": rows("1 0 0"), "q": rows("0 0 0")}, learn=False)
    assert simulator.weights["W"].tolist() == [[0]]
    simulator.run({"p": rows("0"), "q": rows("0")})
    assert simulator.weights["W"].tolist() == [[13]]


@pytest.mark.parametrize("split", [1, 4, 11])
def test_two_runs_equal_one(split: int) -> None:
    whole, halves = made(EVERYTHING), made(EVERYTHING)
    once = [whole.run({"p": BITS}, probes=PROBES)]
    twice = [halves.run({"p": part}, probes=PROBES) for part in (BITS[:split], BITS[split:])]
    assert trail(halves, twice) == trail(whole, once)


def test_single_steps_equal_one_run() -> None:
    """A ring makes frames in runs by steps too, with which the open chain is kicked."""
    whole, single = made(EVERYTHING), made(EVERYTHING)
    whole.run({"p": BITS[:6]})
    single.run({"p": BITS[:6]})
    once = [whole.run(frames=3, probes=PROBES)]
    steps = [single.run(steps=1, probes=PROBES) for _ in range(15)]
    assert trail(single, steps) == trail(whole, once)


@pytest.mark.parametrize("steps", range(11))
def test_loading_goes_on_where_saving_stopped(steps: int, tmp_path: Path) -> None:
    """Also inside a frame, with spikes in flight, traces, tags and refractory neurons."""
    simulator = made(EVERYTHING)
    simulator.run({"p": BITS[:5]})
    simulator.run(steps=steps)
    simulator.save(tmp_path / "a.npz")
    loaded = Simulator.load(tmp_path / "a.npz")
    assert (loaded.step, loaded.frame) == (simulator.step, simulator.frame)
    assert loaded.circuit == simulator.circuit
    ways = []
    for one in (simulator, loaded):
        ways.append(trail(one, [one.run({"p": BITS[5:]}, probes=PROBES)]))
    assert ways[0] == ways[1]


def test_saving_before_the_first_step_keeps_the_kick(tmp_path: Path) -> None:
    simulator = made(EVERYTHING)
    simulator.save(tmp_path / "a.npz")
    loaded = Simulator.load(tmp_path / "a.npz")
    assert loaded.run(steps=2, probes=["g"]).events["g"].tolist() == [[0, 1], [1, 2]]


# What is recorded


def test_a_population_may_be_probed_twice() -> None:
    simulator = made("neuron Cell { threshold = 100; bias = 1; } population a : Cell;")
    assert potential(simulator.run(steps=3, probes=["a.v", "a.v"])) == [1, 1, 1]


def test_a_probe_of_several_phases() -> None:
    """(frames, k, n), where the run goes through the k phases in turn; else there is no answer."""
    text = f"{CHAIN} chain g[4] : Cell ring; phase 1 {{ present p to a; }} probe a.v at 1, 3;"
    simulator = made(text)
    result = simulator.run({"p": [[1], [0], [1]]})
    assert result.membrane["a"][:, :, 0].tolist() == [[20, 0], [0, 0], [20, 0]]
    assert simulator.run(steps=8).membrane["a"].shape == (2, 2, 1)


@pytest.mark.parametrize("steps", [4, 6])
def test_a_probe_of_several_phases_needs_them_in_turn(steps: int) -> None:
    """From phase 2 on it meets phases 3 and 1, or 3, 1 and 3."""
    simulator = made(f"{CHAIN} chain g[4] : Cell ring; probe a.v at 1, 3;")
    simulator.run(steps=2)
    result = simulator.run(steps=steps)
    with pytest.raises(SfcError, match="E0708"):
        result.membrane["a"]


def test_a_probe_of_several_phases_of_a_chain_that_makes_no_frames() -> None:
    """k[1] and k[3] come in steps 1 3 5 7 9 11, six rows in four frames: no array has them."""
    simulator = made(
        f"{CHAIN} chain g[3] : Cell ring; chain k[4] : Cell ring; probe a.v at k[1], k[3];"
    )
    result = simulator.run(frames=4)
    with pytest.raises(SfcError, match="E0708"):
        result.membrane["a"]


def test_readouts_and_probes_are_of_the_frames_that_begin_in_the_run() -> None:
    """A run that first finishes a frame still has a row for each of its samples, and no other."""
    simulator = made(
        f"{CHAIN} chain g[4] : Cell ring; phase 3 {{ present p to a; }}"
        "probe a.v at 3; readout a at 3 against p;"
    )
    simulator.run(steps=2)
    result = simulator.run({"p": [[1], [0], [1]]})
    assert result.readout.spikes[:, 0].tolist() == [True, False, True]
    assert result.readout.membrane[:, 0].tolist() == [20, 0, 20]
    assert result.membrane["a"][:, 0].tolist() == [20, 0, 20]
