"""The honest split: a leak of known size is found."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics.pairwise import haversine_distances

from workbench.evaluation.columns import EARTH_RADIUS_KM, unit_vectors
from workbench.evaluation.split import (
    Contrast,
    TrainingLinks,
    contrast,
    honest_split,
    nearest_kilometers,
)
from workbench.evaluation.subsets import Outcomes, bins, bins_by_value, quantile_edges, subset

Mask = NDArray[np.bool_]


def outcomes(labels: NDArray[np.int64], correct: Mask) -> Outcomes:
    return Outcomes(labels, correct, np.where(correct, 100.0, 900.0))


def test_the_nearest_training_location_is_that_of_all_pairs() -> None:
    random = np.random.default_rng(0)
    here, there = random.uniform([-80, -180], [80, 180], (2, 40, 2))
    here[3], there[5] = np.nan, np.nan
    found = nearest_kilometers(unit_vectors(*here.T), unit_vectors(*there.T))
    known = ~np.isnan(here[:, 0])
    pairs = haversine_distances(np.radians(here[known]), np.radians(np.delete(there, 5, axis=0)))
    assert found[known] == pytest.approx(EARTH_RADIUS_KM * pairs.min(axis=1))
    assert np.isnan(found[3])
    assert np.isnan(nearest_kilometers(unit_vectors(*here.T), np.zeros((0, 3)))).all()


def test_the_difference_within_classes_by_hand() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2])
    with_tie = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 1], dtype=bool)
    correct = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 1], dtype=bool)
    found = contrast(outcomes(labels, correct), with_tie)
    # Class 0: 2/2 against 1/3, for two; class 1: 0/1 against 2/3, for one; class 2 has nobody to
    # compare with.
    difference = (2 * (1 - 1 / 3) + 1 * (0 - 2 / 3)) / 3
    assert found.difference.value == pytest.approx(difference)
    assert found.share_of_accuracy.value == pytest.approx(0.4 * difference)
    assert (found.with_tie.n, found.with_tie.accuracy.value) == (4, 0.75)
    assert (found.without_tie.n, found.without_tie.accuracy.value) == (6, 0.5)
    assert found.difference.low <= difference <= found.difference.high


@pytest.mark.parametrize("with_tie", [np.ones(4, dtype=bool), np.zeros(4, dtype=bool)])
def test_without_others_there_is_no_difference(with_tie: Mask) -> None:
    found = contrast(outcomes(np.array([0, 0, 1, 1]), with_tie), with_tie)
    assert np.isnan([found.difference.value, found.share_of_accuracy.low]).all()


def planted(share: float, seed: int, easy: bool = False) -> tuple[Contrast, float]:
    """Leak a share of 25,000 locations, which are then right; return what is found, and the truth.

    With `easy`, classes that are right more often are leaked more often.
    """
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(50), 500)
    skill = np.linspace(0.2, 0.7, 50)[labels]
    leaked = random.random(25_000) < share * (2 * skill / 0.9 if easy else 1)
    honest = random.random(25_000) < skill
    kilometers = np.where(leaked, 0.01, random.uniform(2, 200, 25_000))
    correct = honest | leaked
    links = TrainingLinks(kilometers, same_pano=leaked & (random.random(25_000) < 0.5))
    found = honest_split(outcomes(labels, correct), links, n_training=100)
    assert found.near is not None
    assert found.ties == ("nearby", "same_pano")
    assert found.by_distance[0].subset.n == leaked.sum()
    return found.near, float(correct.mean() - honest.mean())


@pytest.mark.parametrize(("share", "easy"), [(0.02, False), (0.2, False), (0.2, True), (0.5, True)])
def test_a_planted_leak_is_found_within_a_point(share: float, easy: bool) -> None:
    inside = 0
    for seed in range(3):
        found, truth = planted(share, seed, easy)
        points = found.share_of_accuracy
        assert points.value == pytest.approx(truth, abs=0.01)
        inside += points.low <= truth <= points.high
    assert inside >= 2


def test_no_leak_where_locations_near_the_training_are_as_often_right() -> None:
    random = np.random.default_rng(1)
    labels, near = np.repeat(np.arange(50), 100), random.random(5000) < 0.3
    found = contrast(outcomes(labels, random.random(5000) < 0.4), near)
    assert found.share_of_accuracy.low < 0 < found.share_of_accuracy.high


def test_ties_that_are_not_known_are_left_out() -> None:
    labels, correct = np.array([0, 0, 1, 1]), np.array([True, False, True, True])
    years = np.array([True, False, False, True])
    found = honest_split(
        outcomes(labels, correct),
        TrainingLinks(kilometers=np.full(4, np.nan), unseen_year=years),
        n_training=3,
    )
    assert (found.near, found.ties, found.by_distance) == (None, (), ())
    assert list(found.contrasts) == ["unseen_year"]


def test_bins_by_hand() -> None:
    labels, correct = np.zeros(6, dtype=np.int64), np.array([1, 0, 1, 1, 0, 1], dtype=bool)
    data = outcomes(labels, correct)
    values = np.array([0.0, 1.0, 1.5, 3.0, np.nan, 9.0])
    found = bins(data, values, [0, 1, 2, 3])
    assert [(item.low, item.high, item.subset.n) for item in found] == [
        (0, 1, 1), (1, 2, 2), (2, 3, 1),
    ]  # fmt: skip
    assert found[1].subset == subset(data, np.array([0, 1, 1, 0, 0, 0], dtype=bool))
    assert found[1].subset.accuracy.value == 0.5
    assert found[0].subset.kilometers.value == 100
    years = np.array([2011.0, 2015, 2011, np.nan, 2015, 2015])
    assert [(item.low, item.subset.n) for item in bins_by_value(data, years)] == [
        (2011, 2), (2015, 3),
    ]  # fmt: skip
    assert quantile_edges(np.arange(11.0), 2) == [0, 5, 10]
    assert quantile_edges(np.full(3, np.nan), 2) == []
    assert len(quantile_edges(np.ones(3), 2)) == 1
