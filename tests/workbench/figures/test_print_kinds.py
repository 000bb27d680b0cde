"""The kinds of printed figures: what stands in them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch
from matplotlib.text import Text

from common.errors import InputError
from tests.workbench.attribution.test_verdict import attribution, evidence
from trainer.config import FUSIONS, Config
from trainer.models.resnet import FourViewResNet
from workbench.evaluation.calibration import temperature_scaling
from workbench.evaluation.columns import Column
from workbench.evaluation.comparison import compare
from workbench.evaluation.geography import Geography, distances
from workbench.evaluation.histograms import histogram
from workbench.evaluation.intervals import Interval, share_of
from workbench.evaluation.metrics import Confusion
from workbench.evaluation.mistakes import prediction_frequencies, state_mistakes
from workbench.evaluation.people import PeopleResult, paired_shares
from workbench.evaluation.split import TrainingLinks, honest_split
from workbench.evaluation.subsets import Outcomes, bins
from workbench.figures.print import tables
from workbench.figures.print.attribution import attribution_figure
from workbench.figures.print.base import interval, percent
from workbench.figures.print.bins import bins_figure
from workbench.figures.print.geography import distance_figure, geography_table
from workbench.figures.print.histograms import histograms_figure
from workbench.figures.print.locations import LocationPanel, location_figure
from workbench.figures.print.people import people_figure, people_table
from workbench.figures.print.pipeline import WORDS, pipeline_figure, stages
from workbench.figures.print.reliability import reliability_figure
from workbench.figures.print.side_by_side import ExplainedLocation, side_by_side_figure
from workbench.figures.print.split import split_figure
from workbench.figures.print.state_map import state_map_figure
from workbench.figures.print.style import Page, save
from workbench.figures.print.training import accuracy_figure, loss_figure
from workbench.figures.print.view_shares import view_shares_figure
from workbench.figures.tile_map import tiles

PAGE = Page()


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_histograms_have_right_above_and_wrong_below_in_another_hatch() -> None:
    generator = np.random.default_rng(0)
    values = generator.random(200).astype(np.float32)
    correct, selected = generator.random((2, 200)) < 0.5
    one = histogram("confidence", Column(values, "Confidence", "share"), correct, selected)
    item = histograms_figure("histograms", "medium", [one], has_others=True)
    assert item.column == "single"
    assert f"{(correct & selected).sum()} right locations" in item.caption
    (axes,) = item.draw(PAGE).axes
    *_, right, wrong = (patch for patch in axes.patches if isinstance(patch, StepPatch))
    assert np.array_equal(right.get_data()[0], one.right)
    assert np.array_equal(wrong.get_data()[0], -one.wrong)
    assert np.array_equal(item.numbers["selected_wrong"], one.wrong)
    assert wrong.get_hatch() != right.get_hatch()


def test_locations_side_by_side_share_one_scale() -> None:
    generator = np.random.default_rng(1)
    found = [
        ExplainedLocation(
            attribution(evidence(), values=scale * generator.random((4, 24, 24), np.float32)),
            generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8),
            "Ohio",
            predicted,
            0.5,
        )
        for scale, predicted in ((np.float32(1), "Ohio"), (np.float32(9), "Iowa"))
    ]
    item = side_by_side_figure("side-by-side", "medium", found)
    figure = item.draw(PAGE)
    images = [image for axes in figure.axes for image in axes.images]
    limits = {image.get_clim() for image in images if image.get_clim()[0] < 0}
    end = np.percentile(np.abs([one.attribution.values for one in found]), 99)
    assert limits == {(-end, end)}
    assert set(item.numbers["scale_end"]) == {end}
    titles = " ".join(texts(figure))
    assert titles.count("(right,") == 1
    assert titles.count("(wrong,") == 1
    assert all(f"({letter})" in item.caption for letter in "ab")
    assert len(item.numbers) == 8


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_pipeline_has_the_shapes_of_the_model(fusion: str) -> None:
    assert set(WORDS) == set(FUSIONS)
    model = FourViewResNet(fusion, 50, depth=18).eval()
    shapes: list[tuple[int, ...]] = []
    model.trunk.layer4.register_forward_hook(lambda *call: shapes.append(call[2].shape))
    with torch.inference_mode():
        output = model.forward_all(torch.zeros(1, 4, 3, 64, 64))
    steps = stages(fusion, 18, 64, 50)
    assert [step.name for step in steps if step.meeting]
    (trunk,) = [step for step in steps if step.name == "ResNet-18"]
    (batch, _, height, width), _ = shapes[0], None
    assert trunk.per_view == (batch == 4)
    assert trunk.shape.split(" × ")[1:] == [str(height), str(width)]
    assert steps[-1].shape == f"{output.logits.shape[1]} logits"
    item = pipeline_figure("pipeline", fusion, 18, 64, 50, "a model")
    shown = texts(item.draw(PAGE))
    for step in steps:
        assert any(text.endswith(step.shape) for text in shown)
    assert {"North", "East", "South", "West"} <= set(shown)


def epochs(scale: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "step": [1000, 2000, 3000],
            "training_loss": [3 * scale, 2 * scale, 1 * scale],
            "validation_loss": [3.0, 2.5, 2.0],
            "top_1": [0.1, 0.2, 0.4],
            "top_5": [0.3, 0.6, 0.8],
        }
    )


def test_training_curves_are_those_of_the_runs_and_told_apart() -> None:
    runs = {"early": epochs(), "medium": epochs(0.5)}
    steps = pd.DataFrame({"step": np.arange(1, 501), "loss": np.linspace(4, 2, 500)})
    item = loss_figure("training-loss", runs, {"medium": steps})
    (axes,) = item.draw(Page(84.0)).axes
    early, medium = axes.lines
    assert np.asarray(early.get_ydata()).tolist() == [3, 2, 1]
    assert len(np.asarray(medium.get_xdata())) == 100
    assert np.mean(np.asarray(medium.get_ydata())) == pytest.approx(3)
    assert {early.get_linestyle(), medium.get_linestyle()} == {"-", "--"}
    assert axes.xaxis.get_major_formatter()(3000, 0) == "3,000"
    item = accuracy_figure("training-accuracy", runs)
    assert "early up to 80.0%" in item.caption
    figure = item.draw(Page(84.0))
    assert np.allclose(np.asarray(figure.axes[0].lines[0].get_ydata()), [30, 60, 80])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["early", "medium"]


def test_a_location_shows_its_views_and_the_paper_s_words() -> None:
    views = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    panel = LocationPanel("Kansas/a", "Kansas", ("Kentucky", "Kansas"), (0.176, 0.1), views)
    item = location_figure("location-wrong-1", "Least confident wrong prediction", panel)
    assert "Ground truth: Kansas. Predicted: Kentucky. Confidence: 0.1760." in item.caption
    figure = item.draw(PAGE)
    drawn = [np.asarray(axes.images[0].get_array()) for axes in figure.axes[:4]]
    assert np.array_equal(drawn, views)
    assert {"North", "Kentucky", "0.176"} <= set(texts(figure))
    (right,) = [text for text in figure.axes[4].texts if text.get_text() == "Kansas"]
    assert right.get_fontweight() == "bold"


def test_an_attribution_has_one_scale_and_says_error_and_verdict() -> None:
    values = np.random.default_rng(1).normal(size=(4, 24, 24)).astype(np.float32)
    one = attribution(evidence(), values=values)
    views = np.zeros((4, 3, 24, 24), dtype=np.uint8)
    item = attribution_figure("attribution-1", one, views, "Ohio", "Iowa")
    assert "Ground truth: Iowa. Predicted: Ohio." in item.caption
    assert "Completeness error" in item.caption
    assert "Verdict: " in item.caption
    figure = item.draw(PAGE)
    limits = {
        image.get_clim()
        for axes in figure.axes[4:12]
        for image in axes.images
        if image.get_clim()[0] < 0
    }
    assert len(limits) == 1
    for view in range(4):
        assert np.array_equal(np.asarray(figure.axes[4 + view].images[0].get_array()), values[view])
    assert item.numbers["share_of_map"].sum() == pytest.approx(1)


def test_the_state_map_has_a_tile_for_each_state_with_its_number(tmp_path: Path) -> None:
    names = ("Alaska", "Hawaii", "Ohio")
    places = tiles(names)
    assert places is not None
    numbers = pd.DataFrame({"class": names, "recall": [1.0, np.nan, 0.426]})
    item = state_map_figure("state-map", "Recall.", "Recall, %", places, numbers, "recall")
    figure = item.draw(Page(84.0))
    shown = texts(figure)
    assert {"AK", "HI", "OH", "100", "43", "–", "Recall, %"} <= set(shown)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    alaska, hawaii, ohio = (box.get_xy() for box in boxes)
    assert alaska[0] == hawaii[0] < ohio[0]  # West.
    assert alaska[1] < ohio[1] < hawaii[1]  # North to south.
    save(figure, tmp_path / "map.svg", Page(84.0))
    assert (tmp_path / "map.svg").read_text().count("<image") == 1  # The colour bar.


def test_view_shares_are_bars_that_end_at_100() -> None:
    shares = np.array([[0.1, 0.2, 0.3, 0.4], [0.25] * 4])
    item = view_shares_figure("view-shares", "medium", ["a", "b"], shares, "two locations")
    axes = item.draw(Page(84.0)).axes[0]
    ends = [patch.get_x() + patch.get_width() for patch in axes.patches]  # type: ignore[attr-defined]
    assert max(ends) == pytest.approx(100)
    assert "North 18%" in item.caption
    assert len({patch.get_hatch() for patch in axes.patches}) >= 3


def test_hyperparameters_are_the_paper_s_and_what_differs() -> None:
    from dataclasses import asdict

    config = asdict(Config())
    table = tables.hyperparameters_table("h", {"medium": config}, config).cells
    shown = dict(zip(table["Hyper-parameter"], table["Value"], strict=True))
    paper = {
        "learning rate": "0.00001",
        "betas": "(0.9, 0.999)",
        "epsilon": "1e-8",
        "weight decay": "0.0001",
        "num epochs": "10",
        "batch size": "28",
        "num workers": "2",
    }
    assert shown.items() >= paper.items()
    assert "schedule" not in shown
    other = config | {"schedule": "cosine"}
    table = tables.hyperparameters_table("h", {"a": config, "b": other}, config).cells
    row = table[table["Hyper-parameter"] == "schedule"]
    assert row.values.tolist() == [["schedule", "constant", "cosine"]]


def test_accuracies_have_intervals_and_published_ones_their_sources() -> None:
    top_1, top_5 = share_of(np.arange(100) < 48), share_of(np.arange(100) < 82)
    table = tables.accuracy_table("accuracy", {"medium": (100, top_1, top_5)})
    assert table.cells.iloc[0].tolist()[:4] == [
        "medium",
        "100",
        "48.0 (38.5–57.7)",
        "82.0 (73.3–88.3)",
    ]
    published = {row[0]: row[2:] for row in table.cells.values.tolist()}
    assert published["ResNetBolt, medium"][:2] == ["48.28", "82.30"]
    assert published["DeepGeo, medium"] == ["38.32", "71.87", "Suresh et al. 2018, Table 1"]
    assert table.numbers.iloc[0]["top_1"] == 0.48


def test_a_table_of_ground_truth_is_read_and_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ground_truth.csv"
    path.write_text(
        "method,baseline,part,metric,element,locations,chance,value,value_low,value_high,"
        "ratio,ratio_low,ratio_high\n"
        "grad_cam,,absolute,height-matched,,12,0.1,0.2,0.1,0.3,2,1.5,2.5\n"
        "grad_cam,,absolute,graded,,12,0,0.3,0.2,0.4,,,\n"
        "grad_cam,,absolute,mass accuracy,,12,0.2,0.5,0.4,0.6,2.5,2,3\n"
        "grad_cam,,absolute,share,sky,12,0.2,0.5,0.4,0.6,2.5,2,3\n"
    )
    table = tables.ground_truth_table("ground-truth", path)
    assert list(table.cells)[2:5] == ["Height-matched, ×", "Graded, ρ", "Mass accuracy, %"]
    assert table.cells.values.tolist() == [
        [
            "Grad-CAM",
            "–",
            "2.00 (1.50–2.50)",
            "0.30 (0.20–0.40)",
            "50.0 (40.0–60.0)",
            "12",
        ]
    ]
    with path.open("a") as file:
        for name in ("removed by mean colour", "removed by inpainting"):
            file.write(f"grad_cam,,signed,{name},,12,0,0.4,-0.1,0.5,,,\n")
    table = tables.ground_truth_table("ground-truth", path)
    assert list(table.cells)[4:] == ["Used, colour, ρ", "Used, inpainted, ρ", "Maps"]
    assert table.cells.iloc[0, 4] == "0.40 (−0.10 to 0.50)"
    assert "Used: " in table.caption
    assert "Mass" not in table.caption
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="lacks a column"):
        tables.ground_truth_table("ground-truth", path)


def test_numbers_are_printed_as_in_print() -> None:
    assert percent(0.4828) == "48.3%"
    assert percent(float("nan")) == "–"
    assert interval(Interval(0.5, 0.25, 0.75)) == "50.0 (25.0–75.0)"


def test_curves_of_distances_are_cumulative_and_the_table_has_their_numbers() -> None:
    kilometers = np.array([5.0, 20.0, 100.0, 300.0])
    known = distances(kilometers)
    assert known is not None
    found = {"early": Geography(known, known), "medium": Geography(known, known)}
    item = distance_figure("distances", found)
    figure = item.draw(Page(84.0))
    line = figure.axes[0].lines[-1]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert x[y <= 50].max() == 20
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["early", "medium"]
    table = geography_table("geography", found, {})
    assert list(table.cells.columns)[-4:] == [
        "≤ 25 km, %",
        "≤ 200 km, %",
        "≤ 750 km, %",
        "≤ 2,500 km, %",
    ]
    assert table.cells.iloc[0].tolist()[5].startswith("50.0 (")
    # Too few distances for the interval of a median.
    assert "60" in table.cells.iloc[0].tolist()
    assert not any("nan" in str(cell) for cell in table.cells.iloc[0])


def test_bins_have_their_accuracy_interval_and_number() -> None:
    outcomes = Outcomes(np.zeros(2000, int), np.arange(2000) < 500, np.full(2000, 10.0))
    found = bins(outcomes, np.linspace(0, 2, 2000), [0, 1, np.inf])
    item = bins_figure("split", "Accuracy.", {"Distance, km": found}, 0.25)
    (axes,) = item.draw(Page(84.0)).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0–1", "> 1"]
    assert [text.get_text() for text in axes.texts] == ["1,000", "1,000"]
    assert item.numbers["accuracy"].tolist() == [0.5, 0]
    assert "dashed: all locations, 25.0%" in item.caption


def test_the_honest_split_shows_distances_and_each_tie() -> None:
    generator = np.random.default_rng(0)
    outcomes = Outcomes(
        np.arange(300) % 3, generator.random(300) < 0.5, generator.gamma(2, 300, 300)
    )
    links = TrainingLinks(
        generator.gamma(1, 20, 300), same_pano=np.arange(300) < 40, unseen_year=np.zeros(300, bool)
    )
    split = honest_split(outcomes, links, 99)
    item = split_figure("split", "Accuracy.", split, 0.5)
    assert item.column == "double"
    assert "No location has: year not in training." in item.caption
    figure = item.draw(PAGE)
    distances_panel, ties = figure.axes
    assert [text.get_text() for text in ties.get_yticklabels()] == [
        "at most 1 km away", "same panorama",
    ]  # fmt: skip
    assert {"40", "260"} <= {text.get_text() for text in ties.texts}
    assert len(distances_panel.get_xticks()) == len(split.by_distance)
    rows = item.numbers[item.numbers["by"] == "same_pano"]
    assert rows["with_tie"].tolist() == [True, False]
    right = outcomes.correct[:40].mean()
    assert rows["accuracy"].iloc[0] == pytest.approx(right)
    assert rows["difference"].iloc[0] == split.contrasts["same_pano"].difference.value
    no_places = honest_split(outcomes, TrainingLinks(same_pano=np.arange(300) < 40), 99)
    assert split_figure("split", "", no_places, 0.5).column == "single"
    assert len(split_figure("split", "", no_places, 0.5).draw(PAGE).axes) == 1


def test_mistakes_and_comparisons_have_their_numbers() -> None:
    names = ("Ohio", "Indiana", "Hawaii")
    counts = np.array([[5, 3, 2], [1, 9, 0], [0, 0, 10]])
    confusion = Confusion(names, counts)
    found = state_mistakes(confusion)
    assert found is not None
    item = tables.mistakes_table("mistakes", "medium", found, prediction_frequencies(confusion))
    assert item.cells["Locations"].tolist() == ["4", "4", "2"]
    assert "Predicted too often: none" in item.caption
    assert item.numbers["predicted"].dropna().tolist() == [12, 12, 6]
    labels = np.repeat([0, 1], 10)
    first = np.where(np.arange(20)[:, None] % 4 == 0, 0.9, 0.1) * [1, 0] + [0, 0.5]
    second = np.eye(2)[labels]
    result = compare(labels, first, second, ("Ohio", "Iowa"))
    numbers = tables.comparison_table("comparison", "early", {"medium": result}).numbers
    whole = numbers[numbers["class"].isna()].iloc[0]
    right = (first.argmax(axis=1) == labels).mean()
    assert (whole["recall_first"], whole["recall"]) == (right, 1)
    assert whole["difference"] == pytest.approx(1 - right)
    assert whole["auc_difference"] == result.macro_auc_difference.value


def test_the_reliability_diagram_shows_both_calibrations() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 600)
    logits = generator.normal(size=(600, 4)) + 2 * np.eye(4)[labels]
    scaling = temperature_scaling(labels, 3 * logits)
    item = reliability_figure("reliability", "medium", scaling)
    assert f"{100 * scaling.before.ece:.1f}% before" in item.caption
    (axes,) = item.draw(Page(84.0)).axes
    drawn = np.asarray(axes.containers[1][0].get_xydata())
    assert drawn[:, 0] == pytest.approx([100 * one.confidence for one in scaling.after.bins])
    assert drawn[:, 1] == pytest.approx([100 * one.accuracy.value for one in scaling.after.bins])


def test_people_stand_beside_the_model_and_few_answers_are_called_few() -> None:
    people, model = np.arange(20) < 4, np.arange(20) < 12
    shares = paired_shares(people, model)
    result = PeopleResult(3, 20, shares, shares, {}, None, None, 0.5)
    item = people_figure("people", "medium", result)
    assert "a small sample of 20 answers of 3 players" in item.caption
    axes = item.draw(Page(84.0)).axes[0]
    drawn = [np.asarray(one[0].get_xdata()).tolist() for one in axes.containers]
    assert drawn == [[20, 20], [60, 60]]
    cells = people_table("people-table", "medium", result).cells
    assert cells.iloc[0].tolist()[1:4] == ["20.0 (8.1–41.6)", "60.0 (38.7–78.1)", "0 / 8"]
