import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from trainer.sweep import parallel_plot
from trainer.sweep.parallel_plot import Axis, Line, draw

AXES = (
    Axis("learning_rate", 1e-5, 1e-3, log=True),
    Axis("batch_size", 16, 64),
    Axis("fusion", value=("early", "late")),
)
LINES = (
    Line((1e-5, 16, "early"), 20.0, pruned=False),
    Line((1e-4, 40, "late"), 60.0, pruned=False),
    Line((1e-3, 64, "late"), 5.0, pruned=True),
)


def pdf_text(path: Path) -> list[str]:
    """Return the strings that a PDF sets, without the moves between their letters."""
    result = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.DOTALL):
        try:
            content = zlib.decompress(stream).decode("latin-1")
        except zlib.error:
            continue
        for array in re.findall(r"\[((?:[^\[\]\\]|\\.)*)\]\s*TJ", content):
            letters = "".join(re.findall(r"\(((?:\\.|[^\\)])*)\)", array))
            # A letter takes one byte or two, its code is that of Unicode.
            result.append(letters.replace("\0", ""))
    return result


def test_values_stand_where_their_axis_puts_them() -> None:
    place = parallel_plot._places([*AXES, Axis("top-1", 0, 100)], LINES)
    assert [row[0] for row in place] == pytest.approx([0, 0.5, 1])
    assert [row[1] for row in place] == pytest.approx([0, 0.5, 1])
    assert [row[3] for row in place] == pytest.approx([0.2, 0.6, 0.05])
    # A list's values share the axis; lines through the same one fan out by their score.
    assert place[0][2] == pytest.approx(0.25)
    assert 0.5 < place[2][2] < 0.75 < place[1][2] < 1


def test_one_score_that_is_far_worse_does_not_squeeze_the_others(tmp_path: Path) -> None:
    scores = (0.5, 0.6, 0.7, 0.8, 1e8)
    lines = [Line((1e-4, 40, "late"), score, pruned=False) for score in scores]
    figure = draw(AXES, "loss", lines, "lower")
    parallel_plot.save(figure, tmp_path / "cut.pdf", "pdf")
    assert {"1 worse", "0.8", "0.5"} <= set(pdf_text(tmp_path / "cut.pdf"))
    axis = parallel_plot._score_axis("loss", lines, "lower")
    height = [parallel_plot._height(axis, score) for score in scores]
    assert height == sorted(height)
    assert (height[0], height[-1]) == (0, 1)
    assert 0.8 < height[3] < 0.95
    assert parallel_plot._score_axis("loss", lines[1:], "lower").worse is None


def test_never_most_of_the_lines_are_off_the_scale() -> None:
    chance = np.random.default_rng(0)
    for scores in (
        [0.9, 0.02, 0.02, 0.02, 0.02, 0.02],
        [0.9, 0.9, 0.9, 0.1, 0.2, 0.3],
        *chance.pareto(0.2, (100, 9)).tolist(),
    ):
        lines = [Line((1e-4, 40, "late"), score, pruned=False) for score in scores]
        for better in ("lower", "higher"):
            axis = parallel_plot._score_axis("score", lines, better)
            off = sum(not axis.low <= score <= axis.high for score in scores)
            assert off == axis.beyond <= len(lines) / 2
    ordinary = [Line((1e-4, 40, "late"), score, pruned=False) for score in range(60, 90, 3)]
    ordinary.append(Line((1e-3, 64, "late"), 5, pruned=True))
    axis = parallel_plot._score_axis("top-1", ordinary, "higher")
    assert (axis.low, axis.high, axis.beyond) == (5, 87, 0)


def test_the_ends_of_the_scores_are_labelled_and_no_tick_lies_beyond() -> None:
    axis = parallel_plot._score_axis("top-1", LINES, "higher")
    ticks = parallel_plot._ticks(axis)
    assert {(0, "5"), (1, "60")} <= set(ticks)
    assert all(0 <= height <= 1 for height, _ in ticks)
    # The bar reaches from end to end, grey where only pruned trials lie.
    panel = draw(AXES, "top-1", LINES, "higher").axes[0]
    extent = panel.collections[0].get_datalim(panel.transData)
    assert (extent.y0, extent.y1) == (0, 1)


def test_a_path_is_labelled_by_its_file_name_and_a_long_one_is_cut(tmp_path: Path) -> None:
    place = Axis("weights", value=("", "/some/where/ours.pth", "/" + "long" * 20 + "$.pth"))
    lines = [Line((one,), 1.0 + number, pruned=False) for number, one in enumerate(place.value)]
    parallel_plot.save(draw((place,), "loss", lines, "lower"), tmp_path / "p.pdf", "pdf")
    text = pdf_text(tmp_path / "p.pdf")
    assert {"none", "ours.pth", "longlonglon", "nglong$.pth"} <= set(text)


def test_pruned_lines_are_grey_and_thin_and_below() -> None:
    figure = draw(AXES, "validation top-1, %", LINES, "higher")
    curves = sorted(figure.axes[0].patches, key=lambda patch: patch.get_zorder())
    assert [curve.get_linewidth() for curve in curves] == [0.4, 0.9, 0.9]
    grey, worst, best = (np.array(to_rgb(curve.get_edgecolor())) for curve in curves)
    assert np.ptp(grey) < 0.06 < np.ptp(worst)
    assert best.mean() < worst.mean()
    curves = sorted(
        draw(AXES, "loss", LINES, "lower").axes[0].patches, key=lambda patch: patch.get_zorder()
    )
    worst, best = (np.array(to_rgb(curve.get_edgecolor())) for curve in curves[1:])
    assert best.mean() < worst.mean()


def test_the_pdf_is_vectors_with_its_text_as_text_at_the_width_of_a_page(tmp_path: Path) -> None:
    figure = draw(AXES, "validation top-1, %", LINES, "higher")
    for name in ("one.pdf", "other.pdf"):
        parallel_plot.save(figure, tmp_path / name, "pdf")
    pdf = (tmp_path / "one.pdf").read_bytes()
    assert pdf == (tmp_path / "other.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Subtype /Image" not in pdf
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert box
    assert float(box[1]) / 72 * 25.4 == pytest.approx(174, abs=0.1)
    text = pdf_text(tmp_path / "one.pdf")
    wanted = ["learning", "rate", "batch", "size", "fusion", "early", "late", "16", "64"]
    assert set(wanted) <= set(text)
    assert {"validation", "top-1, %", "1 pruned, at their last epoch's score"} <= set(text)


def test_the_png_shows_the_same_in_print_quality(tmp_path: Path) -> None:
    parallel_plot.save(
        draw(AXES, "validation top-1, %", LINES, "higher"), tmp_path / "p.png", "png"
    )
    with Image.open(tmp_path / "p.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape[1] == pytest.approx(174 / 25.4 * 300, abs=1)
    coloured = (pixels.max(axis=2) - pixels.min(axis=2)) > 40
    assert coloured.sum() > 5000
    assert (pixels.min(axis=2) > 250).mean() > 0.8


def test_one_trial_and_equal_scores_can_be_drawn(tmp_path: Path) -> None:
    for lines in (LINES[:1], LINES[2:], (LINES[0], LINES[0])):
        figure = draw(AXES, "loss", lines, "lower")
        parallel_plot.save(figure, tmp_path / "p.pdf", "pdf")
