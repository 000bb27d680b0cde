"""The options of an extraction, each of which is an option of the command."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from common.validation import Count, NonNegativeInt
from trainer.config import Precision


@dataclass(frozen=True, kw_only=True)
class ExtractionOptions:
    """What the extractions of all run folders have in common."""

    data: Annotated[
        Path | None,
        arg(metavar="DIR", help_behavior_hint="(default with a split: as when it was trained)"),
    ] = None
    """folder of the photographs (docs/reference/data.md); required for --split all"""
    out: Annotated[Path, arg(metavar="FILE.h5")]
    """store to write; for several RUNs a folder for RUN.h5 of each"""
    checkpoint: Literal["best", "last"] = "best"
    """checkpoint of the run"""
    split: Literal["train", "validation", "all"] = "all"
    """locations that the checkpoint was trained on, was validated on, or all of the folder"""
    view_features: bool = True
    """write the features of single views too, which take four times the space of the others"""
    precision: Precision = "float32"
    """number format of the forward pass"""
    batch_size: Count = 32
    """locations in a batch"""
    num_workers: NonNegativeInt = 2
    """processes that decode photographs; 0 decodes in the main process"""
    overwrite: bool = False
    """replace existing stores and unfinished extractions into them"""


@dataclass(frozen=True, kw_only=True)
class ExtractionRequest(ExtractionOptions):
    """The extraction of one run folder into one store."""

    run: Path
