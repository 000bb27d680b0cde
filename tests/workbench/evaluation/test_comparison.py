"""Two models, against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap
from sklearn.metrics import roc_auc_score

from workbench.evaluation.bootstrap import (
    N_RESAMPLES,
    WeightedAreas,
    macro_auc,
    resampled_areas,
    resampled_weights,
)
from workbench.evaluation.comparison import compare

NAMES = tuple("abcd")
RANDOM = np.random.default_rng(7)
LABELS = RANDOM.integers(0, 3, 120)  # None is of class "d".
FIRST = (RANDOM.random((120, 4)) + 0.3 * np.eye(4)[LABELS]).round(2)  # With ties.
SECOND = RANDOM.random((120, 4)) + 0.6 * np.eye(4)[LABELS]


def test_weighted_areas_are_those_of_scikit_learn() -> None:
    weights = RANDOM.integers(0, 4, (120, 5)).astype(np.float32)
    found = WeightedAreas(LABELS, FIRST).macro(weights)
    for column, area in enumerate(found):
        expected = [
            roc_auc_score(index == LABELS, FIRST[:, index], sample_weight=weights[:, column])
            for index in range(3)
        ]
        assert area == pytest.approx(np.mean(expected))
    expected = [roc_auc_score(index == LABELS, FIRST[:, index]) for index in range(3)]
    assert macro_auc(LABELS, FIRST) == pytest.approx(np.mean(expected))
    assert np.isnan(macro_auc(LABELS * 0, FIRST))


def test_resamples_keep_the_number_of_each_class() -> None:
    blocks = list(resampled_weights(LABELS, seed=0))
    weights = np.concatenate(blocks, axis=1)
    assert weights.shape == (120, N_RESAMPLES)
    for index in range(3):
        rows = np.flatnonzero(index == LABELS)
        assert (weights[rows].sum(axis=0) == len(rows)).all()
    assert weights.mean() == 1
    assert weights.var() == pytest.approx(1 - 1 / 40, abs=0.03)  # Multinomial.


def test_the_interval_of_the_area_is_that_of_a_plain_bootstrap() -> None:
    (found,) = resampled_areas(LABELS, (SECOND,))
    random = np.random.default_rng(1)
    members = [np.flatnonzero(index == LABELS) for index in range(3)]
    plain = []
    for _ in range(100):
        rows = np.concatenate([random.choice(one, len(one)) for one in members])
        plain.append(np.mean([roc_auc_score(LABELS[rows] == i, SECOND[rows, i]) for i in range(3)]))
    assert found.mean() == pytest.approx(np.mean(plain), abs=4 * np.std(plain) / 10)
    assert found.std() == pytest.approx(np.std(plain), rel=0.3)


def test_a_comparison_in_all_its_numbers() -> None:
    found = compare(LABELS, FIRST, SECOND, NAMES)
    right = [scores.argmax(axis=1) == LABELS for scores in (FIRST, SECOND)]
    overall = found.overall
    assert overall.both == (right[0] & right[1]).sum()
    assert overall.first_alone == (right[0] & ~right[1]).sum()
    assert overall.second_alone == (right[1] & ~right[0]).sum()
    assert overall.n == 120 == overall.both + overall.neither + (right[0] != right[1]).sum()
    test = binomtest(overall.first_alone, overall.first_alone + overall.second_alone)
    assert overall.p_value == pytest.approx(test.pvalue)
    gains = right[1].astype(float) - right[0]
    assert overall.difference.value == pytest.approx(gains.mean())
    # Scipy resamples over classes, which makes little difference here.
    plain = bootstrap((gains,), np.mean, method="percentile", rng=0).confidence_interval
    assert (overall.difference.low, overall.difference.high) == pytest.approx(plain, abs=0.03)

    areas = [macro_auc(LABELS, scores) for scores in (FIRST, SECOND)]
    assert [item.value for item in found.macro_auc] == areas
    assert found.macro_auc_difference.value == areas[1] - areas[0]
    assert found.macro_auc_difference.low > 0
    assert [item.class_name for item in found.classes] == ["a", "b", "c"]
    for index, item in enumerate(found.classes):
        rows = index == LABELS
        assert item.n == np.count_nonzero(rows)
        assert (item.first, item.second) == (right[0][rows].mean(), right[1][rows].mean())
        alone = [int((right[k] & ~right[1 - k])[rows].sum()) for k in range(2)]
        assert item.p_value == pytest.approx(binomtest(alone[0], sum(alone)).pvalue)
        assert item.p_adjusted >= item.p_value


def test_a_model_against_itself_does_not_differ() -> None:
    found = compare(LABELS, FIRST, FIRST, NAMES)
    assert (found.overall.p_value, found.overall.difference.high) == (1, 0)
    assert (found.macro_auc_difference.low, found.macro_auc_difference.high) == (0, 0)
