"""What the controls ask, and how they have maps shown."""

from dataclasses import replace
from typing import Any

import pytest

from workbench.errors import InputError
from workbench.explanation import METHOD_TITLES, OUTPUTS, Question
from workbench.panels import question
from workbench.panels.guesses import Guesses
from workbench.panels.overlay import Display

USUAL = ["integrated-gradients", "mean", None, "logit", "predicted", ""]


def test_the_controls_stand_at_the_usual_question(guesses: Guesses) -> None:
    dropdowns = [
        part
        for label in question.controls(guesses.name).children
        for part in getattr(label, "children", None) or ()
        if hasattr(part, "options")
    ]
    standing = {dropdown.id: dropdown.value for dropdown in dropdowns}
    values = [standing.get(name) for name, _ in question.QUESTION]
    assert values == USUAL
    assert question.asked(values, guesses) == Question()


def test_every_choice_can_be_asked(guesses: Guesses) -> None:
    for method in METHOD_TITLES:
        for output in OUTPUTS:
            for state in ("predicted", "true", *guesses.name):
                values = [method, "mean", None, output, state, ""]
                asked = question.asked(values, guesses)
                assert asked == Question(method, "mean", "", output, state)


def test_the_pinned_location_is_a_baseline_only_when_chosen(guesses: Guesses) -> None:
    pinned = guesses.store.location_id[2]
    values: list[Any] = [*USUAL[:2], pinned, *USUAL[3:]]
    assert question.asked(values, guesses) == Question()
    values[1] = "location"
    assert question.asked(values, guesses) == Question(baseline="location", other=pinned)
    assert question.baselines(pinned)["location"] == f"as {pinned}"
    assert "location" not in question.baselines("")


def test_where_no_baseline_is_used_the_pinned_location_is_not_asked(guesses: Guesses) -> None:
    values: list[Any] = ["grad-cam", "location", guesses.store.location_id[2], *USUAL[3:]]
    assert question.asked(values, guesses) == Question("grad-cam")
    assert question.baseline_label("grad-cam") == "Uses no baseline"
    assert question.baseline_label("occlusion") == "Baseline"


@pytest.mark.parametrize("at", [0, 1, 3, 4, 5])
@pytest.mark.parametrize("nonsense", [None, 3, True, [], {}, "nonsense", ["logit"]])
def test_what_is_no_question_is_refused(at: int, nonsense: Any, guesses: Guesses) -> None:
    values = [*USUAL]
    values[at] = nonsense
    with pytest.raises(InputError):
        question.asked(values, guesses)


def test_maps_are_shown_as_the_controls_say() -> None:
    usual = Display()
    assert question.shown(["", 99, 1]) == usual
    assert question.shown(["0.5", 99.9, "0.4"]) == Display(0.5, 99.9, 0.4)
    assert question.shown(["3", 99, 1]) == replace(usual, full=3.0)


@pytest.mark.parametrize(
    "nonsense", [None, "", "red", -1, [], {}, "nan", float("nan"), float("inf"), 10**400]
)
def test_nonsense_shows_them_as_usual(nonsense: Any) -> None:
    assert question.shown([nonsense] * 3) == Display()
