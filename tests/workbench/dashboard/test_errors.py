"""The page of the errors: what it lists, and which part of the selection it shows."""

from typing import Any

import numpy as np
import pytest

from tests.workbench.dashboard.examples import cell, classes, step, text
from workbench.dashboard.pages import errors
from workbench.evaluation import confusions
from workbench.evaluation.confusions import ClassOrder
from workbench.evaluation.metrics import Confusion
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import without
from workbench.figures import screen

WRONG = step("correct", "intersect", value=False)
PAIR = step("cell", "intersect", true=["Ohio", "Iowa"], predicted=["Ohio", "Iowa"])
LASSO = step("lasso", projection="pca", polygon=[[0, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("steps", "before"),
    [
        ([], []),
        ([LASSO, cell("Ohio", "Iowa", "intersect")], [LASSO]),
        ([LASSO, classes("Ohio", op="intersect"), cell("Ohio", "Iowa", "intersect")], [LASSO]),
        ([LASSO, PAIR, WRONG], [LASSO]),
        ([LASSO, WRONG], [LASSO, WRONG]),
        ([LASSO, cell("Ohio", "Iowa")], []),
        ([classes("Ohio"), LASSO], [classes("Ohio"), LASSO]),
        ([LASSO, classes("Ohio", op="intersect"), WRONG], [LASSO, WRONG]),
        ([classes("Ohio"), WRONG], [WRONG]),
        ([LASSO, classes("Ohio", op="add")], [LASSO, classes("Ohio", op="add")]),
    ],
)
def test_cells_and_classes_are_marked_and_do_not_narrow_the_matrix(
    steps: list[Any], before: list[Any]
) -> None:
    found, chosen = without(steps, ("class", "cell"))
    assert found == before
    assert chosen == [step for step in steps if step not in (*before, LASSO)]


def test_a_confusion_is_listed_with_its_numbers_and_examples(predictions: Predictions) -> None:
    rows = np.flatnonzero(~predictions.correct)
    pair = confusions.ConfusedPair(4, 0, 3, 0.5, 0.75, tuple(rows[:4].tolist()))
    entry = errors.entry(pair, predictions, True, [cell("Ohio", "Alaska")])
    assert text(entry).split() == ["Ohio", "→", "Alaska", "3", "50.0", "%", "75%"]
    button, examples = entry.children
    assert getattr(button, "aria-pressed") == "true"
    opened = [getattr(one, "data-location") for one in examples.children]
    assert opened == [predictions.store.location_ids[row] for row in rows[:4]]
    assert errors.entry(pair, predictions, False, []).children[1].children == []
    assert errors.status([]) == "no errors"


def test_errors_have_the_scale_and_right_locations_are_grey() -> None:
    counts = np.array([[90, 3, 0], [1, 50, 0], [0, 2, 0]])
    order = ClassOrder(np.array([2, 0, 1]), (1,))
    made = screen.errors(Confusion(("a", "b", "c"), counts), order, marked=[(["b"], [])])
    wrong, right = made.data
    assert wrong.zmax == 3
    assert right.zmax == 90
    assert made.layout.meta == {"true": ["c", "a", "b"], "predicted": ["c", "a", "b"]}
    assert wrong.z[2].tolist()[:2] == [0, 1]
    assert list(wrong.text[1]) == ["", "", "3"]
    assert list(right.text[1]) == ["", "90", ""]
    frame = made.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 2.5, 1.5, 2.5)
    shares = screen.errors(Confusion(("a", "b", "c"), counts), order, shares=True)
    assert shares.data[0].z[0].tolist()[2] == 1
    assert list(shares.data[0].text[0]) == ["", "", "100%"]


def test_all_confusions_are_downloaded(predictions: Predictions) -> None:
    pairs = errors.confused_pairs([], "one", "share", predictions)
    names = predictions.class_names
    lines = errors.to_csv(pairs, names).splitlines()
    assert lines[0] == "true,predicted,both_ways,n,share,mean_confidence"
    assert len(lines) == len(pairs) + 1
    first = pairs[0]
    assert lines[1].startswith(
        f"{names[first.true]},{names[first.predicted]},False,{first.count},{first.share}"
    )
    assert [pair.share for pair in pairs] == sorted((one.share for one in pairs), reverse=True)
