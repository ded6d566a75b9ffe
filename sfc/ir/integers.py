"""The integers that a Loihi neuron, synapse and rule can hold: one home for each limit.

A weight in weight units acts on the current times 64. Ranges after the Loihi register widths that
Lava and nengo-loihi publish: weight mantissa 8 bits (mixed sign loses the lowest), exponent; bias
13-bit signed mantissa times 2^(0..7) in units of 1/64; threshold 17-bit mantissa times 64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

UNIT = 64
"""State units (current, membrane) per weight unit."""

STATE_LIMIT = 2**23 - 1
"""Largest magnitude of the 24-bit signed current and membrane, in state units."""

THRESHOLD_LIMIT = 2**17 - 1
BIAS_MANTISSA = range(-(2**12), 2**12)
BIAS_EXPONENT_LIMIT = 7
REFRACTORY_LIMIT = 63
DECAY_LIMIT = 4096
DELAY_LIMIT = 62
WEIGHT_EXPONENTS = range(-6, 8)
TAG_RANGE = range(-256, 256)
TRACE_LIMIT = 127
IMPULSE_LIMIT = 127
COEFFICIENT_BITS = 8
"""A rule's coefficients are multiples of 2^-COEFFICIENT_BITS."""


@dataclass(frozen=True, slots=True)
class WeightRange:
    """The weights that an 8-bit mantissa in one sign mode, times 2^exponent, can take.

    Attributes:
        low, high: smallest and largest weight, in weight units.
        exponent: power of two that scales the mantissa.
        step: distance between neighbouring weights, in weight units.
    """

    low: int
    high: int
    exponent: int
    step: int


def plastic_range(low: int, high: int) -> WeightRange | None:
    """Returns how weights from `low` to `high` are held, or None if they cannot be.

    The sign mode follows from the ends: both signs -256..254 in steps of 2, excitatory 0..255,
    inhibitory -255..0; the exponent (0..7) is the smallest that reaches both ends.
    """
    if low > high:
        return None
    for exponent in range(8):
        scale = 2**exponent
        if low >= 0:
            mode_low, mode_high, step = 0, 255 * scale, scale
        elif high <= 0:
            mode_low, mode_high, step = -255 * scale, 0, scale
        else:
            mode_low, mode_high, step = -256 * scale, 254 * scale, 2 * scale
        if mode_low <= low and high <= mode_high:
            return (
                WeightRange(low, high, exponent, step) if not (low % step or high % step) else None
            )
    return None


@lru_cache(maxsize=1024)
def split_weight(value: float) -> tuple[int, int] | None:
    """Returns (mantissa, exponent) with mantissa in -255..255 and the smallest exponent, or None.

    Args:
        value: a constant weight in weight units; fractions down to 1/64 are held.
    """
    exact = Fraction(value)
    for exponent in WEIGHT_EXPONENTS:
        if exponent < 0 and exact.denominator == 1:
            continue
        mantissa = exact / Fraction(2) ** exponent
        if mantissa.denominator == 1 and abs(mantissa) <= 255:
            return int(mantissa), exponent
    return None


def mantissa_range(low: float, high: float) -> range:
    """Returns the mantissas that 8 bits hold for weights from `low` to `high`, by their signs.

    They are 0..255 or -255..0; with both signs -256..254, and the lowest bit is lost.
    """
    if low < 0 < high:
        return range(-256, 255, 2)
    return range(-255, 1) if low < 0 else range(256)


def mantissa_step(low: int, high: int) -> int | None:
    """Returns the distance between the mantissas of a projection from `low` to `high`, or None."""
    held = mantissa_range(low, high)
    return held.step if held[0] <= low and high <= held[-1] else None


def nearest_weight(value: float) -> float:
    """Returns the constant weight nearest to `value` that can be held, in weight units."""
    candidates = []
    for exponent in WEIGHT_EXPONENTS:
        mantissa = max(-255, min(255, round(value / 2.0**exponent)))
        candidates.append(mantissa * 2.0**exponent)
    return min(candidates, key=lambda candidate: abs(candidate - value))


def closing_weight(amount: float) -> int:
    """Returns the least whole weight that can be held and takes an amount away, or the largest.

    Args:
        amount: in weight units, above 0.
    """
    for exponent in WEIGHT_EXPONENTS:
        mantissa = max(1, math.ceil(amount / 2.0**exponent))
        if exponent >= 0 and mantissa <= 255:
            return int(mantissa * 2**exponent)
    return int(255 * 2 ** WEIGHT_EXPONENTS[-1])


def holds_bias(bias: int) -> bool:
    """Tells whether `bias` (weight units) is a 13-bit mantissa times 2^(0..7), in 1/64 units."""
    return any(
        bias * UNIT % 2**exponent == 0 and bias * UNIT // 2**exponent in BIAS_MANTISSA
        for exponent in range(BIAS_EXPONENT_LIMIT + 1)
    )


def nearest_bias(bias: int) -> int:
    """Returns the whole-numbered bias nearest to `bias` (weight units) that can be held."""
    low, high = -8192, 8190
    if not low <= bias <= high:
        return low if bias < low else high
    offset = next(d for d in range(64) if holds_bias(bias - d) or holds_bias(bias + d))
    return bias - offset if holds_bias(bias - offset) else bias + offset
