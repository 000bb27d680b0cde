"""What the pages Geography and Calibration share: what is computed once, and words about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import html
from numpy.typing import NDArray

from workbench.dashboard.background import Background
from workbench.dashboard.selection import resolve
from workbench.evaluation.calibration import (
    LocationScores,
    TemperatureScaling,
    fit_temperatures,
    measure,
)
from workbench.evaluation.evaluate import GREEN, SPLIT, EvaluationInputs, MissingNumbers
from workbench.evaluation.predictions import Predictions

ReadInputs = Callable[[], EvaluationInputs]
_UNKNOWN = EvaluationInputs(
    missing=tuple(
        MissingNumbers(
            what, f"the dashboard does not know {why}", "open the store with `resnetbolt open`"
        )
        for what, why in ((SPLIT, "the training locations"), (GREEN, "the photographs"))
    )
)


@dataclass(frozen=True)
class EvaluationData:
    """What takes seconds, for all locations.

    `scaled` are the scores of the logits divided by the temperature of each location; `scaling` is
    that of `resnetbolt evaluate`, None for a single location.
    """

    inputs: EvaluationInputs
    scaled: LocationScores | None
    scaling: TemperatureScaling | None


def prepare(predictions: Predictions, read_inputs: ReadInputs | None) -> Background[EvaluationData]:
    """Return what is prepared when a page first asks for it."""

    def compute() -> EvaluationData:
        inputs = read_inputs() if read_inputs else _UNKNOWN
        labels, logits = predictions.store.labels, predictions.store.logits
        if len(labels) < 2:
            return EvaluationData(inputs, None, None)
        fitted = fit_temperatures(labels, logits, inputs.validation)
        scaled = LocationScores.of(labels, logits, fitted.of_location)
        scaling = TemperatureScaling(
            fitted.fitted_on,
            fitted.n_fitted,
            fitted.values,
            measure(predictions.scores),
            measure(scaled),
        )
        return EvaluationData(inputs, scaled, scaling)

    return Background(compute)


def members(steps: Any, predictions: Predictions) -> NDArray[np.bool_]:
    """Return the locations of a selection (`steps.Steps`) as a mask (N,)."""
    selection = resolve(steps, predictions)
    return np.ones(len(predictions.store), dtype=bool) if selection is None else selection.member


def hint(missing: MissingNumbers) -> html.P:
    """Return what is missing and how to get it, in the place of what needs it."""
    return html.P(words(missing), className="hint")


def words(missing: MissingNumbers) -> str:
    """Return what is missing and how to get it, as two sentences."""
    return f"Not known: {missing.why}. {missing.remedy[0].upper()}{missing.remedy[1:]}."


def missing_words(inputs: EvaluationInputs, what: str) -> str:
    """Return what is missing for one thing and how to get it."""
    return " ".join(words(one) for one in inputs.missing if one.what == what)
