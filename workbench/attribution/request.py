"""What is asked about a location and what is answered: the words that all explaining shares."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError

METHOD_TITLES = {
    "integrated_gradients": "integrated gradients",
    "smoothgrad": "integrated gradients, SmoothGrad",
    "expected_gradients": "expected gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "occlusion",
    "input_x_gradient": "input × gradient",
}
BASELINE_TITLES = {
    "black": "black",
    "mean": "mean colour",
    "blur": "blurred",
    "noise": "uniform noise",
    "location": "another location",
}
OUTPUTS = ("logit", "log_probability", "probability")
PREDICTED, TRUE = "predicted", "true"
# Which methods compare the photographs with a baseline, and which with the same of many locations.
WITH_BASELINE = ("integrated_gradients", "smoothgrad", "occlusion")
NEAR_ZERO = 1e-3
"""Differences of outputs below this, in the output's own unit, count as this one."""
INTEGRALS = ("integrated_gradients", "smoothgrad", "expected_gradients")
CLIPPED = 99
"""Percentile of |map| at which its colours are full, lest a single pixel take them all."""


@dataclass(frozen=True)
class AttributionRequest:
    """What is asked about a location; equal questions about it have equal answers.

    `target` is "predicted", "true" or a class; with `contrast_target` the output's difference between
    the two is explained. `baseline_location` is the location whose photographs are the baseline "location".
    Integrals end when the completeness error is at most `completeness_tolerance` of the difference
    of outputs and the map's own estimated error (L1) at most `map_tolerance` of the map, or at
    `max_evaluations` gradient evaluations. `n_samples` counts draws of noise ("noise",
    "smoothgrad") and `noise_std` is its standard deviation as a fraction of the pixel range
    (SmoothGrad); "expected_gradients" has at most `n_samples` * 8 locations as references. `window`
    is the side of what occlusion covers, as a fraction of the view's, and it moves by half of it.
    """

    method: str = "integrated_gradients"
    baseline: str = "mean"
    baseline_location: str = ""
    output: str = "logit"
    target: str = PREDICTED
    contrast_target: str = ""
    completeness_tolerance: float = 0.01
    map_tolerance: float = 0.05
    max_evaluations: int = 1000
    n_samples: int = 8
    noise_std: float = 0.1
    window: float = 0.25
    seed: int = 0

    def validate(self, class_name: tuple[str, ...]) -> None:
        """Raise InputError, naming what can be said instead, for what nobody can answer."""
        usual = AttributionRequest()
        for field in fields(self):
            value, kind = getattr(self, field.name), type(getattr(usual, field.name))
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise InputError(f"{field.name} is {value!r}; give a {kind.__name__}.")
        if self.target == self.contrast_target:
            raise InputError(f"{self.target} rather than {self.target}: name two different states.")
        for what, value, known in (
            ("method", self.method, METHOD_TITLES),
            ("baseline", self.baseline, BASELINE_TITLES),
            ("output", self.output, OUTPUTS),
        ):
            if value not in known:
                raise InputError(f"{value!r}: there is no such {what}; say {_either(known)}.")
        for name in (self.target, self.contrast_target):
            if name not in ("", PREDICTED, TRUE, *class_name) or not self.target:
                raise InputError(
                    f"{name!r}: the model knows no such state; it knows "
                    f"{', '.join(class_name[:3])} and so on, {len(class_name)} in all."
                )
        if (self.baseline == "location") != bool(self.baseline_location):
            raise InputError("The baseline 'location' needs another location's id, and no other.")
        drawn = self.method == "smoothgrad" or self.baseline == "noise"
        least = 3 * self.n_samples if drawn else 3
        limits: tuple[tuple[str, float, float, float], ...] = (
            ("completeness tolerance", self.completeness_tolerance, 1e-6, 1.0),
            ("map tolerance", self.map_tolerance, 1e-6, 1.0),
            ("number of gradients", self.max_evaluations, least, 10_000),
            ("number of samples", self.n_samples, 1, 64),
            ("noise", self.noise_std, 1e-6, 1.0),
            ("window", self.window, 0.05, 1.0),
            ("seed", self.seed, 0, 2**63 - 1),
        )
        for what, number, low, high in limits:
            if not low <= number <= high:
                raise InputError(f"The {what} is {number}; give one from {low:,} to {high:,}.")

    def resolve(self, predicted: str, true: str) -> "AttributionRequest":
        """Return the same question with its classes by their names, as answers carry it.

        What the method does not use is put back to its default, so that equal work is one
        question. Raises InputError for a state rather than itself.
        """
        names = {PREDICTED: predicted, TRUE: true}
        state = names.get(self.target, self.target)
        rather = names.get(self.contrast_target, self.contrast_target)
        if state == rather:
            raise InputError(f"{state} rather than {rather}: name two different states.")
        usual = AttributionRequest()
        asked = replace(self, target=state, contrast_target=rather)
        if self.method not in WITH_BASELINE:
            asked = replace(
                asked, baseline=usual.baseline, baseline_location=usual.baseline_location
            )
        if self.method not in INTEGRALS:
            asked = replace(
                asked,
                completeness_tolerance=usual.completeness_tolerance,
                map_tolerance=usual.map_tolerance,
                max_evaluations=usual.max_evaluations,
            )
        if self.method != "smoothgrad":
            asked = replace(asked, noise_std=usual.noise_std)
        if self.method != "occlusion":
            asked = replace(asked, window=usual.window)
        drawn = self.method in ("smoothgrad", "expected_gradients")
        if not drawn and asked.baseline != "noise":
            asked = replace(asked, n_samples=usual.n_samples, seed=usual.seed)
        return asked

    @property
    def target_label(self) -> str:
        """What is explained, in words: "logit of Kentucky rather than Kansas"."""
        rather = f" rather than {self.contrast_target}" if self.contrast_target else ""
        return f"{self.output} of {self.target}{rather}"

    @property
    def description(self) -> str:
        """Method and baseline in words."""
        title = METHOD_TITLES.get(self.method, self.method)
        if self.method not in WITH_BASELINE:
            return title
        baseline = BASELINE_TITLES.get(self.baseline, self.baseline)
        return f"{title}, baseline {self.baseline_location or baseline}"


