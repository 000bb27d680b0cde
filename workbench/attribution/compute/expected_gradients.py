"""Expected gradients: the mean of integrated gradients over many references."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Integral, Tolerance, judged
from workbench.attribution.compute.target import Target

AT_ONCE = 32
"""Gradients between two judgements."""
ROUNDS = 4
"""Rounds over all references before anything is called good enough."""
GOLDEN = 0.6180339887498949


def integral(
    asking: BatchedModel,
    references: Tensor,
    pixels: Tensor,
    target: Target,
    tolerance: Tolerance,
    report: Callable[[int, Integral], None],
) -> Integral:
    """Return the mean integral from references (R, 4, 3, H, W) to pixels (4, 3, H, W).

    Erion et al. 2021, equation 2, for these references and no others, so that more gradients come
    nearer to one number. In every round each reference is asked at one place of its way. The places
    of one round are spread evenly over all references, in an order of its own, and those of one
    reference move on by the golden ratio from round to round, which fills [0, 1] evenly at any
    length. The doubt is half of the difference between the means over the even and over the odd
    rounds, and nothing is judged good enough before `ROUNDS` of them.
    """
    starts = target(asking.logits(references))
    end = float(target(asking.logits(pixels[None]))[0])
    start = float(starts.double().mean())
    count = len(references)
    offset = (np.random.default_rng(0).permutation(count) + 0.5) / count
    halves = torch.zeros(2, *pixels.shape[:1], *pixels.shape[2:], device=pixels.device)
    drawn = [0, 0]
    while True:
        done = sum(drawn)
        turn, first = divmod(done, count)
        room = tolerance.most_gradients - done
        which = np.arange(first, min(first + AT_ONCE, count, first + room))
        at = torch.tensor((offset[which] + turn * GOLDEN) % 1).to(pixels)[:, None, None, None, None]
        way = pixels - references[first : first + len(which)]
        _, gradient = asking.gradients(pixels - (1 - at) * way, target)
        halves[turn % 2] += (gradient * way).sum(dim=2).sum(dim=0)
        drawn[turn % 2] += len(which)
        done += len(which)
        made = halves.sum(dim=0) / done
        # Of one half alone nothing is known: all of it is in doubt.
        doubt = (halves[0] / drawn[0] - halves[1] / drawn[1]) / 2 if drawn[1] else made
        result = judged(made, doubt, start, end, done, tolerance)
        if not result.reason and (done % count or done < ROUNDS * count):
            missing = f"{done} gradients are not {ROUNDS} whole rounds of {count} references"
            result = replace(result, reason=missing)
        report(done, result)
        if not result.reason or done >= tolerance.most_gradients:
            return result
