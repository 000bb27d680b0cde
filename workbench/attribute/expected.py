"""Expected gradients: the mean of integrated gradients over many references."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from workbench.attribute.integral import Integral, Tolerance, judged, relative
from workbench.attribute.network import Asking
from workbench.attribute.target import Target

AT_ONCE = 32
"""Gradients between two judgements."""
GOLDEN = 0.6180339887498949


def integral(
    asking: Asking,
    references: Tensor,
    pixels: Tensor,
    target: Target,
    tolerance: Tolerance,
    report: Callable[[int, Integral], None],
) -> Integral:
    """Return the mean integral from references (R, 4, 3, H, W) to pixels (4, 3, H, W).

    Erion et al. 2021, equation 2, for these references and no others, so that more gradients come
    nearer to one number. One gradient is drawn for each reference in turn; where on the way follows
    the golden ratio, which fills [0, 1] evenly at any length. The error is half of the difference
    between the means over every second draw and over the others.
    """
    starts = target(asking.logits(references))
    end = float(target(asking.logits(pixels[None]))[0])
    start = float(starts.double().mean())
    halves = torch.zeros(2, *pixels.shape[:1], *pixels.shape[2:], device=pixels.device)
    # All references equally often, or the mean is not over all of them alike.
    turn = len(references) * max(1, AT_ONCE // len(references))
    done = 0
    while True:
        last = min(done + AT_ONCE, (done // turn + 1) * turn, tolerance.most_gradients)
        draw = torch.arange(done, last)
        way = pixels - references[draw % len(references)]
        at = ((draw + 0.5) * GOLDEN % 1).to(way)[:, None, None, None, None]
        _, gradient = asking.gradients(pixels - (1 - at) * way, target)
        made = (gradient * way).sum(dim=2)
        # Each reference comes to the other half when it is its turn again.
        half = (draw + draw // len(references)) % 2
        for which in (0, 1):
            halves[which] += made[half == which].sum(dim=0)
        done += len(draw)
        whole = halves.sum(dim=0) / done
        error = relative(
            float((halves[0] - halves[1]).abs().sum()) / done, float(whole.abs().sum())
        )
        result = judged(whole, start, end, error, done, tolerance)
        if done % turn:
            missing = f"a round over the {len(references)} references is not finished"
            result = replace(result, reason=result.reason or missing)
        report(done, result)
        if not result.reason or done >= tolerance.most_gradients:
            return result
