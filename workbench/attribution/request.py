"""Attribution requests: method, baseline, target and tolerances."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

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
BASELINE_METHODS = ("integrated_gradients", "smoothgrad", "occlusion")
PATH_METHODS = ("integrated_gradients", "smoothgrad", "expected_gradients")


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
        if self.method not in BASELINE_METHODS:
            asked = replace(
                asked, baseline=usual.baseline, baseline_location=usual.baseline_location
            )
        if self.method not in PATH_METHODS:
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
        if self.method not in BASELINE_METHODS:
            return title
        baseline = BASELINE_TITLES.get(self.baseline, self.baseline)
        return f"{title}, baseline {self.baseline_location or baseline}"


def _either(words: Iterable[str]) -> str:
    return " or ".join(repr(word) for word in words)
