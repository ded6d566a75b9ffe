"""Whatever the weights: errors are bounded, exponents the best, and what is held stays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import sfc
from sfc.ir.integers import WEIGHT_EXPONENTS
from sfc.passes.rounding import split

SCALES = st.sampled_from([1e-3, 0.1, 1.0, 30.0, 1000.0, 1e5])
WEIGHTS = st.builds(
    lambda values, scale: np.array(values) * scale,
    st.lists(st.floats(-10, 10), max_size=30),
    SCALES,
)


def squared_error(weights: np.ndarray, quantised: sfc.Quantised) -> float:
    return float(np.square(quantised.weights - weights).sum())


@given(WEIGHTS, st.sampled_from([None, *WEIGHT_EXPONENTS]))
def test_errors_within_the_range_are_at_most_half_a_step(
    weights: np.ndarray, exponent: int | None
) -> None:
    quantised = sfc.quantise(weights, exponent=exponent)
    both = (weights < 0).any() and (weights > 0).any()
    low, high = (-256, 254) if both else (-255, 255)
    scale = 2.0**quantised.exponent
    inside = (low * scale <= weights) & (weights <= high * scale)
    errors = np.abs(quantised.weights - weights)
    assert (errors[inside] <= quantised.report.step / 2).all()
    assert quantised.report.saturated <= np.count_nonzero(~inside)
    assert quantised.report.largest_error == errors.max(initial=0)


@given(WEIGHTS)
def test_no_other_exponent_is_better(weights: np.ndarray) -> None:
    chosen = squared_error(weights, sfc.quantise(weights))
    for exponent in WEIGHT_EXPONENTS:
        assert chosen <= squared_error(weights, sfc.quantise(weights, exponent=exponent))


@given(
    st.sampled_from([range(256), range(-255, 1), range(-256, 255, 2)]),
    st.data(),
    st.sampled_from(WEIGHT_EXPONENTS),
)
def test_what_is_held_stays(mantissas: range, data: st.DataObject, exponent: int) -> None:
    values = data.draw(st.lists(st.sampled_from(mantissas), max_size=20))
    values += [-2, 2] if mantissas.step == 2 else []
    weights = np.array(values) * 2.0**exponent
    quantised = sfc.quantise(weights)
    assert (quantised.weights == weights).all()
    report = quantised.report
    assert (report.largest_error, report.relative_error, report.saturated) == (0, 0, 0)
    assert (report.zeroed, report.split) == (0, None)
    again = sfc.quantise(quantised.weights)
    assert again.exponent == quantised.exponent
    assert (again.mantissas == quantised.mantissas).all()


@given(WEIGHTS, st.floats(0, 1))
def test_a_proposed_split_is_nearer_and_no_dearer_than_allowed(
    weights: np.ndarray, extra: float
) -> None:
    report = sfc.quantise(weights, extra=extra).report
    if report.split is None:
        return
    coarse, fine = split(weights, report.split.coarse, report.split.fine)
    both = np.count_nonzero((coarse.mantissas != 0) & (fine.mantissas != 0))
    assert both == report.split.extra_synapses <= extra * report.synapses
    errors = np.abs(coarse.weights + fine.weights - weights)
    assert errors.max() == report.split.largest_error
    assert report.split.relative_error < report.relative_error


@given(WEIGHTS, st.floats(1, 100))
def test_clipping_only_lowers_magnitudes(weights: np.ndarray, clip: float) -> None:
    quantised = sfc.quantise(weights, clip=clip)
    kept = np.abs(quantised.weights) <= np.abs(weights) + quantised.report.step / 2
    assert kept.all()
