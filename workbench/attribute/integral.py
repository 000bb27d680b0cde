"""A mean gradient along a way, how well it is known, and when that is enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

NEAR_ZERO = 1e-3
"""A difference of outputs below this, in the output's own unit, is judged by it instead."""


@dataclass(frozen=True)
class Tolerance:
    """Which errors are small enough, as `Question` has them."""

    completeness: float
    map: float
    most_gradients: int


@dataclass(frozen=True)
class Integral:
    """The map (4, H, W) of a way from outputs `start` to `end`, after so many `gradients`.

    `map_error` is estimated, L1 over L1. `reason` says why it is not good enough yet, "" if it is.
    """

    map: Tensor
    start: float
    end: float
    map_error: float
    gradients: int
    reason: str

    @property
    def completeness_error(self) -> float:
        """Sum of the map minus the difference of outputs."""
        return float(self.map.double().sum()) - (self.end - self.start)


def judged(
    made: Tensor, start: float, end: float, map_error: float, gradients: int, tolerance: Tolerance
) -> Integral:
    """Return an integral with the reason why it is not good enough, if it is not.

    Completeness is judged as it stands, never after a correction.
    """
    result = Integral(made, start, end, map_error, gradients, "")
    difference = max(abs(end - start), NEAR_ZERO)
    share = abs(result.completeness_error) / difference
    missed = []
    if not share <= tolerance.completeness:
        missed.append(f"completeness error {share:.2%} above {tolerance.completeness:.2%}")
    if not map_error <= tolerance.map:
        missed.append(f"estimated error of the map {map_error:.1%} above {tolerance.map:.1%}")
    if not missed:
        return result
    reason = f"{' and '.join(missed)} after {gradients} gradients"
    return Integral(made, start, end, map_error, gradients, reason)


def mean(parts: Sequence[Integral], tolerance: Tolerance) -> Integral:
    """Return the mean of several integrals, whose errors are independent as their draws are."""
    made = torch.stack([part.map for part in parts]).mean(dim=0)
    whole = float(made.abs().sum())
    errors = [part.map_error * float(part.map.abs().sum()) for part in parts]
    error = math.hypot(*errors) / len(parts)
    return judged(
        made,
        sum(part.start for part in parts) / len(parts),
        sum(part.end for part in parts) / len(parts),
        relative(error, whole),
        sum(part.gradients for part in parts),
        tolerance,
    )


def relative(error: float, whole: float) -> float:
    """Return an error as a fraction of the whole; none of nothing is none."""
    if not error:
        return 0.0
    return error / whole if whole else math.inf
