"""Kilometres and areas, written out for a few rows."""

import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import haversine_distances

from workbench.evaluation import geography
from workbench.evaluation.columns import EARTH_RADIUS_KM, unit_vectors

RANDOM = np.random.default_rng(5)
DEGREES = np.stack([RANDOM.uniform(25, 65, 10), RANDOM.uniform(-160, -70, 10)], axis=1)
CENTERS = np.array([[40.0, -82.0], [64.0, -152.0], [31.0, -99.0], [np.nan, np.nan]])
PROBABILITIES = RANDOM.dirichlet(np.ones(4), 10)
LABELS = RANDOM.integers(0, 4, 10)
AREAS = np.array([100.0, 1500.0, 700.0, 10.0])


def test_distances_are_those_of_the_haversine_formula() -> None:
    places, centers = unit_vectors(*DEGREES.T), unit_vectors(*CENTERS.T)
    expected = EARTH_RADIUS_KM * haversine_distances(np.radians(DEGREES), np.radians(CENTERS[:3]))
    assert geography.distances_to_centers(places, centers[:3]) == pytest.approx(expected)
    # The class without a centre is left out.
    weight = PROBABILITIES[:, :3] / PROBABILITIES[:, :3].sum(axis=1, keepdims=True)
    mean = geography.expected_kilometers(places, centers, np.log(PROBABILITIES))
    assert mean == pytest.approx((expected * weight).sum(axis=1))
    unknown = geography.expected_kilometers(places, centers[3:], np.log(PROBABILITIES[:, 3:]))
    assert np.isnan(unknown).all()


def test_ten_distances_by_hand() -> None:
    kilometers = np.array([0, 10, 25, 26, 200, 300, 751, 2500, 5000, np.nan])
    found = geography.distances(kilometers)
    assert found is not None
    assert found.n == 9
    assert [item.share.value for item in found.within] == pytest.approx(
        [3 / 9, 5 / 9, 6 / 9, 8 / 9]
    )
    assert found.mean.value == pytest.approx((10 + 25 + 26 + 200 + 300 + 751 + 2500 + 5000) / 9)
    assert found.median.value == 200
    score = sum(5000 * math.exp(-distance / 1492.7) for distance in kilometers[:9]) / 9
    assert found.score.value == pytest.approx(score)
    for value, share in zip(found.curve.values, found.curve.shares, strict=True):
        assert (kilometers[:9] <= value).mean() >= share - 1e-12
        assert (kilometers[:9] < value).mean() <= share
    assert geography.distances(np.array([np.nan])) is None


def test_area_and_credible_sets_by_hand() -> None:
    found = geography.search_areas(LABELS, np.log(PROBABILITIES), AREAS).summary()
    needed, held = [], {0.5: [], 0.8: [], 0.95: []}  # type: ignore[var-annotated]
    for label, row in zip(LABELS.tolist(), PROBABILITIES.tolist(), strict=True):
        order = sorted(range(4), key=lambda index: -row[index])
        needed.append(sum(AREAS[index] for index in order[: order.index(label) + 1]))
        for level, results in held.items():
            chosen: list[int] = []
            while sum(row[index] for index in chosen) < level:
                chosen.append(order[len(chosen)])
            results.append((label in chosen, len(chosen), sum(AREAS[index] for index in chosen)))
    for item in found.sets:
        means = np.mean(held[item.probability], axis=0)
        assert [item.recall.value, item.n_classes.value, item.area_km2.value] == pytest.approx(
            means
        )
    for limit in found.at_recall:
        assert limit.area_km2 == sorted(needed)[math.ceil(limit.recall * 10 - 1e-9) - 1]
    assert found.curve.values[-1] == max(needed)


def test_all_of_the_probability_may_round_to_less_than_one() -> None:
    found = geography.search_areas(np.array([9]), np.zeros((1, 10)), np.ones(10), [1.0])
    (item,) = found.summary().sets
    assert (item.recall.value, item.n_classes.value) == (1, 10)
