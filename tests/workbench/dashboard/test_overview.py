"""What the overview and the page of a class tell of a selection."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from tests.workbench.dashboard.examples import cell, classes, step
from workbench.dashboard import examples
from workbench.dashboard.pages import overview, state
from workbench.evaluation.predictions import Predictions

CONFIDENT = step("range", column="confidence", min=0.5, max=None)
NOTHING = step("search", text="nowhere")
SELECTIONS: dict[str, list[Any]] = {
    "all": [],
    "confident": [CONFIDENT],
    "one class": [CONFIDENT, classes("Ohio", op="intersect")],
    "nothing": [NOTHING],
}


def frame(predictions: Predictions) -> pd.DataFrame:
    names = np.array(predictions.class_names)
    return pd.DataFrame(
        {
            "id": predictions.store.location_ids,
            "true": names[predictions.store.labels],
            "predicted": names[predictions.predicted_labels],
            "right": predictions.correct,
            "rank": predictions.true_ranks,
            "confidence": predictions.confidences,
            "kilometers": predictions.columns["kilometers"].values,
        }
    )


def chosen(name: str, every: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a selection of `SELECTIONS`, and the same without its class."""
    if name == "all":
        return every, every
    if name == "nothing":
        return every[:0], every[:0]
    confident = every[every.confidence.astype(np.float32) >= 0.5]
    return (confident[confident.true == "Ohio"] if name == "one class" else confident), confident


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_overview_has_the_numbers_of_pandas(predictions: Predictions, name: str) -> None:
    found = overview.numbers(SELECTIONS[name], predictions)
    every = frame(predictions)
    for part, rows in (("selected", chosen(name, every)[0]), ("all", every)):
        shown, wrong = found[part], rows[~rows.right]
        assert shown["n"] == len(rows)
        if not len(rows):
            assert shown["top_1"]["value"] is None
            continue
        assert shown["top_1"]["value"] == pytest.approx((rows["rank"] == 1).mean())
        assert shown["top_5"]["value"] == pytest.approx((rows["rank"] <= 5).mean())
        assert shown["kilometers"]["n"] == len(wrong)
        if len(wrong):
            assert shown["kilometers"]["value"] == pytest.approx(wrong.kilometers.median())
    rows, without_class = chosen(name, every)
    pairs = rows[~rows.right].groupby(["true", "predicted"]).size()
    listed = {(one["true"], one["predicted"]): one["count"] for one in found["confusions"]}
    assert listed == pairs.to_dict()
    recall = without_class.groupby("true").right.mean()
    shares = [one["recall"] for one in found["classes"]]
    assert shares == sorted(shares)
    assert {one["class"]: one["recall"] for one in found["classes"]} == pytest.approx(
        recall.to_dict()
    )
    marked = [one["class"] for one in found["classes"] if one["chosen"]]
    assert marked == (["Ohio"] if name == "one class" else [])


def test_without_coordinates_there_are_no_kilometers(predictions: Predictions) -> None:
    unknown = np.full(len(predictions.store), np.nan)
    bare = Predictions(replace(predictions.store, latitudes=unknown, longitudes=unknown))
    assert "kilometers" not in overview.numbers([], bare)["all"]
    assert overview.NO_COORDINATES in str(overview.layout(bare))


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("kind", examples.KINDS)
def test_examples_are_the_most_and_least_confident(
    predictions: Predictions, name: str, kind: str
) -> None:
    found = examples.cards(SELECTIONS[name], kind, predictions)
    rows, _ = chosen(name, frame(predictions))
    if kind != "unsure":
        rows = rows[rows.right == (kind == "right")]
    confidence = rows.set_index("id")["confidence"].to_dict()
    assert len(set(found["ids"])) == min(len(rows), examples.MOST_CARDS)
    assert found["confidences"] == [confidence[id_] for id_ in found["ids"]]
    order = sorted(confidence.values(), reverse=kind != "unsure")
    assert found["confidences"] == pytest.approx(order[: examples.MOST_CARDS], abs=1e-6)
    assert f"{len(rows):,}" in found["status"]


@pytest.mark.parametrize("score", ["probability", "logit"])
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_class_has_the_numbers_of_scikit_learn(
    predictions: Predictions, name: str, score: str
) -> None:
    found, curve = state.detail(SELECTIONS[name], "Ohio", score, predictions)
    every = frame(predictions)
    _, rows = chosen(name, every)  # A step about classes is left out.
    of_class, as_class = rows[rows.true == "Ohio"], rows[rows.predicted == "Ohio"]
    assert (found["n"], found["n_predicted"]) == (len(of_class), len(as_class))
    assert (found["selected"], found["total"]) == (len(rows), len(every))
    if not len(of_class):
        assert found["recall"] is found["auc"] is found["auc_low"] is None
        assert state.draw(curve, "Ohio", predictions)[1].startswith("no curve")
        return
    assert found["recall"] == pytest.approx(of_class.right.mean())
    assert found["precision"] == pytest.approx(as_class.right.mean())
    used = (every.true != "Ohio") | every.index.isin(rows.index)
    scores = predictions.probabilities if score == "probability" else predictions.store.logits
    area = sklearn.metrics.roc_auc_score(every.true[used] == "Ohio", scores[used, 4])
    assert found["auc"] == pytest.approx(area)
    assert found["auc_low"] < area < found["auc_high"] or area == 1
    for way, others in (
        ("predicted_rows", of_class.predicted[~of_class.right]),
        ("mistaken_rows", as_class.true[~as_class.right]),
    ):
        assert {row["class"]: row["count"] for row in found[way]} == others.value_counts().to_dict()
    assert f"{len(of_class)} against" in state.draw(curve, "Ohio", predictions)[1]


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([], None),
        ([CONFIDENT, classes("Ohio", op="intersect")], "Ohio"),
        ([classes("Ohio"), step("correct", "intersect", value=False)], "Ohio"),
        ([classes("Ohio", "Alaska")], None),
        ([classes("Atlantis")], None),
        ([step("class", of="predicted", names=["Ohio"])], None),
        ([cell("Ohio", "Alaska")], None),
        ([step("search", text=" ohio ")], "Ohio"),
        ([step("search", text="oh")], None),
    ],
)
def test_a_selection_chooses_the_class(
    predictions: Predictions, steps: list[Any], name: str | None
) -> None:
    assert state.chosen_class(steps, predictions) == name


def test_maps_and_examples_are_of_the_class_within_the_selection() -> None:
    steps = [CONFIDENT, classes("Alaska", op="intersect")]
    assert state.class_steps(steps, "Ohio") == [CONFIDENT, classes("Ohio", op="intersect")]
    assert state.class_steps([], "Ohio") == [classes("Ohio")]
