"""The attribution request of many locations, each field of which is an option of the command."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from common.cli import AS_EXTRACTED
from common.validation import Count
from workbench.attribution.request import AttributionRequest


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """Explain many locations of a store into a file (docs/how-to/attribute-many.md).

    The file is for `app.py --attributions`. After an interruption, run the same command again to
    resume.
    torchrun --nproc-per-node N -m workbench.attribution ... divides the work among N GPUs.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store of the locations"""
    out: Annotated[Path, arg(metavar="FILE")]
    """file to write"""
    where: Annotated[
        str,
        arg(
            metavar="CONDITION",
            help="explain only locations that meet this condition, for example \"state == 'Ohio' "
            'and not correct"; it may use id, state, predicted, correct, confidence, rank, '
            "latitude, longitude, split, year and probability('CLASS')",
            help_behavior_hint="(default: all)",
        ),
    ] = ""
    limit: Annotated[Count | None, arg(metavar="INT", help_behavior_hint="(default: all)")] = None
    """explain at most this many, evenly spaced"""
    checks: bool = False
    """also check each map (docs/background/faithfulness.md), which takes several times as long"""
    request: OmitArgPrefixes[AttributionRequest] = AttributionRequest()  # noqa: RUF009  Frozen.
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """run folder of the model"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs"""
    overwrite: bool = False
    """replace an existing file"""
