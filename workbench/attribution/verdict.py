"""The verdict on a map as a table of criteria; the rule is in docs/background/faithfulness.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.text import number
from workbench.attribution.request import BASELINE_TITLES
from workbench.attribution.result import REPLACEMENT_TITLES, Attribution, Checks

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
MIN_GAIN = 0.1
"""Gain over random order, as a fraction of the probability, that 1 in 20 random orders reaches."""
RELATIVES = {"mean", "blur"}
"""Baselines that differ from each other by little: both lack all detail and keep the brightness."""
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
    baseline = attribution.request.baseline
    criteria = (*_convergence(attribution), *(() if checks is None else _checks(checks, baseline)))
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


def gains(checks: Checks, over: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return what the map's order gains over another one, by replacement: deletion and insertion.

    Areas between the two curves, positive where the map's is the better one, as fractions of the
    probability of the whole photographs.
    """
    deletion, insertion = {}, {}
    for name, curves in checks.curves.items():
        probability = float(curves.deletion["map"][0]) or 1.0
        below = area(curves.deletion[over], checks) - area(curves.deletion["map"], checks)
        above = area(curves.insertion["map"], checks) - area(curves.insertion[over], checks)
        deletion[name], insertion[name] = below / probability, above / probability
    return deletion, insertion


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


def _checks(checks: Checks, baseline: str) -> Iterator[Criterion]:
    deletion, insertion = gains(checks, "random")
    yield _over_random("Deletion", deletion)
    yield _over_random("Insertion", insertion)
    yield _over_edges(checks)
    yield _model_randomization(checks)
    yield _input_randomization(checks)
    yield _noise_stability(checks)
    if checks.baseline_agreement:
        yield _baseline_agreement(checks, baseline)


def _over_random(name: str, values: Mapping[str, float]) -> Criterion:
    """Judge deletion or insertion: not trusted where the map fails with every replacement."""
    better = [value >= MIN_GAIN for value in values.values()]
    share = _shares(values)
    if all(better):
        text = f"{name} in the map's order changes the probability more than in random order"
    elif any(better):
        text = f"The replacements disagree whether {name.lower()} in the map's order changes the "
        text += "probability more than in random order"
    else:
        text = f"{name} in the map's order changes the probability no more than in random order "
        text += f"(chance reaches {MIN_GAIN:.0%} of it)"
    if len(values) == 1:
        text += "; an older version tested this with one replacement alone"
    return Criterion(
        f"{name} over random",
        share,
        f"≥ {MIN_GAIN:.0%}, all",
        all(better),
        f"{text}.",
        _PETSIUK,
        decisive=not any(better),
    )


def _over_edges(checks: Checks) -> Criterion:
    deletion, insertion = gains(checks, "edges")
    values = {name: deletion[name] + insertion[name] for name in deletion}
    better = [value > 0 for value in values.values()]
    if all(better):
        text = "The map's order is better than an edge detector's."
    elif any(better):
        text = (
            "The replacements disagree whether the map's order is better than an edge detector's."
        )
    else:
        text = "An edge detector's order is better than the map's."
    return Criterion("Both over edges", _shares(values), "> 0%, all", all(better), text, _ADEBAYO)


def _shares(values: Mapping[str, float]) -> str:
    return ", ".join(
        f"{number(value, '+.0%')} {REPLACEMENT_TITLES[name]}" for name, value in values.items()
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


def _baseline_agreement(checks: Checks, baseline: str) -> Criterion:
    """Count the baselines that agree; not judged, because baselines ask different questions."""
    agreement = checks.baseline_agreement
    texts = []
    for name, correlation in agreement.items():
        relative = " (a close relative)" if {name, baseline} == RELATIVES else ""
        texts.append(f"{BASELINE_TITLES[name]}{relative} {number(correlation, '.2f')}")
    agree = sum(correlation >= SIMILAR for correlation in agreement.values())
    return Criterion(
        "Other baselines",
        f"{agree} of {len(agreement)} agree",
        f"ρ ≥ {SIMILAR:g}",
        None,
        f"Rank correlation with the maps of other baselines: {', '.join(texts)}.",
        _STURMFELS,
    )
