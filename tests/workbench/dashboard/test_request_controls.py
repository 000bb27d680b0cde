"""What the controls ask, and how they have maps shown."""

from dataclasses import replace
from typing import Any

import pytest

from common.errors import InputError
from workbench.attribution.request import METHODS, OUTPUTS, AttributionRequest, read_request
from workbench.dashboard import request_controls
from workbench.dashboard.overlay import Display
from workbench.evaluation.predictions import Predictions

USUAL = ["integrated_gradients", "mean", "logit", "predicted", ""]


def asked_by(values: list[Any], predictions: Predictions) -> AttributionRequest:
    return read_request(values, predictions.class_names, predictions.rows)


def test_the_controls_stand_at_the_usual_question(predictions: Predictions) -> None:
    dropdowns = [
        part
        for label in request_controls.controls(predictions.class_names).children
        for part in getattr(label, "children", None) or ()
        if hasattr(part, "options")
    ]
    standing = {dropdown.id: dropdown.value for dropdown in dropdowns}
    values = [standing.get(name) for name, _ in request_controls.REQUEST]
    assert values == USUAL
    assert asked_by(values, predictions) == AttributionRequest()


def test_every_choice_can_be_asked(predictions: Predictions) -> None:
    for method in METHODS:
        for output in OUTPUTS:
            for state in ("predicted", "true", *predictions.class_names):
                values = [method, "mean", output, state, ""]
                asked = asked_by(values, predictions)
                assert asked == AttributionRequest(method, "mean", "", output, state)


def test_a_pinned_location_is_a_baseline(predictions: Predictions) -> None:
    pinned = predictions.store.location_ids[2]
    offered = request_controls.baselines([pinned])
    assert offered[f"location:{pinned}"] == f"as {pinned}"
    values: list[Any] = [USUAL[0], f"location:{pinned}", *USUAL[2:]]
    assert asked_by(values, predictions) == AttributionRequest(
        baseline="location", baseline_location=pinned
    )
    for unknown in ("location", "location:", "location:nowhere"):
        with pytest.raises(InputError, match="choose another baseline"):
            asked_by([USUAL[0], unknown, *USUAL[2:]], predictions)


def test_where_no_baseline_is_used_none_is_read(predictions: Predictions) -> None:
    values: list[Any] = ["grad_cam", "location:nowhere", *USUAL[2:]]
    assert asked_by(values, predictions) == AttributionRequest("grad_cam")
    assert request_controls.baseline_label("grad_cam") == "No baseline"
    assert request_controls.baseline_label("occlusion") == "Baseline"


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("nonsense", [None, 3, True, [], {}, "nonsense", ["logit"]])
def test_what_is_no_question_is_refused(at: int, nonsense: Any, predictions: Predictions) -> None:
    values = [*USUAL]
    values[at] = nonsense
    with pytest.raises(InputError):
        asked_by(values, predictions)


def test_maps_are_shown_as_the_controls_say() -> None:
    usual = Display()
    assert request_controls.read_display(["", 99, 1]) == usual
    assert request_controls.read_display(["0.5", 99.9, "0.4"]) == Display(0.5, 99.9, 0.4)
    assert request_controls.read_display(["3", 99, 1]) == replace(usual, full=3.0)


@pytest.mark.parametrize(
    "nonsense", [None, "", "red", -1, [], {}, "nan", float("nan"), float("inf"), 10**400]
)
def test_invalid_values_fall_back_to_the_defaults(nonsense: Any) -> None:
    assert request_controls.read_display([nonsense] * 3) == Display()


@pytest.mark.parametrize(
    ("limit", "wrong"),
    [("", False), (None, False), ("0.5", False), (2, False), ("1e-3", False), ("1e−3", False)]
    + [(text, True) for text in ("-3", "0", "0.0", "nan", "inf", "x", -1, 0)],
)
def test_a_scale_that_is_not_above_zero_is_refused_in_words(limit: Any, wrong: bool) -> None:
    assert bool(request_controls.limit_error(limit)) == wrong
    assert request_controls.read_display([limit, 99, 0]).opacity == 0
    if wrong:
        assert request_controls.read_display([limit, 99, 1]).full is None


@pytest.mark.parametrize(
    ("target", "place", "refused"),
    [
        ("predicted", (), {"predicted"}),
        ("predicted", ("Ohio", "Alaska"), {"predicted", "Ohio"}),
        ("predicted", ("Ohio", "Ohio"), {"predicted", "true", "Ohio"}),
        ("true", ("Ohio", "Alaska"), {"true", "Alaska"}),
        ("Alaska", ("Ohio", "Alaska"), {"true", "Alaska"}),
        ("Hawaii", ("Ohio", "Alaska"), {"Hawaii"}),
    ],
)
def test_a_class_is_not_offered_as_its_own_contrast(
    target: str, place: tuple[str, ...], refused: set[str], predictions: Predictions
) -> None:
    offered = request_controls.contrast_options(target, predictions.class_names, *place)
    assert {option["value"] for option in offered if option["disabled"]} == refused
