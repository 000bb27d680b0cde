"""Selections: a rule from the browser, which is untrusted, becomes a set of locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypedDict

from workbench.evaluation.predictions import Predictions

N_NEAREST = 15
Name = Annotated[str, Field(max_length=1000)]
"""The form of an id or the name of a class or projection."""


class _ClassRule(TypedDict):
    by: Literal["class"]
    names: list[Name]


class _LassoRule(TypedDict):
    by: Literal["lasso"]
    method: Name
    ids: list[Name]


class _NearestRule(TypedDict):
    by: Literal["nearest"]
    of: Name
    ids: list[Name]


_Outer = _ClassRule | _LassoRule | _NearestRule


class _CellRule(TypedDict):
    by: Literal["cell"]
    true: Name
    predicted: Name
    within: NotRequired[Annotated[_Outer, Field(discriminator="by")] | None]


Rule = Annotated[_Outer | _CellRule, Field(discriminator="by")]
"""The form of a rule; its names and ids may be unknown."""


@dataclass(frozen=True)
class Selection:
    """Some locations of a store and how they were selected.

    `member` (N,) marks them; `class_names` are the classes that it is about, in class order.
    `cell` is the (true, predicted) pair of a cell of the confusion matrix, `within` the selection
    that the matrix showed when the cell was clicked, None for all locations. `is_spatial` marks a
    selection by position instead of by class. For the nearest of a location, `ranked` has their
    rows, the nearest first, and `distances` their distances.
    """

    member: NDArray[np.bool_]
    description: str
    class_names: tuple[str, ...]
    cell: tuple[str, str] | None = None
    within: "Selection | None" = None
    is_spatial: bool = False
    ranked: NDArray[np.int32] | None = None
    distances: NDArray[np.float32] | None = None


def resolve(rule: Any, predictions: Predictions) -> Selection | None:
    """Return what a rule from the browser selects, None for everything.

    A rule is null, {"by": "class", "names": [...]}, {"by": "lasso", "method": ..., "ids":
    [...]}, {"by": "nearest", "of": id} or {"by": "cell", "true": ..., "predicted": ...,
    "within": one of the former}. Unknown names and ids are
    dropped; an invalid or empty rule selects everything.
    """
    if not isinstance(rule, dict):
        return None
    match rule.get("by"):
        case "class":
            return _by_class(_known(rule.get("names"), predictions.class_indices), predictions)
        case "cell":
            pair = _known([rule.get("true")], predictions.class_indices)
            pair += _known([rule.get("predicted")], predictions.class_indices)
            if len(pair) != 2:
                return None
            within = rule.get("within")
            nested = isinstance(within, dict) and within.get("by") == "cell"
            return _by_cell(
                (pair[0], pair[1]), None if nested else resolve(within, predictions), predictions
            )
        case "lasso":
            method = rule.get("method")
            made = predictions.store.projections.get(method) if isinstance(method, str) else None
            where = f" in {made.title}" if made else ""
            return _by_lasso(_known(rule.get("ids"), predictions.rows), where, predictions)
        case "nearest":
            of = _known([rule.get("of")], predictions.rows)
            return _by_distance(of[0], predictions) if of else None
        case _:
            return None


def _by_class(names: Sequence[str], predictions: Predictions) -> Selection | None:
    if not names:
        return None
    wanted = sorted({predictions.class_indices[name] for name in names})
    member = np.isin(predictions.store.labels, wanted)
    chosen = tuple(predictions.class_names[index] for index in wanted)
    return Selection(member, _listed(chosen), chosen)


def _by_cell(
    pair: tuple[str, str], within: Selection | None, predictions: Predictions
) -> Selection:
    true, predicted = (predictions.class_indices[name] for name in pair)
    member = (predictions.store.labels == true) & (predictions.predicted_labels == predicted)
    description = f"true {pair[0]}, predicted {pair[1]}"
    if within is not None:
        member &= within.member
        description += f", {within.description}" if within.is_spatial else ""
    return Selection(member, description, (pair[0],), pair, within)


def _by_lasso(ids: Sequence[str], where: str, predictions: Predictions) -> Selection | None:
    if not ids:
        return None
    member = np.zeros(len(predictions.store), dtype=bool)
    member[[predictions.rows[location] for location in ids]] = True
    present = np.unique(predictions.store.labels[member])
    names = tuple(predictions.class_names[index] for index in present)
    return Selection(member, f"lasso{where}", names, is_spatial=True)


def nearest(location: str, predictions: Predictions) -> dict[str, Any] | None:
    """Return the rule that selects the nearest of a location, None if the store has no neighbours.

    It also holds their "ids", which the browser highlights.
    """
    found = _by_distance(location, predictions)
    if found is None or found.ranked is None:
        return None
    ids = [predictions.store.location_ids[row] for row in found.ranked]
    return {"by": "nearest", "of": location, "ids": ids}


def _by_distance(location: str, predictions: Predictions) -> Selection | None:
    neighbours = predictions.store.neighbors
    if neighbours is None:
        return None
    row = predictions.rows[location]
    ranked = neighbours.indices[row, :N_NEAREST]
    member = np.zeros(len(predictions.store), dtype=bool)
    member[ranked] = True
    present = np.unique(predictions.store.labels[ranked])
    return Selection(
        member,
        f"{len(ranked)} nearest to {location} by features",
        tuple(predictions.class_names[index] for index in present),
        is_spatial=True,
        ranked=ranked,
        distances=neighbours.distances[row, :N_NEAREST],
    )


def _known(values: Any, known: Any) -> list[str]:
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, str) and value in known]


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more classes"
