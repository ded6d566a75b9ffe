"""The integers that the hardware holds: weights, biases, ranges of plastic weights."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfc.ir.integers import (
    WEIGHT_EXPONENTS,
    holds_bias,
    nearest_bias,
    nearest_weight,
    plastic_range,
    split_weight,
)

HELD = {m * 2.0**e for m in range(-255, 256) for e in WEIGHT_EXPONENTS}


@pytest.mark.parametrize(
    ("value", "split"),
    [
        (0, (0, 0)),
        (1, (1, 0)),
        (-1, (-1, 0)),
        (255, (255, 0)),
        (-255, (-255, 0)),
        (256, (128, 1)),
        (520, (130, 2)),
        (-520, (-130, 2)),
        (8704, (136, 6)),
        (9280, (145, 6)),
        (8128, (254, 5)),
        (-8128, (-254, 5)),
        (9216, (144, 6)),
        (32640, (255, 7)),
        (0.5, (32, -6)),
        (-0.75, (-48, -6)),
        (1 / 64, (1, -6)),
        (255 / 64, (255, -6)),
        (255.0, (255, 0)),
        (127.5, (255, -1)),
    ],
)
def test_weight_is_split_with_the_smallest_exponent(value: float, split: tuple[int, int]) -> None:
    assert split_weight(value) == split
    mantissa, exponent = split
    assert mantissa * 2.0**exponent == value


@pytest.mark.parametrize(
    "value", [257, 8705, 8127, -8129, 32641, 32768, -65280, 1 / 128, 0.1, 255.5, 1e9, -1e30]
)
def test_weight_that_no_mantissa_holds(value: float) -> None:
    assert split_weight(value) is None
    assert nearest_weight(value) in HELD


def test_split_weight_finds_exactly_the_weights_that_are_held() -> None:
    for sixty_fourths in range(-40_000, 40_001, 7):
        value = sixty_fourths / 64
        assert (split_weight(value) is not None) == (value in HELD), value


@settings(deadline=None, derandomize=True, database=None)
@given(st.floats(-40_000, 40_000))
def test_nearest_weight_is_nearest(value: float) -> None:
    near = nearest_weight(value)
    assert near in HELD
    assert abs(near - value) == min(abs(held - value) for held in HELD)


@pytest.mark.parametrize(
    ("value", "near"), [(8705, 8704), (8127, 8128), (515, 516), (10**6, 32640), (-(10**6), -32640)]
)
def test_nearest_weight(value: float, near: float) -> None:
    assert nearest_weight(value) == near


@pytest.mark.parametrize("bias", [0, 1, -1, 65, -127, 4095, -4096, 4096, -8190, 8190, -8192])
def test_bias_that_is_held(bias: int) -> None:
    assert holds_bias(bias)
    assert nearest_bias(bias) == bias


@pytest.mark.parametrize("bias", [4097, -4097, 5001, -8191, 8191, 8192, -8194, -8193, 10**9])
def test_bias_that_is_not_held(bias: int) -> None:
    assert not holds_bias(bias)
    assert holds_bias(nearest_bias(bias))


def test_biases_are_held_by_13_bits_times_a_power_of_two() -> None:
    held = {m * 2**e for m in range(-(2**12), 2**12) for e in range(8)}
    for bias in range(-9000, 9001):
        assert holds_bias(bias) == (bias * 64 in held), bias


@pytest.mark.parametrize(
    ("low", "high", "exponent", "step"),
    [
        (-256, 254, 0, 2),
        (-100, 100, 0, 2),
        (0, 255, 0, 1),
        (-255, 0, 0, 1),
        (0, 0, 0, 1),
        (0, 256, 1, 2),
        (0, 510, 1, 2),
        (-510, 0, 1, 2),
        (-512, 508, 1, 4),
        (-256, 256, 1, 4),
        (0, 32640, 7, 128),
        (-32768, 32512, 7, 256),
        (10, 20, 0, 1),
        (-20, -10, 0, 1),
    ],
)
def test_plastic_range(low: int, high: int, exponent: int, step: int) -> None:
    weights = plastic_range(low, high)
    assert weights is not None
    assert (weights.low, weights.high) == (low, high)
    assert (weights.exponent, weights.step) == (exponent, step)
    assert low % step == high % step == 0


@pytest.mark.parametrize(
    ("low", "high"),
    [(1, 0), (254, -256), (-255, 255), (-1, 1), (0, 257), (0, 32641), (-32769, 0), (-1, 32640)],
)
def test_range_that_no_mantissa_and_exponent_hold(low: int, high: int) -> None:
    assert plastic_range(low, high) is None
