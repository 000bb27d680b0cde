"""People against the model, in numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from tests.examples import small_store
from workbench.evaluation.people import (
    NO_GUESS,
    detectable_share,
    paired_shares,
    people_result,
    rank_at,
)
from workbench.evaluation.predictions import Predictions


def test_ten_answers_counted_by_hand(tmp_path: Path) -> None:
    store = small_store(tmp_path / "small.h5", tmp_path / "data", locations=2)
    # The model is right about the even rows and has the truth second in the odd ones.
    logits = np.zeros((10, 5), dtype=np.float32)
    logits[np.arange(10), store.labels] = 2
    logits[np.arange(1, 10, 2), (store.labels[1::2] + 1) % 5] = 3
    predictions = Predictions(replace(store, logits=logits))
    # People: the first class first, and the truth second in rows 8 and 9.
    guesses = np.full((10, 5), NO_GUESS)
    guesses[:, 0] = 0
    guesses[8:, 1] = store.labels[8:]
    result = people_result(predictions, np.repeat([7, 3], 5), np.arange(10), guesses)
    assert (result.n_players, result.n_locations) == (2, 10)
    first, any_ = result.top_1, result.top_5
    assert (first.people.value, first.model.value) == (0.2, 0.5)
    # Row 0 both, row 1 only people, rows 2, 4, 6, 8 only the model: 2 * P(X <= 1), X ~ B(5, 1/2).
    assert (first.only_people, first.only_model) == (1, 4)
    assert first.p_value == pytest.approx(2 * binom.cdf(1, 5, 0.5))
    # In rows 8 and 9 the model has two guesses as well, and is right with the second in row 9.
    assert (any_.people.value, any_.model.value) == (0.4, 0.6)
    assert result.per_class["Alaska"].people.value == 1
    assert result.per_class["Alaska"].n == 2
    # From class to class it is one degree of latitude and of longitude; people named the first.
    assert result.people_distances is not None
    assert result.people_distances.n == 10
    assert np.allclose(result.people_distances.curve.values[:40], 0, atol=1e-3)
    assert result.people_distances.curve.values[60] == pytest.approx(146.7, abs=0.5)
    assert result.model_distances is not None
    assert result.model_distances.median.value < result.people_distances.median.value


def test_answers_without_a_difference_have_p_one() -> None:
    right = np.array([True, False])
    assert paired_shares(right, right).p_value == 1


@pytest.mark.parametrize(("n", "share"), [(50, 0.1), (30, 0.4), (200, 0.05), (3, 0.0)])
def test_the_detectable_share_is_the_first_with_enough_power(n: int, share: float) -> None:
    found = detectable_share(n, share)
    counts = np.arange(n + 1)
    tails = np.minimum(binom.cdf(counts, n, share), binom.sf(counts - 1, n, share))
    rejected = tails <= 0.025
    power = [binom.pmf(counts, n, found + shift)[rejected].sum() for shift in (-0.001, 0)]
    assert power[0] < 0.8 <= power[1]


def test_no_share_is_detectable_where_all_are_right() -> None:
    assert np.isnan(detectable_share(5, 1.0))


def test_the_rank_of_a_mark() -> None:
    attribution = np.zeros((4, 16, 16), dtype=np.float32)
    assert rank_at(attribution, 0, 0.5, 0.5) == 0.5
    attribution[2, 4:6, 10:12] = -1
    assert rank_at(attribution, 2, 11 / 16, 5 / 16) > 0.99
    assert rank_at(attribution, 1, 0, 1) < 0.5
