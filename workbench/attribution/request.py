"""Attribution requests: method, baseline, target and tolerances."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from common import validation
from common.errors import InputError
from common.names import match_name

Method = Literal[
    "integrated_gradients",
    "smoothgrad",
    "expected_gradients",
    "grad_cam",
    "occlusion",
    "input_x_gradient",
]
METHODS: tuple[Method, ...] = get_args(Method)
METHOD_TITLES: dict[str, str] = {
    "integrated_gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
    "expected_gradients": "expected gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "occlusion",
    "input_x_gradient": "input × gradient",
}
Baseline = Literal["black", "mean", "blur", "noise", "location"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
BASELINE_TITLES: dict[str, str] = {
    "black": "black",
    "mean": "mean colour",
    "blur": "blurred",
    "noise": "uniform noise",
    "location": "another location",
}
Output = Literal["logit", "log_probability", "probability"]
OUTPUTS: tuple[Output, ...] = get_args(Output)
PREDICTED, TRUE = "predicted", "true"
BASELINE_METHODS = ("integrated_gradients", "smoothgrad", "occlusion")
"""Methods that use `AttributionRequest.baseline`."""
PATH_METHODS = ("integrated_gradients", "smoothgrad", "expected_gradients")
"""Methods that integrate gradients along paths, so that the map is complete."""


@dataclass(frozen=True)
class AttributionRequest:
    """What to compute for a location; equal requests have equal results."""

    method: Method = "integrated_gradients"
    """attribution method"""
    baseline: Baseline = "mean"
    """what the photographs are compared with"""
    baseline_location: str = ""
    """id of the location whose photographs are the baseline `location`"""
    output: Output = "logit"
    """what is explained"""
    target: str = PREDICTED
    """class whose output is explained: `predicted`, `true` or a name"""
    contrast_target: str = ""
    """explain the difference from the output of this class: `predicted`, `true` or a name"""
    completeness_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.01
    """integration ends at this completeness error, as a fraction of the difference of outputs"""
    map_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.05
    """integration ends at this estimated error of the map, as a fraction of the map (L1)"""
    max_evaluations: Annotated[int, Field(ge=3, le=10_000)] = 1000
    """gradient evaluations after which integration ends in any case"""
    n_samples: Annotated[int, Field(ge=1, le=64)] = 8
    """draws of noise; expected_gradients uses 8 times as many references"""
    noise_std: Annotated[float, Field(ge=1e-6, le=1)] = 0.1
    """standard deviation of SmoothGrad's noise, as a fraction of the pixel range"""
    window: Annotated[float, Field(ge=0.05, le=1)] = 0.25
    """side of occlusion's window, as a fraction of a view's; the stride is half of it"""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """seed of all random draws"""

    def match_names(self, class_names: Container[str], ids: Container[str]) -> "AttributionRequest":
        """Return the request with names of the lists, also where they differ in Unicode's form.

        Raises InputError for a value of another type.
        """
        validation.validate(self, str)
        return replace(
            self,
            target=match_name(self.target, class_names),
            contrast_target=match_name(self.contrast_target, class_names),
            baseline_location=match_name(self.baseline_location, ids),
        )

    def validate(self, class_names: tuple[str, ...]) -> None:
        """Raise InputError, with the possible values, for a request that cannot be fulfilled."""
        validation.validate(self, str)
        if self.target == self.contrast_target:
            raise InputError(
                f"target and contrast_target are both {self.target!r}; choose two classes."
            )
        for name in (self.target, self.contrast_target):
            if name in (PREDICTED, TRUE) and name in class_names:
                raise InputError(
                    f"{name!r} means the {name} class of a location, but the model also has a "
                    "class of this name; choose another class, or rename this one and train again."
                )
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
        if random and self.max_evaluations < 3 * self.n_samples:
            raise InputError(
                f"max_evaluations {self.max_evaluations}: must be at least 3 * n_samples, "
                f"{3 * self.n_samples}."
            )

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


def read_request(
    values: Sequence[Any], class_names: tuple[str, ...], ids: Container[str]
) -> AttributionRequest:
    """Return the request of the dashboard's controls, which may have any values.

    They are method, baseline ("mean", "location:Ohio/1"), output, target and contrast target.
    Raises InputError for a request that the model of `class_names` and location `ids` does not
    allow.
    """
    method, baseline, output, target, contrast_target = values
    if method not in BASELINE_METHODS:
        baseline = AttributionRequest().baseline  # The control is disabled.
    if not all(isinstance(value, str) for value in (method, baseline, *values[2:])):
        raise InputError("Invalid request: choose method, baseline, output and classes.")
    baseline, location = split_baseline(baseline)
    if baseline == "location" and location not in ids:
        raise InputError(
            f"{location or 'The baseline'}: this store has no such location; choose another "
            "baseline."
        )
    request = AttributionRequest(method, baseline, location, output, target, contrast_target)
    request.validate(class_names)
    return request


def split_baseline(value: str) -> tuple[Any, str]:
    """Return a baseline and its location, "" without one, from "mean" or "location:Ohio/1"."""
    baseline, _, location = value.partition(":")
    return (baseline, location) if baseline == "location" else (value, "")
