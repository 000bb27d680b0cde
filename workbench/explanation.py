"""What an explanation is, and what gives one: the words that panels and attribution share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all); it may raise to cancel."""


@dataclass(frozen=True)
class Attribution:
    """Why the model gave `target` this output at one location.

    `map` is (4, H, W) float32, signed, in units of the output: the views N, E, S, W at the
    size that the model saw, summed over colour. `output` and `baseline_output` are the model's
    outputs (logits) of the photographs and of the baseline. `seconds` is wall-clock time.
    """

    location_id: str
    method: str
    target: str
    baseline: str
    steps: int
    map: NDArray[np.float32]
    output: float
    baseline_output: float
    seconds: float

    @property
    def completeness_error(self) -> float:
        """Sum of the map minus the difference of outputs, in units of the output.

        Zero for an exact integral: Sundararajan et al. 2017, proposition 1.
        """
        return float(self.map.sum(dtype=np.float64)) - (self.output - self.baseline_output)

    @property
    def relative_completeness_error(self) -> float:
        """|completeness error| as a fraction of |difference of outputs|; infinite if that is 0."""
        difference = abs(self.output - self.baseline_output)
        return abs(self.completeness_error) / difference if difference else float("inf")


class Explainer(Protocol):
    """Something that explains a location of one store."""

    def explain(self, location_id: str, progress: Progress) -> Attribution:
        """Explain the predicted class of a location; raises InputError if that cannot be."""
        ...
