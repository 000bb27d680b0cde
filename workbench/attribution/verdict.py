"""The verdict on a map as a table of criteria; the rule is in docs/background/faithfulness.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
_SUNDARARAJAN, _PETSIUK = "Sundararajan et al. 2017", "Petsiuk et al. 2018"
_ADEBAYO, _STURMFELS = "Adebayo et al. 2018", "Sturmfels et al. 2020"
_YEH, _WORKBENCH = "Yeh et al. 2019", "this workbench"


@dataclass(frozen=True)
class Criterion:
    """A test of a map and its result, a row of the verdict's table.

    `text` says in a sentence what the result means, `source` who proposed the test. `passed` is
    None for a number that is not judged by itself. A map that fails a decisive test is not to be
    trusted.
    """

    name: str
    value: str
    threshold: str
    passed: bool | None
    text: str
    source: str
    decisive: bool = False

    @property
    def mark(self) -> str:
        """Whether the map passed: "yes", "no", or "–" where that is not judged."""
        return "–" if self.passed is None else "yes" if self.passed else "no"


COLUMNS = ("test", "value", "threshold", "passed", "meaning", "source")
"""The columns of the verdict's table, wherever it is shown."""


@dataclass(frozen=True)
class Verdict:
    """How far to trust a map: one of `LABELS`, and the tests behind it."""

    label: str
    criteria: tuple[Criterion, ...]

    @property
    def reasons(self) -> tuple[Criterion, ...]:
        """The criteria that are judged."""
        return tuple(one for one in self.criteria if one.passed is not None)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, with the columns `COLUMNS`."""
        return [
            (one.name, one.value, one.threshold, one.mark, one.text, one.source)
            for one in self.criteria
        ]


def verdict(attribution: Attribution) -> Verdict:
    """Judge a map: not to be trusted if a decisive test fails, weak if any other test fails."""
    checks = attribution.checks
    criteria = (*_convergence(attribution), *(() if checks is None else _checks(checks)))
    failed = [one for one in criteria if one.passed is False]
    if any(one.decisive for one in failed):
        label = UNTRUSTED
    elif checks is None:
        label = UNCHECKED
    elif failed:
        label = WEAK
    else:
        label = SUPPORTED
    return Verdict(label, criteria)


def area(curve: NDArray[np.float64], checks: Checks) -> float:
    """Return the area under a deletion or insertion curve (P,), in [0, 1]."""
    return float(np.trapezoid(curve, checks.fractions))


def gain(checks: Checks, order: str) -> float:
    """Return the area under the insertion curve minus that under the deletion curve."""
    return area(checks.insertion[order], checks) - area(checks.deletion[order], checks)


def relative_gain(checks: Checks, over: str) -> float:
    """Return the map's gain minus that of another order, as a fraction of the probability."""
    probability = float(checks.deletion["map"][0])
    difference = gain(checks, "map") - gain(checks, over)
    return difference / probability if probability else 0.0


def _convergence(attribution: Attribution) -> Iterator[Criterion]:
    values, output = attribution.values, attribution.output
    if not (np.isfinite(values).all() and np.isfinite(output)):
        text = "The map or the output is not finite."
        yield Criterion("Finite numbers", "no", "all", False, text, _WORKBENCH, decisive=True)
        return
    total = float(np.abs(values).sum(dtype=np.float64))
    if not total:
        text = "The map is zero everywhere: no pixel changes the output."
        yield Criterion("Sum of |map|", "0", "> 0", False, text, _WORKBENCH, decisive=True)
        return
    if attribution.completeness_error is None or attribution.baseline_output is None:
        return
    yield _errors(attribution)
    share = abs(output - attribution.baseline_output) / total
    differs = share >= MIN_DIFFERENCE
    yield Criterion(
        "Output difference",
        f"{share:.1%} of Σ|map|",
        f"≥ {MIN_DIFFERENCE:.0%}",
        differs,
        "The outputs of photographs and baseline differ: there is something to explain."
        if differs
        else "The output is nearly that of the baseline: positive and negative parts cancel out.",
        _WORKBENCH,
    )


def _errors(attribution: Attribution) -> Criterion:
    request, estimate = attribution.request, attribution.error_estimate
    value = f"completeness {attribution.relative_completeness_error:.1%}"
    threshold = f"≤ {request.completeness_tolerance * 100:.3g}%"
    errors = f"completeness error {attribution.completeness_text}"
    if estimate is not None:
        value += f", map {estimate:.1%}"
        threshold += f", ≤ {request.map_tolerance * 100:.3g}%"
        errors += f", estimated map error {estimate:.1%}"
    return Criterion(
        "Convergence",
        value,
        threshold,
        bool(attribution.converged),
        f"Converged: {errors}."
        if attribution.converged
        else f"Not converged: {attribution.reason or errors}.",
        _SUNDARARAJAN,
        decisive=estimate is not None and not estimate <= MAX_MAP_ERROR,
    )


