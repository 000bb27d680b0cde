"""The options of `resnetbolt ground-truth`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import AS_EXTRACTED
from common.validation import NonNegativeInt
from workbench.attribution.request import AttributionRequest, Baseline, Method

DEFAULT_METHODS = ("integrated_gradients", "grad_cam", "occlusion", "input_x_gradient")
DEFAULT_BASELINES = ("black", "mean", "blur")
"""These take minutes; the others average over many integrals and take hours."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Explain locations of a store of painted states and compare the maps with the masks.

    The states are those of `resnetbolt synthesize`; the masks show what defines each state
    (docs/background/ground-truth.md).
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store of painted states"""
    method: Annotated[
        UseAppendAction[tuple[Method, ...]],
        arg(help_behavior_hint=f"(repeatable, default: {', '.join(DEFAULT_METHODS)})"),
    ] = ()
    """attribution method"""
    baseline: Annotated[
        UseAppendAction[tuple[Baseline, ...]],
        arg(help_behavior_hint=f"(repeatable, default: {', '.join(DEFAULT_BASELINES)})"),
    ] = ()
    """baseline of methods that need one"""
    all: bool = False
    """every method with every baseline: hours without a GPU"""
    checks: bool = False
    """check every map, and count how often its verdict is right"""
    where: Annotated[
        str,
        arg(
            metavar="CONDITION",
            help="draw only from locations that meet this condition "
            "(docs/how-to/attribute-many.md), for example \"state == 'Ohio' and correct\"",
            help_behavior_hint="(default: all)",
        ),
    ] = ""
    locations: Annotated[int, Field(ge=2)] = 50
    """locations to draw at random, at least 2"""
    seed: NonNegativeInt = 0
    """seed of the sample, the noise and the intervals"""
    completeness_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = (
        AttributionRequest.completeness_tolerance
    )
    """integration ends at this completeness error, as a fraction of the difference of outputs"""
    map_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = AttributionRequest.map_tolerance
    """integration ends at this estimated error of the map; its cost falls as one over it"""
    n_samples: Annotated[int, Field(ge=1, le=64)] = AttributionRequest.n_samples
    """draws of noise; expected_gradients uses 8 times as many references"""
    mask: Annotated[
        Path | None, arg(metavar="DIR", help_behavior_hint="(default: beside the photographs)")
    ] = None
    """folder `mask` of the painted data set"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs"""
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """run folder of the model"""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """folder for ground_truth.md, .csv, .pdf and .svg; the same command resumes there"""
    overwrite: bool = False
    """replace the results of another request in the folder"""
