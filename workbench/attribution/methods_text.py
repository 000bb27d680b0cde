"""A paragraph for the methods section of a paper: how a map was computed and tested."""

from importlib.metadata import PackageNotFoundError, version

from workbench.attribution.request import BASELINE_METHODS, BASELINE_TITLES
from workbench.attribution.result import Attribution
from workbench.attribution.verdict import Verdict, verdict

_SOURCES = {
    "integrated_gradients": "Sundararajan et al. 2017",
    "smoothgrad": "Smilkov et al. 2017",
    "expected_gradients": "Erion et al. 2021",
    "grad_cam": "Selvaraju et al. 2017",
    "occlusion": "Zeiler and Fergus 2014",
    "input_x_gradient": "Shrikumar et al. 2016",
}
_BASELINES = {
    "black": "black photographs",
    "mean": "the mean colour of the training photographs",
    "blur": "the photographs blurred by an eighth of their side",
    "noise": "uniform noise",
}
_PACKAGES = {
    "ResNetBolt Workbench": "resnetbolt-workbench",
    "PyTorch": "torch",
    "captum": "captum",
    "NumPy": "numpy",
}


def methods_paragraph(attribution: Attribution) -> str:
    """Return method, baseline, convergence, checks and versions of a map in sentences.

    The versions are those of the packages that are installed here.
    """
    result = verdict(attribution)
    sentences = [
        _map(attribution),
        _convergence(attribution),
        _checks(attribution, result),
        f"Software: {', '.join(_versions())}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _map(attribution: Attribution) -> str:
    request = attribution.request
    baseline = ""
    if request.method in BASELINE_METHODS:
        words = _BASELINES.get(request.baseline, f"the location {request.baseline_location}")
        baseline = f" with {words} as the baseline"
    title = request.description.split(", baseline")[0]
    return (
        f"The map of location {attribution.location_id} explains the {request.target_label} "
        f"(probability of the class {attribution.probability:.1%}) by {title} "
        f"({_SOURCES[request.method]}){baseline}."
    )


def _convergence(attribution: Attribution) -> str:
    request, cost = attribution.request, attribution.cost
    evaluations = f"{cost.gradients:,} gradients and {cost.forwards:,} forward passes"
    if attribution.converged is None:
        return f"It took {evaluations}."
    errors = [
        f"a completeness error of {attribution.completeness_text} of outputs "
        f"(tolerance {request.completeness_tolerance * 100:.3g}%)"
    ]
    if attribution.error_estimate is not None:
        errors.append(
            f"an estimated error of the map of {attribution.error_estimate:.1%} "
            f"(L1 over L1, tolerance {request.map_tolerance * 100:.3g}%)"
        )
    state = "converged" if attribution.converged else "did not converge"
    return f"The integral {state} after {evaluations}, with {' and '.join(errors)}."


def _checks(attribution: Attribution, result: Verdict) -> str:
    if attribution.checks is None:
        return "The map was not checked."
    agreement = attribution.checks.baseline_agreement
    names = ", ".join(BASELINE_TITLES[name] for name in agreement)
    tests = "; ".join(
        f"{one.name.lower()} {one.value}"
        + (f" ({names})" if one.name == "Other baselines" else "")
        + ("" if one.passed is None else f" (threshold {one.threshold}, {_word(one.passed)})")
        + f" [{one.source}]"
        for one in result.criteria
    )
    return (
        f"The map is {result.label} by these tests, with rank correlations (Spearman's ρ) over "
        f"12 × 12 patches of each view: {tests}."
    )


def _word(passed: bool) -> str:
    return "passed" if passed else "failed"


def _versions() -> list[str]:
    """Return the packages that are installed here, with their versions."""
    found = []
    for title, package in _PACKAGES.items():
        try:
            found.append(f"{title} {version(package)}")
        except PackageNotFoundError:
            continue
    return found
