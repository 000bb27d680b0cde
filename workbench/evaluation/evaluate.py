"""All numbers of an evaluation, computed from a store's predictions and what is known beside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress, subrange
from workbench.evaluation import metrics
from workbench.evaluation.calibration import TemperatureScaling, temperature_scaling
from workbench.evaluation.census import land_areas
from workbench.evaluation.class_table import ClassSummary, class_table
from workbench.evaluation.columns import class_centers, kilometers_off, unit_vectors
from workbench.evaluation.comparison import Comparison, compare
from workbench.evaluation.geography import (
    Geography,
    RecallByArea,
    distances,
    expected_kilometers,
    recall_by_area,
)
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
from workbench.evaluation.subsets import Bin, Outcomes, bins, bins_by_value, quantile_edges
from workbench.store.query import years

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
class Missing:
    """Numbers that could not be computed: which, why, and what to do."""

    what: str
    why: str
    remedy: str


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
    missing: tuple[Missing, ...]


@dataclass(frozen=True)
class Beside:
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
    missing: tuple[Missing, ...] = ()


def evaluate(
    predictions: Predictions,
    rows: NDArray[np.int64],
    beside: Beside,
    near_km: float = NEAR_KM,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Evaluation:
    """Evaluate the predictions for some rows (N,) of a store, N > 1."""
    store = predictions.store
    names, labels, logits = store.class_names, store.labels[rows], store.logits[rows]
    probability = predictions.probabilities[rows]
    confusion = metrics.confusion(labels, predictions.predicted_labels[rows], names)
    outcomes = Outcomes(labels, predictions.correct[rows], kilometers_off(predictions)[rows])
    places = unit_vectors(store.latitudes[rows], store.longitudes[rows])
    missing = list(beside.missing)

    ranks = predictions.true_ranks[rows]
    areas = area_intervals(labels, probability)
    accuracy = Accuracy(share_of(ranks == 1), share_of(ranks <= 5), areas.macro)

    progress(0.1, "Kilometres")
    predicted = distances(outcomes.kilometers)
    expected = distances(expected_kilometers(places, class_centers(predictions), probability))
    if predicted is None:
        missing.append(
            Missing(
                "kilometres, and accuracy by latitude",
                "the store has no coordinates",
                "add info.txt or a table with coordinates to the photographs "
                "(docs/reference/data.md) and extract again",
            )
        )
    area = land_areas(names)
    if area is None:
        missing.append(
            Missing(
                "recall against area, and mistakes by Census division and neighbour",
                "not all classes are states of the United States",
                "name the folders of the photographs after the states",
            )
        )

    progress(0.2, "Calibration")
    scaling = temperature_scaling(labels, logits, beside.validation, seed)

    progress(0.4, "Training set")
    split = None
    if beside.links is not None:
        split = honest_split(outcomes, beside.links, beside.n_training, near_km, seed)
    covariates = {
        "year": bins_by_value(outcomes, years([store.location_ids[row] for row in rows.tolist()])),
        "latitude": _latitude_bins(outcomes, store.latitudes[rows]),
        "green": () if beside.green is None else _green_bins(outcomes, beside.green),
    }

    if not covariates["year"]:
        missing.append(
            Missing(
                "accuracy by year",
                "the ids have no years",
                "only photographs named <year>_<panoid>_<heading>.jpg have them",
            )
        )

    comparison = None
    if beside.second is not None:
        second, both = beside.second
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
        Geography(predicted, expected) if predicted and expected else None,
        None if area is None else recall_by_area(labels, probability, area),
        split,
        {name: found for name, found in covariates.items() if found},
        scaling,
        comparison,
        tuple(missing),
    )


def _latitude_bins(outcomes: Outcomes, latitudes: NDArray[np.float64]) -> tuple[Bin, ...]:
    edges = np.arange(-90, 90 + LATITUDE_STEP, LATITUDE_STEP, dtype=np.float64)
    return bins(outcomes, latitudes, edges.tolist())


def _green_bins(outcomes: Outcomes, green: NDArray[np.float64]) -> tuple[Bin, ...]:
    edges = quantile_edges(green, GREEN_BINS)
    return bins(outcomes, green, edges) if len(edges) > 1 else ()
