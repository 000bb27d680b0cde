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
BASELINE_METHODS = ("integrated_gradients", "smoothgrad", "occlusion")
"""Methods that use `AttributionRequest.baseline`."""
PATH_METHODS = ("integrated_gradients", "smoothgrad", "expected_gradients")
"""Methods that integrate gradients along paths, so that the map is complete."""


@dataclass(frozen=True)
class AttributionRequest:
    """What to compute for a location; equal requests have equal results."""

    method: str = "integrated_gradients"
    """A key of `METHOD_TITLES`."""
    baseline: str = "mean"
    """What the photographs are compared with, a key of `BASELINE_TITLES`."""
    baseline_location: str = ""
    """Id of the location whose photographs are the baseline "location"."""
    output: str = "logit"
    """What is explained, one of `OUTPUTS`."""
    target: str = PREDICTED
    """The class whose output is explained: "predicted", "true" or a name."""
    contrast_target: str = ""
    """Explain the difference from the output of this class: "predicted", "true" or a name."""
    completeness_tolerance: float = 0.01
    """Integration ends at this completeness error, as a fraction of the difference of outputs."""
    map_tolerance: float = 0.05
    """Integration ends at this estimated error of the map, as a fraction of the map (L1)."""
    max_evaluations: int = 1000
    """Gradient evaluations after which integration ends in any case."""
    n_samples: int = 8
    """Draws of noise ("noise", "smoothgrad"); expected gradients use 8 times as many references."""
    noise_std: float = 0.1
    """Standard deviation of SmoothGrad's noise, as a fraction of the pixel range."""
    window: float = 0.25
    """Side of occlusion's window, as a fraction of a view's; the stride is half of it."""
    seed: int = 0
    """Seed of all random draws."""

    def validate(self, class_names: tuple[str, ...]) -> None:
        """Raise InputError, with the possible values, for a request that cannot be fulfilled."""
        default = AttributionRequest()
        for field in fields(self):
            value, kind = getattr(self, field.name), type(getattr(default, field.name))
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise InputError(f"{field.name} is {value!r}; expected {kind.__name__}.")
        if self.target == self.contrast_target:
            raise InputError(
                f"target and contrast_target are both {self.target!r}; choose two classes."
            )
        for what, value, known in (
            ("method", self.method, METHOD_TITLES),
            ("baseline", self.baseline, BASELINE_TITLES),
            ("output", self.output, OUTPUTS),
        ):
            if value not in known:
                raise InputError(f"{value!r}: no such {what}; choose {_alternatives(known)}.")
        for name in (self.target, self.contrast_target):
            if name not in ("", PREDICTED, TRUE, *class_names) or not self.target:
                raise InputError(
                    f"{name!r}: the model has no such class; choose one of its {len(class_names)}, "
                    f"{', '.join(class_names[:3])}, ..."
                )
        if (self.baseline == "location") != bool(self.baseline_location):
            raise InputError(
                "The baseline 'location', and no other, needs baseline_location: the id of another "
                "location."
            )
        random = self.method == "smoothgrad" or self.baseline == "noise"
        min_evaluations = 3 * self.n_samples if random else 3
        limits: tuple[tuple[str, float, float, float], ...] = (
            ("completeness_tolerance", self.completeness_tolerance, 1e-6, 1.0),
            ("map_tolerance", self.map_tolerance, 1e-6, 1.0),
            ("max_evaluations", self.max_evaluations, min_evaluations, 10_000),
            ("n_samples", self.n_samples, 1, 64),
            ("noise_std", self.noise_std, 1e-6, 1.0),
            ("window", self.window, 0.05, 1.0),
            ("seed", self.seed, 0, 2**63 - 1),
        )
        for name, number, low, high in limits:
            if not low <= number <= high:
                raise InputError(f"{name} is {number}; choose one from {low:,} to {high:,}.")

    def resolve(self, predicted: str, true: str) -> "AttributionRequest":
        """Return the request with its classes by name and unused fields at their defaults.

        Equal work so becomes an equal request. Raises InputError if both targets are one class.
        """
        names = {PREDICTED: predicted, TRUE: true}
        target = names.get(self.target, self.target)
        contrast_target = names.get(self.contrast_target, self.contrast_target)
        if target == contrast_target:
            raise InputError(f"target and contrast_target are both {target!r}; choose two classes.")
        unused: list[str] = []
        if self.method not in BASELINE_METHODS:
            unused += ["baseline", "baseline_location"]
        if self.method not in PATH_METHODS:
            unused += ["completeness_tolerance", "map_tolerance", "max_evaluations"]
        if self.method != "smoothgrad":
            unused += ["noise_std"]
        if self.method != "occlusion":
            unused += ["window"]
        noise_baseline = self.method in BASELINE_METHODS and self.baseline == "noise"
        if self.method not in ("smoothgrad", "expected_gradients") and not noise_baseline:
            unused += ["n_samples", "seed"]
        default = AttributionRequest()
        defaults = {name: getattr(default, name) for name in unused}
        return replace(self, target=target, contrast_target=contrast_target, **defaults)

    @property
    def target_label(self) -> str:
        """What is explained, in words: "logit of Kentucky rather than Kansas"."""
        contrast = f" rather than {self.contrast_target}" if self.contrast_target else ""
        return f"{self.output} of {self.target}{contrast}"

    @property
    def description(self) -> str:
        """Method and baseline in words."""
        title = METHOD_TITLES.get(self.method, self.method)
        if self.method not in BASELINE_METHODS:
            return title
        baseline = BASELINE_TITLES.get(self.baseline, self.baseline)
        return f"{title}, baseline {self.baseline_location or baseline}"


def _alternatives(values: Iterable[str]) -> str:
    return " or ".join(map(repr, values))
