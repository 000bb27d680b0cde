"""What the pages Geography and Calibration tell of a selection."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss

from common.errors import InputError
from tests.workbench.dashboard.examples import cell, classes, step, text
from workbench.dashboard.background import Background, Failure
from workbench.dashboard.evaluation import EvaluationData, members, prepare
from workbench.dashboard.pages import calibration, geography
from workbench.evaluation.evaluate import EvaluationInputs, evaluate
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.report import document
from workbench.evaluation.split import TrainingLinks

SURE = step("range", column="confidence", min=0.5, max=None)
NOTHING = step("search", text="nowhere")
SELECTIONS: dict[str, list[Any]] = {
    "all": [],
    "confident": [SURE],
    "one class": [SURE, classes("Ohio", op="intersect")],
    "nothing": [NOTHING],
}


@pytest.fixture(scope="module")
def example(predictions: Predictions) -> Predictions:
    """Return locations with several years, some without coordinates."""
    store = predictions.store
    names = [f"{name[:-1]}{i}" for i, name in enumerate(store.location_ids)]
    years = [name.replace("2015", str(2012 + i % 3)) for i, name in enumerate(names)]
    latitudes = store.latitudes + np.linspace(0, 12, len(store))
    latitudes[3], longitudes = np.nan, store.longitudes.copy()
    longitudes[3] = np.nan
    return Predictions(
        replace(store, location_ids=tuple(years), latitudes=latitudes, longitudes=longitudes)
    )


@pytest.fixture(scope="module")
def inputs(example: Predictions) -> EvaluationInputs:
    n = len(example.store)
    kilometers = np.linspace(0, 60, n)
    links = TrainingLinks(kilometers, same_pano=np.arange(n) % 7 == 0)
    return EvaluationInputs(links, 321, np.linspace(0.2, 0.6, n) ** 2)


@pytest.fixture(scope="module")
def prepared(example: Predictions, inputs: EvaluationInputs) -> EvaluationData:
    found = prepare(example, lambda: inputs).wait()
    assert isinstance(found, EvaluationData)
    return found


def frame(predictions: Predictions) -> pd.DataFrame:
    store = predictions.store
    names = np.array(predictions.class_names)
    return pd.DataFrame(
        {
            "true": names[store.labels],
            "predicted": names[predictions.predicted_labels],
            "right": predictions.correct,
            "confidence": predictions.probabilities.max(axis=1),
            "kilometers": predictions.columns["kilometers"].values,
            "year": [int(name.partition("/")[2][:4]) for name in store.location_ids],
            "latitude": store.latitudes,
        }
    )


def chosen(name: str, every: pd.DataFrame) -> pd.DataFrame:
    if name == "nothing":
        return every[:0]
    rows = every if name == "all" else every[every.confidence.astype(np.float32) >= 0.5]
    return rows[rows.true == "Ohio"] if name == "one class" else rows


@pytest.mark.parametrize("name", SELECTIONS)
def test_geography_has_the_numbers_of_pandas_and_scipy(example: Predictions, name: str) -> None:
    found = geography.numbers(SELECTIONS[name], example)
    every = frame(example)
    rows = chosen(name, every)
    assert (found["n"], found["total"]) == (len(rows), len(every))
    if name == "nothing":
        assert found["geography"] is found["recall_by_area"] is None
        assert {one["n"] for one in found["states"]} == {0}
        return
    known = rows.kilometers.dropna()
    far = found["geography"]["predicted"]
    assert far["n"] == len(known)
    assert far["median"]["value"] == pytest.approx(known.median())
    assert far["score"]["value"] == pytest.approx((5000 * np.exp(-known / 1492.7)).mean())
    for one in far["within"]:
        near = int((known <= one["kilometers"]).sum())
        low, high = binomtest(near, len(known)).proportion_ci(method="wilson")
        ends = [one["share"][key] for key in ("value", "low", "high")]
        assert ends == pytest.approx([near / len(known), low, high], abs=1e-12)
    # The map leaves out the step that chose a class.
    of_map = chosen("confident", every) if name != "all" else every
    assert found["states_n"] == len(of_map)
    for state in found["states"]:
        part = of_map[of_map.true == state["class"]]
        assert state["n"] == len(part)
        assert state["n_predicted"] == (of_map.predicted == state["class"]).sum()
        assert state["chosen"] == (name == "one class" and state["class"] == "Ohio")
        if len(part):
            assert state["recall"]["value"] == pytest.approx(part.right.mean())
            assert state["ratio"] == pytest.approx(state["n_predicted"] / len(part))
    assert found["mistakes"]["n_wrong"] == (~rows.right).sum()


@pytest.mark.parametrize("name", ["all", "confident"])
def test_pages_and_command_have_the_same_numbers(
    example: Predictions, inputs: EvaluationInputs, prepared: EvaluationData, name: str
) -> None:
    steps = SELECTIONS[name]
    rows = np.flatnonzero(example.probabilities.max(axis=1) >= 0.5)
    rows = np.arange(len(example.store)) if name == "all" else rows
    assert inputs.links is not None
    assert inputs.green is not None
    part = replace(inputs, links=inputs.links[rows], green=inputs.green[rows])
    written = document(evaluate(example, rows, part), {}, [])
    shown = geography.numbers(steps, example)
    for key in ("predicted", "expected"):
        of_file = {**written["geography"][key]}
        del of_file["curve"]
        assert shown["geography"][key] == of_file
    assert shown["recall_by_area"] == {
        key: value for key, value in written["recall_by_area"].items() if key != "curve"
    }
    assert shown["mistakes"] == written["mistakes"]
    figure, _, _, ties = geography.split_view(steps, example, prepared)
    assert ties["words"] == written["sentence"]
    distances = written["honest_split"]["by_distance"]
    assert list(figure.data[0].y) == [one["subset"]["accuracy"]["value"] for one in distances]
    for key, number in (("year", 3), ("green", 5)):
        values = inputs.green if key == "green" else None
        drawn, words = calibration.draw_bins(steps, key, example, values)
        bins = written["covariates"][key]
        assert len(bins) == number
        assert drawn.data[0].customdata[:, 2].tolist() == [one["subset"]["n"] for one in bins]
        assert words == f"n = {len(rows)}"
    if name == "all":
        numbers = calibration.numbers(steps, example, prepared)
        for key in ("before", "after"):
            of_file = {**written["calibration"][key]}
            del of_file["bins"]
            del numbers[key]["confidence"]
            assert numbers[key] == of_file
        assert numbers["temperature"]["temperatures"] == written["calibration"]["temperatures"]


@pytest.mark.parametrize("name", SELECTIONS)
def test_calibration_has_the_numbers_of_pandas_and_scikit_learn(
    example: Predictions, prepared: EvaluationData, name: str
) -> None:
    found = calibration.numbers(SELECTIONS[name], example, prepared)
    every = frame(example)
    rows = chosen(name, every)
    for key, part in (("right", rows[rows.right]), ("wrong", rows[~rows.right])):
        assert found[key]["n"] == len(part)
        if len(part):
            assert found[key]["confidence"]["value"] == pytest.approx(part.confidence.mean())
    # The range of confidence is left out.
    shown = {"confident": every, "one class": every[every.true == "Ohio"]}.get(name, rows)
    assert found["calibration_n"] == len(shown)
    if not len(shown):
        assert found["before"] is found["after"] is None
        figure, words = calibration.draw_reliability(SELECTIONS[name], example, prepared)
        assert words == "no location is selected"
        return
    ordered = shown.sort_values("confidence", kind="stable")
    parts = np.array_split(np.arange(len(ordered)), 15)
    gaps = [
        len(part) * abs(ordered.confidence.iloc[part].mean() - ordered.right.iloc[part].mean())
        for part in parts
        if len(part)
    ]
    assert found["before"]["ece"] == pytest.approx(sum(gaps) / len(shown))
    assert found["after"]["ece"] != found["before"]["ece"]
    assert (found["before"]["rms"]["low"] is None) == (name == "one class")
    labels = example.store.labels[shown.index]
    loss = log_loss(labels, example.probabilities[shown.index], labels=range(5))
    assert found["before"]["nll"] == pytest.approx(loss)
    figure, _ = calibration.draw_reliability(SELECTIONS[name], example, prepared)
    after, before = figure.data[1:]
    assert before.customdata[:, 2].sum() == len(shown) == after.customdata[:, 2].sum()
    # What a click selects is what the bin holds.
    low, high, n = before.customdata[2, :3]
    narrowed = [step("range", column="confidence", min=low, max=high)]
    if name == "one class":
        narrowed.append(classes("Ohio", op="intersect"))
    assert members(narrowed, example).sum() == n


def test_a_click_on_a_year_or_latitude_selects_its_bin(example: Predictions) -> None:
    for column in ("year", "latitude"):
        figure, words = calibration.draw_bins([], column, example)
        points = figure.data[0].customdata
        assert figure.layout.meta["range"] == column
        for low, high, n, accuracy, *_ in points:
            steps = [step("range", column=column, min=low, max=high)]
            member = members(steps, example)
            assert member.sum() == n
            assert example.correct[member].mean() == pytest.approx(accuracy)
            # The other bins stay, so that another one can follow.
            again, _ = calibration.draw_bins(steps, column, example)
            assert again.data[0].customdata[:, 2].tolist() == points[:, 2].tolist()
            assert len([one for one in again.layout.shapes if one.type == "rect"]) == 1
        unknown = int(np.isnan(frame(example)[column]).sum())
        assert words == f"n = {len(example.store) - unknown}" + (
            f", {unknown} unknown" if unknown else ""
        )


def test_divisions_are_counted_and_a_chosen_cell_is_framed(example: Predictions) -> None:
    figure = geography.draw_divisions([], example)
    names = figure.layout.meta["true"]
    inside_of = figure.layout.meta["members"]
    assert inside_of["East North Central"] == ["Illinois", "Ohio"]
    of = {one: division for division, inside in inside_of.items() for one in inside}
    every = frame(example)
    counts = confusion_matrix(every.true.map(of), every.predicted.map(of), labels=names)
    assert np.array_equal(figure.data[0].z, counts)
    clicked = cell("Ohio", "Alaska")
    clicked["filter"]["true"] = inside_of["East North Central"]
    clicked["filter"]["predicted"] = inside_of["Pacific"]
    framed = geography.draw_divisions([clicked], example)
    assert np.array_equal(framed.data[0].z, counts)
    assert len(framed.layout.shapes) == len(figure.layout.shapes) + 1


def test_what_is_missing_is_named_with_its_remedy(predictions: Predictions) -> None:
    store = predictions.store
    unknown = np.full(len(store), np.nan)
    names = tuple(f"Class {i}" for i in range(len(store.class_names)))
    ids = tuple(f"{names[label]}/{i}" for i, label in enumerate(store.labels.tolist()))
    bare = Predictions(
        replace(store, class_names=names, location_ids=ids, latitudes=unknown, longitudes=unknown)
    )
    words = text(geography.layout(bare)) + text(calibration.layout(bare))
    for part in ("Add info.txt", "Name the folders", "the ids have no years"):
        assert part in words
    found = geography.numbers([], bare)
    assert found["states"] == []
    assert found["geography"] is found["recall_by_area"] is found["mistakes"] is None
    assert [part.partition(".")[0] for part in found["missing"]] == [
        "Not known: the store has no coordinates",
        "Not known: not all classes are states of the United States",
    ]
    for view in geography.CURVES:
        assert geography.draw_curve([], view, bare)[2].className == "hint"
    # The training locations and the photographs' index are read beside the store.
    prepared = prepare(bare, None).wait()
    assert isinstance(prepared, EvaluationData)
    assert "resnetbolt open" in geography.split_view([], bare, prepared)[1]
    assert "resnetbolt open" in text(calibration.green([], bare, prepared)[2])


def test_curves_of_a_selection_lie_over_those_of_all(example: Predictions) -> None:
    figure, words, hint = geography.draw_curve([SURE], "kilometers", example)
    known = example.outcomes.kilometers
    of_part = known[members([SURE], example)]
    for trace, values in zip(figure.data, (known, of_part), strict=True):
        values = values[np.isfinite(values)]
        middle = trace.x[100]
        assert trace.y[100] == 0.5
        assert (values <= middle).mean() >= 0.5 >= (values < middle).mean()
    assert hint is None
    assert words.startswith(f"n = {np.isfinite(of_part).sum()}")
    assert geography.draw_curve([NOTHING], "area", example)[1] == geography.NOTHING


def test_a_value_is_computed_once_in_a_thread_and_says_why_it_is_not_there() -> None:
    calls: list[int] = []

    def compute() -> float:
        calls.append(1)
        return math.pi

    value = Background(compute)
    assert not calls
    assert value.wait() == value.get() == math.pi
    assert calls == [1]

    def refuse() -> float:
        raise InputError("There is no index; make it.")

    assert Background(refuse).wait() == Failure("There is no index; make it.")
    assert "ZeroDivisionError" in str(Background(lambda: 1 / 0).wait())


def test_while_it_is_prepared_the_rest_is_shown(example: Predictions) -> None:
    found = calibration.numbers([], example, None)
    assert found["before"]["ece"] > 0
    assert found["after"] is None
    assert found["message"] == "fitting the temperature …"
    assert geography.split_view([], example, None)[3] is None
    failed = calibration.numbers([], example, Failure("It failed."))
    assert failed["message"] == "It failed."
