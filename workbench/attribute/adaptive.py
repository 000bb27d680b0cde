"""Integrated gradients by steps that go where the error is, until two errors are small enough."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.attribute.integral import Integral, Tolerance, judged, relative
from workbench.attribute.network import Asking
from workbench.attribute.target import Target

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

Measured 0.19 to 0.31 at 6 to 24 gradients; docs/attribution.md has the figures.
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
    asking: Asking,
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
    known = _Known(np.empty(0), np.empty(0), line.new_empty((0, *line.shape[:1], *line.shape[2:])))
    while True:
        at = torch.tensor(way.place(time), dtype=line.dtype, device=line.device)
        value, gradient = asking.gradients(start + at[:, None, None, None, None] * line, target)
        known = known.joined(time, value.double().cpu().numpy(), (gradient * line).sum(dim=2))
        made, error = _rule(way, known)
        result = judged(made, *outputs, error, len(known.time), tolerance)
        report(result.gradients, result)
        room = tolerance.most_gradients - result.gradients
        if not result.reason or not room:
            return result
        time = _next(way, known, outputs, error / tolerance.map)[:room]


@dataclass(frozen=True)
class _Known:
    """What is known at n times, in ascending order: outputs (n,) and maps (n, 4, H, W)."""

    time: Array
    value: Array
    map: Tensor

    def joined(self, time: Array, value: Array, made: Tensor) -> "_Known":
        order = np.argsort(np.concatenate([self.time, time]), kind="stable")
        return _Known(
            np.concatenate([self.time, time])[order],
            np.concatenate([self.value, value])[order],
            torch.cat([self.map, made])[torch.from_numpy(order).to(made.device)],
        )


def _survey(
    asking: Asking, start: Tensor, end: Tensor, target: Target
) -> tuple[Way, tuple[float, float]]:
    """Return how to walk, and the outputs at both ends.

    The error of a step is the change of the map over it times its length; for one that is the
    product of a sensitivity and something that changes evenly, steps of a length in proportion to
    the sensitivity to the power of -1/3 make it least.
    """
    parts = 1 if target.linear else SURVEY
    fraction = np.linspace(0.0, 1.0, parts + 1)
    at = torch.tensor(fraction, dtype=start.dtype, device=start.device)
    logit = asking.logits(start + at[:, None, None, None, None] * (end - start))
    value = target(logit)
    length = target.sensitivity(logit).double().cpu().numpy()
    length = np.maximum(length, length.max() * LEAST_DENSITY**3)
    density = np.cbrt((length[1:] + length[:-1]) / 2)
    density = np.maximum(density, density.max() * LEAST_DENSITY)
    time = np.concatenate([[0.0], np.cumsum(density) / density.sum()])
    return Way(time, fraction, np.log(length)), (float(value[0]), float(value[-1]))


def _rule(way: Way, known: _Known) -> tuple[Tensor, float]:
    """Return the map, and its error as a fraction of it, estimated from two nested rules.

    Each of the two has every second step, and its neighbours' maps, by their sensitivity, in place
    of the others. They differ by some four times the error of the rule that has all steps.
    """
    edge = np.concatenate([[0.0], (known.time[1:] + known.time[:-1]) / 2, [1.0]])
    weight = known.map.new_tensor(np.diff(way.place(edge)))[:, None, None, None]
    made = (weight * known.map).sum(dim=0)
    if len(known.time) < 3:
        return made, float("inf")
    sensitivity = known.map.new_tensor(way.sensitivity(known.time))[:, None, None, None]
    even = known.map / sensitivity
    between = torch.cat([even[1:2], (even[:-2] + even[2:]) / 2, even[-2:-1]]) * sensitivity
    missed = weight * (known.map - between)
    halves = missed[::2].sum(dim=0) - missed[1::2].sum(dim=0)
    return made, NESTED * relative(float(halves.abs().sum()), float(made.abs().sum()))


def _next(way: Way, known: _Known, outputs: tuple[float, float], excess: float) -> Array:
    """Return the times of new steps, ascending, for an error `excess` times the tolerance."""
    gap_end = np.concatenate([[0.0], known.time, [1.0]])
    length = np.diff(way.place(gap_end))
    if excess > 1:
        change = (known.map[1:] - known.map[:-1]).abs().flatten(1).sum(dim=1)
        inner = length[1:-1] * change.double().cpu().numpy()
        # Nothing is known beyond the first and the last step: as much as in the gap beside them.
        first, last = (inner[0], inner[-1]) if len(inner) else (1.0, 1.0)
        worth = np.concatenate([[first / 2], inner, [last / 2]])
        # The error falls as one over the number of steps.
        count = int(np.clip(np.ceil(len(known.time) * min(excess - 1, 1.0)), 2, len(length)))
    else:
        slope = known.map.flatten(1).sum(dim=1).double().cpu().numpy()
        slope = np.concatenate([slope[:1], slope, slope[-1:]])
        value = np.concatenate([[outputs[0]], known.value, [outputs[1]]])
        worth = np.abs(length * (slope[1:] + slope[:-1]) / 2 - np.diff(value))
        count = max(2, len(known.time) // 8)
    count = min(count, int((worth >= worth.max() * LEAST_WORTH).sum()))
    chosen = np.sort(np.argsort(-worth, kind="stable")[:count])
    # The outer gaps have a step at one end only, so the middle of what is missing lies further out.
    share = np.where(chosen == 0, 1 / 3, np.where(chosen == len(length) - 1, 2 / 3, 1 / 2))
    new: Array = gap_end[chosen] + share * (gap_end[chosen + 1] - gap_end[chosen])
    return new
