"""Real weights rounded to 8-bit mantissas times one power of two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sfc.diagnostics import fail
from sfc.ir.integers import WEIGHT_EXPONENTS, mantissa_range
from sfc.ir.limits import REAL_WEIGHT_LIMIT
from sfc.passes.quantise_report import QuantisationReport, Split

Reals = NDArray[np.float64]

_BY_PREFERENCE = sorted(WEIGHT_EXPONENTS, key=lambda exponent: (exponent < 0, abs(exponent)))
"""Exponents in the order in which they are taken where their errors are equal."""

EXTRA = 0.1
"""Share of the weights that may have two synapses when a projection is split."""


@dataclass(frozen=True, slots=True)
class Held:
    """Weights as the chip holds them.

    Attributes:
        mantissas: in the shape of the weights, within -256..255.
        exponent: the weights are mantissas * 2.0**exponent.
    """

    mantissas: NDArray[np.int16]
    exponent: int

    @property
    def weights(self) -> Reals:
        """The weights that are held, in weight units."""
        weights: Reals = self.mantissas * 2.0**self.exponent
        return weights


@dataclass(frozen=True, slots=True)
class Quantised(Held):
    """Weights as the chip holds them, and what the rounding costs."""

    report: QuantisationReport


def quantise(
    weights: ArrayLike,
    *,
    exponent: int | None = None,
    clip: float | None = None,
    extra: float = EXTRA,
) -> Quantised:
    """Rounds real weights to mantissas with one exponent, halves to even.

        quantised = sfc.quantise(layer)
        print(quantised.report)
        np.savez("weights.npz", w=quantised.mantissas)

    Args:
        weights: of any shape. Mantissas are 0..255 or -255..0; -256..254 in steps of 2 where both
            signs occur.
        exponent: -6..7; if not given, the one with the least squared error, and of equal ones that
            with the smaller largest error.
        clip: a percentile above 0, at most 100, of the magnitudes: those above it are set to it.
        extra: share of the weights, 0 to 1, that may have synapses in both halves of the split that
            the report proposes.

    Raises:
        SfcError: E0302 or E0305, the weights are no finite numbers up to 2^31, or an option is out
            of range.
    """
    check_options(exponent, clip, extra)
    values = _reals(weights)
    exponents = _BY_PREFERENCE if exponent is None else [exponent]
    limits = mantissa_range(values.min(initial=0), values.max(initial=0))
    clipped = _clipped(values, clip)
    chosen = _least_error(clipped, limits, exponents)
    held = _rounded(clipped, limits, chosen)
    unlimited = _multiples(clipped, limits.step, chosen)
    largest, relative = _errors(values, held.weights)
    report = QuantisationReport(
        synapses=int(np.count_nonzero(values)),
        exponent=chosen,
        step=limits.step * 2.0**chosen,
        largest_error=largest,
        relative_error=relative,
        saturated=int(np.count_nonzero((unlimited != held.mantissas) | (clipped != values))),
        zeroed=int(np.count_nonzero((held.mantissas == 0) & (values != 0))),
    )
    if relative > 0:
        report = replace(report, split=_helpful_split(values, limits, relative, extra))
    return Quantised(held.mantissas, chosen, report)


def split(values: Reals, coarse: int, fine: int) -> tuple[Held, Held]:
    """Returns two parts, by their exponents, whose sum is near to real weights.

    Weights in the range of the fine part are held by it alone. Of the others the coarse part holds
    a multiple of its step, rounded towards zero, and the fine part the rest.
    """
    limits = mantissa_range(values.min(initial=0), values.max(initial=0))
    multiples = _multiples(values, limits.step, fine)
    fits = (limits[0] <= multiples) & (multiples <= limits[-1])
    large = np.trunc(values / (limits.step * 2.0**coarse)) * limits.step
    held = np.where(fits, 0, np.clip(large, limits[0], limits[-1])).astype(np.int16)
    part = Held(held, coarse)
    return part, _rounded(values - part.weights, limits, fine)


def check_options(exponent: int | None, clip: float | None, extra: float) -> None:
    """Reports options of `quantise` that are out of range.

    Raises:
        SfcError: E0302.
    """
    low, high = WEIGHT_EXPONENTS[0], WEIGHT_EXPONENTS[-1]
    is_held = isinstance(exponent, int) and exponent in WEIGHT_EXPONENTS
    if exponent is not None and not is_held:
        fail("E0302", f"the exponent is {exponent!r}; it can be {low} to {high}")
    if clip is not None and not 0 < clip <= 100:
        fail("E0302", f"the percentile to clip at is {clip!r}; it can be above 0, up to 100")
    if not 0 <= extra <= 1:
        fail("E0302", f"the share of extra synapses is {extra!r}; it can be 0 to 1")


def _reals(weights: ArrayLike) -> Reals:
    try:
        array = np.asarray(weights)
    except ValueError:
        fail("E0305", "weights to quantise are an array of numbers, found rows of many lengths")
    if array.dtype.kind not in "iuf":
        fail("E0305", f"weights to quantise are real numbers, found {array.dtype}")
    with np.errstate(over="ignore"):
        values: Reals = array.astype(np.float64)
    if not (np.abs(values) <= REAL_WEIGHT_LIMIT).all():
        fail("E0302", "a weight to quantise is not a finite number of at most 2^31")
    return values


def _clipped(values: Reals, clip: float | None) -> Reals:
    """Returns weights with magnitudes up to the percentile of those that are not 0."""
    magnitudes = np.abs(values[values != 0])
    if clip is None or not magnitudes.size:
        return values
    bound = float(np.percentile(magnitudes, clip, method="inverted_cdf"))
    clipped: Reals = np.clip(values, -bound, bound)
    return clipped


def _multiples(values: Reals, step: int, exponent: int) -> Reals:
    """Returns the nearest mantissas, in whatever range they are."""
    multiples: Reals = np.rint(values / (step * 2.0**exponent)) * step
    return multiples


def _rounded(values: Reals, limits: range, exponent: int) -> Held:
    mantissas = np.clip(_multiples(values, limits.step, exponent), limits[0], limits[-1])
    return Held(mantissas.astype(np.int16), exponent)


def _least_error(values: Reals, limits: range, exponents: Iterable[int]) -> int:
    """Returns the exponent with the least squared error, then with the smaller largest error."""

    def cost(exponent: int) -> tuple[float, float]:
        errors = np.abs(_rounded(values, limits, exponent).weights - values)
        return float(np.square(errors).sum()), float(errors.max(initial=0))

    return min(exponents, key=cost)


def _holding(values: Reals, limits: range) -> int:
    """Returns the smallest exponent at which no weight saturates, the largest if there is none."""
    ends = np.array([values.min(initial=0), values.max(initial=0)])
    for exponent in WEIGHT_EXPONENTS:
        low, high = _multiples(ends, limits.step, exponent)
        if limits[0] <= low and high <= limits[-1]:
            return exponent
    return WEIGHT_EXPONENTS[-1]


def _errors(values: Reals, held: Reals) -> tuple[float, float]:
    """Returns the largest absolute error, and the rms of errors divided by that of the weights."""
    errors = np.abs(held - values)
    scale = np.abs(values).max(initial=0)
    if scale == 0:
        return 0.0, 0.0
    relative = np.linalg.norm(errors / scale) / np.linalg.norm(values / scale)
    return float(errors.max()), float(relative)


def _helpful_split(
    values: Reals, limits: range, relative_error: float, extra: float
) -> Split | None:
    """Returns the split with the least error among those nearer than one projection is."""
    coarse = _holding(values, limits)
    best = None
    for fine in range(WEIGHT_EXPONENTS[0], coarse):
        parts = split(values, coarse, fine)
        both = int(np.count_nonzero((parts[0].mantissas != 0) & (parts[1].mantissas != 0)))
        largest, relative = _errors(values, parts[0].weights + parts[1].weights)
        if relative < relative_error and both <= extra * np.count_nonzero(values):
            best, relative_error = Split(coarse, fine, largest, relative, both), relative
    return best
