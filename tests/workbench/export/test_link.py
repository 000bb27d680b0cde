"""Links of the dashboard: what they say, what they refuse, and what an export of one shows."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from common.errors import InputError
from tests.workbench.dashboard.examples import NO_STEPS, cell, classes, step
from workbench import store as stores
from workbench.attribution.request import AttributionRequest
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.roc_curves import roc
from workbench.evaluation.steps import inside, words
from workbench.export.__main__ import main
from workbench.export.link import read_link
from workbench.export.options import Kind, Options
from workbench.export.write import export

HOST = "http://127.0.0.1:8050/?token=a-secret-that-is-long#"


def link_of(steps: list[Any] | None = None, **values: str) -> str:
    """Return an address as the browser writes it."""
    selection = {"selection": json.dumps(steps)} if steps else {}
    return HOST + urlencode(values | selection)


@pytest.fixture(scope="module")
def predictions(path: Path) -> Predictions:
    return Predictions(stores.read(path))


def test_a_link_says_what_the_page_shows(predictions: Predictions) -> None:
    steps = [classes("Ohio", "Hawaii"), step("correct", "intersect", value=True)]
    link = read_link(
        link_of(
            steps,
            page="maps",
            location="Ohio/2015_-A_b4000",
            color="margin",
            palette="safe",
            score="logit",
            method="occlusion",
            baseline="blur",
            target="true",
            contrast="Ohio",
            large="panel-tsne",
        )
    )
    assert (link.page, link.steps, link.color, link.score) == ("maps", steps, "margin", "logit")
    assert replace(link, values={**link.values, "score": "rank"}).score == ""
    assert link.has_safe_colors
    assert link.kinds == (
        "projections", "histograms", "roc", "confusion", "locations", "attributions",
    )  # fmt: skip
    assert link.ids == ("Ohio/2015_-A_b4000",)
    expected = AttributionRequest("occlusion", "blur", target="true", contrast_target="Ohio")
    assert link.request(predictions) == expected
    known = predictions.store.projections
    assert [one.name for one in link.projections(known)] == ["tsne"]
    assert link.highlighted(predictions) == ("Hawaii", "Ohio")
    store = predictions.store
    is_one = np.isin(store.labels, [store.class_names.index(name) for name in ("Ohio", "Hawaii")])
    assert np.array_equal(link.member(predictions), is_one & predictions.correct)
    assert "secret" not in link.text


def test_what_a_link_does_not_say_is_as_in_a_dashboard_just_opened(
    predictions: Predictions,
) -> None:
    for text in (HOST, "http://127.0.0.1:8050/", "#page=unknown"):
        link = read_link(text)
        assert (link.page, link.steps, link.ids, link.score) == ("overview", [], (), "")
        assert link.request(predictions) == AttributionRequest()
        assert [one.name for one in link.projections(predictions.store.projections)] == [
            "pca", "tsne", "umap",
        ]  # fmt: skip
        assert link.member(predictions).all()
        assert link.highlighted(predictions) == ()


def test_pages_leave_out_what_their_views_leave_out(predictions: Predictions) -> None:
    steps = [step("correct", value=False), classes("Ohio", op="intersect")]
    state = read_link(link_of(steps, page="state", **{"state-class": "Ohio"}))
    assert np.array_equal(state.member(predictions), ~predictions.correct)
    assert state.highlighted(predictions) == ("Ohio",)
    errors = read_link(link_of(steps, page="errors"))
    assert np.array_equal(errors.member_of_matrix(predictions), ~predictions.correct)
    maps = read_link(link_of([*steps[:1], cell("Ohio", "Alaska", "intersect")], page="maps"))
    assert np.array_equal(maps.member_of_matrix(predictions), ~predictions.correct)
    recall = [
        predictions.correct[predictions.store.labels == index].mean()
        for index in range(len(predictions.class_names))
    ]
    (worst,) = read_link("#page=state").highlighted(predictions)
    assert recall[predictions.class_indices[worst]] == min(recall)


@pytest.mark.parametrize("steps", NO_STEPS, ids=lambda steps: repr(steps)[:40])
def test_a_selection_of_another_form_is_refused(steps: Any) -> None:
    with pytest.raises(InputError, match=r"--url: its selection"):
        read_link("#" + urlencode({"selection": json.dumps(steps)}))


@pytest.mark.parametrize(
    "text",
    [
        "#selection=[", "#selection=" + "[" * 100_000, "#pins=[1]", "#pins=[1,2,3,4,5]", "#%ff=1",
        "hello world", "#page=" + "x" * 2000, "#" + "&".join(f"a{i}=1" for i in range(300)),
        "#selection=" + "x" * 5_000_000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_text_that_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--url") as caught:
        read_link(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (link_of([classes("Utah")]), "no class 'Utah'"),
        (link_of([cell("Ohio", "Utah")]), "no class 'Utah'"),
        (link_of([step("lasso", projection="mine", polygon=[])]), "no map 'mine'"),
        (link_of([step("range", column="wealth", min=0, max=1)]), "no column 'wealth'"),
        (link_of([step("ids", ids=["a", "b"])]), "no location 'a' nor any other"),
        (
            link_of([step("group", name="x", steps=[classes("Utah")])]),
            "no class 'Utah'",
        ),
        (link_of(page="maps", location="Utah/1"), "no location 'Utah/1'"),
        (link_of(page="compare", pins='["Utah/1"]'), "no location 'Utah/1'"),
        (link_of(None, page="maps", **{"map-pca": "mine"}), "no map 'mine'"),
        (link_of(page="maps", color="wealth"), "no colour 'wealth'"),
        (link_of(target="Utah"), "no such class"),
        (link_of([step("search", text="nowhere")]), "selects no location"),
        (link_of(page="location"), "shows no location"),
        ("hello world", "not a link"),
    ],
)
def test_a_link_of_another_store_ends_in_one_sentence(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], link: str, words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(path), "--out", str(tmp_path / "out"), "--url", link])
    assert ended.value.code == 2
    text = capsys.readouterr().err
    assert words in text
    assert text.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_some_ids_of_a_list_may_be_unknown_as_in_the_dashboard(predictions: Predictions) -> None:
    ids = [predictions.store.location_ids[3], "nowhere"]
    link = read_link(link_of([step("ids", ids=ids)]))
    link.check(predictions, "small.h5")
    assert np.flatnonzero(link.member(predictions)).tolist() == [3]


@pytest.mark.slow
def test_an_export_shows_the_state_of_the_link_and_can_be_reproduced(
    path: Path, tmp_path: Path, predictions: Predictions, capsys: pytest.CaptureFixture[str]
) -> None:
    store = predictions.store
    points = store.projections["umap"].coordinates
    low, high = points.min(axis=0), np.median(points, axis=0)
    corners = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1] + 9], [low[0], high[1] + 9]]
    polygon = np.array(corners, dtype=float)
    steps = [step("lasso", projection="umap", polygon=polygon.tolist())]
    member = inside(polygon, points)
    assert 3 < member.sum() < len(store) - 3
    link = link_of(steps, page="maps", color="confidence", score="logit")
    words = [str(path), "--out", str(tmp_path / "out"), "--format", "pdf", "--url", link]
    assert main(words) == 0
    folder = tmp_path / "out"
    names = {file.name for file in folder.glob("*.pdf")}
    assert names == {
        "projection-pca.pdf", "projection-tsne.pdf", "projection-umap.pdf", "roc.pdf",
        "confusion.pdf", "histograms.pdf",
    }  # fmt: skip
    table = pd.read_csv(folder / "projection-umap.csv")
    rows = np.flatnonzero(member)
    assert table["id"].tolist() == [store.location_ids[row] for row in rows]
    assert np.allclose(table["confidence"], predictions.confidences[rows])
    assert pd.read_csv(folder / "confusion.csv")["count"].sum() == member.sum()
    curves = pd.read_csv(folder / "roc.csv")
    expected = roc(store.labels, store.logits, store.class_names, member)
    for one in expected.curves:
        shown = curves[curves["class"] == one.class_name]
        assert np.allclose(shown["true_positive_rate"], one.true_positive_rate)
    tex = (folder / "figures.tex").read_text()
    assert f"Selected (lasso in UMAP): {member.sum()} of {len(store)} locations." in tex
    record = (folder / "export.json").read_text()
    assert "secret" not in record
    assert json.loads(record)["options"]["url"] == link.partition("#")[2]
    again = [str(path), "--reproduce", str(folder / "export.json"), "--out", str(tmp_path / "b")]
    assert main(again) == 0
    for file in folder.iterdir():
        if file.name != "export.json":
            assert (tmp_path / "b" / file.name).read_bytes() == file.read_bytes(), file.name
    capsys.readouterr()


@pytest.mark.parametrize("color", ["predicted", "correct", "preservation", "true_margin"])
def test_a_map_is_coloured_as_on_the_screen(
    path: Path, tmp_path: Path, predictions: Predictions, color: str
) -> None:
    kinds: tuple[Kind, ...] = ("projections",)
    link = link_of(page="maps", color=color, palette="safe", large="panel-pca")
    options = Options(
        stores=(path,), out=tmp_path / "out", only=kinds, format=("png",), dpi=60, url=link
    )
    assert not export(options).failures
    table = pd.read_csv(tmp_path / "out" / "projection-pca.csv")
    names = predictions.class_names
    expected: dict[str, Any] = {
        "predicted": [names[label] for label in predictions.predicted_labels],
        "correct": np.where(predictions.correct, "right", "wrong").tolist(),
        "preservation": predictions.columns["preservation/pca"].values,
        "true_margin": predictions.columns["true_margin"].values,
    }
    assert len(table.columns) == 5
    shown = table[table.columns[4]]
    if color in ("predicted", "correct"):
        assert shown.tolist() == expected[color]
    else:
        assert np.allclose(shown, expected[color], atol=1e-6)


def test_the_matrix_of_the_errors_has_its_order_and_no_empty_classes(
    path: Path, tmp_path: Path, predictions: Predictions
) -> None:
    ids = [name for name in predictions.store.location_ids if name.startswith(("Ohio", "Alaska"))]
    member = np.isin(predictions.store.location_ids, ids)
    link = link_of([step("ids", ids=ids)], page="errors", **{"errors-order": "division"})
    options = Options(stores=(path,), out=tmp_path / "out", only=("confusion",), url=link)
    assert not export(replace(options, format=("pdf",))).failures
    assert "ordered by Census division" in (tmp_path / "out" / "figures.tex").read_text()
    table = pd.read_csv(tmp_path / "out" / "confusion.csv")
    assert set(table["true"]) == {"Ohio", "Alaska"}
    for true, predicted, count in table[["true", "predicted", "count"]].itertuples(index=False):
        cells = member & (predictions.store.labels == predictions.class_indices[true])
        cells &= predictions.predicted_labels == predictions.class_indices[predicted]
        assert count == cells.sum()


def test_steps_have_the_words_of_the_selection_bar(predictions: Predictions) -> None:
    steps = [
        step("lasso", projection="umap", polygon=[]),
        classes("Alaska", "Ohio", op="add"),
        cell("Ohio", "Hawaii", "subtract"),
        step("range", "intersect", column="confidence", min=0.25, max=None),
        step("range", "intersect", column="true_margin", min=-0.5, max=0.5),
        step("range", "intersect", column="true_margin", min=None, max=12346.0),
        step("range", "intersect", column="confidence", min=None, max=2e-7),
        step("correct", "intersect", value=False),
        step("ids", "add", ids=["x"] * 1200),
    ]
    assert words(steps, predictions) == (
        "lasso in UMAP; or Alaska, Ohio; not true Ohio, predicted Hawaii; confidence ≥ 25 %; "
        "true class minus best other −0.5 to 0.5; "
        "true class minus best other ≤ 12350; confidence ≤ 0.00002 %; wrong; or 1,200 ids"
    )
    assert words([classes("A", "B", "C", "D", "E")], predictions) == "A, B, C and 2 more classes"
