"""Measures of agreement, by what they must be: a perfect map, a blind one, and small sums."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.attribution.ground_truth.metrics import (
    compare,
    mass_accuracy,
    pointing_game,
    rank_accuracy,
)

Measure = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
METRICS = [mass_accuracy, rank_accuracy, pointing_game]
every = pytest.mark.parametrize("metric", METRICS)


def drawn(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A map that knows nothing and a truth in parts of places."""
    generator = np.random.default_rng(seed)
    truth = (generator.random((4, 6, 6)) ** 2).round(1)
    return generator.exponential(size=(4, 6, 6)), truth


def test_a_small_sum_by_hand() -> None:
    weight = np.array([[[4.0, 3.0, 2.0, 1.0]]])
    truth = np.array([[[1.0, 0.0, 1.0, 0.0]]])
    assert mass_accuracy(weight, truth) == pytest.approx(6 / 10)
    assert rank_accuracy(weight, truth) == pytest.approx(1 / 2)
    assert pointing_game(weight, truth) == 1


def test_a_patch_half_covered_by_the_mask_counts_half() -> None:
    weight = np.array([[[3.0, 1.0]]])
    truth = np.array([[[0.5, 0.5]]])
    for metric in METRICS:
        assert metric(weight, truth) == pytest.approx(0.5)


@every
def test_a_map_on_the_mask_scores_one_and_a_map_off_it_zero(metric: Measure) -> None:
    weight, _ = drawn(0)
    truth = np.zeros_like(weight)
    truth[2, :3] = 1
    assert metric(weight * truth, truth) == pytest.approx(1)
    assert metric(weight * (1 - truth), truth) == pytest.approx(0, abs=1e-12)


@every
def test_a_map_of_one_value_gives_the_area_share(metric: Measure) -> None:
    _, truth = drawn(1)
    assert metric(np.full_like(truth, 0.3), truth) == pytest.approx(truth.mean())


@every
def test_random_maps_score_the_area_share_on_average(metric: Measure) -> None:
    difference = [metric(*pair) - pair[1].mean() for pair in map(drawn, range(2_000))]
    error = np.std(difference) / np.sqrt(len(difference))
    assert abs(np.mean(difference)) < 4 * error


@every
def test_equal_weights_prefer_no_order_of_pixels(metric: Measure) -> None:
    weight, truth = drawn(2)
    weight = weight.round()
    turned = metric(weight[::-1, ::-1, ::-1], truth[::-1, ::-1, ::-1])
    assert metric(weight, truth) == pytest.approx(turned)


@every
def test_a_map_of_zeros_says_nothing(metric: Measure) -> None:
    _, truth = drawn(3)
    assert np.isnan(metric(np.zeros_like(truth), truth))


def test_what_is_not_in_sight_has_no_rank() -> None:
    weight, truth = drawn(4)
    assert np.isnan(rank_accuracy(weight, np.zeros_like(truth)))
    assert mass_accuracy(weight, np.zeros_like(truth)) == 0


def test_chance_compared_with_itself_differs_by_zero() -> None:
    chance = np.random.default_rng(0).random(20)
    result = compare(chance, chance, seed=0)
    assert (result.difference.value, result.difference.low, result.difference.high) == (0, 0, 0)
    assert (result.ratio.value, result.ratio.low, result.ratio.high) == (1, 1, 1)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    value = np.random.default_rng(0).normal(5, 2, 400)
    result = compare(value, np.full(400, 2.5), seed=0)
    assert result.value.value == pytest.approx(value.mean())
    width = result.value.high - result.value.low
    assert width == pytest.approx(2 * 1.96 * value.std() / np.sqrt(400), rel=0.1)
    assert result.ratio.low == pytest.approx(result.value.low / 2.5)
    assert result.difference.high == pytest.approx(result.value.high - 2.5)


def test_one_seed_gives_one_interval() -> None:
    value = np.random.default_rng(0).random(10)
    first, again, other = (compare(value, value + 0.1, seed).value for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_unknown_values_are_left_out_and_one_alone_has_no_interval() -> None:
    value = np.array([0.2, np.nan, 0.4])
    result = compare(value, np.array([0.1, 0.9, 0.1]), seed=0)
    assert result.locations == 2
    assert result.value.value == pytest.approx(0.3)
    assert result.chance == pytest.approx(0.1)
    alone = compare(value[:2], np.array([0.1, 0.9]), seed=0)
    assert alone.locations == 1
    assert np.isnan([alone.value.value, alone.chance, alone.ratio.low]).all()
