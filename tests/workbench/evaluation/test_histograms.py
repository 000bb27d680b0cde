"""Histograms: counts against numpy, in bins at round numbers."""

import numpy as np
import pytest

from workbench.evaluation.columns import Column
from workbench.evaluation.histograms import MOST_BINS, histogram


def column(values: object, unit: str = "", diverges: bool = False) -> Column:
    return Column(np.asarray(values, dtype=np.float32), "Column", unit, diverges)


def test_counts_are_those_of_numpy() -> None:
    generator = np.random.default_rng(0)
    values = generator.gamma(2, 300, 500).astype(np.float32)
    correct, selected = generator.random((2, 500)) < 0.6
    values[:7] = np.nan
    found = histogram("kilometers", column(values, "km"), correct, selected)
    assert len(found.edges) - 1 <= MOST_BINS + 1
    assert np.allclose(np.diff(found.edges), found.edges[1] - found.edges[0])
    for counts, members in (
        (found.right, correct & selected),
        (found.wrong, ~correct & selected),
        (found.all_right, correct),
        (found.all_wrong, ~correct),
    ):
        known = values[members & np.isfinite(values)].astype(np.float64)
        assert np.array_equal(counts, np.histogram(known, found.edges)[0])
    assert found.unknown == selected[:7].sum()


def test_shares_end_at_0_and_1_and_one_is_in_the_last_bin() -> None:
    found = histogram(
        "confidence", column([0.5, 1.0, 0.25], "share"), np.ones(3, bool), np.ones(3, bool)
    )
    assert found.edges.tolist() == pytest.approx(np.linspace(0, 1, 51).tolist())
    assert (found.right[-1], found.right[25], found.right.sum()) == (1, 1, 3)


def test_whole_numbers_lie_in_the_middle_of_their_bins() -> None:
    right = np.array([True, False, True, True])
    found = histogram("year", column([2012, 2012, 2015, np.nan]), right, np.ones(4, bool))
    assert found.is_whole
    assert found.edges.tolist() == [2011.5, 2012.5, 2013.5, 2014.5, 2015.5]
    assert found.right.tolist() == [1, 0, 0, 1]
    assert found.wrong.tolist() == [1, 0, 0, 0]
    assert found.unknown == 1


def test_one_value_has_one_bin() -> None:
    found = histogram("entropy", column([0.3, 0.3]), np.ones(2, bool), np.ones(2, bool))
    assert found.right.sum() == 2
    assert found.right.max() == 2
