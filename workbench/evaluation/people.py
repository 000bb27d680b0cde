"""People against the model: what both say about the same locations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.stats import binom

from workbench.evaluation.columns import class_centers, great_circle_km, unit_vectors
from workbench.evaluation.geography import Distances, distances
from workbench.evaluation.intervals import Interval, share_of
from workbench.evaluation.mistakes import mcnemar
from workbench.evaluation.predictions import Predictions

NO_GUESS = -1
_SIGNIFICANCE = 0.05
_POWER = 0.8
_WINDOW = 1 / 8
"""The side of the window around a mark, as a share of a view's."""


@dataclass(frozen=True)
class PairedShares:
    """Shares of right answers of people and model on the same answers, with Wilson intervals.

    `only_people` and `only_model` count the answers that one of them has right and the other has
    not; `p_value` is that of McNemar's exact test of their equality, 1 if there are none.
    """

    n: int
    people: Interval
    model: Interval
    only_people: int
    only_model: int
    p_value: float


@dataclass(frozen=True)
class PeopleResult:
    """Answers of people and what the model says about the same locations.

    `top_1` and `top_5` count an answer right if its first guess, or any of its guesses, is the true
    class; the model has as many guesses as the answer. `per_class` is `top_1` for each class that
    was asked. `people_distances` and `model_distances` are from the locations to the centres of
    the classes guessed first, None without coordinates. `detectable` is the smallest share above
    that of the people's top 1 which as many answers tell from it (`detectable_share`).
    """

    n_players: int
    n_locations: int
    top_1: PairedShares
    top_5: PairedShares
    per_class: dict[str, PairedShares]
    people_distances: Distances | None
    model_distances: Distances | None
    detectable: float


def people_result(
    predictions: Predictions,
    players: NDArray[np.int64],
    rows: NDArray[np.int64],
    guesses: NDArray[np.int64],
) -> PeopleResult:
    """Return the result of A > 0 answers.

    `players` (A,) tell the players apart, `rows` (A,) are the store's locations, `guesses` (A, 5)
    class indices, the likeliest first, filled up with `NO_GUESS`. Answers are taken as independent.
    """
    labels = predictions.store.labels[rows]
    ranks = predictions.true_ranks[rows]
    people_first = guesses[:, 0] == labels
    people_any = (guesses == labels[:, None]).any(axis=1)
    model_first = ranks == 1
    model_any = ranks <= (guesses != NO_GUESS).sum(axis=1)
    top_1 = paired_shares(people_first, model_first)
    per_class = {
        predictions.class_names[label]: paired_shares(
            people_first[labels == label], model_first[labels == label]
        )
        for label in np.unique(labels).tolist()
    }
    store = predictions.store
    places = unit_vectors(store.latitudes[rows], store.longitudes[rows])
    centers = class_centers(predictions)
    people_km, model_km = (
        great_circle_km(places, centers[first])
        for first in (guesses[:, 0], predictions.predicted_labels[rows])
    )
    known = np.isfinite(people_km) & np.isfinite(model_km)
    return PeopleResult(
        len(np.unique(players)),
        len(np.unique(rows)),
        top_1,
        paired_shares(people_any, model_any),
        per_class,
        distances(people_km[known]),
        distances(model_km[known]),
        detectable_share(len(rows), top_1.people.value),
    )


def paired_shares(people: NDArray[np.bool_], model: NDArray[np.bool_]) -> PairedShares:
    """Return the shares of right answers of people (A,) and model (A,), A > 0."""
    only_people, only_model = int((people & ~model).sum()), int((model & ~people).sum())
    return PairedShares(
        len(people),
        share_of(people),
        share_of(model),
        only_people,
        only_model,
        float(mcnemar([only_people], [only_model])[0]),
    )


def detectable_share(n: int, share: float) -> float:
    """Return the smallest share above `share` that `n` answers tell from it, in [0, 1], or NaN.

    An exact two-sided binomial test at 5 % with equal tails finds it with a probability of 80 %, in
    steps of a tenth of a per cent.
    """
    least = int(binom.isf(_SIGNIFICANCE / 2, n, share)) + 1
    greatest = int(binom.ppf(_SIGNIFICANCE / 2, n, share)) - 1
    candidates = np.arange(round(share * 1000) + 1, 1001) / 1000
    power = binom.sf(least - 1, n, candidates) + binom.cdf(greatest, n, candidates)
    found = candidates[power >= _POWER]
    return float(found[0]) if len(found) else float("nan")


def rank_at(attribution: NDArray[np.float32], view: int, x: float, y: float) -> float:
    """Return the share of all places whose |map| is less than that at a mark, in [0, 1].

    The map is (4, H, W), `view` 0 to 3 for N, E, S, W, and `x` from the left and `y` from the top
    are in [0, 1]. |map| is averaged over windows of an eighth of a view's side; a tie is half. 0.5
    is chance: the mark lies where the map is no stronger than elsewhere.
    """
    height, width = attribution.shape[1:]
    size = (1, max(1, round(height * _WINDOW)), max(1, round(width * _WINDOW)))
    smooth = uniform_filter(np.abs(attribution).astype(np.float64), size=size, mode="nearest")
    value = smooth[view, min(int(y * height), height - 1), min(int(x * width), width - 1)]
    return float((smooth < value).mean() + (smooth == value).mean() / 2)
