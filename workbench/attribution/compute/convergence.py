"""A mean gradient along a way, how well it is known, and when that is enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from workbench.attribution.request import NEAR_ZERO

FEWEST = 3


@dataclass(frozen=True)
class Tolerance:
    """Which errors are small enough, as `AttributionRequest` has them."""

    completeness: float
    map: float
    most_gradients: int


@dataclass(frozen=True)
class Integral:
    """The map (4, H, W) of a way from outputs `start` to `end`, after so many `gradients`.

    `doubt` (4, H, W) is by how much the map may be wrong, signed, as far as it can be estimated.
    `reason` says why it is not good enough yet, "" if it is.
    """

    map: Tensor
    doubt: Tensor
    start: float
    end: float
    gradients: int
    reason: str

    @property
    def map_error(self) -> float:
        """Estimated error of the map, L1 over L1; infinite for a map of zeros that is in doubt."""
        doubt, whole = float(self.doubt.abs().sum()), float(self.map.abs().sum())
        if not doubt:
            return 0.0
        return doubt / whole if whole else math.inf

    @property
    def completeness_error(self) -> float:
        """Sum of the map minus the difference of outputs."""
        return float(self.map.double().sum()) - (self.end - self.start)


def judged(
    made: Tensor, doubt: Tensor, start: float, end: float, gradients: int, tolerance: Tolerance
) -> Integral:
    """Return an integral with the reason why it is not good enough, if it is not.

    Completeness is judged as it stands, never after a correction. Two gradients or less prove
    nothing.
    """
    result = Integral(made, doubt, start, end, gradients, "")
    share = abs(result.completeness_error) / max(abs(end - start), NEAR_ZERO)
    missed = []
    if gradients < FEWEST:
        missed.append("fewer gradients than an estimate needs")
    if not share <= tolerance.completeness:
        missed.append(f"completeness error {share:.2%} above {tolerance.completeness:.2%}")
    if not result.map_error <= tolerance.map:
        missed.append(
            f"estimated error of the map {result.map_error:.1%} above {tolerance.map:.1%}"
        )
    if not missed:
        return result
    return replace(result, reason=f"{' and '.join(missed)} after {gradients} gradients")


def mean(parts: Sequence[Integral], tolerance: Tolerance) -> Integral:
    """Return the mean of several integrals; doubts cancel as far as they are of opposite sign."""
    return judged(
        torch.stack([part.map for part in parts]).mean(dim=0),
        torch.stack([part.doubt for part in parts]).mean(dim=0),
        sum(part.start for part in parts) / len(parts),
        sum(part.end for part in parts) / len(parts),
        sum(part.gradients for part in parts),
        tolerance,
    )
