import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.attribution import verdict as rule
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution, Checks, Cost
from workbench.attribution.verdict import verdict

PAGE = Path(__file__).parents[3] / "docs" / "background" / "faithfulness.md"
FRACTION = np.linspace(0, 1, 5)


def evidence(**changes: Any) -> Checks:
    """Return evidence that speaks for a map in everything."""
    fall, rise = 0.8 * (1 - FRACTION), 0.8 * FRACTION
    good = Checks(
        fractions=FRACTION,
        deletion={"map": fall**4, "random": fall, "edges": fall},
        insertion={"map": 0.8 * FRACTION**0.25, "random": rise, "edges": rise},
        baseline_agreement={"black": 0.1, "blur": 0.7},
        noise_stability=np.array([0.9, 0.8, 0.85]),
        model_randomization={"classifier": 0.9, "conv1": 0.1},
        input_randomization=0.2,
        view_effects=np.zeros(4),
        rotation_effects=np.zeros(3),
        cost=Cost(1, 1, 0.1),
    )
    deletion = {**good.deletion, "map": np.array([0.8, 0.3, 0.1, 0.05, 0.0])}
    return replace(good, **{"deletion": deletion, **changes})


def attribution(known: Checks | None, **changes: Any) -> Attribution:
    """Return a converged map whose sum is the difference of outputs, 4."""
    made = np.full((4, 2, 2), 0.25, dtype=np.float32)
    good = Attribution(
        location_id="Ohio/a",
        request=AttributionRequest(baseline="mean", target="Ohio"),
        values=made,
        output=5.0,
        baseline_output=1.0,
        probability=0.8,
        converged=True,
        reason="",
        error_estimate=0.03,
        cost=Cost(20, 3, 0.5),
        checks=known,
    )
    return replace(good, **changes)


def test_a_map_with_nothing_against_it_is_supported() -> None:
    judged = verdict(attribution(evidence()))
    assert judged.label == "supported"
    assert {reason.passed for reason in judged.reasons} == {True}
    assert len(judged.reasons) == 8


def test_without_checks_only_the_map_itself_is_judged() -> None:
    assert verdict(attribution(None)).label == "not checked"
    zeros = attribution(None, values=np.zeros((4, 2, 2), dtype=np.float32))
    assert verdict(zeros).label == "not to be trusted"


CURVE = evidence()


@pytest.mark.parametrize(
    ("changes", "word", "complaint"),
    [
        (
            {
                "deletion": {**CURVE.deletion, "random": CURVE.deletion["map"]},
                "insertion": {**CURVE.insertion, "random": CURVE.insertion["map"]},
            },
            "bad",
            "than in random order",
        ),
        (
            {
                "deletion": {**CURVE.deletion, "edges": CURVE.deletion["map"]},
                "insertion": {**CURVE.insertion, "edges": CURVE.insertion["map"]},
            },
            "weak",
            "edge detector",
        ),
        (
            {"model_randomization": {"classifier": 0.1, "conv1": 0.5}},
            "bad",
            "not depend on the learned",
        ),
        (
            {"model_randomization": {"classifier": 0.1, "conv1": -0.5}},
            "bad",
            "not depend on the learned",
        ),
        (
            {"input_randomization": 0.71},
            "weak",
            "strong for any image: rank correlation 0.71",
        ),
        ({"noise_stability": np.array([0.9, 0.49, 0.9])}, "weak", "Small noise changes"),
        ({"baseline_agreement": {"black": -0.9, "blur": 0.49}}, "weak", "No other baseline"),
    ],
)
def test_each_check_can_be_a_reason_against(
    changes: dict[str, Any], word: str, complaint: str
) -> None:
    judged = verdict(attribution(evidence(**changes)))
    assert judged.label == {"bad": "not to be trusted", "weak": "weak"}[word]
    (against,) = [reason for reason in judged.reasons if not reason.passed]
    assert complaint in against.text
    assert against.decisive == (word == "bad")


