"""What to write, and how: the options of `resnetbolt export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field
from tyro.conf import Positional, arg

from common.cli import AS_EXTRACTED
from common.validation import NonNegativeInt

MIN_WIDTH = 60.0
DPI = 300  # As workbench.figures.print.style, whose import takes seconds.
Kind = Literal[
    "hyperparameters",
    "accuracy",
    "pipeline",
    "training",
    "roc",
    "roc-classes",
    "locations",
    "people",
    "projections",
    "attributions",
    "side-by-side",
    "confusion",
    "divisions",
    "reliability",
    "histograms",
    "geography",
    "split",
    "covariates",
    "comparison",
    "state-map",
    "classes",
    "view-shares",
    "ground-truth",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Score = Literal["probability", "logit"]
"""What orders the locations along a ROC curve."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Write the figures and tables of a paper about the models of some stores.

    Each figure comes with its numbers (CSV); `figures.tex` has a caption and a label for each,
    `contact-sheet.html` shows all, and `export.json` says what they were made of
    (docs/how-to/paper-figures.md). The exit status is 1 if a figure could not be made.
    """

    stores: Annotated[
        Positional[tuple[Path, ...]],
        arg(metavar="FILE.h5 ...", help_behavior_hint="(at least one)"),
    ]
    """stores to draw, one for each model"""
    out: Annotated[Path, arg(metavar="DIR")]
    """folder for the figures"""
    only: Annotated[tuple[Kind, ...], arg(help_behavior_hint="(default: all)")] = ()
    """kinds of figures to write"""
    without: Annotated[tuple[Kind, ...], arg(help_behavior_hint="(default: none)")] = ()
    """kinds of figures to leave out"""
    where: Annotated[
        str,
        arg(
            metavar="CONDITION",
            help="use only locations that meet this condition (docs/how-to/attribute-many.md), for "
            'example "year >= 2015"',
            help_behavior_hint="(default: all)",
        ),
    ] = ""
    url: Annotated[
        str,
        arg(
            metavar="LINK",
            help="export the state of the dashboard that a copied link holds: its page's figures, "
            "its selection, colours, opened location and request",
            help_behavior_hint="(default: none)",
        ),
    ] = ""
    highlight: Annotated[
        tuple[str, ...], arg(metavar="CLASS ...", help_behavior_hint="(default: best and worst)")
    ] = ()
    """classes that curves, maps and tables stress"""
    color: Annotated[
        tuple[str, ...], arg(metavar="CLASS=COLOR ...", help_behavior_hint="(default: built in)")
    ] = ()
    """colours of classes, for example "Ohio=#0072b2" """
    score: Score = "probability"
    """what orders the locations along a ROC curve"""
    id: Annotated[
        tuple[str, ...], arg(metavar="ID ...", help_behavior_hint="(default: picked by rule)")
    ] = ()
    """locations for the panels and attributions"""
    panels: Annotated[int, Field(ge=1, le=20)] = 2
    """locations of each rule: most confident right, least confident wrong"""
    format: tuple[Literal["pdf", "svg", "pgf", "png"], ...] = ("pdf", "svg")
    """formats of the figures"""
    preset: Literal["page", "single-column", "double-column", "slide"] = "page"
    """width and text size; `page` gives each figure one column or two"""
    width_mm: Annotated[
        Annotated[float, Field(ge=MIN_WIDTH, le=1000)] | None,
        arg(metavar="MM", aliases=("--width",), help_behavior_hint="(default: of the preset)"),
    ] = None
    """width of all figures, millimetres"""
    dpi: Annotated[int, Field(ge=50, le=2400)] = DPI
    """dots an inch of PNG files, and of photographs and dense clouds inside vector files"""
    style: Annotated[
        Path | None, arg(metavar="FILE.mplstyle", help_behavior_hint="(default: none)")
    ] = None
    """style file of Matplotlib"""
    run: Annotated[tuple[Path, ...], arg(metavar="DIR ...", help_behavior_hint=AS_EXTRACTED)] = ()
    """run folder of each store, in the order of the stores"""
    data: Annotated[tuple[Path, ...], arg(metavar="DIR ...", help_behavior_hint=AS_EXTRACTED)] = ()
    """folder of the photographs of each store, in the order of the stores"""
    train_data: Annotated[
        Path | None,
        arg(metavar="DIR|FILE.h5", help_behavior_hint="(default: as when the model was trained)"),
    ] = None
    """folder of the training photographs, or a store of them, for the figure `split`"""
    validation: Annotated[
        tuple[Path, ...],
        arg(metavar="FILE.h5", help_behavior_hint="(default: halves of the store)"),
    ] = ()
    """store of validation locations of each model, on which its temperature is fitted"""
    attributions: Annotated[
        tuple[Path, ...], arg(metavar="MAPS.h5 ...", help_behavior_hint="(default: none)")
    ] = ()
    """attribution files to take maps from; maps that they lack are computed"""
    compute: bool = True
    """compute attributions that no file has"""
    ground_truth: Annotated[
        Path | None, arg(metavar="FILE.csv", help_behavior_hint="(default: none)")
    ] = None
    """ground_truth.csv of `resnetbolt ground-truth`"""
    seed: NonNegativeInt = 0
    """seed of everything that is drawn at random"""
    reproduce: Annotated[
        Path | None, arg(metavar="export.json", help_behavior_hint="(default: none)")
    ] = None
    """manifest of an earlier export: write the same files with its options and compare them"""
    overwrite: bool = False
    """replace figures of other stores or options"""
