"""What the steps from the browser select."""

from typing import Any

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from tests.workbench.dashboard.examples import cell, classes, step
from workbench.dashboard.selection import in_random_order, nearest, resolve
from workbench.evaluation.predictions import Predictions


def test_classes_select_their_locations(predictions: Predictions) -> None:
    selection = resolve([classes("Ohio", "Alaska", "Ohio", "Atlantis")], predictions)
    assert selection is not None
    assert selection.class_names == ("Alaska", "Ohio")
    assert selection.member.tolist() == np.isin(predictions.store.labels, [0, 4]).tolist()


def test_a_lasso_selects_what_lies_inside(predictions: Predictions) -> None:
    points = predictions.store.projections["umap"].coordinates.astype(np.float64)
    star = [[-3.0, -1.0], [3.0, -1.0], [-2.0, 2.0], [0.0, -2.5], [2.0, 2.0]]
    selection = resolve([step("lasso", projection="umap", polygon=star)], predictions)
    assert selection is not None
    # Twice around is outside, by the even-odd rule; Matplotlib counts it as inside.
    pentagon = [[-0.5, -1.0], [0.5, -1.0], [0.9, 0.0], [0.0, 0.67], [-0.9, 0.0]]
    centre = Polygon(np.array(pentagon)).contains_points(points)
    whole = Polygon(np.array([*star, star[0]])).contains_points(points)
    assert 0 < selection.member.sum() < len(points)
    assert not (selection.member & ~whole).any()
    assert not (selection.member & centre).any()
    assert selection.is_spatial


def test_a_cell_within_a_selection_remembers_it(predictions: Predictions) -> None:
    row = int(np.flatnonzero(~predictions.correct)[0])
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    selection = resolve([cell(true, predicted)], predictions)
    assert selection is not None
    assert selection.cell == (true, predicted)
    assert selection.within is None
    expected = (predictions.store.labels == predictions.store.labels[row]) & (
        predictions.predicted_labels == predictions.predicted_labels[row]
    )
    assert selection.member.tolist() == expected.tolist()
    within = step("ids", ids=[predictions.store.location_ids[row]])
    narrower = resolve([within, cell(true, predicted, "intersect")], predictions)
    assert narrower is not None
    assert np.flatnonzero(narrower.member).tolist() == [row]
    assert narrower.within is not None
    assert narrower.within.member.sum() == 1


def test_steps_are_taken_from_left_to_right(predictions: Predictions) -> None:
    label = predictions.store.labels
    ohio, wrong = label == 4, ~predictions.correct
    surely = predictions.confidences.astype(np.float32) >= 0.5
    for steps, expected in (
        ([classes("Ohio", op="subtract")], ~ohio),
        ([classes("Ohio", op="intersect"), step("correct", "add", value=False)], ohio | wrong),
        ([step("correct", value=False), classes("Ohio", op="subtract")], wrong & ~ohio),
        ([classes("Ohio"), step("correct", value=False)], wrong),
        ([step("range", column="confidence", min=0.5, max=None)], surely),
        ([step("search", text=" oHI")], ohio | (predictions.predicted_labels == 4)),
        ([classes()], ohio & False),
    ):
        selection = resolve(steps, predictions)
        assert selection is not None
        assert selection.member.tolist() == expected.tolist(), steps


@pytest.mark.parametrize("steps", [None, []])
def test_no_steps_select_everything(steps: Any, predictions: Predictions) -> None:
    assert resolve(steps, predictions) is None


def test_the_nearest_of_a_location_are_selected_in_order(judged_predictions: Predictions) -> None:
    store = judged_predictions.store
    location = store.location_ids[8]
    steps = nearest(location, judged_predictions)
    assert steps is not None
    selection = resolve(steps, judged_predictions)
    assert selection is not None
    assert selection.ranked is not None
    feature = np.asarray(store.features)
    away = np.linalg.norm(feature - feature[8], axis=1)
    expected = [row for row in np.argsort(away) if row != 8][:15]
    assert selection.ranked.tolist() == expected
    assert np.flatnonzero(selection.member).tolist() == sorted(expected)
    assert in_random_order(selection, judged_predictions).tolist() == expected


def test_a_store_without_neighbours_knows_none(predictions: Predictions) -> None:
    assert nearest(predictions.store.location_ids[0], predictions) is None
