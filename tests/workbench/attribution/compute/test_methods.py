"""Every method on every fusion, against captum's own results."""

from typing import Any, Literal

import numpy as np
import pytest
import torch
from captum import attr as captum
from torch import Tensor

from common.errors import InputError
from tests.workbench.attribution.compute.models import resnet
from trainer.config import FUSIONS
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute import baselines
from workbench.attribution.compute.batched_model import FrozenModel
from workbench.attribution.compute.explain import explain
from workbench.attribution.request import (
    BASELINE_TITLES,
    METHOD_TITLES,
    METHODS,
    AttributionRequest,
    Method,
    Output,
)
from workbench.attribution.result import Attribution

SIZE = 32


def views(seed: int = 0, count: int | None = None) -> Tensor:
    shape = (4, 3, SIZE, SIZE) if count is None else (count, 4, 3, SIZE, SIZE)
    return torch.randint(
        0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
    )


def pixels(seed: int = 0) -> Tensor:
    return views(seed)[None].float() / 255


def distance(made: Attribution, exact: Tensor) -> float:
    return float((torch.from_numpy(made.values) - exact).abs().sum() / exact.abs().sum())


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_integrated_gradients_are_captums_at_many_steps(
    fusion: str, output: Literal["logit", "probability"]
) -> None:
    model = resnet(fusion)
    made = explain(model, views(), AttributionRequest(baseline="black", output=output, target="3"))
    exact = (
        captum.IntegratedGradients(
            lambda batch: model(batch) if output == "logit" else model(batch).softmax(dim=1)
        )
        .attribute(pixels(), n_steps=200, target=3, internal_batch_size=50)[0]
        .sum(dim=1)
    )
    assert made.converged, made.reason
    assert distance(made, exact) <= 0.05
    assert made.relative_completeness_error is not None
    assert made.relative_completeness_error <= 0.01 or abs(made.completeness_error or 1) <= 1e-5


@pytest.mark.parametrize("fusion", FUSIONS)
def test_methods_without_an_integral_are_captums(fusion: str) -> None:
    model = resnet(fusion)
    gradient = explain(model, views(), AttributionRequest("input_x_gradient", target="1"))
    wanted = pixels().requires_grad_(True)
    exact = captum.InputXGradient(model).attribute(wanted, target=1)[0].sum(dim=1).detach()
    assert distance(gradient, exact) < 1e-3

    covered = explain(
        model, views(), AttributionRequest("occlusion", "black", target="1", window=0.5)
    )
    with torch.no_grad():
        fall = captum.Occlusion(model).attribute(
            pixels(),
            target=1,
            sliding_window_shapes=(1, 3, 16, 16),
            strides=(1, 3, 8, 8),
            baselines=0,
        )[0, :, 0]
    assert distance(covered, fall) < 1e-2
    assert covered.completeness_error is None


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_signed_map_of_four_views(fusion: str, method: Method) -> None:
    told: list[str] = []
    request = AttributionRequest(method, n_samples=2, max_evaluations=24, window=0.5)
    made = explain(
        resnet(fusion),
        views(),
        request,
        references=views(5, 6),
        progress=lambda _, stage="": told.append(stage),
    )
    assert made.values.shape == (4, SIZE, SIZE)
    assert made.values.dtype == np.float32
    assert np.isfinite(made.values).all()
    # At this size the last block has one place, whose sign all of Grad-CAM's map has.
    assert method == "grad_cam" or (made.values < 0).any()
    assert method == "grad_cam" or (made.values > 0).any()
    assert made.values.any()
    assert made.cost.gradients + made.cost.forwards > 0
    assert made.view_shares.sum() == pytest.approx(1)
    assert made.row_shares.shape == (SIZE,)
    assert told[-1].startswith(METHOD_TITLES[method].split(",")[0])


@pytest.mark.parametrize("depth", [34, 50])
def test_every_depth_has_maps(depth: int) -> None:
    for method in ("grad_cam", "input_x_gradient"):
        made = explain(resnet("early", depth), views(), AttributionRequest(method))
        assert made.values.shape == (4, SIZE, SIZE)


