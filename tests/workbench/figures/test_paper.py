import re
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from workbench import store
from workbench.evaluation import metrics
from workbench.export import MIN_WIDTH
from workbench.figures import paper
from workbench.figures.colors import class_colors
from workbench.figures.export import export


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data")
    return tmp_path / "small.h5"


@pytest.fixture
def small(path: Path) -> store.Store:
    return store.read(path)


def test_roc_draws_the_numbers_that_were_computed(small: store.Store) -> None:
    result = metrics.roc(small.labels, metrics.probabilities(small.logits), small.class_names)
    (axes,) = paper.roc(result, small.class_names).axes
    drawn = {str(line.get_label()): line.get_xydata() for line in axes.lines}
    for curve in result.curves:
        expected = np.stack((curve.false_positive_rate, curve.true_positive_rate), axis=1)
        assert np.array_equal(drawn[f"{curve.class_name} ({curve.auc:.3f})"], expected)
    assert f"{result.macro_auc:.3f}" in axes.get_title(loc="left")


def test_with_many_classes_the_best_and_the_worst_are_named() -> None:
    generator = np.random.default_rng(0)
    label = np.repeat(np.arange(20), 10)
    score = generator.random((200, 20)) + np.eye(20)[label] * np.linspace(0, 1, 20)
    names = [f"class {index}" for index in range(20)]
    result = metrics.roc(label, score, names)
    (axes,) = paper.roc(result, names).axes
    legend = axes.get_legend()
    assert legend is not None
    named = [text.get_text().split(" (")[0] for text in legend.get_texts()]
    ranked = [curve.class_name for curve in sorted(result.curves, key=lambda curve: -curve.auc)]
    assert named == ranked[:3] + ranked[-3:]
    assert len(axes.lines) == 21


def test_a_class_has_one_colour_in_curves_and_maps(small: store.Store) -> None:
    result = metrics.roc(small.labels, metrics.probabilities(small.logits), small.class_names)
    (axes,) = paper.roc(result, small.class_names).axes
    drawn = {str(line.get_label()).split(" (")[0]: line.get_color() for line in axes.lines}
    for name, colour in class_colors(small.class_names).items():
        assert drawn[name] == colour


def test_curves_of_one_class_alone_are_missed_in_words(small: store.Store) -> None:
    result = metrics.roc(
        small.labels[:24], metrics.probabilities(small.logits[:24]), small.class_names
    )
    (axes,) = paper.roc(result, small.class_names).axes
    assert axes.get_title(loc="left") == "no curve for 5 without both sides"


@pytest.mark.slow
def test_the_least_width_still_holds_every_figure(path: Path, tmp_path: Path) -> None:
    assert len(export(path, tmp_path / "figures", MIN_WIDTH)) == 10


def test_a_class_without_a_curve_is_said(small: store.Store) -> None:
    result = metrics.roc(
        small.labels[:72], metrics.probabilities(small.logits[:72]), small.class_names
    )
    (axes,) = paper.roc(result, small.class_names).axes
    assert "no curve for 2 without both sides" in axes.get_title(loc="left").replace("\n", " ")


def test_confusion_shows_shares_of_the_true_class(small: store.Store) -> None:
    count = np.array([[3, 1], [0, 0]])
    figure = paper.confusion(metrics.Confusion(("a", "b"), count))
    (image,) = figure.axes[0].images
    assert np.asarray(image.get_array()).tolist() == [[0.75, 0.25], [0, 0]]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["a", "b"]


def test_a_map_has_every_location_and_only_classes_present(small: store.Store) -> None:
    coordinate = small.projections["umap"].coordinates[:48]
    figure = paper.projection("UMAP", coordinate, small.labels[:48], small.class_names)
    points = np.asarray(figure.axes[0].collections[0].get_offsets())
    assert sorted(map(tuple, points.tolist())) == sorted(map(tuple, coordinate.tolist()))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Alaska", "Arizona"]


@pytest.mark.slow
def test_export_writes_vector_files_of_the_asked_width(path: Path, tmp_path: Path) -> None:
    written = export(path, tmp_path / "figures", 120.0)
    assert sorted(file.name for file in written) == sorted(
        f"{name}.{kind}"
        for name in ("roc", "confusion", "projection-pca", "projection-tsne", "projection-umap")
        for kind in ("pdf", "svg")
    )
    record = tmp_path / "figures" / "export.json"
    assert sorted([*written, record]) == sorted((tmp_path / "figures").iterdir())
    svg = (tmp_path / "figures" / "projection-umap.svg").read_text()
    width = re.search(r'<svg [^>]*width="([\d.]+)pt"', svg)
    assert width
    assert float(width[1]) / 72 * 25.4 == pytest.approx(120, abs=0.1)
    assert "<image" not in svg
    pdf = (tmp_path / "figures" / "roc.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Subtype /Image" not in pdf


@pytest.mark.slow
def test_the_same_store_gives_the_same_files(path: Path, tmp_path: Path) -> None:
    one = export(path, tmp_path / "one", 120.0)
    other = export(path, tmp_path / "other", 120.0)
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_a_store_without_maps_is_refused(tmp_path: Path) -> None:
    made = small_store(tmp_path / "small.h5", tmp_path / "data")
    bare = store.Store(**{**vars(made), "projections": {}})
    store.write(tmp_path / "bare.h5", bare)
    with pytest.raises(InputError, match=r"bare.h5: the store has no projections"):
        export(tmp_path / "bare.h5", tmp_path / "figures", 120.0)
    assert not (tmp_path / "figures").exists()
