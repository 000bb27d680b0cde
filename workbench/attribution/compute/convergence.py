"""Estimates of a map, their errors, and when they are small enough."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import MIN_OUTPUT_DIFFERENCE

MIN_GRADIENTS = 3


@dataclass(frozen=True)
class Estimate:
    """A map (4, H, W) on the model's device, with what is known about it so far.

    `error` (4, H, W) is the estimated signed error of the map, None for methods that do not
    integrate. `n_gradients` counts the gradients of an integral. `reason` says why it has not
    converged, "" if it has. The other fields are those of `Attribution`.
    """

    map: Tensor
    output: float
    baseline_output: float | None = None
    error: Tensor | None = None
    n_gradients: int = 0
    reason: str = ""

    @property
    def converged(self) -> bool | None:
        """Whether both errors are small enough; None where there is nothing to converge."""
        return None if self.error is None else not self.reason

    @property
    def error_estimate(self) -> float | None:
        """Estimated error of the map, L1 over L1; infinite for a map of zeros with an error."""
        if self.error is None:
            return None
        error, total = float(self.error.abs().sum()), float(self.map.abs().sum())
        if not error:
            return 0.0
        return error / total if total else math.inf

    def to_numpy(self) -> NDArray[np.float32]:
        """Return the map on the CPU."""
        result: NDArray[np.float32] = self.map.float().cpu().numpy()
        return result

    @property
    def output_difference(self) -> float:
        """Output minus baseline output."""
        return self.output - (self.baseline_output or 0.0)

    @property
    def relative_completeness_error(self) -> float:
        """|sum of the map - difference of outputs| as a fraction of |difference of outputs|."""
        error = float(self.map.double().sum()) - self.output_difference
        return abs(error) / max(abs(self.output_difference), MIN_OUTPUT_DIFFERENCE)

    def progress(self, request: AttributionRequest) -> float:
        """Return the fraction of the work done; errors fall as one over the number of gradients."""
        errors = (
            (request.completeness_tolerance, self.relative_completeness_error),
            (request.map_tolerance, self.error_estimate or 0.0),
        )
        converged = min(limit / max(limit, error) for limit, error in errors)
        return max(converged, self.n_gradients / request.max_evaluations)


EstimateCallback = Callable[[Estimate], None]
"""Receives an integral after every round of gradients."""


def integral_estimate(
    map_: Tensor,
    error: Tensor,
    baseline_output: float,
    output: float,
    n_gradients: int,
    request: AttributionRequest,
) -> Estimate:
    """Return the estimate of an integral, with the reason if it has not converged.

    The completeness error is never corrected. Fewer than three gradients prove nothing.
    """
    result = Estimate(map_, output, baseline_output, error, n_gradients)
    completeness, map_error = result.relative_completeness_error, result.error_estimate or 0.0
    reasons = []
    if n_gradients < MIN_GRADIENTS:
        reasons.append("fewer gradients than an estimate needs")
    if not completeness <= request.completeness_tolerance:
        reasons.append(
            f"completeness error {completeness:.2%} above {request.completeness_tolerance:.2%}"
        )
    if not map_error <= request.map_tolerance:
        reasons.append(
            f"estimated error of the map {map_error:.1%} above {request.map_tolerance:.1%}"
        )
    if not reasons:
        return result
    return replace(result, reason=f"{' and '.join(reasons)} after {n_gradients} gradients")


def mean(parts: Sequence[Estimate], request: AttributionRequest) -> Estimate:
    """Return the mean of several integrals; errors of opposite sign cancel."""
    return integral_estimate(
        torch.stack([part.map for part in parts]).mean(dim=0),
        torch.stack([part.error for part in parts if part.error is not None]).mean(dim=0),
        sum(part.baseline_output or 0.0 for part in parts) / len(parts),
        sum(part.output for part in parts) / len(parts),
        sum(part.n_gradients for part in parts),
        request,
    )
