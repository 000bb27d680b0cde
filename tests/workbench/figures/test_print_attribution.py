from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from tests.workbench.attribution.test_verdict import attribution, evidence
from workbench.attribution.result import REPLACEMENT_TITLES, Attribution
from workbench.attribution.verdict import verdict
from workbench.figures.print.attribution import figure
from workbench.figures.print.style import save

VIEWS = np.random.default_rng(0).integers(0, 256, (4, 3, 24, 24), dtype=np.uint8)


@pytest.fixture
def made() -> Attribution:
    drawn = np.random.default_rng(1).normal(size=(4, 24, 24)).astype(np.float32)
    drawn[2] *= 5
    return attribution(evidence(), values=drawn, converged=None, baseline_output=None)


def test_four_views_and_their_maps_share_one_scale(made: Attribution) -> None:
    axes = figure(made, VIEWS).axes
    limits = set()
    for view in range(4):
        (photograph,) = axes[2 * view].images
        assert np.array_equal(np.asarray(photograph.get_array()), VIEWS[view].transpose(1, 2, 0))
        drawn = axes[2 * view + 1].images[1]
        assert np.array_equal(np.asarray(drawn.get_array()), made.values[view])
        limits.add(drawn.get_clim())
        assert axes[2 * view + 1].get_xlabel() == f"{made.view_shares[view]:.0%} of the map"
    ((low, high),) = limits
    assert high == -low == pytest.approx(np.percentile(np.abs(made.values), 99))


def test_the_curves_are_those_of_the_evidence_and_the_verdict_is_written(
    made: Attribution,
) -> None:
    result = figure(made, VIEWS)
    assert made.checks is not None
    for replacement, both in made.checks.curves.items():
        title = REPLACEMENT_TITLES[replacement]
        (axes,) = [axes for axes in result.axes if axes.get_xlabel().endswith(title)]
        drawn = [np.asarray(line.get_ydata()) for line in axes.lines]
        for curve in (*both.deletion.values(), *both.insertion.values()):
            assert any(np.array_equal(curve, line) for line in drawn)
    words = " ".join(text.get_text() for axes in result.axes for text in axes.texts)
    assert "Supported" in words
    for row in verdict(made).rows():
        assert all(cell in words for cell in row[:4])
    title = result.get_suptitle()
    assert title.splitlines() == [
        "Ohio/a: logit of Ohio, probability 0.800",
        "integrated gradients, baseline mean colour",
    ]


def test_the_errors_are_written_in_numbers_and_no_text_is_too_small_to_read() -> None:
    result = figure(
        attribution(evidence(), values=np.full((4, 24, 24), 4.4 / 2304, np.float32)), VIEWS
    )
    written = result.findobj(Text)
    words = " ".join(" ".join(text.get_text() for text in written).split())
    assert "Output 5, of the baseline 1; completeness error +0.4 (10.0% of the" in words
    assert "estimated map error 3.0%; 20 gradients, 3 forward passes" in words
    assert min(float(text.get_fontsize()) for text in written if text.get_text()) >= 6


def test_a_map_without_checks_has_no_curves(made: Attribution) -> None:
    result = figure(replace(made, checks=None), VIEWS)
    assert not any(axes.lines for axes in result.axes)
    assert "Not checked" in [text.get_text() for axes in result.axes for text in axes.texts]


def test_a_map_of_zeros_can_be_drawn(made: Attribution, tmp_path: Path) -> None:
    nothing = replace(made, values=np.zeros_like(made.values), checks=None)
    result = figure(nothing, VIEWS)
    save(result, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    for view in range(4):
        drawn = result.axes[2 * view + 1].images[1]
        assert not np.asarray(drawn.get_array()).any()
        assert np.isfinite(drawn.get_clim()).all()
        assert "nan" not in result.axes[2 * view + 1].get_xlabel()


@pytest.mark.slow
def test_the_file_has_its_width_and_its_fonts_and_is_the_same_every_time(
    made: Attribution, tmp_path: Path
) -> None:
    for name in ("one.pdf", "other.pdf"):
        save(figure(made, VIEWS), tmp_path / name)
    one = (tmp_path / "one.pdf").read_bytes()
    assert one == (tmp_path / "other.pdf").read_bytes()
    assert b"/FontFile2" in one
    assert figure(made, VIEWS).get_size_inches()[0] * 25.4 == pytest.approx(174)


def test_views_of_another_size_are_refused(made: Attribution) -> None:
    with pytest.raises(ValueError, match="views of shape"):
        figure(made, VIEWS[:, :, :12])
