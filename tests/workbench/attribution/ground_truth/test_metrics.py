"""Measures of agreement, by what they must be: a perfect map, a blind one, and small sums."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.attribution.ground_truth.metrics import (
    compare,
    expected_shares,
    graded_correlation,
    height_matched,
    mass_accuracy,
    pointing_game,
    rank_accuracy,
    removal_correlation,
    shift_p_value,
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


def test_a_height_matched_ratio_by_hand() -> None:
    weight = np.array([[[6.0, 2.0], [1.0, 3.0], [5.0, 5.0]]])
    truth = np.array([[[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]])
    # Row by row: inside times the area outside, over the pixels, and the reverse; all weights: 22.
    within, outside = height_matched(weight, truth)
    assert within == pytest.approx((6 * 1 + 1 * 1) / 2 / 22)
    assert outside == pytest.approx((2 * 1 + 3 * 1) / 2 / 22)


def test_a_map_that_is_constant_along_rows_is_at_chance() -> None:
    weight, truth = drawn(5)
    rows = np.broadcast_to(weight[:1, :, :1], weight.shape)
    within, outside = height_matched(rows, truth)
    assert within == pytest.approx(outside)
    shares = np.stack([truth, 1 - truth])
    inside = np.array([mass_accuracy(rows, share) for share in shares])
    assert expected_shares(rows, shares) == pytest.approx(inside)
    assert expected_shares(weight, shares).sum() == pytest.approx(1)
    assert shift_p_value(rows, truth) == 1


def test_random_maps_are_at_chance_within_rows_too() -> None:
    pairs = np.array([height_matched(*drawn(seed)) for seed in range(500)])
    difference = pairs[:, 0] - pairs[:, 1]
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(difference))
    p_values = np.array([shift_p_value(*drawn(seed)) for seed in range(500)])
    assert np.mean(p_values <= 0.05) < 0.08
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.05)


def test_rows_of_one_kind_and_maps_of_zeros_say_nothing_within_rows() -> None:
    weight, truth = drawn(6)
    truth[:] = 0
    truth[:, :3] = 1
    assert np.isnan(height_matched(weight, truth)).all()
    assert np.isnan(shift_p_value(weight, truth))
    truth[0, 0, 0] = 0
    assert not np.isnan(height_matched(weight, truth)).any()
    assert np.isnan(height_matched(0 * weight, truth)).all()


def test_a_map_on_the_mask_beats_its_shifts() -> None:
    truth = np.zeros((4, 8, 16))
    truth[1, 2:6, 3:7] = 1
    assert shift_p_value(truth, truth) == pytest.approx(1 / 64)
    elsewhere = np.roll(truth, 8, axis=2)
    assert shift_p_value(elsewhere, truth) > 0.5


def test_graded_relevance_follows_the_nats() -> None:
    areas = np.array([0.5, 0.3, 0.1, 0.1 - 1e-4, 1e-4])
    nats = np.array([0.0, 0.5, 1.0, np.nan, 5.0])
    expected = np.full(5, 0.2)
    # What is too small or unknown does not count.
    assert graded_correlation(np.array([1, 2, 3, 9, 0]), expected, areas, nats) == 1
    assert graded_correlation(np.array([3, 2, 1, 0, 9]), expected, areas, nats) == -1
    assert graded_correlation(expected, expected, areas, nats) == 0
    assert np.isnan(graded_correlation(areas, expected, areas, np.zeros(5)))
    assert np.isnan(graded_correlation(areas, expected, areas, np.full(5, np.nan)))


def test_a_map_of_the_changes_shows_what_the_model_uses() -> None:
    shares = np.eye(4)[:, :, None, None]
    changes = np.array([0.3, -0.2, 0.1, np.nan])
    values = np.array([3.0, -5.0, 1.0, 9.0])[:, None, None]
    assert removal_correlation(values, shares, changes) == 1
    assert removal_correlation(-values, shares, changes) == -1
    assert removal_correlation(np.ones_like(values), shares, changes) == 0
    assert np.isnan(removal_correlation(values, shares, np.array([1, 2, np.nan, np.nan])))
    assert np.isnan(removal_correlation(values, shares, np.ones(4)))
