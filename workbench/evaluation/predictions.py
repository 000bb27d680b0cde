"""The predictions of a store's model, by location id."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.names import match_name
from workbench.evaluation import metrics
from workbench.evaluation.calibration import LocationScores
from workbench.evaluation.census import land_areas
from workbench.evaluation.columns import (
    Column,
    class_centers,
    columns,
    kilometers_off,
    unit_vectors,
)
from workbench.evaluation.geography import AreaSearches, expected_kilometers, search_areas
from workbench.evaluation.roc_curves import RankedScores, Roc
from workbench.evaluation.subsets import Outcomes
from workbench.store import Store


@dataclass(frozen=True, eq=False)
class Predictions:
    """A store and what its logits predict; arrays have the store's rows. Only itself is equal."""

    store: Store

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Softmax of the logits, (N, S): 400 MB for a million locations; see also `summary`."""
        return metrics.probabilities(self.store.logits)

    def most_probable(self, row: int, count: int = 5) -> NDArray[np.int64]:
        """Return class indices of a location, the most probable first."""
        return metrics.rank_classes(self.store.logits[row : row + 1])[0, :count]

    @cached_property
    def predicted_labels(self) -> NDArray[np.int64]:
        """The most probable class of each location, (N,)."""
        result: NDArray[np.int64] = self.store.logits.argmax(axis=1)
        return result

    @cached_property
    def true_ranks(self) -> NDArray[np.int64]:
        """The place of the true class among the most probable, (N,) from 1."""
        return metrics.true_ranks(self.store.labels, self.store.logits)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the prediction is the true class, (N,)."""
        result: NDArray[np.bool_] = self.predicted_labels == self.store.labels
        return result

    @cached_property
    def summary(self) -> metrics.ProbabilitySummary:
        """Numbers of the probabilities of each location."""
        return metrics.ProbabilitySummary.of(self.store.labels, self.store.logits)

    @property
    def confidences(self) -> NDArray[np.float64]:
        """Probability of the predicted class, (N,) in [0, 1]."""
        return self.summary.confidence

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the predictions come to: right or wrong, and kilometres off."""
        return Outcomes(self.store.labels, self.correct, kilometers_off(self))

    @cached_property
    def expected_kilometers(self) -> NDArray[np.float64]:
        """The mean distance to the classes' centres under the probabilities, (N,) in km."""
        places = unit_vectors(self.store.latitudes, self.store.longitudes)
        return expected_kilometers(places, class_centers(self), self.store.logits)

    @cached_property
    def area_searches(self) -> AreaSearches | None:
        """How much land holds the truth, None unless all classes are states."""
        areas = land_areas(self.class_names)
        if areas is None:
            return None
        return search_areas(self.store.labels, self.store.logits, areas)

    @cached_property
    def scores(self) -> LocationScores:
        """What calibration is measured by."""
        return LocationScores.of(self.store.labels, self.store.logits)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """Numbers of each location by name."""
        return columns(self)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each location id."""
        return {location: row for row, location in enumerate(self.store.location_ids)}

    def find(self, location_id: Any) -> str | None:
        """Return a location id from the browser, or None if the store has no such location."""
        if not isinstance(location_id, str):
            return None
        location_id = match_name(location_id, self.rows)
        return location_id if location_id in self.rows else None

    @cached_property
    def class_indices(self) -> Mapping[str, int]:
        """The index of each class name."""
        return {name: index for index, name in enumerate(self.store.class_names)}

    def ranked_scores(self, score: str = "probability") -> RankedScores:
        """Return the scores of the ROC curves, sorted once: "probability" or "logit"."""
        return self._ranked_logits if score == "logit" else self._ranked_probabilities

    @cached_property
    def _probability_columns(self) -> metrics.ProbabilityColumns:
        return metrics.ProbabilityColumns(self.store.logits)

    @cached_property
    def _ranked_probabilities(self) -> RankedScores:
        return RankedScores.of(self.store.labels, self._probability_columns, self.class_names)

    @cached_property
    def _ranked_logits(self) -> RankedScores:
        return RankedScores.of(self.store.labels, self.store.logits, self.class_names)

    def pooled_scores(self, score: str = "probability") -> RankedScores:
        """Return the scores of the micro-average, sorted once: "probability" or "logit"."""
        return self._pooled_logits if score == "logit" else self._pooled_probabilities

    @cached_property
    def _pooled_probabilities(self) -> RankedScores:
        return RankedScores.pooled(
            self.store.labels, self._probability_columns, len(self.class_names)
        )

    @cached_property
    def _pooled_logits(self) -> RankedScores:
        return RankedScores.pooled(self.store.labels, self.store.logits, len(self.class_names))

    @cached_property
    def roc(self) -> Roc:
        """The ROC curves of the probabilities of all locations."""
        return self.ranked_scores().roc()

    @cached_property
    def accuracy(self) -> metrics.Accuracy:
        """Accuracy over all locations."""
        return metrics.accuracy_of_ranks(self.true_ranks)

    @cached_property
    def drawing_order(self) -> NDArray[np.int64]:
        """Rows in the order in which pages show them, (N,): shuffled with a fixed seed.

        In the store's order the last class would cover the others in a projection, and the gallery
        would begin with a hundred photographs of the first class.
        """
        return np.random.default_rng(0).permutation(len(self.store)).astype(np.int64)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class names in order."""
        return self.store.class_names
