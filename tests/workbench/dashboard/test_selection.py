"""What a rule from the browser selects, and what the browser gets to select with."""

from typing import Any

import numpy as np
import pytest

from tests.workbench.dashboard.examples import NONSENSE
from workbench.dashboard import gallery
from workbench.dashboard.selection import nearest, resolve
from workbench.evaluation.predictions import Predictions


def test_a_class_rule_selects_its_locations(predictions: Predictions) -> None:
    selection = resolve({"by": "class", "names": ["Ohio", "Alaska", "Ohio"]}, predictions)
    assert selection is not None
    assert selection.class_names == ("Alaska", "Ohio")
    assert selection.description == "Alaska, Ohio"
    assert selection.member.tolist() == np.isin(predictions.store.labels, [0, 4]).tolist()


def test_a_lasso_rule_selects_its_ids(predictions: Predictions) -> None:
    ids = [predictions.store.location_ids[7], predictions.store.location_ids[2], "nowhere", 3, None]
    selection = resolve({"by": "lasso", "method": "umap", "ids": ids}, predictions)
    assert selection is not None
    assert np.flatnonzero(selection.member).tolist() == [2, 7]
    assert selection.description == "lasso in UMAP"
    assert selection.class_names == ("Alaska", "Arizona")


def test_a_cell_rule_selects_true_and_predicted_within_what_was_shown(
    predictions: Predictions,
) -> None:
    row = int(np.flatnonzero(~predictions.correct)[0])
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    cell = {"by": "cell", "true": true, "predicted": predicted}
    selection = resolve(cell, predictions)
    assert selection is not None
    assert selection.cell == (true, predicted)
    expected = (predictions.store.labels == predictions.store.labels[row]) & (
        predictions.predicted_labels == predictions.predicted_labels[row]
    )
    assert selection.member.tolist() == expected.tolist()
    within = {"by": "lasso", "method": "pca", "ids": [predictions.store.location_ids[row]]}
    narrower = resolve(cell | {"within": within}, predictions)
    assert narrower is not None
    assert np.flatnonzero(narrower.member).tolist() == [row]
    assert narrower.description == f"true {true}, predicted {predicted}, lasso in PCA"


@pytest.mark.parametrize("rule", NONSENSE)
def test_nonsense_selects_everything(rule: Any, predictions: Predictions) -> None:
    assert resolve(rule, predictions) is None


def test_nested_cells_are_ignored(predictions: Predictions) -> None:
    rule: dict[str, Any] = {"by": "cell", "true": "Ohio", "predicted": "Ohio"}
    for _ in range(3000):
        rule = {"by": "cell", "true": "Ohio", "predicted": "Ohio", "within": rule}
    selection = resolve(rule, predictions)
    assert selection is not None
    assert selection.within is None


def test_the_nearest_of_a_location_are_selected_in_order(judged_predictions: Predictions) -> None:
    store = judged_predictions.store
    location = store.location_ids[8]
    rule = nearest(location, judged_predictions)
    assert rule is not None
    selection = resolve({"by": "nearest", "of": location, "ids": ["ignored"]}, judged_predictions)
    assert selection is not None
    assert selection.ranked is not None
    feature = np.asarray(store.features)
    away = np.linalg.norm(feature - feature[8], axis=1)
    expected = [row for row in np.argsort(away) if row != 8][:15]
    assert selection.ranked.tolist() == expected
    assert [store.location_ids[row] for row in expected] == rule["ids"]
    assert np.flatnonzero(selection.member).tolist() == sorted(expected)
    assert selection.description == f"15 nearest to {location} by features"
    assert gallery.rows(selection, judged_predictions).tolist() == expected


@pytest.mark.parametrize("of", ["nowhere", None, 3, ["x"]])
def test_nobody_has_unknown_neighbours(of: Any, judged_predictions: Predictions) -> None:
    assert resolve({"by": "nearest", "of": of}, judged_predictions) is None


def test_a_store_without_neighbours_knows_none(predictions: Predictions) -> None:
    assert nearest(predictions.store.location_ids[0], predictions) is None
