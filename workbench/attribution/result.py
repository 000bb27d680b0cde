"""The result of an attribution request: the map, its cost and its checks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.request import PATH_METHODS, AttributionRequest

MIN_OUTPUT_DIFFERENCE = 1e-3
"""Smaller differences of outputs count as this one, in the output's unit."""
COLOR_PERCENTILE = 99
"""Percentile of |map| at which colours saturate, so that single pixels do not set the scale."""


@dataclass(frozen=True)
class Cost:
    """What a result took: gradient evaluations, forward passes without gradients, and seconds.

    Evaluations count locations, whatever the batch size.
    """

    gradients: int
    forwards: int
    seconds: float


ORDERS = ("map", "random", "edges")
"""Orders in which patches are deleted and inserted."""
REPLACEMENT_TITLES = {"mean_color": "mean colour", "inpainting": "inpainted"}
"""What deleted patches are replaced by; results of older versions have the mean colour alone."""


@dataclass(frozen=True)
class Curves:
    """Deletion and insertion curves (Petsiuk et al. 2018) with one replacement of deleted patches.

    `deletion` has, for each of `ORDERS`, the probability (P,) when a fraction of the patches is
    replaced; `insertion` when all others are.
    """

    deletion: Mapping[str, NDArray[np.float64]]
    insertion: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Checks:
    """Faithfulness and sanity checks of a map. Probabilities are those of the explained class.

    Faithfulness: `fractions` (P,) ascend from 0 to 1; `curves` are by replacement, one or more of
    `REPLACEMENT_TITLES`. `view_effects` (4,) are the changes of the probability when a view is
    replaced by the mean colour, `rotation_effects` (3,) when the location is rotated by 90, 180 and
    270 degrees.

    Sanity checks are rank correlations in [-1, 1] of the signed map, by patches of 1/12 of a view,
    with other maps: `baseline_agreement` with those of other baselines, `noise_stability` (K,) with
    those under small noise, `model_randomization` with those of models with random weights from the
    classifier down to a stage (Adebayo et al. 2018). `input_randomization` is that of |map|
    with its mean over images of noise: how far the strong patches are the same for any input.
    """

    fractions: NDArray[np.float64]
    curves: Mapping[str, Curves]
    baseline_agreement: Mapping[str, float]
    noise_stability: NDArray[np.float64]
    model_randomization: Mapping[str, float]
    input_randomization: float
    view_effects: NDArray[np.float64]
    rotation_effects: NDArray[np.float64]
    cost: Cost


@dataclass(frozen=True)
class Attribution:
    """The attribution map of one location, with what is known about it; plain data, no torch.

    `values` (4, H, W) float32 is the map: signed, in units of the output (Grad-CAM: in its own),
    views N, E, S, W at the size that the model sees, summed over colour, never normalised. `output`
    is the explained number for the photographs, `baseline_output` for the baseline (a mean over
    draws), None for methods without one. `probability` is that of the explained class.
    `error_estimate` is the estimated error of the map, L1 over L1. `converged` is None for methods
    with nothing to converge; where it is False, `reason` says why.
    """

    location_id: str
    request: AttributionRequest
    values: NDArray[np.float32]
    output: float
    baseline_output: float | None
    probability: float
    converged: bool | None
    reason: str
    error_estimate: float | None
    cost: Cost
    checks: Checks | None = None

    @property
    def completeness_error(self) -> float | None:
        """Sum of the map minus the difference of outputs (captum's convergence delta).

        Zero for an exact integral (Sundararajan et al. 2017, proposition 1); None for methods
        without this property.
        """
        if self.baseline_output is None or self.request.method not in PATH_METHODS:
            return None
        return float(self.values.sum(dtype=np.float64)) - (self.output - self.baseline_output)

    @property
    def relative_completeness_error(self) -> float | None:
        """|completeness error| / |difference of outputs|, which is at least 0.001."""
        error = self.completeness_error
        if error is None or self.baseline_output is None:
            return None
        return abs(error) / max(abs(self.output - self.baseline_output), MIN_OUTPUT_DIFFERENCE)

    @property
    def completeness_text(self) -> str:
        """The relative completeness error in words, "" where there is none."""
        share = self.relative_completeness_error
        if share is None or self.baseline_output is None:
            return ""
        if abs(self.output - self.baseline_output) < MIN_OUTPUT_DIFFERENCE:
            return f"{share:.1%} of {MIN_OUTPUT_DIFFERENCE:g}, as the outputs hardly differ"
        return f"{share:.1%} of the difference"

    @property
    def view_shares(self) -> NDArray[np.float64]:
        """Share of each view in the sum of |map|, (4,); zeros for a map of zeros."""
        return _shares(np.abs(self.values).sum(axis=(1, 2), dtype=np.float64))

    @property
    def row_shares(self) -> NDArray[np.float64]:
        """Share of each row of pixels, from the top, in the sum of |map|, (H,)."""
        return _shares(np.abs(self.values).sum(axis=(0, 2), dtype=np.float64))


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    total = values.sum()
    return values / total if total else values
