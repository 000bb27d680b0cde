"""Plotly figures for the screen.

style             colours, axes and texts that all share
roc_curves        ROC curves
confusion_matrix  confusion matrices
cumulative        shares of locations with at most a value
bins              points with intervals: reliability, accuracy by a covariate
faithfulness      deletion and insertion curves
"""

from workbench.figures.screen.bins import bins, reliability
from workbench.figures.screen.confusion_matrix import confusion, divisions, errors
from workbench.figures.screen.cumulative import cumulative
from workbench.figures.screen.faithfulness import deletion_insertion
from workbench.figures.screen.roc_curves import MOST_NAMED, roc, roc_multiples
from workbench.figures.screen.style import (
    MOST_TICKS,
)

__all__ = [
    "MOST_NAMED",
    "MOST_TICKS",
    "bins",
    "confusion",
    "cumulative",
    "deletion_insertion",
    "divisions",
    "errors",
    "reliability",
    "roc",
    "roc_multiples",
]
