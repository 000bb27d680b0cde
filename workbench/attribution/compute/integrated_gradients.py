"""Integrated gradients by steps that go where the error is, until two errors are small enough."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.convergence import Integral, Tolerance, judged
from workbench.attribution.compute.target import Target

FIRST = 8
"""Gradients before the first judgement."""
SURVEY = 16
"""Parts of the way whose ends a survey asks for, where the output is not linear in the logits."""
LEAST_DENSITY = 0.02
"""Of the densest part's; nowhere on the way may be passed over."""
LEAST_WORTH = 0.1
"""Of the gap's that is worth most; in gaps below it a new step would tell nothing new."""
NESTED = 1 / 3
"""Error of the whole rule as a fraction of the difference between its two halves.

Measured: 0.29 in the median, 0.34 at the 90 % quantile, 0.38 at most (docs/attribution.md).
"""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """How the way is walked: at a time t in [0, 1] at the fraction `place(t)` of it.

    `time` and `fraction` (K+1,) ascend from 0 to 1; time is short where the output depends little
    on the logits. `log_sensitivity` (K+1,) is the logarithm of the length of the output's gradient
    with respect to the logits.
    """

    time: Array
    fraction: Array
    log_sensitivity: Array

    def place(self, time: Array) -> Array:
        """Return fractions of the way at these times."""
        return np.interp(time, self.time, self.fraction)

    def sensitivity(self, time: Array) -> Array:
        """Return the sensitivity at these times, but for a factor that all have."""
        return np.exp(np.interp(time, self.time, self.log_sensitivity))


def integral(
    asking: BatchedModel,
    start: Tensor,
    end: Tensor,
    target: Target,
    tolerance: Tolerance,
    report: Callable[[int, Integral], None],
) -> Integral:
    """Return the integrated gradients from one picture to another, both (4, 3, H, W).

    Sundararajan et al. 2017, equation 1, by a midpoint rule whose steps a survey by forward passes
    places (after Bhat & Raychowdhury 2023) and which grows, keeping all gradients, by new steps
    between two of the old ones: where the map changes most while the map's error is too large,
    then where the trapezoid between two steps misses the known difference of outputs most.
    `report` receives the integral as far as it is known, after every round.
    """
    way, outputs = _survey(asking, start, end, target)
    line = end - start
    first = min(FIRST, tolerance.most_gradients)
    time = (np.arange(first) + 0.5) / first
    known: list[_Known] = []
    while True:
        known = sorted([*known, *_asked(asking, way, time, start, line, target)], key=_Known.when)
        made, doubt = _rule(way, known)
        result = judged(made, doubt, *outputs, len(known), tolerance)
        report(result.gradients, result)
        room = tolerance.most_gradients - result.gradients
        if not result.reason or not room:
            return result
        time = _next(way, known, outputs, result.map_error / tolerance.map)[:room]


@dataclass(frozen=True)
class _Known:
    """What is known at a time: the output and the map (4, H, W)."""

    time: float
    value: float
    map: Tensor

    def when(self) -> float:
        return self.time


def _asked(
    asking: BatchedModel, way: Way, time: Array, start: Tensor, line: Tensor, target: Target
) -> Iterator[_Known]:
    """Ask at some times, no more at once than fit the memory."""
    at_once = asking.at_once(line)
    for first in range(0, len(time), at_once):
        some = time[first : first + at_once]
        at = torch.tensor(way.place(some), dtype=line.dtype, device=line.device)
        value, gradient = asking.gradients(start + at[:, None, None, None, None] * line, target)
        maps = (gradient * line).sum(dim=2)
        for when, output, own in zip(some, value.tolist(), maps, strict=True):
            yield _Known(float(when), output, own.clone())


def _survey(
    asking: BatchedModel, start: Tensor, end: Tensor, target: Target
) -> tuple[Way, tuple[float, float]]:
    """Return how to walk, and the outputs at both ends.

    Steps have lengths in proportion to the sensitivity to the power of -1/3: of the powers tried
    (-1/2 too) the one whose maps were nearer (docs/attribution.md).
    """
    parts = 1 if target.linear else SURVEY
    fraction = np.linspace(0.0, 1.0, parts + 1)
    at = torch.tensor(fraction, dtype=start.dtype, device=start.device)
    logit = asking.logits(start + at[:, None, None, None, None] * (end - start))
    value = target(logit)
    length = target.sensitivity(logit).double().cpu().numpy()
    if not length.max():  # So saturated that no logit matters: all of the way alike.
        length = np.ones_like(length)
    length = np.maximum(length, length.max() * LEAST_DENSITY**3)
    density = np.cbrt((length[1:] + length[:-1]) / 2)
    time = np.concatenate([[0.0], np.cumsum(density) / density.sum()])
    return Way(time, fraction, np.log(length)), (float(value[0]), float(value[-1]))


def _rule(way: Way, known: Sequence[_Known]) -> tuple[Tensor, Tensor]:
    """Return the map and how far it may be wrong, by two nested rules, both (4, H, W).

    Each of the two has every second step, and its neighbours' maps, by their sensitivity, in place
    of the others. They differ by some four times the error of the rule that has all steps.
    """
    time = np.array([one.time for one in known])
    edge = np.concatenate([[0.0], (time[1:] + time[:-1]) / 2, [1.0]])
    weight, sensitivity = np.diff(way.place(edge)), way.sensitivity(time)
    made, halves = torch.zeros_like(known[0].map), torch.zeros_like(known[0].map)
    for index, one in enumerate(known):
        made += weight[index] * one.map
        missed = one.map.clone()
        beside = [other for other in (index - 1, index + 1) if 0 <= other < len(known)]
        for other in beside:
            share = sensitivity[index] / sensitivity[other] / len(beside)
            missed -= share * known[other].map
        halves += (-1) ** index * weight[index] * missed
    return made, NESTED * halves


def _next(way: Way, known: Sequence[_Known], outputs: tuple[float, float], excess: float) -> Array:
    """Return the times of new steps, ascending, for an error `excess` times the tolerance."""
    gap_end = np.array([0.0, *(one.time for one in known), 1.0])
    length = np.diff(way.place(gap_end))
    if excess > 1:
        change = [float((two.map - one.map).abs().sum()) for one, two in pairwise(known)]
        inner = length[1:-1] * np.array(change)
        # Nothing is known beyond the first and the last step: as much as in the gap beside them.
        outer = (inner[0], inner[-1]) if len(inner) else (1.0, 1.0)
        worth = np.array([outer[0] / 2, *inner, outer[1] / 2])
        # The error falls as one over the number of steps.
        count = int(np.clip(np.ceil(len(known) * min(excess - 1, 1.0)), 2, len(length)))
    else:
        slope = [float(one.map.double().sum()) for one in known]
        slopes = np.array([slope[0], *slope, slope[-1]])
        value = np.array([outputs[0], *(one.value for one in known), outputs[1]])
        worth = np.abs(length * (slopes[1:] + slopes[:-1]) / 2 - np.diff(value))
        count = max(2, len(known) // 8)
    count = min(count, int((worth >= worth.max() * LEAST_WORTH).sum()))
    chosen = np.sort(np.argsort(-worth, kind="stable")[:count])
    # The outer gaps have a step at one end only, so the middle of what is missing lies further out.
    share = np.where(chosen == 0, 1 / 3, np.where(chosen == len(length) - 1, 2 / 3, 1 / 2))
    new: Array = gap_end[chosen] + share * (gap_end[chosen + 1] - gap_end[chosen])
    return new
