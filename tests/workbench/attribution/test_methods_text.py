from dataclasses import replace
from pathlib import Path

from tests.workbench.attribution.test_verdict import attribution, evidence
from workbench.attribution.methods_text import methods_paragraph
from workbench.attribution.request import METHOD_TITLES, METHODS, AttributionRequest


def test_the_paragraph_states_method_baseline_convergence_checks_and_versions() -> None:
    paragraph = methods_paragraph(attribution(evidence()))
    for words in (
        "The map of location Ohio/a explains the logit of Ohio (probability of the class 80.0%) by "
        "integrated gradients (Sundararajan et al. 2017) with the mean colour of the training "
        "photographs as the baseline.",
        "converged after 20 gradients and 3 forward passes, with a completeness error of 0.0% of "
        "the difference of outputs (tolerance 1%) and an estimated error of the map of 3.0%",
        "The map is supported by these tests",
        "random weights ρ 0.10 (threshold |ρ| < 0.5, passed) [Adebayo et al. 2018]",
        "other baselines 1 of 2 agree (black, blurred)",
        "PyTorch ",
    ):
        assert words in paragraph


def test_each_method_has_a_source() -> None:
    for method in METHODS:
        request = AttributionRequest(method=method, target="Ohio")
        bare = attribution(None, request=request, converged=None)
        assert "20)" not in methods_paragraph(bare)
        assert "was not checked" in methods_paragraph(replace(bare, error_estimate=None))


def test_the_documentation_calls_methods_as_the_menu_does() -> None:
    page = Path(__file__).parents[3] / "docs" / "background" / "attribution.md"
    for method, title in METHOD_TITLES.items():
        assert f"| `{method}` | {title} | " in page.read_text()
