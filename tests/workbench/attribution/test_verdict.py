import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.attribution import verdict as rule
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import REPLACEMENT_TITLES, Attribution, Checks, Cost, Curves
from workbench.attribution.verdict import verdict

PAGE = Path(__file__).parents[3] / "docs" / "background" / "faithfulness.md"
FRACTION = np.linspace(0, 1, 5)
FALL, RISE = 0.8 * (1 - FRACTION), 0.8 * FRACTION
GOOD = Curves(
    {"map": np.array([0.8, 0.3, 0.1, 0.05, 0.0]), "random": FALL, "edges": FALL},
    {"map": 0.8 * FRACTION**0.25, "random": RISE, "edges": RISE},
)


def evidence(**changes: Any) -> Checks:
    """Return evidence that speaks for a map in everything."""
    good = Checks(
        fractions=FRACTION,
        curves=dict.fromkeys(REPLACEMENT_TITLES, GOOD),
        baseline_agreement={"black": 0.1, "blur": 0.7},
        noise_stability=np.array([0.9, 0.8, 0.85]),
        model_randomization={"classifier": 0.9, "conv1": 0.1},
        input_randomization=0.2,
        view_effects=np.zeros(4),
        rotation_effects=np.zeros(3),
        cost=Cost(1, 1, 0.1),
    )
    return replace(good, **changes)


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


def curves(replacement: str, **changes: str) -> dict[str, Curves]:
    """Return good curves, of which the map's are those of another order with one replacement."""
    changed = {
        kind: {**getattr(GOOD, kind), order: getattr(GOOD, kind)["map"]}
        for kind, order in changes.items()
    }
    every = {name: replace(GOOD, **changed) for name in REPLACEMENT_TITLES}
    return every if replacement == "all" else {**evidence().curves, replacement: every[replacement]}


@pytest.mark.parametrize(
    ("changes", "word", "complaint"),
    [
        (
            {"curves": curves("all", deletion="random")},
            "bad",
            "Deletion in the map's order changes the probability no more than in random order",
        ),
        ({"curves": curves("all", insertion="random")}, "bad", "Insertion in the map's order"),
        *(
            (
                {"curves": curves(name, **{kind: "random"})},
                "weak",
                f"The replacements disagree whether {kind}",
            )
            for name in REPLACEMENT_TITLES
            for kind in ("deletion", "insertion")
        ),
        (
            {"curves": curves("all", deletion="edges", insertion="edges")},
            "weak",
            "An edge detector's order is better",
        ),
        (
            {"curves": curves("inpainting", deletion="edges", insertion="edges")},
            "weak",
            "disagree whether the map's order is better than an edge detector's",
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
    judged = verdict(attribution(evidence(curves={"mean_color": Curves(nothing, nothing)})))
    assert judged.label == "not to be trusted"


def test_a_result_without_inpainting_says_so() -> None:
    judged = verdict(attribution(evidence(curves={"mean_color": GOOD})))
    assert judged.label == "supported"
    texts = [one.text for one in judged.reasons if "one replacement alone" in one.text]
    assert len(texts) == 2
    assert not any(
        "one replacement" in one.text for one in verdict(attribution(evidence())).reasons
    )


def test_the_table_has_each_test_with_value_threshold_and_source() -> None:
    line, square = 1 - FRACTION, (1 - FRACTION) ** 2
    weak = Curves(
        {"map": 0.4 * square, "random": 0.4 * line, "edges": 0.4 * line},
        {"map": 0.4 * line[::-1], "random": 0.4 * line[::-1], "edges": 0.4 * square},
    )
    known = evidence(
        curves={"mean_color": weak, "inpainting": GOOD},
        baseline_agreement={"black": 0.1, "blur": 0.7, "noise": 0.49},
    )
    judged = verdict(attribution(known))
    # By the trapezoid rule, 0.34375 is the area under the square, 0.5 under the line.
    assert [row[:4] for row in judged.rows()] == [
        ("Convergence", "completeness 0.0%, map 3.0%", "≤ 1%, ≤ 5%", "yes"),
        ("Output difference", "100.0% of Σ|map|", "≥ 1%", "yes"),
        ("Deletion over random", "+16% mean colour, +23% inpainted", "≥ 10%, all", "yes"),
        ("Insertion over random", "0% mean colour, +24% inpainted", "≥ 10%, all", "no"),
        ("Both over edges", "+31% mean colour, +48% inpainted", "> 0%, all", "yes"),
        ("Random weights", "ρ 0.10", "|ρ| < 0.5", "yes"),
        ("Noise images", "ρ 0.20", "ρ < 0.71", "yes"),
        ("Small noise", "ρ 0.80, lowest of 3", "ρ ≥ 0.5", "yes"),
        ("Other baselines", "1 of 3 agree", "ρ ≥ 0.5", "–"),
    ]
    assert all(meaning.endswith(".") and source for *_, meaning, source in judged.rows())
    assert judged.label == "weak"


def test_each_baseline_counts_by_itself_and_none_decides() -> None:
    none = {"black": -0.9, "blur": 0.49, "noise": 0.1}
    judged = verdict(attribution(evidence(baseline_agreement=none)))
    assert judged.label == "supported"
    one = judged.criteria[-1]
    assert (one.value, one.passed) == ("0 of 3 agree", None)
    # The map's own baseline is the mean colour.
    assert "black −0.90, blurred (a close relative) 0.49, uniform noise 0.10" in one.text
    from_black = attribution(
        evidence(baseline_agreement={"mean": 0.9, "blur": 0.8}),
        request=AttributionRequest(baseline="black", target="Ohio"),
    )
    one = verdict(from_black).criteria[-1]
    assert one.value == "2 of 2 agree"
    assert "relative" not in one.text


def test_gains_are_differences_of_areas() -> None:
    known = evidence()
    for curve, found in zip(
        (GOOD.deletion, GOOD.insertion), rule.gains(known, "random"), strict=True
    ):
        expected = abs(float(np.trapezoid(curve["map"] - curve["random"], FRACTION))) / 0.8
        assert found == pytest.approx(dict.fromkeys(REPLACEMENT_TITLES, expected))
    assert rule.gains(known, "map") == ({"mean_color": 0, "inpainting": 0},) * 2


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
