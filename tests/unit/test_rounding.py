"""Rounding weights to mantissas: worked out by hand, and refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import sfc
from sfc.ir.integers import mantissa_range, mantissa_step
from sfc.passes.quantise_report import QuantisationReport, Split
from sfc.passes.rounding import split


def code(*arguments: object, **options: object) -> str:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.quantise(*arguments, **options)  # type: ignore[arg-type]
    return caught.value.diagnostics[0].code


def test_halves_go_to_even_mantissas() -> None:
    quantised = sfc.quantise([[0.5, 1.5, 2.5], [3.5, 0, 255]])
    assert quantised.mantissas.tolist() == [[0, 2, 2], [4, 0, 255]]
    assert quantised.mantissas.dtype == np.int16
    assert quantised.exponent == 0
    squares = 0.25 + 2.25 + 6.25 + 12.25 + 255**2
    assert quantised.report == QuantisationReport(
        synapses=5,
        exponent=0,
        step=1.0,
        largest_error=0.5,
        relative_error=pytest.approx(math.sqrt(1 / squares)),
        saturated=0,
        zeroed=1,
        split=Split(0, -6, 0.0, 0.0, 0),
    )


def test_both_signs_have_even_mantissas() -> None:
    weights = [-300, -256.9, -255, -1, 1, 3, 254.9, 255]
    quantised = sfc.quantise(weights, exponent=0)
    assert quantised.mantissas.tolist() == [-256, -256, -256, 0, 0, 4, 254, 254]
    report = quantised.report
    assert (report.step, report.largest_error) == (2.0, 44.0)
    assert (report.saturated, report.zeroed) == (2, 2)


def test_inhibition_alone_has_all_mantissas() -> None:
    quantised = sfc.quantise([-1, -3, -255, -256], exponent=0)
    assert quantised.mantissas.tolist() == [-1, -3, -255, -255]
    assert (quantised.report.step, quantised.report.saturated) == (1.0, 1)


def test_the_step_is_the_mantissas_times_the_power_of_two() -> None:
    quantised = sfc.quantise([3.0, -1.3], exponent=-3)
    assert quantised.mantissas.tolist() == [24, -10]
    assert quantised.weights.tolist() == [3.0, -1.25]
    assert quantised.report.step == 0.25
    assert quantised.report.relative_error == pytest.approx(0.05 / math.sqrt(9 + 1.69))


def test_of_equal_squared_errors_the_smaller_largest_error_counts() -> None:
    # Times 2^0, 260 saturates with an error of 5; times 2^1 each of the 25 odd ones is wrong by 1.
    weights = [260, *range(1, 50, 2)]
    assert sfc.quantise(weights).exponent == 1
    assert sfc.quantise(weights).report.largest_error == 1
    assert sfc.quantise([260, *range(1, 48, 2)]).exponent == 1
    assert sfc.quantise([260, *range(1, 52, 2)]).exponent == 0


def test_what_many_exponents_hold_takes_the_plain_one() -> None:
    assert sfc.quantise([4, 8]).exponent == 0
    assert sfc.quantise([4, 8.5]).exponent == -1
    assert sfc.quantise([-400, 800]).exponent == 2
    assert sfc.quantise([0.0, 0.0]).report == QuantisationReport(0, 0, 1.0, 0.0, 0.0, 0, 0)
    assert sfc.quantise(np.zeros((0, 3))).mantissas.shape == (0, 3)


def test_clipping_saturates_outliers_beforehand() -> None:
    weights = [*range(1, 101), 1000]
    quantised = sfc.quantise(weights, clip=99)
    assert quantised.exponent == 0
    assert quantised.mantissas.tolist() == [*range(1, 101), 100]
    assert (quantised.report.saturated, quantised.report.largest_error) == (1, 900)
    assert sfc.quantise(weights, clip=100).mantissas.tolist() == (
        sfc.quantise(weights).mantissas.tolist()
    )


def test_zeros_do_not_enter_the_percentile() -> None:
    assert sfc.quantise([0] * 100 + [1, 2], clip=50).mantissas.tolist() == [0] * 100 + [1, 1]


def test_a_split_holds_an_outlier_apart() -> None:
    # One projection: times 2^2, 1, 2 and 3.5 become 0, 0 and 4, 1000 is held.
    report = sfc.quantise([1000, 1, 2, 3.5]).report
    assert (report.exponent, report.zeroed, report.largest_error) == (2, 2, 2)
    assert report.split == Split(2, -6, 0.0, 0.0, 0)
    coarse, fine = split(np.array([1000, 1, 2, 3.5]), 2, -6)
    assert coarse.mantissas.tolist() == [250, 0, 0, 0]
    assert fine.mantissas.tolist() == [0, 64, 128, 224]


def test_a_split_counts_what_needs_two_synapses() -> None:
    weights = [1001, 1, 2, 3.5]
    spared = sfc.quantise(weights, extra=0).report.split
    assert spared is not None
    assert (spared.extra_synapses, spared.coarse) == (0, 2)
    assert spared.largest_error == 1
    both = sfc.quantise(weights, extra=0.25).report.split
    assert both == Split(2, -6, 0.0, 0.0, 1)


def test_a_split_of_both_signs_leaves_rests_of_the_same_sign() -> None:
    coarse, fine = split(np.array([-1003.0, 1003.0, -5.0]), 2, -2)
    assert coarse.weights.tolist() == [-1000, 1000, 0]
    assert fine.weights.tolist() == [-3, 3, -5]


def test_nothing_is_split_that_one_projection_holds() -> None:
    assert sfc.quantise([1, 2, 255]).report.split is None


def test_a_report_prints_and_has_a_json_form() -> None:
    split = Split(2, -6, 0.125, 0.00123, 7)
    report = QuantisationReport(
        1200, 2, 4.0, 2.0, 0.0456, 3, 40, split, False, "a -> b", "b", 13, tuple(range(12))
    )
    assert str(report).splitlines() == [
        "a -> b: 1,200 weights",
        "  multiples of 4 (mantissas times 2^2), error 4.56 % of the rms, at most 2",
        "  3 saturated, 40 rounded to 0",
        "  13 neurons of b can no longer reach their threshold: "
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …",
        "  two projections, times 2^2 and 2^-6, would leave 0.123 % of the rms, at most 0.125; "
        "7 weights are in both",
    ]
    record = json.loads(json.dumps(report.record()))
    assert record["split"]["extra_synapses"] == 7
    assert record["first_silenced"] == list(range(12))
    assert record["relative_error"] == 0.0456


@pytest.mark.parametrize("kind", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g", "<i2", ">u4"])
def test_every_kind_of_number_is_taken(kind: str) -> None:
    assert sfc.quantise(np.array([1, 2, 100], kind)).mantissas.tolist() == [1, 2, 100]


@pytest.mark.parametrize(
    ("weights", "wanted"),
    [
        ([1, math.nan], "E0302"),
        ([1, -math.inf], "E0302"),
        ([2.0**32], "E0302"),
        (np.array([np.finfo("g").max], "g"), "E0302"),
        ([1j], "E0305"),
        (["1"], "E0305"),
        ([True], "E0305"),
        ([None], "E0305"),
        ([[1, 2], [3]], "E0305"),
        (np.array([1, "a"], object), "E0305"),
    ],
    ids=str,
)
def test_what_is_no_weight(weights: object, wanted: str) -> None:
    assert code(weights) == wanted


@pytest.mark.parametrize(
    "option",
    [
        {"exponent": -7},
        {"exponent": 8},
        {"exponent": 0.5},
        {"exponent": 1.0},
        {"clip": 0},
        {"clip": 101},
        {"clip": math.nan},
        {"extra": -0.1},
        {"extra": 1.5},
    ],
    ids=str,
)
def test_options_out_of_range(option: dict[str, float]) -> None:
    assert code([1.0], **option) == "E0302"


def test_the_mantissas_of_each_sign() -> None:
    for low, high in ((0, 255), (-255, 0), (-256, 254)):
        held = mantissa_range(low, high)
        assert (held[0], held[-1]) == (low, high)
        assert held.step == mantissa_step(low, high)
        assert mantissa_step(2 * low, 2 * high) is None