@pytest.mark.parametrize(
    ("changes", "word", "complaint"),
    [
        ({"values": np.full((4, 2, 2), np.nan, dtype=np.float32)}, "bad", "is not finite"),
        ({"output": float("nan")}, "bad", "is not finite"),
        ({"values": np.zeros((4, 2, 2), dtype=np.float32)}, "bad", "zero everywhere"),
        ({"converged": False, "reason": "2 % above 1 %"}, "weak", "Not converged: 2 % above 1 %"),
        ({"converged": False, "reason": "far off", "error_estimate": 0.6}, "bad", "Not converged"),
        (
            {"converged": False, "reason": "x", "error_estimate": float("nan")},
            "bad",
            "Not converged",
        ),
        ({"baseline_output": 4.97}, "weak", "cancel out"),
        ({"baseline_output": 5.0}, "weak", "cancel out"),
    ],
)
def test_the_map_itself_can_be_a_reason_against(
    changes: dict[str, Any], word: str, complaint: str
) -> None:
    judged = verdict(attribution(evidence(), **changes))
    assert judged.label == {"bad": "not to be trusted", "weak": "weak"}[word]
    (against,) = [reason for reason in judged.reasons if not reason.passed]
    assert complaint in against.text
    assert not any("inf" in reason.text or "nan" in reason.text for reason in judged.reasons)


def test_completeness_is_not_judged_for_methods_without_it() -> None:
    cam = attribution(
        evidence(baseline_agreement={}),
        request=AttributionRequest(method="grad_cam", target="Ohio"),
        baseline_output=None,
        converged=None,
        error_estimate=None,
    )
    judged = verdict(cam)
    assert judged.label == "supported"
    assert not any(
        "onverged" in reason.text or "aseline" in reason.text for reason in judged.reasons
    )


def test_a_probability_of_zero_gives_no_gain() -> None:
    nothing = dict.fromkeys(("map", "random", "edges"), np.zeros(5))
    judged = verdict(attribution(evidence(deletion=nothing, insertion=nothing)))
    assert judged.label == "not to be trusted"


def test_the_table_has_each_test_with_value_threshold_and_source() -> None:
    line, square = 1 - FRACTION, (1 - FRACTION) ** 2
    known = evidence(
        deletion={"map": 0.4 * square, "random": 0.4 * line, "edges": 0.4 * line},
        insertion={"map": 0.4 * line[::-1], "random": 0.4 * line[::-1], "edges": 0.4 * square},
        baseline_agreement={"black": 0.1, "blur": 0.7, "noise": 0.49},
    )
    judged = verdict(attribution(known))
    # By the trapezoid rule, 0.34375 is the area under the square, 0.5 under the line.
    assert [row[:4] for row in judged.rows()] == [
        ("Convergence", "completeness 0.0%, map 3.0%", "≤ 1%, ≤ 5%", "yes"),
        ("Output difference", "100.0% of Σ|map|", "≥ 1%", "yes"),
        ("Deletion area", "map 0.14, random 0.20, edges 0.20", "–", "–"),
        ("Insertion area", "map 0.20, random 0.20, edges 0.14", "–", "–"),
        ("Gain over random", "+16% of the probability", "≥ 25%", "no"),
        ("Gain over edges", "+31% of the probability", "> 0%", "yes"),
        ("Random weights", "ρ 0.10", "|ρ| < 0.5", "yes"),
        ("Noise images", "ρ 0.20", "ρ < 0.71", "yes"),
        ("Small noise", "ρ 0.80, lowest of 3", "ρ ≥ 0.5", "yes"),
        ("Other baselines", "1 of 3 agree", "≥ 1 with ρ ≥ 0.5", "yes"),
    ]
    assert all(meaning.endswith(".") and source for *_, meaning, source in judged.rows())
    assert judged.label == "not to be trusted"


def test_gain_is_a_difference_of_areas() -> None:
    known = evidence()
    expected = np.trapezoid(known.insertion["map"], FRACTION) - np.trapezoid(
        known.deletion["map"], FRACTION
    )
    assert rule.gain(known, "map") == pytest.approx(expected)
    assert rule.gain(known, "random") == pytest.approx(0)
    assert rule.relative_gain(known, "random") == pytest.approx(expected / 0.8)


def test_the_page_has_the_thresholds_of_the_rule() -> None:
    written = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d.]+) \|", PAGE.read_text(), re.M))
    held = {
        name: value
        for name, value in vars(rule).items()
        if name.isupper() and isinstance(value, float)
    }
    assert {name: float(value) for name, value in written.items()} == held


def test_the_page_has_every_label() -> None:
    text = PAGE.read_text()
    for word in (rule.SUPPORTED, rule.WEAK, rule.UNTRUSTED, rule.UNCHECKED):
        assert word in text
