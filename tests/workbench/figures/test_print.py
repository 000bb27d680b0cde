"""Printed figures: their numbers, texts, sizes and files."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from sklearn.metrics import roc_curve

from common.errors import InputError
from workbench.evaluation import metrics, roc_curves
from workbench.evaluation.confusions import ClassOrder
from workbench.evaluation.roc_curves import Roc
from workbench.figures.colors import class_colors
from workbench.figures.print.confusion import confusion_figure
from workbench.figures.print.projection import Groups, Scale, dark, draw_projection, spread
from workbench.figures.print.roc import NAMED_CURVES, draw_roc, draw_small_multiples
from workbench.figures.print.style import Page, page, parse_style, read_style, save

NAMES = [f"class {index}" for index in range(20)]
PAGE = Page(84.0)


def scores(classes: int = 20, each: int = 10) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    noise = generator.random((len(labels), classes))
    return labels, noise + np.eye(classes)[labels] * np.linspace(0, 1, classes)


@pytest.fixture(scope="module")
def roc() -> Roc:
    return roc_curves.roc(*scores(), NAMES)


def test_roc_draws_the_curves_of_scikit_learn(roc: Roc) -> None:
    labels, values = scores()
    axes = draw_roc(roc, PAGE).axes[0]
    drawn = {str(line.get_label()): np.asarray(line.get_xydata()) for line in axes.lines}
    worst = min(roc.curves, key=lambda curve: curve.auc)
    index = NAMES.index(worst.class_name)
    x, y, _ = roc_curve(labels == index, values[:, index], drop_intermediate=False)
    corners = drawn[f"{worst.class_name} {worst.auc:.3f}"]
    assert {tuple(point) for point in corners.round(9)} <= set(
        zip(x.round(9), y.round(9), strict=True)
    )
    assert len(corners) > 10
    assert drawn["mean"][-1].tolist() == [1, 1]


def test_the_best_and_the_worst_or_the_highlighted_are_named(roc: Roc) -> None:
    ranked = [curve.class_name for curve in sorted(roc.curves, key=lambda curve: -curve.auc)]
    for highlighted, expected in (
        ((), ranked[:NAMED_CURVES] + ranked[-NAMED_CURVES:]),
        (("class 3", "class 9"), sorted(("class 3", "class 9"), key=ranked.index)),
    ):
        axes = draw_roc(roc, PAGE, highlighted, {"class 3": "#ff0000"}).axes[0]
        key = axes.get_legend()
        assert key is not None
        texts = [text.get_text().rpartition(" ")[0] for text in key.get_texts()]
        assert texts == [*expected, "mean (20)"]
    (red,) = [line for line in axes.lines if str(line.get_label()).startswith("class 3 ")]
    assert red.get_color() == "#ff0000"
    # Matplotlib has one name for all patterns of dashes.
    named = draw_roc(roc, PAGE).axes[0].lines[-1 - 2 * NAMED_CURVES : -1]
    assert len({str(vars(line)["_dash_pattern"]) for line in named}) == 2 * NAMED_CURVES
    looks = {(line.get_color(), str(line.get_linestyle())) for line in axes.lines[-3:]}
    assert len(looks) == 3


def test_every_class_has_a_small_panel(roc: Roc) -> None:
    axes = [one for one in draw_small_multiples(roc, Page(174.0)).axes if one.get_visible()]
    assert [one.get_title() for one in axes] == NAMES
    assert axes[4].texts[0].get_text() == f"{roc.curves[4].auc:.3f}"


def test_curves_of_one_class_alone_are_missed_in_words() -> None:
    labels, values = scores()
    result = roc_curves.roc(labels[:10], values[:10], NAMES)
    (axes,) = draw_roc(result, PAGE).axes
    assert axes.get_title(loc="left") == "no curve for 20 without both sides"


def test_confusion_shows_shares_in_order_and_in_numbers() -> None:
    result = metrics.Confusion(("a", "b", "c"), np.array([[3, 1, 0], [0, 0, 0], [2, 0, 2]]))
    item = confusion_figure("confusion", "", result, ClassOrder(np.array([2, 0, 1]), (1,)))
    assert item.numbers.values.tolist() == [
        ["a", "a", 3, 0.75],
        ["a", "b", 1, 0.25],
        ["c", "a", 2, 0.5],
        ["c", "c", 2, 0.5],
    ]
    (axes,) = item.draw(PAGE).axes
    assert np.asarray(axes.images[0].get_array()).tolist() == [
        [0.5, 0.5, 0],
        [0, 0.75, 0.25],
        [0] * 3,
    ]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["c", "a", "b"]
    assert [text.get_text() for text in axes.texts] == ["50", "50", "75", "25"]


def test_a_map_has_every_location_and_a_name_for_each_class_present() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    points = (10.0 * labels[:, None] + generator.normal(size=(120, 2))).astype(np.float32)
    names, colors = ("Ohio", "Utah", "Iowa", "Guam"), class_colors(("Ohio", "Utah", "Iowa", "Guam"))
    classes = Groups("Class", labels, names, colors)
    (axes,) = draw_projection(points, np.arange(120), classes, Page()).axes
    drawn = np.asarray(axes.collections[0].get_offsets())
    assert sorted(map(tuple, drawn.tolist())) == sorted(map(tuple, points.tolist()))
    placed = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(placed) == {"Ohio", "Utah", "Iowa"}
    assert all(abs(placed[names[i]][0] - 10 * i) < 2 for i in range(3))
    (axes,) = draw_projection(points, np.arange(120), classes, Page(), ("Utah",)).axes
    assert [text.get_text() for text in axes.texts] == ["Utah"]


def test_points_are_coloured_by_a_number_and_others_lie_below_in_pale() -> None:
    points = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    values = np.array([0, 0.5, 1, np.nan, 0, 0], dtype=np.float32)
    scale = Scale("Confidence", "share", values, (0, 1), ((0, "#000000"), (1, "#ffffff")))
    rows, others = np.arange(4), np.array([4, 5])
    figure = draw_projection(points, rows, scale, Page(), others=others)
    axes, bar = figure.axes
    pale, unknown, known = axes.collections
    assert np.array_equal(np.asarray(pale.get_offsets()), points[others])
    assert np.array_equal(np.asarray(unknown.get_offsets()), points[[3]])
    values_drawn = np.asarray(known.get_array())
    for place, value in zip(np.asarray(known.get_offsets()), values_drawn, strict=True):
        assert values[np.flatnonzero((points == place).all(axis=1))[0]] == value
    assert known.get_clim() == (0, 1)
    assert bar.get_ylabel() == "Confidence"
    groups = Groups(
        "Right or wrong",
        np.array([0, 1, 1, 1, 0, 0]),
        ("wrong", "right"),
        {"wrong": "#ff0000", "right": "#0000ff"},
        True,
    )
    figure = draw_projection(points, np.arange(1, 4), groups, Page())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["right"]


def test_right_and_wrong_and_signs_differ_in_marks_too() -> None:
    points = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    labels = np.array([0, 1, 1, 1, 0, 0])
    colors = {"wrong": "#777777", "right": "#777777"}
    groups = Groups("Right or wrong", labels, ("wrong", "right"), colors, True, ("wrong",))
    values = np.where(labels, 0.5, -0.5).astype(np.float32)
    stops = ((0, "#000000"), (0.5, "#ffffff"), (1, "#000000"))
    scale = Scale("Margin", "", values, (-1, 1), stops, diverges=True)
    for coloring in (groups, scale):
        figure = draw_projection(points, np.arange(6), coloring, Page())
        discs, crosses = figure.axes[0].collections[-2:]
        assert {tuple(one) for one in np.asarray(crosses.get_offsets())} == {
            tuple(one) for one in points[labels == 0]
        }
        shapes = [np.shape(one.get_paths()[0].vertices) for one in (discs, crosses)]
        assert shapes[0] != shapes[1]
    figure = draw_projection(points, np.arange(6), groups, Page())
    marks = [line.get_marker() for line in figure.legends[0].get_lines()]
    assert marks == ["x", "o"]


def test_names_do_not_lie_on_each_other_and_stay_in_the_picture() -> None:
    anchors = np.random.default_rng(0).normal(50, 8, (50, 2))
    sizes, box = np.tile([12.0, 2.5], (50, 1)), np.array([170.0, 120.0])
    centers = spread(anchors, sizes, box)
    apart = np.abs(centers[:, None] - centers[None]) - sizes[0] + 0.05 >= 0
    assert apart.any(axis=2)[~np.eye(50, dtype=bool)].all()
    assert (centers >= sizes / 2).all()
    assert (centers <= box - sizes / 2).all()


def test_colors_of_names_can_be_read_on_white() -> None:
    for color in class_colors(NAMES).values():
        assert np.array((0.2126, 0.7152, 0.0722)) @ np.array(to_rgb(dark(color))) ** 2.2 < 0.105


@pytest.mark.parametrize("suffix", ["pdf", "svg", "pgf", "png"])
def test_a_file_has_its_size_and_is_the_same_every_time(
    roc: Roc, suffix: str, tmp_path: Path
) -> None:
    where = Page(100.0, dpi=200)
    for name in ("one", "other"):
        save(draw_roc(roc, where), tmp_path / f"{name}.{suffix}", where)
    data = (tmp_path / f"one.{suffix}").read_bytes()
    assert data == (tmp_path / f"other.{suffix}").read_bytes()
    if suffix == "png":
        width = imread(tmp_path / "one.png").shape[1] / 200 * 25.4
    elif suffix == "pdf":
        box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", data)
        assert box
        width = float(box[1]) / 72 * 25.4
        assert b"/FontFile2" in data
        assert b"/Type3" not in data
        assert b"/Subtype /Image" not in data
    elif suffix == "svg":
        found = re.search(rb'<svg [^>]*width="([\d.]+)pt"', data)
        assert found
        width = float(found[1]) / 72 * 25.4
        assert b"<image" not in data
    else:
        found = re.search(rb"pgfqpoint{([\d.]+)in}", data)
        assert found
        width = float(found[1]) * 25.4
        assert b"Area under the curve" in data
    assert width == pytest.approx(100, abs=0.1)


@pytest.mark.slow
def test_a_map_of_25000_points_is_small_and_its_names_stay_text(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(50), 500)
    points = (
        generator.normal(size=(50, 2))[labels] * 6 + generator.normal(size=(25_000, 2))
    ).astype(np.float32)
    names = [f"State {index}" for index in range(50)]
    for suffix in ("pdf", "svg"):
        classes = Groups("Class", labels, names, class_colors(names))
        figure = draw_projection(points, np.arange(len(points)), classes, Page())
        save(figure, tmp_path / f"map.{suffix}")
        assert (tmp_path / f"map.{suffix}").stat().st_size < 2e6
    assert b"/Subtype /Image" in (tmp_path / "map.pdf").read_bytes()
    assert b"/FontFile2" in (tmp_path / "map.pdf").read_bytes()


def test_presets_and_style_files_set_width_and_text(tmp_path: Path) -> None:
    assert page("page", "single").width == page("single-column", "double").width == 84
    assert page("double-column", "single").width == 174
    assert page("slide", "single").font_size == 14
    assert page("slide", "single", 100).width == 100
    path = tmp_path / "a.mplstyle"
    path.write_text(
        "font.size: 9  # points\nfont.family: serif\naxes.edgecolor: red\nsavefig.bbox: tight\n"
    )
    where = page("page", "single", settings=parse_style(read_style(path), "a"))
    assert where.font_size == 9
    with where.style():
        figure, axes = where.axes(60)
        assert axes.spines["left"].get_edgecolor() == (1, 0, 0, 1)
        axes.set_xlabel("x")
    save(figure, tmp_path / "a.pdf", where)
    assert b"DejaVuSerif" in (tmp_path / "a.pdf").read_bytes()
    save(figure, tmp_path / "a.png", where)
    assert imread(tmp_path / "a.png").shape[1] == pytest.approx(84 / 25.4 * 300, abs=1)
    for text in ("font.size: nine", "no.such: 1", "words", "figure.hooks: os:abort"):
        with pytest.raises(InputError, match="style"):
            parse_style(text, "a")
    with pytest.raises(InputError, match="style"):
        read_style(tmp_path / "none.mplstyle")
