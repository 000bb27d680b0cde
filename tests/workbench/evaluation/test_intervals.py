"""Intervals, against scipy."""

import numpy as np
import pytest
from scipy.stats import binomtest, quantile_test, ttest_1samp

from workbench.evaluation.intervals import (
    NAN,
    Interval,
    interval_text,
    mean_of,
    median_of,
    percentile_interval,
    share_of,
    wilson,
)


@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_shares_are_those_of_scipy(confidence: float) -> None:
    cases = [(0, 1), (1, 1), (0, 40), (40, 40), (3, 7), (611, 25_000), (1, 1_000_000)]
    successes, trials = np.array(cases).T
    result = wilson(successes, trials, confidence)
    for row, (hits, n) in zip(result, cases, strict=True):
        expected = binomtest(hits, n).proportion_ci(confidence, method="wilson")
        assert row == pytest.approx([hits / n, *expected], abs=1e-12)
        assert 0 <= row[1] <= row[0] <= row[2] <= 1
    assert np.isnan(wilson([0], [0])).all()
    share = share_of(np.array([True, False, False]))
    assert (share.value, share.low) == pytest.approx(tuple(wilson(1, 3)[:2]))


@pytest.mark.parametrize("n", [2, 5, 6, 9, 100, 1001])
def test_means_and_medians_are_those_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).exponential(size=n)
    with_gaps = np.insert(values, 1, np.nan)
    mean, median = mean_of(with_gaps), median_of(with_gaps)
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert (mean.value, mean.low, mean.high) == pytest.approx((values.mean(), *expected))
    order = quantile_test(values, p=0.5).confidence_interval(0.95)
    assert (median.value, median.low, median.high) == pytest.approx(
        (np.median(values), *order), nan_ok=True
    )


def test_too_few_values_have_no_interval() -> None:
    assert np.isnan([mean_of(np.array([])).value, median_of(np.array([np.nan])).value]).all()
    assert (mean_of(np.array([3.0])).value, median_of(np.array([3.0])).value) == (3, 3)
    assert np.isnan(mean_of(np.array([3.0])).low)
    limited = mean_of(np.array([0.0, 1.0]), 0, 1)
    assert (limited.low, limited.high) == (0, 1)
    assert np.isnan(percentile_interval(1.0, np.array([np.nan])).low)
    assert percentile_interval(1.0, np.arange(1001.0)).high == pytest.approx(975)


def test_a_number_is_printed_with_its_interval_as_far_as_it_is_defined() -> None:
    assert interval_text(Interval(0.5, 0.25, 0.75), ".1f", 100) == "50.0 (25.0–75.0)"
    assert interval_text(Interval(0.4, 0.2, 0.6), ".0f", 100, unit=" %") == "40 % (20–60)"
    assert interval_text(Interval(-1, -2, 1), "+.1f") == "−1.0 (−2.0 to +1.0)"
    assert interval_text(Interval(12345, NAN, NAN), ",.0f") == "12,345"
    assert interval_text(Interval(NAN, NAN, NAN), ".2f", unknown="unknown") == "unknown"
