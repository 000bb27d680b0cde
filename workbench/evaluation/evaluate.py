"""All numbers of an evaluation, from a store's predictions and what is known beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress, subrange
from workbench.evaluation import metrics
from workbench.evaluation.calibration import TemperatureScaling, temperature_scaling
from workbench.evaluation.class_table import ClassSummary, class_table
from workbench.evaluation.comparison import Comparison, compare
from workbench.evaluation.geography import Geography, RecallByArea, distances
from workbench.evaluation.intervals import Interval, share_of
from workbench.evaluation.mistakes import (
    PredictionFrequency,
    StateMistakes,
    prediction_frequencies,
    state_mistakes,
)
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.roc_intervals import area_intervals
from workbench.evaluation.split import NEAR_KM, HonestSplit, TrainingLinks, honest_split
from workbench.evaluation.subsets import Bin, bins, bins_by_value, quantile_edges

Rows = NDArray[np.int64] | NDArray[np.bool_]
"""Numbers of rows, or a mask."""

LATITUDE_STEP = 5
"""Degrees of a bin."""
GREEN_BINS = 5


@dataclass(frozen=True)
class Accuracy:
    """Top-1 and top-5 accuracy (Wilson) and macro AUC (`roc_intervals`)."""

    top_1: Interval
    top_5: Interval
    macro_auc: Interval


@dataclass(frozen=True)
class MissingNumbers:
    """Numbers that could not be computed: which, why, and what to do."""

    what: str
    why: str
    remedy: str


SPLIT = "the honest split"
GREEN = "nearly identical photographs, and accuracy by green"
"""`what` of the numbers that need training locations, and photographs."""
NO_COORDINATES = MissingNumbers(
    "kilometres, and accuracy by latitude",
    "the store has no coordinates",
    "add info.txt or a table with coordinates to the photographs (docs/reference/data.md) and "
    "extract again",
)
NOT_STATES = MissingNumbers(
    "recall against area, and mistakes by Census division and neighbour",
    "not all classes are states of the United States",
    "name the folders of the photographs after the states",
)
NO_YEARS = MissingNumbers(
    "accuracy by year",
    "the ids have no years",
    "only photographs named <year>_<panoid>_<heading>.jpg have them",
)


@dataclass(frozen=True)
class Evaluation:
    """All numbers of an evaluation over `n` locations; None and empty where something is missing.

    `classes` are in class order, `covariates` has "year", "latitude" and "green" (the share of
    green in the photographs' colours).
    """

    n: int
    class_names: tuple[str, ...]
    accuracy: Accuracy
    classes: tuple[ClassSummary, ...]
    frequencies: tuple[PredictionFrequency, ...]
    mistakes: StateMistakes | None
    geography: Geography | None
    recall_by_area: RecallByArea | None
    honest_split: HonestSplit | None
    covariates: Mapping[str, tuple[Bin, ...]]
    calibration: TemperatureScaling
    comparison: Comparison | None
    missing: tuple[MissingNumbers, ...]


@dataclass(frozen=True)
class EvaluationInputs:
    """What an evaluation needs that is not in its store; arrays are of the N evaluated locations.

    `links` tie them to `n_training` training locations. `green` is (N,) in [0, 1]. `validation` are
    true classes and logits of other locations. `second` are another model's probabilities (M, S) of
    some of the N locations, and their places (M,) among these.
    """

    links: TrainingLinks | None = None
    n_training: int = 0
    green: NDArray[np.float64] | None = None
    validation: tuple[NDArray[np.int64], NDArray[np.floating[Any]]] | None = None
    second: tuple[NDArray[np.float64], NDArray[np.int64]] | None = None
    missing: tuple[MissingNumbers, ...] = ()


def evaluate(
    predictions: Predictions,
    rows: NDArray[np.int64],
    inputs: EvaluationInputs,
    near_km: float = NEAR_KM,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Evaluation:
    """Evaluate the predictions for some rows (N,) of a store, N > 1."""
    store = predictions.store
    names, labels, logits = store.class_names, store.labels[rows], store.logits[rows]
    probability = predictions.probabilities[rows]
    confusion = metrics.confusion(labels, predictions.predicted_labels[rows], names)
    outcomes = predictions.outcomes[rows]
    missing = list(inputs.missing)

    ranks = predictions.true_ranks[rows]
    areas = area_intervals(labels, probability)
    accuracy = Accuracy(share_of(ranks == 1), share_of(ranks <= 5), areas.macro)

    progress(0.1, "Kilometres")
    far = geography(predictions, rows)
    if far is None:
        missing.append(NO_COORDINATES)
    searches = predictions.area_searches
    if searches is None:
        missing.append(NOT_STATES)

    progress(0.2, "Calibration")
    scaling = temperature_scaling(labels, logits, inputs.validation, seed)

    progress(0.4, "Training set")
    split = None
    if inputs.links is not None:
        split = honest_split(outcomes, inputs.links, inputs.n_training, near_km, seed)
    by = covariates(predictions, rows, inputs.green)
    if "year" not in by:
        missing.append(NO_YEARS)

    comparison = None
    if inputs.second is not None:
        second, both = inputs.second
        progress(0.5, "Two models")
        comparison = compare(
            labels[both], probability[both], second, names, seed, subrange(progress, 0.5, 1)
        )
    return Evaluation(
        len(rows),
        names,
        accuracy,
        class_table(confusion, [one.value for one in areas.classes]),
        prediction_frequencies(confusion),
        state_mistakes(confusion),
        far,
        None if searches is None else searches[rows].summary(),
        split,
        by,
        scaling,
        comparison,
        tuple(missing),
    )


def geography(predictions: Predictions, rows: Rows) -> Geography | None:
    """Return how far off the predictions for some rows are, None without coordinates."""
    predicted = distances(predictions.outcomes.kilometers[rows])
    expected = distances(predictions.expected_kilometers[rows])
    return Geography(predicted, expected) if predicted and expected else None


def covariates(
    predictions: Predictions, rows: Rows, green: NDArray[np.float64] | None = None
) -> dict[str, tuple[Bin, ...]]:
    """Return the accuracy of some rows by each covariate that is known (`Evaluation`).

    `green` is that of the rows.
    """
    outcomes = predictions.outcomes[rows]
    year = predictions.columns.get("year")
    latitudes = np.arange(-90, 90 + LATITUDE_STEP, LATITUDE_STEP, dtype=np.float64).tolist()
    fifths = [] if green is None else quantile_edges(green, GREEN_BINS)
    found = {
        "year": () if year is None else bins_by_value(outcomes, year.values[rows].astype(float)),
        "latitude": bins(outcomes, predictions.store.latitudes[rows], latitudes),
        "green": () if green is None or len(fifths) < 2 else bins(outcomes, green, fifths),
    }
    return {name: parts for name, parts in found.items() if parts}
