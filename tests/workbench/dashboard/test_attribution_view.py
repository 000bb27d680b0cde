"""What stands over and under a map."""

from dataclasses import replace

import numpy as np
import pytest

from tests.workbench.dashboard.examples import attribution, text
from workbench.attribution.request import AttributionRequest
from workbench.dashboard import attribution_view, overlay
from workbench.dashboard.background import Failure
from workbench.dashboard.job_queue import QueuedState, RunningState
from workbench.dashboard.overlay import Display
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs


def test_the_numbers_say_how_the_map_came_about() -> None:
    shown = text(attribution_view.numbers(attribution("a")))
    # 256 pixels of 0.01 against an output difference of 2.
    assert "error +0.5600, 28.0% of the difference +2.000" in shown
    assert "logit of Ohio (50.0%), integrated gradients, baseline mean colour" in shown
    assert "converged, map error 2.1%" in shown
    assert "96 gradients, 34 forward passes, 2.5 s" in shown
    assert "upper 38%, middle 38%, lower 25%" in shown  # Of eight rows: three, three, two.


def test_a_map_that_did_not_converge_says_why() -> None:
    made = replace(attribution("a"), converged=False, reason="1,000 gradients were not enough")
    assert attribution_view.convergence(made) == (
        "not converged: 1,000 gradients were not enough, map error 2.1%"
    )


def test_a_method_without_completeness_says_so() -> None:
    asked = AttributionRequest(method="grad_cam", target="Ohio")
    made = replace(
        attribution("a", asked), baseline_output=None, converged=None, error_estimate=None
    )
    assert attribution_view.completeness(made) == "not defined for this method; logit +3.000"
    assert attribution_view.convergence(made) == "not iterative"
    assert "logit of Ohio (50.0%), Grad-CAM" in text(attribution_view.numbers(made))


def test_outputs_that_hardly_differ_are_said_to() -> None:
    made = replace(attribution("a"), baseline_output=3.0)
    said = attribution_view.completeness(made)
    assert said == "error +2.560, 256000.0% of 0.001, as the outputs hardly differ 0.000"


def test_a_map_with_a_negative_sum_is_described() -> None:
    made = attribution("a")
    assert attribution_view.notes(made) == []
    against = replace(made, baseline_output=3.5)
    assert "is against the target" in text(attribution_view.numbers(against))


def test_grad_cam_says_how_few_values_it_has() -> None:
    asked = AttributionRequest(method="grad_cam", target="Ohio")
    made = replace(
        attribution("a", asked), values=np.ones((4, 32, 70), np.float32), baseline_output=None
    )
    assert "1 × 3 values per view" in text(attribution_view.numbers(made))


def test_each_view_bears_its_share_and_the_rows_theirs(
    predictions: Predictions, photographs: Photographs
) -> None:
    made = attribution(predictions.store.location_ids[0])
    values = np.zeros((4, 32, 32), dtype=np.float32)
    values[0, :16] = 3.0
    values[3, 16:] = -1.0
    made = replace(made, values=values)
    pictures = overlay.views(photographs.paths(made.location_id))
    *figures, rows = attribution_view.over(pictures, made, Display())
    assert [text(one).split() for one in figures] == [
        ["N", "75%"], ["E", "0%"], ["S", "0%"], ["W", "25%"],
    ]  # fmt: skip
    widths = [bar.style["width"] for bar in rows.children[0].children]
    assert widths[: attribution_view.N_BINS // 2] == ["100.0%"] * (attribution_view.N_BINS // 2)
    assert widths[attribution_view.N_BINS // 2 :] == ["33.3%"] * (attribution_view.N_BINS // 2)
    assert "upper 52%, middle 33%, lower 16%" in rows.title


@pytest.mark.parametrize("rows", [1, 2, 5, 224])
def test_a_map_of_any_height_and_of_zeros_has_a_profile(rows: int) -> None:
    assert (
        len(attribution_view.profile(np.zeros(rows)).children[0].children)
        == attribution_view.N_BINS
    )


def test_progress_is_said_in_words() -> None:
    shown = attribution_view.progress(RunningState(0.24, "occlusion: 12 of 50 windows"), "Map")
    assert text(shown).strip() == "occlusion: 12 of 50 windows"
    assert shown[0].children[1].value == "0.240"
    reading = attribution_view.progress(RunningState(0.0, "reading photographs"), "Map")
    assert not hasattr(reading[0].children[1], "value")  # Not yet known.
    assert "Map: starting" in text(attribution_view.progress(RunningState(), "Map"))
    assert "waiting" in text(attribution_view.progress(QueuedState(), "Checks"))
    assert "no weights" in text(attribution_view.progress(Failure("There are no weights."), "Map"))
    assert "Map: not computed" in text(attribution_view.progress(None, "Map"))
