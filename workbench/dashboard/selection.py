"""Selections: steps from the browser, which are untrusted, become a set of locations."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.columns import N_NEAREST
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import Step, evaluate

_lock = threading.RLock()  # A callback waits for another that asks for the same.


@dataclass(frozen=True)
class Selection:
    """Some locations of a store, and what the steps that selected them are about.

    `member` (N,) marks them; `class_names` are the classes that it is about, in class order.
    `cell` is the (true, predicted) pair of a cell of the confusion matrix, `within` the selection
    that the matrix showed when the cell was clicked, None for all locations. `is_spatial` marks a
    selection by position instead of by class. For the nearest of a location, `ranked` has their
    rows, the nearest first.
    """

    member: NDArray[np.bool_]
    class_names: tuple[str, ...]
    cell: tuple[str, str] | None = None
    within: "Selection | None" = None
    is_spatial: bool = False
    ranked: NDArray[np.int32] | None = None


def resolve(steps: Sequence[Step] | None, predictions: Predictions) -> Selection | None:
    """Return what the steps from the browser select, None for everything.

    The last selections are kept: after each change, several callbacks ask for the same.
    """
    if not steps:
        return None
    with _lock:
        return _resolve(json.dumps(steps), predictions)


@lru_cache(maxsize=16)
def _resolve(text: str, predictions: Predictions) -> Selection:
    steps: list[Step] = json.loads(text)
    member = evaluate(steps, predictions)
    filters: list[Any] = [step["filter"] for step in steps]
    last = filters[-1]
    cell = within = ranked = None
    if last["kind"] == "cell" and (len(last["true"]), len(last["predicted"])) == (1, 1):
        cell = (last["true"][0], last["predicted"][0])
        within = resolve(steps[:-1], predictions)
    if last["kind"] == "nearest" and len(steps) == 1:
        ranked = _neighbours(last["id"], predictions)
    return Selection(
        member,
        (cell[0],) if cell else _classes(filters, member, predictions),
        cell,
        within,
        is_spatial=any(one["kind"] in ("lasso", "ids", "nearest", "group") for one in filters),
        ranked=None if ranked is None else ranked[0],
    )


def _classes(
    filters: Sequence[Any], member: NDArray[np.bool_], predictions: Predictions
) -> tuple[str, ...]:
    """Return the classes that were chosen, else those of the members, in class order."""
    if len(filters) == 1 and filters[0]["kind"] == "class" and filters[0]["of"] == "true":
        return _listed_in_order(filters[0]["names"], predictions)
    present = np.unique(predictions.store.labels[member])
    return tuple(predictions.class_names[index] for index in present)


def _listed_in_order(names: Sequence[str], predictions: Predictions) -> tuple[str, ...]:
    return tuple(name for name in predictions.class_names if name in set(names))


def in_random_order(
    selection: Selection | None, predictions: Predictions
) -> NDArray[np.int64] | NDArray[np.int32]:
    """Return the rows of the selected locations: always the same random order.

    The nearest of a location come in their order.
    """
    if selection is not None and selection.ranked is not None:
        return selection.ranked
    rows = predictions.drawing_order
    return rows if selection is None else rows[selection.member[rows]]


def nearest(location: str, predictions: Predictions) -> list[Step] | None:
    """Return the steps that select the nearest of a location, None without neighbours."""
    found = _neighbours(location, predictions)
    if found is None:
        return None
    ids = [predictions.store.location_ids[row] for row in found[0]]
    return [{"op": "replace", "filter": {"kind": "nearest", "id": location, "ids": ids}}]


def neighbors(location: str, predictions: Predictions) -> list[int]:
    """Return the rows of the nearest of a location, the nearest first; [] if they are not known."""
    found = _neighbours(location, predictions)
    return [] if found is None else found[0].tolist()


def neighbor_distances(location: str, predictions: Predictions) -> list[tuple[str, float]]:
    """Return id and distance of the nearest of a location, [] if they are not known."""
    found = _neighbours(location, predictions)
    if found is None:
        return []
    ids = [predictions.store.location_ids[row] for row in found[0]]
    return list(zip(ids, found[1].tolist(), strict=True))


def _neighbours(
    location: str, predictions: Predictions
) -> tuple[NDArray[np.int32], NDArray[np.float32]] | None:
    """Return rows and distances of the nearest of a location, None if they are not known."""
    neighbours = predictions.store.neighbors
    if neighbours is None or predictions.find(location) is None:
        return None
    row = predictions.rows[location]
    return neighbours.indices[row, :N_NEAREST], neighbours.distances[row, :N_NEAREST]
