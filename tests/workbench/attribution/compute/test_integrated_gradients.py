"""Integrated gradients against closed forms."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from common.errors import InputError
from tests.workbench.attribution.compute.models import SHAPE, batched_model, pixels, weight
from workbench.attribution.compute import expected_gradients, integrated_gradients
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Estimate, mean
from workbench.attribution.compute.integrated_gradients import Array
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest

LOGIT, PROBABILITY = Target("logit", 0), Target("probability", 0)
TIGHT = AttributionRequest()
BLACK = torch.zeros(SHAPE)


def tolerances(completeness: float, map_: float, max_evaluations: int) -> AttributionRequest:
    return AttributionRequest(
        completeness_tolerance=completeness, map_tolerance=map_, max_evaluations=max_evaluations
    )


def ignore(estimate: Estimate) -> None:
    """Ignore estimates."""


def integral(
    function: Callable[[Tensor], Tensor],
    target: Target = LOGIT,
    request: AttributionRequest = TIGHT,
    start: Tensor = BLACK,
    end: Tensor | None = None,
) -> Estimate:
    return integrated_gradients.attribute(
        batched_model(function), pixels() if end is None else end, start, target, request, ignore
    )


def linear(batch: Tensor) -> Tensor:
    return (batch * weight()).flatten(1).sum(dim=1)


def error(made: Estimate, exact: Tensor) -> float:
    return float((made.map - exact).abs().sum() / exact.abs().sum())


def test_a_linear_model_gives_weight_times_difference_at_once() -> None:
    start = torch.full(SHAPE, 0.25)
    made = integral(linear, start=start)
    assert torch.allclose(made.map, (weight() * (pixels() - start)).sum(dim=1), atol=1e-5)
    assert made.n_gradients == integrated_gradients.INITIAL_STEPS
    assert made.error_estimate is not None
    assert made.error_estimate < 1e-6
    assert made.relative_completeness_error * abs(made.output_difference) < 1e-4
    assert made.reason == ""


def test_a_quadratic_model_gives_the_square() -> None:
    made = integral(lambda batch: batch.square().flatten(1).sum(dim=1))
    assert error(made, pixels().square().sum(dim=1)) < 1e-5


@pytest.mark.parametrize("kink", [0.03, 0.31, 0.5, 0.97])
def test_a_kink_is_found_anywhere(kink: float) -> None:
    """The output is 0 up to a fraction of the way and then rises: 1 - kink of the full slope."""
    full = float(linear(pixels()[None])[0])

    def kinked(batch: Tensor) -> Tensor:
        return torch.relu(linear(batch) / full - kink) * 10

    made = integral(kinked, request=tolerances(0.01, 0.01, 1000))
    exact = (weight() * pixels()).sum(dim=1) / full * 10 * (1 - kink)
    assert made.reason == ""
    assert error(made, exact) <= 0.01


@pytest.mark.parametrize("target", [LOGIT, PROBABILITY])
def test_a_saturating_output_is_integrated_with_fewer_gradients_than_even_steps(
    target: Target,
) -> None:
    """Nearly all of the change happens within a hundredth of the way."""
    full = float(linear(pixels()[None])[0])

    def steep(batch: Tensor) -> Tensor:
        share = linear(batch) / full
        return (
            400 * (share - 0.13) if target is PROBABILITY else torch.sigmoid(400 * (share - 0.13))
        )

    made = integral(steep, target)
    exact = (weight() * pixels()).sum(dim=1) / full
    assert made.reason == ""
    assert error(made, exact) <= TIGHT.map_tolerance
    assert 3 * made.n_gradients < fewest_even_steps(
        lambda at: 400 / (2 + 2 * np.cosh(400 * (at - 0.13)))
    )


def fewest_even_steps(slope: Callable[[Array], Array]) -> int:
    """Return the fewest Gauss-Legendre steps that are complete for a slope of integral 1."""
    for count in range(2, 1000):
        place, share = np.polynomial.legendre.leggauss(count)
        if (
            abs(float((share / 2 * slope((place + 1) / 2)).sum()) - 1)
            <= TIGHT.completeness_tolerance
        ):
            return count
    raise AssertionError("no number of steps is enough")


def test_what_does_not_converge_says_so_and_why() -> None:
    def rough(batch: Tensor) -> Tensor:
        return torch.sin(3000 * batch).flatten(1).sum(dim=1)

    made = integral(rough, request=tolerances(0.01, 0.05, 40))
    assert made.n_gradients == 40
    assert "estimated error of the map" in made.reason
    assert "after 40 gradients" in made.reason


def test_a_difference_near_zero_is_judged_absolutely() -> None:
    made = integral(lambda batch: linear(batch) * 0)
    assert (made.baseline_output, made.output, made.reason) == (0.0, 0.0, "")
    assert made.map.abs().max() == 0


def test_few_gradients_are_never_called_converged() -> None:
    made = integral(linear, request=tolerances(0.01, 0.05, 2))
    assert made.n_gradients == 2
    assert made.reason != ""


def test_intermediate_maps_come_as_it_goes_and_every_gradient_is_kept() -> None:
    seen: list[Estimate] = []
    model = batched_model(lambda batch: torch.sin(8 * batch).flatten(1).sum(dim=1))
    made = integrated_gradients.attribute(
        model, pixels(), BLACK, LOGIT, tolerances(1e-4, 0.01, 300), seen.append
    )
    counts = [now.n_gradients for now in seen]
    assert counts == sorted(set(counts))
    assert counts[0] == integrated_gradients.INITIAL_STEPS
    assert counts[-1] == made.n_gradients == model.cost.gradients
    assert all(now.reason for now in seen[:-1])


def test_the_same_function_in_another_form_has_the_same_map() -> None:
    """Implementation invariance (Sundararajan et al. 2017, section 2.2)."""
    one = integral(lambda batch: torch.relu(linear(batch)) - torch.relu(-linear(batch)))
    assert error(one, integral(linear).map) < 1e-5


def test_what_alone_changes_the_output_has_a_share_and_what_does_not_has_none() -> None:
    """Sensitivity, both ways (Sundararajan et al. 2017, sections 2.1 and 3)."""
    end = pixels()
    end[2, 1, 3, 4] = 0.8
    made = integral(lambda batch: 1 - torch.relu(1 - 3 * batch[:, 2, 1, 3, 4]), end=end)
    assert made.map[2, 3, 4] == pytest.approx(1.0, abs=0.02)
    made.map[2, 3, 4] = 0
    assert made.map.abs().max() == 0


def test_symmetric_views_have_equal_maps() -> None:
    one = pixels()[:1].expand(SHAPE).contiguous()
    made = integral(lambda batch: batch.prod(dim=1).flatten(1).sum(dim=1), end=one)
    for view in range(1, 4):
        assert torch.allclose(made.map[view], made.map[0], atol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_it_can_be_cancelled_between_any_two_batches(batch: int) -> None:
    whole = batched_model(lambda batch: torch.sin(20 * batch).flatten(1).sum(dim=1))
    whole.model.max_batch_pixels = 256 * batch
    calls = 0

    def count(_fraction: float, _stage: str = "", /) -> None:
        nonlocal calls
        calls += 1
        if calls == stop:
            raise InterruptedError

    stop = 0
    integrated_gradients.attribute(
        BatchedModel(whole.model, count),
        pixels(),
        BLACK,
        LOGIT,
        tolerances(0.01, 0.02, 60),
        ignore,
    )
    total = calls
    assert total > 3
    for stop in range(1, total + 1):
        calls = 0
        with pytest.raises(InterruptedError):
            integrated_gradients.attribute(
                BatchedModel(whole.model, count),
                pixels(),
                BLACK,
                LOGIT,
                tolerances(0.01, 0.02, 60),
                ignore,
            )
        assert calls == stop


def test_an_output_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        integral(lambda batch: linear(batch) / 0 * 0)


def test_expected_gradients_of_a_linear_model_are_weight_times_mean_difference() -> None:
    references = torch.stack([pixels(seed) for seed in range(2, 8)])
    made = expected_gradients.attribute(
        batched_model(linear), pixels(), references, LOGIT, TIGHT, ignore
    )
    exact = (weight() * (pixels() - references.mean(dim=0))).sum(dim=1)
    assert made.reason == ""
    assert error(made, exact) < 1e-5


def test_expected_gradients_of_a_quadratic_model_come_to_the_mean_of_the_integrals() -> None:
    references = torch.stack([pixels(seed) for seed in range(2, 6)])
    exact = (pixels().square() - references.square().mean(dim=0)).sum(dim=1)
    made = expected_gradients.attribute(
        batched_model(lambda batch: batch.square().flatten(1).sum(dim=1)),
        pixels(),
        references,
        LOGIT,
        tolerances(0.01, 0.01, 4000),
        ignore,
    )
    assert error(made, exact) <= 0.01


@pytest.mark.parametrize("count", [1, 13, 34, 128, 144])
def test_expected_gradients_cover_the_path_of_every_reference(count: int) -> None:
    """The numbers of references at which a common sequence would come back to the same places."""

    def rough(batch: Tensor) -> Tensor:
        return torch.sin(12 * batch).flatten(1).sum(dim=1)

    references = torch.stack([pixels(seed) for seed in range(2, 2 + count)])
    # The integral of the cosine, by its antiderivative, pixel by pixel.
    exact = (torch.sin(12 * pixels()) - torch.sin(12 * references)).sum(dim=2).mean(dim=0)
    request = tolerances(0.05, 0.05, 40_000)
    made = expected_gradients.attribute(
        batched_model(rough), pixels(), references, LOGIT, request, ignore
    )
    assert made.reason == ""
    assert made.n_gradients % count == 0
    assert made.n_gradients >= expected_gradients.MIN_ROUNDS * count
    assert error(made, exact) <= 2 * request.map_tolerance


def test_errors_of_the_same_sign_stay_in_the_mean_and_others_cancel() -> None:
    one = torch.ones(4, 2, 2)
    part = Estimate(one, 16.0, 0.0, 0.04 * one, 10)
    same = mean([part] * 4, TIGHT)
    assert same.error_estimate == pytest.approx(0.04)
    assert same.n_gradients == 40
    assert same.reason == ""
    other = Estimate(one, 16.0, 0.0, -0.04 * one, 10)
    assert mean([part, other], TIGHT).error_estimate == 0
