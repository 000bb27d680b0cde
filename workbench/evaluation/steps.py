"""The steps of a selection: their form, and what they select.

`assets/dashboard/selection.js` evaluates the same steps in the browser. Names and ids that the
store does not have select nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from workbench.evaluation.predictions import Predictions

Member = NDArray[np.bool_]
Name = Annotated[str, Field(max_length=1000)]
"""The form of an id or the name of a class, column or projection."""
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Corner = Annotated[list[_Number], Field(min_length=2, max_length=2)]


class _Lasso(TypedDict):
    """The points of a projection inside a polygon, in its coordinates, by the even-odd rule."""

    kind: Literal["lasso"]
    projection: Name
    polygon: Annotated[list[_Corner], Field(max_length=10_000)]


class _Class(TypedDict):
    kind: Literal["class"]
    of: Literal["true", "predicted"]
    names: list[Name]


class _Cell(TypedDict):
    """Locations of some true classes that were predicted as some classes."""

    kind: Literal["cell"]
    true: list[Name]
    predicted: list[Name]


class _Correct(TypedDict):
    kind: Literal["correct"]
    value: bool


class _Range(TypedDict):
    """A column of numbers from `min` to `max`, both included; None is no limit."""

    kind: Literal["range"]
    column: Name
    min: _Number | None
    max: _Number | None


class _Ids(TypedDict):
    kind: Literal["ids"]
    ids: list[Name]


class _Search(TypedDict):
    """Locations whose id or whose true or predicted class contains a text, in either case."""

    kind: Literal["search"]
    text: Name


class _Nearest(TypedDict):
    """The nearest of the location `id`; `ids` are theirs."""

    kind: Literal["nearest"]
    id: Name
    ids: list[Name]


class _All(TypedDict):
    kind: Literal["all"]


class _Group(TypedDict):
    """What steps of their own select, such as a saved set; `name` is shown."""

    kind: Literal["group"]
    name: Name
    steps: "Annotated[list[Step], Field(max_length=100)]"


class Step(TypedDict):
    """A filter, and what it does with the selection so far."""

    op: Literal["replace", "add", "subtract", "intersect", "invert"]
    filter: Annotated[
        _Lasso | _Class | _Cell | _Correct | _Range | _Ids | _Search | _Nearest | _All | _Group,
        Field(discriminator="kind"),
    ]


MOST_STEPS = 100
"""The most steps of a selection, with those of its groups."""
MOST_LISTED = 3
"""Class names in the words of a filter."""


def _limited(steps: list[Step]) -> list[Step]:
    if _count(steps) > MOST_STEPS:
        raise ValueError(f"a selection has at most {MOST_STEPS} steps")
    return steps


def _count(steps: Sequence[Step]) -> int:
    return sum(
        1 + (_count(step["filter"]["steps"]) if step["filter"]["kind"] == "group" else 0)
        for step in steps
    )


Steps = Annotated[list[Step], Field(max_length=MOST_STEPS), AfterValidator(_limited)]
"""The form of a selection; an empty list is everything."""

_OPERATIONS: Mapping[str, Callable[[Member, Member], Member]] = {
    "replace": lambda _, part: part,
    "add": np.logical_or,
    "subtract": lambda member, part: member & ~part,
    "intersect": np.logical_and,
    "invert": lambda member, _: ~member,
}


def without(
    steps: Sequence[Step], kinds: Sequence[str], column: str = ""
) -> tuple[list[Step], list[Step]]:
    """Return the steps of a selection without those that narrow it by some kinds, and these.

    A page shows what is selected without them, so that another cell can be chosen. Only steps
    after which all others narrow as well can be left out. "wrong" belongs to the cells of two
    classes before it (`toggledPair` in assets/dashboard/selection.js). With a `column`, the kind
    "range" means that of its ranges alone.
    """
    kept: list[Step] = []
    chosen: list[Step] = []
    for index in reversed(range(len(steps))):
        step: Any = steps[index]
        kind, before = step["filter"]["kind"], steps[index - 1]["filter"]["kind"] if index else ""
        is_chosen = kind in kinds or ("cell" in kinds and (kind, before) == ("correct", "cell"))
        if column and kind == "range":
            is_chosen = is_chosen and step["filter"]["column"] == column
        if is_chosen and step["op"] in ("replace", "intersect"):
            chosen.insert(0, step)
        else:
            kept.insert(0, step)
        if step["op"] not in ("intersect", "subtract"):
            # What was selected before a chosen "replace" does not matter.
            return (kept if step in chosen else [*steps[:index], *kept]), chosen
    return kept, chosen


def evaluate(steps: Sequence[Step], predictions: Predictions) -> Member:
    """Return the members (N,) of all steps, from left to right; it begins with all locations."""
    result = np.ones(len(predictions.store), dtype=bool)
    for step in steps:
        result = _OPERATIONS[step["op"]](result, _members(step["filter"], predictions))
    return result


def _members(wanted: Any, predictions: Predictions) -> Member:
    store = predictions.store
    nothing = np.zeros(len(store), dtype=bool)
    match wanted["kind"]:
        case "lasso":
            projection = store.projections.get(wanted["projection"])
            if projection is None:
                return nothing
            return inside(np.array(wanted["polygon"]).reshape(-1, 2), projection.coordinates)
        case "class":
            labels = store.labels if wanted["of"] == "true" else predictions.predicted_labels
            return _among(labels, wanted["names"], predictions)
        case "cell":
            return _among(store.labels, wanted["true"], predictions) & _among(
                predictions.predicted_labels, wanted["predicted"], predictions
            )
        case "correct":
            return predictions.correct if wanted["value"] else ~predictions.correct
        case "range":
            column = predictions.columns.get(wanted["column"])
            if column is None:
                return nothing
            values = column.values.astype(np.float64)
            low = -np.inf if wanted["min"] is None else wanted["min"]
            high = np.inf if wanted["max"] is None else wanted["max"]
            return (values >= low) & (values <= high)
        case "all":
            return ~nothing
        case "group":
            return evaluate(wanted["steps"], predictions)
        case "search":
            return _search(wanted["text"], predictions)
        case _:
            known = [predictions.rows[one] for one in wanted["ids"] if one in predictions.rows]
            nothing[known] = True
            return nothing


def inside(polygon: NDArray[np.float64], coordinates: NDArray[np.float32]) -> Member:
    """Return which points (N, 2) lie in a polygon (K, 2), by the even-odd rule, in float64."""
    x, y = coordinates.astype(np.float64).T
    result = np.zeros(len(x), dtype=bool)
    for a, b in zip(np.roll(polygon, 1, axis=0), polygon, strict=True):
        crosses = (a[1] > y) != (b[1] > y)
        if crosses.any():
            edge = (b[0] - a[0]) * (y[crosses] - a[1]) / (b[1] - a[1]) + a[0]
            result[crosses] ^= x[crosses] < edge
    return result


def _among(labels: NDArray[np.int64], names: list[str], predictions: Predictions) -> Member:
    known = predictions.class_indices
    return np.isin(labels, [known[name] for name in names if name in known])


def _search(text: str, predictions: Predictions) -> Member:
    wanted = text.strip().lower()
    store = predictions.store
    if not wanted:
        return np.zeros(len(store), dtype=bool)
    named = [i for i, name in enumerate(store.class_names) if wanted in name.lower()]
    found = np.array([wanted in name.lower() for name in store.location_ids], dtype=bool)
    return found | np.isin(store.labels, named) | np.isin(predictions.predicted_labels, named)


def words(steps: Sequence[Step], predictions: Predictions) -> str:
    """Return steps in words, as the chips of the selection bar have them; "" without any.

    `assets/dashboard/words.js` writes the same.
    """
    signs = {"add": "or ", "subtract": "not "}
    return "; ".join(
        signs.get(one["op"], "") + _filter_words(one["filter"], predictions) for one in steps
    )


def _filter_words(wanted: Any, predictions: Predictions) -> str:
    match wanted["kind"]:
        case "lasso":
            projection = predictions.store.projections.get(wanted["projection"])
            return f"lasso in {projection.title if projection else wanted['projection']}"
        case "class":
            return ("predicted " if wanted["of"] == "predicted" else "") + _listed(wanted["names"])
        case "cell":
            return f"true {_listed(wanted['true'])}, predicted {_listed(wanted['predicted'])}"
        case "correct":
            return "right" if wanted["value"] else "wrong"
        case "range":
            return _range_words(wanted, predictions)
        case "ids":
            return f"{len(wanted['ids']):,} ids"
        case "nearest":
            return f"{len(wanted['ids'])} nearest to {wanted['id']} by features"
        case "search":
            return f"“{wanted['text']}”"
        case "group":
            return f"set {wanted['name']}"
        case _:
            return "inverted"


def _digits(value: float, count: int) -> str:
    """Return a number with this many significant digits, never with an exponent."""
    text = np.format_float_positional(float(f"{value:.{count}g}"), trim="-")
    return text.replace("-", "\N{MINUS SIGN}")


def _range_words(wanted: Any, predictions: Predictions) -> str:
    column = predictions.columns.get(wanted["column"])
    name = column.title.lower() if column else wanted["column"]
    unit = column.unit if column else ""

    def text(number: float) -> str:
        if unit == "share":
            return f"{_digits(100 * number, 3)} %"
        return f"{_digits(number, 4)} {unit}".strip()

    low, high = wanted["min"], wanted["max"]
    if low is None or high is None:
        return (
            name
            if low is high
            else f"{name} ≤ {text(high)}"
            if low is None
            else f"{name} ≥ {text(low)}"
        )
    return f"{name} {text(low)} to {text(high)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MOST_LISTED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more classes"