@dataclass(frozen=True)
class Cost:
    """What an answer took: gradient evaluations, forward passes without one, seconds.

    Each of the first two counts locations, however many went through the network at once.
    """

    gradients: int
    forwards: int
    seconds: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.gradients + other.gradients,
            self.forwards + other.forwards,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against a map, besides itself. Probabilities are in [0, 1].

    `fraction` (P,) ascends from 0 to 1: that much of the places is replaced by the mean colour,
    and `deletion` has for each order ("map", "random", "edges") the probability (P,) of the
    explained state when the first places of the order go first; `insertion` when they come first
    into a picture of that colour (Petsiuk et al. 2018). `agreement` is the rank correlation of
    the signed map, summed up by places of 1/12 of a view, with that of every other baseline,
    `stability` (K,) with those under small noise, and `model_randomization` with that of the model whose
    layers have random weights, from the classifier down to the stage that is its key (Adebayo et
    al. 2018). `prior` is the rank correlation of |map| with its mean over pictures of noise: how
    far the strong places are those that the model sees whatever is shown. All of these are in
    [-1, 1]. `view_effect` (4,) is the change of the probability when a view is replaced by the mean
    colour, `turn_effect` (3,) when the place is turned by 90, 180 and 270 degrees.
    """

    fraction: NDArray[np.float64]
    deletion: Mapping[str, NDArray[np.float64]]
    insertion: Mapping[str, NDArray[np.float64]]
    agreement: Mapping[str, float]
    stability: NDArray[np.float64]
    model_randomization: Mapping[str, float]
    prior: float
    view_effect: NDArray[np.float64]
    turn_effect: NDArray[np.float64]
    cost: Cost


@dataclass(frozen=True)
class Attribution:
    """Why the model gave this output at one location.

    `values` is (4, H, W) float32, signed, in units of the output (Grad-CAM: of its own): the views N,
    E, S, W at the size that the model saw, summed over colour, never normalised. `output` is the
    explained number for the photographs, `baseline_output` for the baseline (a mean over draws),
    None for a method without one. `probability` is that of the explained state. `error_estimate` is the
    estimated error of the map, L1 over L1. `converged` is None for a method that has nothing to
    converge; where it is False, `reason` says why.
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
    evidence: Evidence | None = None

    @property
    def completeness_error(self) -> float | None:
        """Sum of the map minus the difference of outputs, in units of the output.

        Zero for an exact integral (Sundararajan et al. 2017, proposition 1); None for a method
        that promises no such sum.
        """
        if self.baseline_output is None or self.request.method not in INTEGRALS:
            return None
        return float(self.values.sum(dtype=np.float64)) - (self.output - self.baseline_output)

    @property
    def relative_completeness_error(self) -> float | None:
        """|completeness error| as a fraction of |difference of outputs|, at least `NEAR_ZERO`."""
        error = self.completeness_error
        if error is None or self.baseline_output is None:
            return None
        return abs(error) / max(abs(self.output - self.baseline_output), NEAR_ZERO)

    @property
    def completeness(self) -> str:
        """The relative completeness error in words, "" where there is none."""
        share = self.relative_completeness_error
        if share is None or self.baseline_output is None:
            return ""
        if abs(self.output - self.baseline_output) < NEAR_ZERO:
            return f"{share:.1%} of {NEAR_ZERO:g}, as the outputs hardly differ"
        return f"{share:.1%} of the difference"

    @property
    def view_share(self) -> NDArray[np.float64]:
        """Share of each heading in the sum of |map|, (4,); zeros for a map of zeros."""
        return _shares(np.abs(self.values).sum(axis=(1, 2), dtype=np.float64))

    @property
    def row_share(self) -> NDArray[np.float64]:
        """Share of each row of pixels, from the sky down, in the sum of |map|, (H,)."""
        return _shares(np.abs(self.values).sum(axis=(0, 2), dtype=np.float64))


@dataclass(frozen=True)
class Report:
    """How far an answer is: `done` of `total` units of a stage, and the map as far as known."""

    stage: str
    done: int
    total: int
    partial: Attribution | None = None


Progress = Callable[[Report], None]
"""Called between any two batches; it may raise to cancel."""


def untold(report: Report) -> None:
    """Tell nobody how far an answer is."""


class Explainer(Protocol):
    """Something that explains the locations of one store."""

    def question(self, location_id: str, question: AttributionRequest) -> AttributionRequest:
        """Return the question with its classes by name, under which its answer is remembered.

        Raises InputError for what nobody can answer and KeyError for an unknown location.
        """
        ...

    def explain(
        self, location_id: str, question: AttributionRequest, progress: Progress
    ) -> Attribution:
        """Return the map without its evidence.

        Raises as `question` does, and InputError where photographs are gone or have changed, or
        the model gives no finite output.
        """
        ...

    def examine(self, made: Attribution, progress: Progress) -> Attribution:
        """Return a map of this explainer with its evidence; raises as `explain` does."""
        ...


def _shares(total: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = total.sum()
    return total / whole if whole else total


def _either(words: Iterable[str]) -> str:
    return " or ".join(repr(word) for word in words)
