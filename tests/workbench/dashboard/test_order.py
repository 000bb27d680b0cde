"""The order of the selected locations."""

import numpy as np
import pytest

from tests.workbench.dashboard.examples import classes, step
from workbench.dashboard import gallery, order
from workbench.dashboard.selection import nearest, resolve
from workbench.evaluation.predictions import Predictions

SQUARE = [[-1.0, -1.0], [3.0, -1.0], [3.0, 3.0], [-1.0, 3.0]]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", ["confidence", "margin", "entropy", "kilometers", "rank"])
def test_rows_follow_the_numbers_and_unknown_ones_are_last(
    predictions: Predictions, name: str, descending: bool
) -> None:
    steps = [classes("Ohio", "Hawaii")]
    selection = resolve(steps, predictions)
    assert selection is not None
    rows = order.ordered(steps, selection, predictions, name, descending=descending)
    assert sorted(rows) == np.flatnonzero(selection.member).tolist()
    values = predictions.columns[name].values[rows]
    known = values[np.isfinite(values)]
    assert np.isfinite(values[: len(known)]).all()
    assert (np.diff(known) * (-1 if descending else 1) >= 0).all()
    place = np.argsort(predictions.drawing_order)[rows]
    equal = np.flatnonzero(np.diff(values) == 0)
    assert (place[equal] < place[equal + 1]).all()


def test_the_middle_of_the_lasso_is_the_first(predictions: Predictions) -> None:
    steps = [step("lasso", projection="umap", polygon=SQUARE)]
    rows = order.ordered(steps, resolve(steps, predictions), predictions, "lasso")
    points = predictions.store.projections["umap"].coordinates[rows]
    assert len(rows) > 3
    assert (np.diff(np.hypot(*(points - 1).T)) >= -1e-6).all()


@pytest.mark.parametrize("name", [None, "nowhere", "lasso", ["rank"], "random"])
def test_any_other_order_is_the_random_one(predictions: Predictions, name: object) -> None:
    rows = order.ordered(None, None, predictions, name)
    assert rows.tolist() == predictions.drawing_order.tolist()
    backwards = order.ordered(None, None, predictions, name, descending=True)
    assert backwards.tolist() == rows.tolist()[::-1]


def test_the_nearest_of_a_location_come_in_their_order(judged_predictions: Predictions) -> None:
    location = judged_predictions.store.location_ids[3]
    steps = nearest(location, judged_predictions)
    selection = resolve(steps, judged_predictions)
    assert selection is not None
    assert selection.ranked is not None
    rows = order.ordered(steps, selection, judged_predictions)
    assert rows.tolist() == selection.ranked.tolist()
    by_margin = order.ordered(steps, selection, judged_predictions, "margin")
    assert sorted(by_margin.tolist()) == sorted(rows.tolist())


def test_disagreement_is_the_share_of_neighbours_of_another_class(
    judged_predictions: Predictions,
) -> None:
    store = judged_predictions.store
    assert store.neighbors is not None
    labels = store.labels[store.neighbors.indices[7, :15]]
    expected = (labels != store.labels[7]).mean()
    assert judged_predictions.columns["disagreement"].values[7] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.5, "share", "50%"), (1234.5, "km", "1,234 km"), (-0.25, "", "−0.25"), (np.nan, "km", "")],
)
def test_a_card_shows_the_number_with_its_unit(value: float, unit: str, shown: str) -> None:
    assert gallery.value_text(value, unit) == shown
