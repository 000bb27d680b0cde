"""The verdict on a map, with its reasons, by the rule of docs/background/faithfulness.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from common.text import number
from workbench.attribution.request import BASELINE_TITLES
from workbench.attribution.result import Attribution, Checks

SUPPORTED, WEAK, UNTRUSTED, UNCHECKED = "supported", "weak", "not to be trusted", "not checked"
LABELS = (SUPPORTED, WEAK, UNTRUSTED, UNCHECKED)
SIMILAR = 0.5
"""Rank correlation from which two maps count as similar."""
INPUT_INDEPENDENT = 0.71
"""Rank correlation with noise maps that explains half of the variance of the ranks."""
MAX_MAP_ERROR = 0.5
"""Estimated error of a map, as a fraction of it, above which it is not to be trusted."""
MIN_DIFFERENCE = 0.01
"""Difference of outputs, as a fraction of the sum of |map|, below which the map cancels out."""
MIN_GAIN = 0.25
"""Gain over random order, as a fraction of the probability, that 1 in 20 random orders reaches."""


@dataclass(frozen=True)
class Reason:
    """A sentence for or against a map; a decisive one suffices not to trust it."""

    text: str
    side: Literal["for", "against"]
    decisive: bool = False


@dataclass(frozen=True)
class Verdict:
    """How far to trust a map: one of `LABELS`, and why."""

    label: str
    reasons: tuple[Reason, ...]


def verdict(attribution: Attribution) -> Verdict:
    """Judge a map: not to be trusted if a reason against it is decisive, weak if any is against."""
    checks = attribution.checks
    reasons = (*_convergence(attribution), *(() if checks is None else _checks(checks)))
    if any(reason.decisive for reason in reasons):
        label = UNTRUSTED
    elif checks is None:
        label = UNCHECKED
    elif any(reason.side == "against" for reason in reasons):
        label = WEAK
    else:
        label = SUPPORTED
    return Verdict(label, reasons)


def gain(checks: Checks, order: str) -> float:
    """Return the area under the insertion curve minus that under the deletion curve."""
    curve = checks.insertion[order] - checks.deletion[order]
    return float(np.trapezoid(curve, checks.fractions))


def relative_gain(checks: Checks, over: str) -> float:
    """Return the map's gain minus that of another order, as a fraction of the probability."""
    probability = float(checks.deletion["map"][0])
    difference = gain(checks, "map") - gain(checks, over)
    return difference / probability if probability else 0.0


def _convergence(attribution: Attribution) -> Iterator[Reason]:
    values, output = attribution.values, attribution.output
    if not (np.isfinite(values).all() and np.isfinite(output)):
        yield _against("The map or the output is not finite.", decisive=True)
        return
    total = float(np.abs(values).sum(dtype=np.float64))
    if not total:
        yield _against("The map is zero everywhere: no pixel changes the output.", decisive=True)
        return
    if attribution.completeness_error is None or attribution.baseline_output is None:
        return
    errors, error_estimate = _errors(attribution), attribution.error_estimate
    if attribution.converged:
        yield Reason(f"Converged: {errors}.", "for")
    else:
        too_large = error_estimate is not None and not error_estimate <= MAX_MAP_ERROR
        yield _against(f"Not converged: {attribution.reason or errors}.", decisive=too_large)
    if not abs(output - attribution.baseline_output) >= MIN_DIFFERENCE * total:
        yield _against(
            "The output is nearly that of the baseline: positive and negative parts cancel out."
        )


def _errors(attribution: Attribution) -> str:
    text = f"completeness error {attribution.completeness_text}"
    if attribution.error_estimate is None:
        return text
    return f"{text}, estimated map error {attribution.error_estimate:.1%}"


def _checks(checks: Checks) -> Iterator[Reason]:
    yield _random_order(checks)
    yield _edge_order(checks)
    yield _model_randomization(checks)
    yield _input_randomization(checks)
    yield _noise_stability(checks)
    if checks.baseline_agreement:
        yield _baseline_agreement(checks)


def _random_order(checks: Checks) -> Reason:
    difference = relative_gain(checks, "random")
    if difference >= MIN_GAIN:
        return Reason(
            "Deletion and insertion in the map's order change the probability more than in random "
            f"order, by {difference:.0%} of it.",
            "for",
        )
    return _against(
        "Deletion and insertion in the map's order change the probability no more than in random "
        f"order ({number(difference, '+.0%')} of it; chance reaches {MIN_GAIN:.0%}).",
        decisive=True,
    )


def _edge_order(checks: Checks) -> Reason:
    difference = relative_gain(checks, "edges")
    if difference > 0:
        return Reason(
            f"The map's order is better than an edge detector's, by {difference:.0%}.", "for"
        )
    share = number(-difference, ".0%")
    return _against(f"An edge detector's order is better than the map's, by {share}.")


def _model_randomization(checks: Checks) -> Reason:
    stage, correlation = list(checks.model_randomization.items())[-1]
    text = f"rank correlation {number(correlation, '.2f')} with random weights down to {stage}"
    # A map with the opposite sign is the same picture.
    if abs(correlation) < SIMILAR:
        return Reason(f"The map depends on the learned weights: {text}.", "for")
    return _against(f"The map does not depend on the learned weights: {text}.", decisive=True)


def _input_randomization(checks: Checks) -> Reason:
    text = f"rank correlation {number(checks.input_randomization, '.2f')} with maps of noise images"
    if checks.input_randomization < INPUT_INDEPENDENT:
        return Reason(f"The strong patches depend on the photograph: {text}.", "for")
    return _against(f"The same patches are strong for any image: {text}.")


def _noise_stability(checks: Checks) -> Reason:
    lowest = float(checks.noise_stability.min())
    if lowest >= SIMILAR:
        return Reason(
            f"The map is stable under small noise: rank correlation {lowest:.2f} or more.", "for"
        )
    return _against(
        f"Small noise changes the map: rank correlation down to {number(lowest, '.2f')}."
    )


def _baseline_agreement(checks: Checks) -> Reason:
    text = ", ".join(
        f"{BASELINE_TITLES[name]} {number(correlation, '.2f')}"
        for name, correlation in checks.baseline_agreement.items()
    )
    if max(checks.baseline_agreement.values()) >= SIMILAR:
        return Reason(f"Another baseline gives a similar map: {text}.", "for")
    return _against(f"No other baseline agrees: the map is specific to this baseline: {text}.")


def _against(text: str, *, decisive: bool = False) -> Reason:
    return Reason(text, "against", decisive)
