"""What every panel asks of a store: the model's predictions, by location id."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation import metrics
from workbench.figures.palette import palette
from workbench.store import Store


@dataclass(frozen=True)
class Predictions:
    """A store together with what its logits say; rows are the store's."""

    store: Store

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Softmax of the logits, (N, S)."""
        return metrics.probabilities(self.store.logits)

    @cached_property
    def rankings(self) -> NDArray[np.int64]:
        """Classes of each location, the most probable first, (N, S)."""
        return metrics.rank_classes(self.store.logits)

    @cached_property
    def predicted_labels(self) -> NDArray[np.int64]:
        """The most probable class of each location, (N,)."""
        return self.rankings[:, 0]

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the prediction is the true class, (N,)."""
        result: NDArray[np.bool_] = self.predicted_labels == self.store.labels
        return result

    @cached_property
    def confidences(self) -> NDArray[np.float64]:
        """Probability of the predicted class, (N,) in [0, 1]."""
        result: NDArray[np.float64] = self.probabilities.max(axis=1)
        return result

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Where a location stands in the store."""
        return {location: row for row, location in enumerate(self.store.location_ids)}

    def find(self, location: Any) -> str | None:
        """Return the id that a browser names, None where the store has no such location."""
        return location if isinstance(location, str) and location in self.rows else None

    @cached_property
    def class_indices(self) -> Mapping[str, int]:
        """Where a class stands in the order of classes."""
        return {name: index for index, name in enumerate(self.store.class_names)}

    @cached_property
    def colour(self) -> Mapping[str, str]:
        """The colour of each class, in the order of classes."""
        names = self.store.class_names
        return dict(zip(names, palette(len(names)), strict=True))

    @cached_property
    def roc(self) -> metrics.Roc:
        """The curves of all locations: computed once, since a legend and a figure show them."""
        return metrics.roc(self.store.labels, self.probabilities, self.store.class_names)

    @cached_property
    def accuracy(self) -> metrics.Accuracy:
        """Accuracy over all locations."""
        return metrics.accuracy(self.store.labels, self.store.logits)

    @cached_property
    def drawing_order(self) -> NDArray[np.int64]:
        """Rows in the order in which pages show them, (N,): shuffled, always the same way.

        In the store's order the last class would cover the others on a map, and a strip would
        begin with a hundred photographs of the first.
        """
        return np.random.default_rng(0).permutation(len(self.store)).astype(np.int64)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in order."""
        return self.store.class_names
