"""The order of the selected locations, in the gallery and for the keys left and right.

`assets/dashboard/order.js` orders them in the same way in the browser.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.dashboard.selection import Selection
from workbench.dashboard.steps import Step
from workbench.evaluation.predictions import Predictions

RANDOM, LASSO = "random", "lasso"
_COLUMNS = ("confidence", "margin", "entropy", "kilometers", "rank", "disagreement")


def titles(predictions: Predictions) -> dict[str, str]:
    """Return the title of each order that the store has data for."""
    known = predictions.columns
    return {
        RANDOM: "random",
        **{name: known[name].title.lower() for name in _COLUMNS if name in known},
        LASSO: "distance from the lasso's middle",
    }


def ordered(
    steps: Sequence[Step] | None,
    selection: Selection | None,
    predictions: Predictions,
    name: Any = RANDOM,
    *,
    descending: bool = False,
) -> NDArray[np.int64]:
    """Return the rows of the selected locations, those without a number last.

    `random` is always the same, but the nearest of a location come in their order; it is also the
    order of equal numbers, of an unknown name, and of `lasso` without a lasso.
    """
    rows = predictions.drawing_order
    if selection is not None:
        rows = rows[selection.member[rows]]
    keys = _keys(steps, selection, predictions, name)
    if keys is None:
        return rows[::-1] if descending else rows
    selected = keys[rows]
    return rows[np.argsort(-selected if descending else selected, kind="stable")]


def distances(selection: Selection | None) -> dict[int, float]:
    """Return distance by row if a selection is the nearest of a location, else nothing."""
    if selection is None or selection.ranked is None or selection.distances is None:
        return {}
    return dict(zip(selection.ranked.tolist(), selection.distances.tolist(), strict=True))


def _keys(
    steps: Sequence[Step] | None, selection: Selection | None, predictions: Predictions, name: Any
) -> NDArray[np.floating[Any]] | None:
    """Return the numbers (N,) by which to order; None for the random order."""
    if name == RANDOM and selection is not None and selection.ranked is not None:
        result = np.full(len(predictions.store), np.nan)
        result[selection.ranked] = np.arange(len(selection.ranked))
        return result
    if name == LASSO:
        return _distances(steps, predictions)
    if name in _COLUMNS and name in predictions.columns:
        return predictions.columns[name].values
    return None


def _distances(
    steps: Sequence[Step] | None, predictions: Predictions
) -> NDArray[np.float64] | None:
    """Return squared distances (N,) from the middle of the last lasso, None without one."""
    lassos: list[Any] = [
        step["filter"] for step in steps or () if step["filter"]["kind"] == "lasso"
    ]
    projection = predictions.store.projections.get(lassos[-1]["projection"]) if lassos else None
    if projection is None or not lassos[-1]["polygon"]:
        return None
    polygon = np.array(lassos[-1]["polygon"], dtype=np.float64)
    middle = (polygon.min(axis=0) + polygon.max(axis=0)) / 2
    x, y = (projection.coordinates.astype(np.float64) - middle).T
    distances: NDArray[np.float64] = x * x + y * y
    return distances