def test_grad_cam_of_views_side_by_side_is_that_of_the_picture_cut_in_four() -> None:
    model = resnet("early")
    made = explain(model, views(), AttributionRequest("grad_cam", target="2"))
    cam = captum.LayerGradCam(model, model.trunk.layer4).attribute(
        pixels().requires_grad_(True), target=2
    )
    wide = torch.nn.functional.interpolate(cam.detach(), (SIZE, 4 * SIZE), mode="bilinear")[0, 0]
    joined = np.concatenate(list(made.values), axis=1)
    assert np.allclose(joined, wide.numpy(), atol=1e-3 * float(wide.abs().max()))


def test_grad_cam_of_a_view_alone_sees_that_view_alone() -> None:
    model = resnet("medium")
    changed = views()
    changed[1] = views(9)[1]
    one, other = (
        explain(model, v, AttributionRequest("grad_cam", target="0")) for v in (views(), changed)
    )
    same = [
        np.allclose(one.values[view], other.values[view], rtol=0.2, atol=1e-3) for view in (0, 2, 3)
    ]
    assert all(same)
    assert not np.allclose(one.values[1], other.values[1], rtol=0.2, atol=1e-3)


@pytest.mark.slow
def test_the_map_of_a_contrast_is_the_difference_of_two_maps() -> None:
    model = resnet("medium")
    request = AttributionRequest(target="1", map_tolerance=0.01, completeness_tolerance=1e-3)
    one = explain(model, views(), request)
    two = explain(model, views(), AttributionRequest(target="2", map_tolerance=0.01))
    both = explain(
        model, views(), AttributionRequest(target="1", contrast_target="2", map_tolerance=0.01)
    )
    exact = torch.from_numpy(one.values - two.values)
    assert both.request.target_label == "logit of 1 rather than 2"
    assert distance(both, exact) < 0.05
    assert both.output == pytest.approx(one.output - two.output, abs=1e-4)


def test_log_probability_and_probability_tell_their_own_outputs() -> None:
    model = resnet("late")
    probability = float(model(pixels()).softmax(dim=1)[0, 4].detach())
    values: dict[Output, float] = {
        "probability": probability,
        "log_probability": float(np.log(probability)),
    }
    for output, value in values.items():
        made = explain(model, views(), AttributionRequest(output=output, target="4"))
        assert made.output == pytest.approx(value, abs=1e-4)
        assert made.probability == pytest.approx(probability, abs=1e-4)


@pytest.mark.parametrize("name", BASELINE_TITLES)
def test_baselines_are_what_their_names_say(name: str) -> None:
    own, other = pixels()[0], pixels(3)[0]
    colour = torch.tensor([0.2, 0.4, 0.6]).view(3, 1, 1)
    made = baselines.baseline_images(name, own, colour, other, 3, seed=7)
    assert made.shape == ((3 if name == "noise" else 1), 4, 3, SIZE, SIZE)
    assert made.min() >= 0
    assert made.max() <= 1
    match name:
        case "black":
            assert made.max() == 0
        case "mean":
            assert torch.equal(made[0, 2, :, 5, 6], colour.flatten())
        case "blur":
            assert made.std() < 0.2 * own.std()
            assert made.mean() == pytest.approx(float(own.mean()), abs=0.02)
        case "noise":
            again = baselines.baseline_images(name, own, colour, other, 3, seed=7)
            assert torch.equal(made, again)
            assert made.std() == pytest.approx(12**-0.5, abs=0.01)
            assert not torch.equal(made[0], made[1])
        case "location":
            assert torch.equal(made[0], other)


def test_the_mean_over_draws_of_noise_is_complete() -> None:
    made = explain(resnet("medium"), views(), AttributionRequest(baseline="noise", n_samples=3))
    assert made.relative_completeness_error is not None
    assert made.relative_completeness_error <= 0.01
    assert made.cost.gradients >= 3 * 8


def test_another_location_as_baseline_asks_why_this_and_not_that_one() -> None:
    model = resnet("medium")
    made = explain(model, views(), AttributionRequest(baseline="location"), baseline_views=views(4))
    assert made.baseline_output == pytest.approx(
        float(model(pixels(4))[0, int(made.request.target)].detach()), abs=1e-3
    )
    with pytest.raises(InputError, match="needs baseline_location"):
        explain(model, views(), AttributionRequest(baseline="location"))


