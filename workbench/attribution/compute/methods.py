"""A question in, a map out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.attribution.compute import expected_gradients, integrated_gradients
from workbench.attribution.compute.baselines import baseline
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Integral, Tolerance, mean
from workbench.attribution.compute.occlusion import grad_cam, occlusion
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest

REFERENCES = 8
"""Expected gradients have this many references for each of the question's samples."""


@dataclass(frozen=True)
class Answer:
    """A map and what is known about it; the fields are those of `Attribution`."""

    map: NDArray[np.float32]
    output: float
    baseline_output: float | None = None
    converged: bool | None = None
    reason: str = ""
    map_error: float | None = None


References = Callable[[int], Tensor]
"""Gives the pixels (n, 4, 3, H, W) of so many other locations, at most, always the same."""

Step = Callable[[int, int, Answer | None], None]
"""Called with gradients done, the most that may come, and the map as far as known."""


def answer(
    asking: BatchedModel,
    pixels: Tensor,
    question: AttributionRequest,
    target: Target,
    other: Tensor | None,
    references: References,
    step: Step,
) -> Answer:
    """Answer a question about the pixels (4, 3, H, W) in [0, 1] of a location.

    `other` are those of the baseline "location". Raises InputError where the model gives no
    finite output; `step` may raise to cancel.
    """

    def start() -> Tensor:
        colour = asking.network.mean_colour
        return baseline(question.baseline, pixels, colour, other, question.n_samples, question.seed)

    match question.method:
        case "integrated_gradients":
            starts = start()
            return _integrals(asking, starts, pixels.expand_as(starts), question, target, step)
        case "smoothgrad":
            ends = _noisy(pixels, question)
            # A draw of a noisy baseline for each copy, or the same baseline for all.
            return _integrals(asking, start().expand_as(ends), ends, question, target, step)
        case "expected_gradients":
            compared = references(REFERENCES * question.n_samples)
            tolerance = _tolerance(question)
            return _integral_answer(
                expected_gradients.integral(
                    asking,
                    compared,
                    pixels,
                    target,
                    tolerance,
                    lambda done, now: step(done, tolerance.most_gradients, _integral_answer(now)),
                )
            )
        case "occlusion":
            starts = start()
            maps = []
            for index, one in enumerate(starts):

                def covered(done: int, total: int, before: int = index) -> None:
                    step(before * total + done, len(starts) * total, None)

                maps.append(occlusion(asking, pixels, target, one, question.window, covered))
            outputs = target(asking.logits(torch.cat([pixels[None], starts])))
            return Answer(
                map=_array(torch.stack(maps).mean(dim=0)),
                output=float(outputs[0]),
                baseline_output=float(outputs[1:].mean()),
            )
        case "grad_cam":
            made = grad_cam(asking, pixels, target)
            return Answer(map=_array(made), output=float(target(asking.logits(pixels[None]))[0]))
        case "input_x_gradient":
            value, gradient = asking.gradients(pixels[None], target)
            return Answer(map=_array((gradient[0] * pixels).sum(dim=1)), output=float(value[0]))
    raise ValueError(f"{question.method}: there is no such method")


def _integrals(
    asking: BatchedModel,
    starts: Tensor,
    ends: Tensor,
    question: AttributionRequest,
    target: Target,
    step: Step,
) -> Answer:
    """Return the mean of the integrals from each start to its end, both (K, 4, 3, H, W)."""
    finished: list[Integral] = []
    tolerance = _tolerance(question, len(starts))
    for begin, end in zip(starts, ends, strict=True):

        def report(_gradients: int, now: Integral) -> None:
            so_far = mean([*finished, now], tolerance)
            step(so_far.gradients, question.max_evaluations, _integral_answer(so_far))

        finished.append(
            integrated_gradients.integral(asking, begin, end, target, tolerance, report)
        )
    return _integral_answer(mean(finished, tolerance))


def _noisy(pixels: Tensor, question: AttributionRequest) -> Tensor:
    """Return copies (K, 4, 3, H, W) of a location under normal noise (Smilkov et al. 2017)."""
    generator = torch.Generator().manual_seed(question.seed)
    noise = torch.randn((question.n_samples, *pixels.shape), generator=generator)
    return pixels + question.noise_std * noise.to(pixels.device)


def _tolerance(question: AttributionRequest, paths: int = 1) -> Tolerance:
    return Tolerance(
        question.completeness_tolerance,
        question.map_tolerance,
        question.max_evaluations // paths,
    )


def _integral_answer(made: Integral) -> Answer:
    return Answer(
        map=_array(made.map),
        output=made.end,
        baseline_output=made.start,
        converged=not made.reason,
        reason=made.reason,
        map_error=made.map_error,
    )


def _array(made: Tensor) -> NDArray[np.float32]:
    result: NDArray[np.float32] = made.float().cpu().numpy()
    return result
