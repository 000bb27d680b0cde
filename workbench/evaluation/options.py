"""The options of `resnetbolt evaluate`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from common.cli import AS_EXTRACTED
from common.validation import NonNegative, NonNegativeInt


@dataclass(frozen=True, kw_only=True)
class Options:
    """Evaluate the predictions in a store (docs/reference/evaluation.md).

    Kilometres, honest split, calibration, covariates, and the comparison with a second model. What
    cannot be computed is named with what to do; the rest is written.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to evaluate"""
    second: Annotated[
        Positional[Path | None], arg(metavar="[SECOND.h5]", help_behavior_hint="(default: none)")
    ] = None
    """store of another model over the same locations, to compare with"""
    out: Annotated[Path, arg(metavar="FILE.json")]
    """file to write"""
    where: Annotated[str, arg(metavar="CONDITION", help_behavior_hint="(default: all)")] = ""
    """evaluate the locations that match a condition, such as: state == 'Ohio' and year >= 2012"""
    validation: Annotated[
        Path | None, arg(metavar="FILE.h5", help_behavior_hint="(default: halves of the store)")
    ] = None
    """store of validation locations, on which the temperature is fitted"""
    train_data: Annotated[
        Path | None,
        arg(metavar="DIR|FILE.h5", help_behavior_hint="(default: as when the model was trained)"),
    ] = None
    """folder of the training photographs, or a store of them"""
    run: Annotated[
        Path | None,
        arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED),
    ] = None
    """run folder of the model, which lists its training locations"""
    data: Annotated[
        Path | None,
        arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED),
    ] = None
    """folder of the store's photographs"""
    index_dir: Annotated[
        Path | None, arg(metavar="DIR", help_behavior_hint="(default: beside the run folder)")
    ] = None
    """folder of the indexes that `resnetbolt prepare` and the training have made"""
    photographs: bool = True
    """look for nearly identical photographs and measure green; reads those that no index has"""
    near_km: NonNegative = 1.0
    """kilometres within which a location is near one of the training"""
    seed: NonNegativeInt = 0
    """random seed of the resamples"""
    num_workers: Annotated[NonNegativeInt, arg(help_behavior_hint="(default: one per core)")] = (
        os.cpu_count() or 1
    )
    """processes that read photographs; 0 reads in the main process"""
    overwrite: bool = False
    """replace the evaluation of another request"""
