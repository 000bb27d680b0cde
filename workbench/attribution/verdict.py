"""One word about a map, with its reasons: the rule of docs/evidence.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.attribution.request import BASELINE_TITLES
from workbench.attribution.result import Attribution, Checks

SUPPORTED, WEAK, UNTRUSTED, UNKNOWN = "supported", "weak", "not to be trusted", "not yet examined"
WORDS = (SUPPORTED, WEAK, UNTRUSTED, UNKNOWN)
ALIKE = 0.5
"""Rank correlation from which on two maps count as alike."""
SAME_PLACES = 0.71
"""Rank correlation with maps of noise that explains half of the variance of the ranks."""
HALF_WRONG = 0.5
"""Error of a map, as a fraction of it, above which it is not to be trusted."""
NO_DIFFERENCE = 0.01
"""Difference of outputs as a fraction of the sum of |map| below which the map cancels itself."""
LEAST_GAIN = 0.25
"""Gain over random order, as a fraction of the probability, that 1 in 20 random orders reaches."""


@dataclass(frozen=True)
class Reason:
    """A sentence that speaks for or against a map; a decisive one ends all trust by itself."""

    text: str
    speaks: Literal["for", "against"]
    decisive: bool = False


@dataclass(frozen=True)
class Verdict:
    """How far to trust a map, in a word, and why."""

    word: str
    reasons: tuple[Reason, ...]


def verdict(made: Attribution) -> Verdict:
    """Judge a map: not to be trusted with a decisive reason, weak with any against it."""
    reasons = (*_by_itself(made), *(() if made.checks is None else _examined(made.checks)))
    if any(reason.decisive for reason in reasons):
        word = UNTRUSTED
    elif made.checks is None:
        word = UNKNOWN
    elif any(reason.speaks == "against" for reason in reasons):
        word = WEAK
    else:
        word = SUPPORTED
    return Verdict(word, reasons)


def gain(evidence: Checks, order: str) -> float:
    """Return the area under the curve of insertion less that of deletion, for one order."""
    curve = evidence.insertion[order] - evidence.deletion[order]
    return float(np.trapezoid(curve, evidence.fractions))


def relative_gain(evidence: Checks, over: str) -> float:
    """Return the map's gain over that of another order, as a fraction of the probability."""
    probability = float(evidence.deletion["map"][0])
    more = gain(evidence, "map") - gain(evidence, over)
    return more / probability if probability else 0.0


def _by_itself(made: Attribution) -> Iterator[Reason]:
    if not (np.isfinite(made.values).all() and np.isfinite(made.output)):
        yield _against("The map or its output is not a finite number.", decisive=True)
        return
    size = float(np.abs(made.values).sum(dtype=np.float64))
    if not size:
        yield _against("The map is zero everywhere: no pixel changes the output.", decisive=True)
        return
    if made.completeness_error is None or made.baseline_output is None:
        return
    if made.converged:
        yield Reason(f"Converged: {_errors(made)}.", "for")
    else:
        wrong = made.error_estimate is not None and not made.error_estimate <= HALF_WRONG
        yield _against(f"Not converged: {made.reason or _errors(made)}.", decisive=wrong)
    if not abs(made.output - made.baseline_output) >= NO_DIFFERENCE * size:
        yield _against(
            "The output is nearly that of the baseline: what the map shows cancels itself."
        )


def _errors(made: Attribution) -> str:
    own = (
        ""
        if made.error_estimate is None
        else f", the map's own {made.error_estimate:.1%} by estimate"
    )
    return f"completeness error {made.completeness_text}{own}"


def _examined(evidence: Checks) -> Iterator[Reason]:
    yield _held_against_random(evidence)
    yield _held_against_edges(evidence)
    yield _randomised(evidence)
    yield _held_against_noise(evidence)
    yield _stable(evidence)
    if evidence.baseline_agreement:
        yield _agreement(evidence)


def _held_against_random(evidence: Checks) -> Reason:
    more = relative_gain(evidence, "random")
    if more >= LEAST_GAIN:
        return Reason(
            f"Deleting and inserting in the map's order moves the probability more than at random, "
            f"by {more:.0%} of it.",
            "for",
        )
    return _against(
        f"Deleting and inserting in the map's order moves the probability no more than at random "
        f"({more:+.0%} of it; chance reaches {LEAST_GAIN:.0%}).",
        decisive=True,
    )


def _held_against_edges(evidence: Checks) -> Reason:
    more = relative_gain(evidence, "edges")
    if more > 0:
        return Reason(f"The order beats that of an edge detector, by {more:.0%}.", "for")
    return _against(f"An edge detector gives a better order, by {-more:.0%}.")


def _randomised(evidence: Checks) -> Reason:
    stage, alike = list(evidence.model_randomization.items())[-1]
    number = f"rank correlation {alike:.2f} with random weights down to {stage}"
    # The same picture with the other sign is the same picture.
    if abs(alike) < ALIKE:
        return Reason(f"The map depends on what was learned: {number}.", "for")
    return _against(f"The map survives the loss of what was learned: {number}.", decisive=True)


def _held_against_noise(evidence: Checks) -> Reason:
    alike = f"rank correlation {evidence.input_randomization:.2f} with maps of noise"
    if evidence.input_randomization < SAME_PLACES:
        return Reason(f"Which places are strong depends on the photograph: {alike}.", "for")
    return _against(f"The same places are strong whatever the photograph shows: {alike}.")


def _stable(evidence: Checks) -> Reason:
    least = float(evidence.noise_stability.min())
    number = f"rank correlation {least:.2f} or more"
    if least >= ALIKE:
        return Reason(f"Small noise leaves the map as it is: {number}.", "for")
    return _against(f"Small noise changes the map: rank correlation down to {least:.2f}.")


def _agreement(evidence: Checks) -> Reason:
    listed = ", ".join(
        f"{BASELINE_TITLES[name]} {alike:.2f}"
        for name, alike in evidence.baseline_agreement.items()
    )
    if max(evidence.baseline_agreement.values()) >= ALIKE:
        return Reason(f"Another baseline gives a similar map: {listed}.", "for")
    return _against(f"No other baseline gives a similar map, it answers for this one: {listed}.")


def _against(text: str, *, decisive: bool = False) -> Reason:
    return Reason(text, "against", decisive)
