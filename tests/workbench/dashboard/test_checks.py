"""The verdict and what it rests on, as the page shows them."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.workbench.dashboard.examples import attribution, examined, text
from workbench.attribution.verdict import verdict
from workbench.dashboard import checks
from workbench.dashboard.background import Failure
from workbench.dashboard.job_queue import QueuedState, RunningState


def test_a_map_is_shown_with_its_verdict_and_the_reasons() -> None:
    made = examined(attribution("a"))
    judged = verdict(made)
    shown = text(checks.view(made, made))
    assert judged.label in shown
    assert judged.reasons
    for row in judged.rows():
        assert all(cell in shown for cell in row if cell not in ("yes", "no"))


def test_a_map_that_waits_for_its_checks_is_labelled() -> None:
    made = attribution("a")
    assert "not checked" in text(checks.view(made, QueuedState()))
    going = RunningState(0.4, "small noise")
    assert "small noise" in text(checks.view(made, going))
    failed = text(checks.view(made, Failure("The GPU is gone.")))
    assert "The GPU is gone." in failed
    assert "not computed" in text(checks.view(None, None))


def test_the_measured_stands_in_bars() -> None:
    found = examined(attribution("a")).checks
    assert found is not None
    curves, measures = checks.details(found, 0.5)
    shown = text(measures)
    for words in (
        "mean colour  0.81",
        "lowest of 2  0.90",
        "layer4  0.12",
        "N  −20.0",
        "90°  −3.0",
        "Without view, pp",
    ):
        assert words in shown
    drawn = {(trace.name, trace.xaxis): trace for trace in curves.figure.data}
    assert len(drawn) == 12
    filled, painted = found.curves["mean_color"], found.curves["inpainting"]
    assert np.array_equal(drawn["map", "x"].y, filled.deletion["map"])
    assert np.array_equal(drawn["edges", "x4"].y, painted.insertion["edges"])
    named = [note.text for note in curves.figure.layout.annotations]
    # The area under the straight line from 0.5 to 0.
    assert re.findall(r">([\w.]+)<", named[0]) == ["map", "random", "edges"]
    assert re.findall(r">([\w.]+)<", named[1])[1] == "0.250"


@pytest.mark.parametrize(("last", "shown"), [(-0.9, "⚑ conv1"), (0.5, "⚑ conv1"), (0.49, "conv1")])
def test_a_map_that_survives_the_last_stage_is_flagged_there(last: float, shown: str) -> None:
    found = examined(attribution("a")).checks
    assert found is not None
    survived = replace(found, model_randomization={"classifier": 0.9, "layer4": 0.5, "conv1": last})
    table = checks.details(survived, 0.5)[1].children[2]
    rows = [text(row).split("  ")[0] for row in table.children[1:]]
    assert rows == ["classifier", "layer4", shown]


def bars(component: Any) -> list[dict[str, str]]:
    """Return the styles of the bars of a table."""
    return [row.children[1].children.style for row in component.children[1:]]


def test_bars_grow_from_the_middle_to_the_largest_effect() -> None:
    found = examined(attribution("a")).checks
    assert found is not None
    views = checks.details(found, 0.5)[1].children[4]
    assert bars(views)[0] == {"width": "50.0%", "right": "50%"}
    assert bars(views)[1] == {"width": "2.5%", "left": "50%"}


def test_effects_that_are_noise_of_rounding_have_no_bars_and_no_sign() -> None:
    found = examined(attribution("a")).checks
    assert found is not None
    noise = np.array([-1e-8, 1e-9, 0.0])
    turned = checks.details(replace(found, rotation_effects=noise), 0.5)[1].children[5]
    *rows, note = turned.children[1:]
    assert [text(row) for row in rows] == ["90°  0.0", "180°  0.0", "270°  0.0"]
    assert {row.children[1].children.style["width"] for row in rows} == {"0.0%"}
    assert text(note) == "The model ignores the order of the views."
    assert "order of the views" not in text(checks.details(found, 0.5))


def test_what_was_not_measured_is_said() -> None:
    found = examined(attribution("a")).checks
    assert found is not None
    bare = replace(
        found, baseline_agreement={}, noise_stability=np.array([]), model_randomization={}
    )
    assert text(checks.details(bare, 0.5)).count("not measured") == 3