def test_maps_are_reproducible() -> None:
    for method in ("integrated_gradients", "smoothgrad", "expected_gradients"):
        request = AttributionRequest(method, n_samples=2, max_evaluations=24)
        first, again = (
            explain(resnet("medium"), views(), request, references=views(5, 6)) for _ in range(2)
        )
        assert np.array_equal(first.values, again.values)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (AttributionRequest("magic"), "method 'magic': must be 'integrated_gradients'"),  # type: ignore[arg-type]
        (AttributionRequest(baseline="white"), "baseline 'white': must be 'black'"),  # type: ignore[arg-type]
        (AttributionRequest(output="odds"), "output 'odds': must be 'logit'"),  # type: ignore[arg-type]
        (AttributionRequest(target="Atlantis"), "has no such class"),
        (AttributionRequest(target="2", contrast_target="2"), "choose two classes"),
        (AttributionRequest(target="true"), "pass it as `true_class`"),
        (AttributionRequest(n_samples=0), "n_samples 0: must be at least 1"),
        (AttributionRequest(n_samples=2.5), "n_samples 2.5: must be a valid integer"),  # type: ignore[arg-type]
        (AttributionRequest("expected_gradients"), "need `references`"),
    ],
)
def test_impossible_requests_are_refused(wrong: AttributionRequest, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        explain(resnet("medium"), views(), wrong)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (views().float() / 255, "must be a uint8 tensor"),
        (views().numpy(), "must be a uint8 tensor"),
        (views()[:3], "expected \\(4, 3, H, W\\)"),
        (views()[:, :1], "expected \\(4, 3, H, W\\)"),
        (views()[0], "expected \\(4, 3, H, W\\)"),
        (views()[..., :0], "expected \\(4, 3, H, W\\)"),
    ],
)
def test_invalid_views_are_refused(wrong: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        explain(resnet("medium"), wrong, AttributionRequest("input_x_gradient"))


def test_baseline_and_references_must_be_views_of_the_same_size() -> None:
    model = resnet("medium")
    with pytest.raises(InputError, match="`baseline_views` has shape"):
        explain(
            model,
            views(),
            AttributionRequest(baseline="location"),
            baseline_views=views()[..., :16],
        )
    with pytest.raises(InputError, match="`references` must be a uint8 tensor"):
        explain(
            model, views(), AttributionRequest("expected_gradients"), references=views(5, 2).float()
        )


def test_it_works_where_gradients_are_switched_off_and_in_half_precision() -> None:
    model, request = resnet("medium"), AttributionRequest("input_x_gradient", target="1")
    exact = explain(model, views(), request)
    with torch.inference_mode():
        again = explain(model, views(), request)
    with torch.no_grad():
        camera = explain(model, views(), AttributionRequest("grad_cam", target="1"))
    assert np.array_equal(again.values, exact.values)
    assert camera.values.any()
    half = explain(resnet("medium").to(torch.bfloat16), views(), request)
    assert half.values.dtype == np.float32


def test_a_model_with_outputs_that_are_not_finite_is_refused() -> None:
    model = resnet("medium")
    torch.nn.init.constant_(model.classifier.weight, float("nan"))
    for method in METHODS:
        with pytest.raises(InputError, match="not finite"):
            explain(model, views(), AttributionRequest(method), references=views(5, 6))


def test_the_explained_model_stays_unchanged() -> None:
    model = resnet("medium").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain(model, views(), AttributionRequest("input_x_gradient"))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_model_that_folding_would_change_is_not_folded() -> None:
    model = resnet("medium")
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in FrozenModel(model).module.modules())
    odd: FourViewResNet = resnet("medium")
    torch.nn.init.constant_(odd.trunk.bn1.running_var, 0.0)
    torch.nn.init.constant_(odd.trunk.bn1.weight, 1e12)
    kept = FrozenModel(odd)
    exact = odd(pixels()).detach()
    assert torch.allclose(kept.module(pixels()), exact, rtol=1e-3, atol=1e-3 * float(exact.std()))
