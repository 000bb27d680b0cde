"""Attribution methods by name: a request and the inputs of a location in, a map out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from common.progress import ProgressCallback, no_progress, subrange
from workbench.attribution.compute import (
    expected_gradients,
    grad_cam,
    integrated_gradients,
    occlusion,
)
from workbench.attribution.compute.baselines import baseline_images
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Estimate, EstimateCallback, mean
from workbench.attribution.compute.target import Target
from workbench.attribution.request import METHOD_TITLES, AttributionRequest

REFERENCES_PER_SAMPLE = 8
"""Expected gradients have this many references for each of the request's `n_samples`."""


@dataclass(frozen=True)
class Inputs:
    """The pixels that a map is computed from, in [0, 1], on the model's device.

    `pixels` (4, 3, H, W) are the location's, `baseline_pixels` those of the baseline "location",
    else None. `references(n)` returns the pixels (n, 4, 3, H, W) of other locations, at most n and
    always the same.
    """

    pixels: Tensor
    baseline_pixels: Tensor | None
    references: Callable[[int], Tensor]


def attribute(
    model: BatchedModel,
    inputs: Inputs,
    request: AttributionRequest,
    target: Target,
    progress: ProgressCallback = no_progress,
    on_estimate: EstimateCallback | None = None,
) -> Estimate:
    """Compute the map of a resolved request.

    Integrals pass every intermediate estimate to `on_estimate`. Raises InputError where the model's
    output is not finite; callbacks may raise to cancel.
    """
    pixels = inputs.pixels

    def baselines() -> Tensor:
        return baseline_images(
            request.baseline,
            pixels,
            model.model.mean_color,
            inputs.baseline_pixels,
            request.n_samples,
            request.seed,
        )

    def report(estimate: Estimate) -> None:
        progress(
            estimate.progress(request),
            f"{METHOD_TITLES[request.method]}: {estimate.n_gradients:,} gradients, "
            f"map error {estimate.error_estimate:.1%}",
        )
        if on_estimate:
            on_estimate(estimate)

    match request.method:
        case "integrated_gradients":
            starts = baselines()
            return _mean_integral(model, starts, pixels.expand_as(starts), target, request, report)
        case "smoothgrad":
            ends = _noisy(pixels, request)
            # Each noisy copy has its own draw of a noise baseline, or shares the only baseline.
            return _mean_integral(model, baselines().expand_as(ends), ends, target, request, report)
        case "expected_gradients":
            references = inputs.references(REFERENCES_PER_SAMPLE * request.n_samples)
            return expected_gradients.attribute(model, pixels, references, target, request, report)
        case "occlusion":
            starts = baselines()
            maps = [
                occlusion.attribute(
                    model,
                    pixels,
                    start,
                    target,
                    request.window,
                    subrange(progress, index / len(starts), (index + 1) / len(starts)),
                )
                for index, start in enumerate(starts)
            ]
            outputs = target(model.logits(torch.cat([pixels[None], starts])))
            return Estimate(
                torch.stack(maps).mean(dim=0), float(outputs[0]), float(outputs[1:].mean())
            )
        case "grad_cam":
            map_ = grad_cam.attribute(model, pixels, target)
            return Estimate(map_, float(target(model.logits(pixels[None]))[0]))
        case "input_x_gradient":
            outputs, gradients = model.gradients(pixels[None], target)
            return Estimate((gradients[0] * pixels).sum(dim=1), float(outputs[0]))
    raise ValueError(f"{request.method}: no such method")


def _mean_integral(
    model: BatchedModel,
    starts: Tensor,
    ends: Tensor,
    target: Target,
    request: AttributionRequest,
    on_estimate: EstimateCallback,
) -> Estimate:
    """Return the mean of the integrals from each start to its end, both (K, 4, 3, H, W)."""
    per_path = replace(request, max_evaluations=request.max_evaluations // len(starts))
    finished: list[Estimate] = []
    for start, end in zip(starts, ends, strict=True):
        finished.append(
            integrated_gradients.attribute(
                model,
                end,
                start,
                target,
                per_path,
                lambda estimate: on_estimate(mean([*finished, estimate], per_path)),
            )
        )
    return mean(finished, per_path)


def _noisy(pixels: Tensor, request: AttributionRequest) -> Tensor:
    """Return copies (K, 4, 3, H, W) of a location with normal noise (Smilkov et al. 2017)."""
    generator = torch.Generator().manual_seed(request.seed)
    noise = torch.randn((request.n_samples, *pixels.shape), generator=generator)
    return pixels + request.noise_std * noise.to(pixels.device)