def _checks(checks: Checks) -> Iterator[Criterion]:
    yield _curve("Deletion", checks.deletion, "falls: lower is better", checks)
    yield _curve("Insertion", checks.insertion, "rises: higher is better", checks)
    yield _random_order(checks)
    yield _edge_order(checks)
    yield _model_randomization(checks)
    yield _input_randomization(checks)
    yield _noise_stability(checks)
    if checks.baseline_agreement:
        yield _baseline_agreement(checks)


def _curve(
    name: str, curves: Mapping[str, NDArray[np.float64]], words: str, checks: Checks
) -> Criterion:
    areas = ", ".join(f"{order} {area(curve, checks):.2f}" for order, curve in curves.items())
    text = f"Area under the curve along which the probability {words}."
    return Criterion(f"{name} area", areas, "–", None, text, _PETSIUK)


def _random_order(checks: Checks) -> Criterion:
    difference = relative_gain(checks, "random")
    better = difference >= MIN_GAIN
    share = number(difference, "+.0%")
    return Criterion(
        "Gain over random",
        f"{share} of the probability",
        f"≥ {MIN_GAIN:.0%}",
        better,
        "Deletion and insertion in the map's order change the probability more than in random "
        f"order, by {difference:.0%} of it."
        if better
        else "Deletion and insertion in the map's order change the probability no more than in "
        f"random order ({share} of it; chance reaches {MIN_GAIN:.0%}).",
        _PETSIUK,
        decisive=True,
    )


def _edge_order(checks: Checks) -> Criterion:
    difference = relative_gain(checks, "edges")
    better = difference > 0
    return Criterion(
        "Gain over edges",
        f"{number(difference, '+.0%')} of the probability",
        "> 0%",
        better,
        f"The map's order is better than an edge detector's, by {difference:.0%}."
        if better
        else f"An edge detector's order is better than the map's, by {number(-difference, '.0%')}.",
        _ADEBAYO,
    )


def _model_randomization(checks: Checks) -> Criterion:
    stage, correlation = list(checks.model_randomization.items())[-1]
    value = number(correlation, ".2f")
    text = f"rank correlation {value} with random weights down to {stage}"
    # A map with the opposite sign is the same picture.
    depends = abs(correlation) < SIMILAR
    return Criterion(
        "Random weights",
        f"ρ {value}",
        f"|ρ| < {SIMILAR:g}",
        depends,
        f"The map depends on the learned weights: {text}."
        if depends
        else f"The map does not depend on the learned weights: {text}.",
        _ADEBAYO,
        decisive=True,
    )


def _input_randomization(checks: Checks) -> Criterion:
    value = number(checks.input_randomization, ".2f")
    text = f"rank correlation {value} with maps of noise images"
    depends = checks.input_randomization < INPUT_INDEPENDENT
    return Criterion(
        "Noise images",
        f"ρ {value}",
        f"ρ < {INPUT_INDEPENDENT:g}",
        depends,
        f"The strong patches depend on the photograph: {text}."
        if depends
        else f"The same patches are strong for any image: {text}.",
        _WORKBENCH,
    )


def _noise_stability(checks: Checks) -> Criterion:
    lowest = float(checks.noise_stability.min())
    value = number(lowest, ".2f")
    stable = lowest >= SIMILAR
    return Criterion(
        "Small noise",
        f"ρ {value}, lowest of {len(checks.noise_stability)}",
        f"ρ ≥ {SIMILAR:g}",
        stable,
        f"The map is stable under small noise: rank correlation {value} or more."
        if stable
        else f"Small noise changes the map: rank correlation down to {value}.",
        _YEH,
    )


def _baseline_agreement(checks: Checks) -> Criterion:
    agreement = checks.baseline_agreement
    text = ", ".join(
        f"{BASELINE_TITLES[name]} {number(correlation, '.2f')}"
        for name, correlation in agreement.items()
    )
    agree = sum(correlation >= SIMILAR for correlation in agreement.values())
    return Criterion(
        "Other baselines",
        f"{agree} of {len(agreement)} agree",
        f"≥ 1 with ρ ≥ {SIMILAR:g}",
        agree > 0,
        f"{agree} of {len(agreement)} other baselines give a similar map: {text}."
        if agree
        else f"No other baseline agrees: the map is specific to this baseline: {text}.",
        _STURMFELS,
    )
