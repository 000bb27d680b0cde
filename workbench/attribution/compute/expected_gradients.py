"""Expected gradients (Erion et al. 2021): the mean of integrated gradients over references."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Estimate, EstimateCallback, integral_estimate
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest

GRADIENTS_PER_ESTIMATE = 32
"""Gradients between two estimates."""
MIN_ROUNDS = 4
"""Rounds over all references before the map counts as converged."""
GOLDEN_RATIO = 0.6180339887498949


def attribute(
    model: BatchedModel,
    pixels: Tensor,
    references: Tensor,
    target: Target,
    request: AttributionRequest,
    on_estimate: EstimateCallback,
) -> Estimate:
    """Return the mean integral from references (R, 4, 3, H, W) to pixels (4, 3, H, W).

    Equation 2 of the paper for exactly these references, so that more gradients converge to one
    number. Each round evaluates one point on the path from each reference. The points of one round
    are spread evenly over all references, in a random order; from round to round each moves on by
    the golden ratio, which fills [0, 1] evenly at any length. The error estimate is half the
    difference between the means over even and odd rounds.
    """
    baseline_outputs = target(model.logits(references))
    output = float(target(model.logits(pixels[None]))[0])
    baseline_output = float(baseline_outputs.double().mean())
    count = len(references)
    offsets = (np.random.default_rng(0).permutation(count) + 0.5) / count
    sums = torch.zeros(2, *pixels.shape[:1], *pixels.shape[2:], device=pixels.device)
    counts = [0, 0]
    while True:
        done = sum(counts)
        turn, first = divmod(done, count)
        room = request.max_evaluations - done
        rows = np.arange(first, min(first + GRADIENTS_PER_ESTIMATE, count, first + room))
        fractions = torch.tensor((offsets[rows] + turn * GOLDEN_RATIO) % 1).to(pixels)
        points = fractions[:, None, None, None, None]
        lines = pixels - references[first : first + len(rows)]
        _, gradients = model.gradients(pixels - (1 - points) * lines, target)
        sums[turn % 2] += (gradients * lines).sum(dim=2).sum(dim=0)
        counts[turn % 2] += len(rows)
        done += len(rows)
        map_ = sums.sum(dim=0) / done
        # Before the first odd round nothing is known about the error: it may be all of the map.
        error = (sums[0] / counts[0] - sums[1] / counts[1]) / 2 if counts[1] else map_
        result = integral_estimate(map_, error, baseline_output, output, done, request)
        if not result.reason and (done % count or done < MIN_ROUNDS * count):
            reason = f"{done} gradients are not {MIN_ROUNDS} whole rounds of {count} references"
            result = replace(result, reason=reason)
        on_estimate(result)
        if not result.reason or done >= request.max_evaluations:
            return result
