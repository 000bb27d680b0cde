"""Plotly figures for the screen.

style             colours, axes and texts that all share
roc_curves        ROC curves
confusion_matrix  confusion matrices
faithfulness      deletion and insertion curves
"""

from workbench.figures.screen.confusion_matrix import confusion, errors
from workbench.figures.screen.faithfulness import deletion_insertion
from workbench.figures.screen.roc_curves import MOST_NAMED, roc, roc_multiples
from workbench.figures.screen.style import (
    CORRECT,
    DIVERGING_SCALE,
    MOST_TICKS,
    SHARE_SCALE,
    UNKNOWN,
    WRONG,
    point_colors,
)

__all__ = [
    "CORRECT",
    "DIVERGING_SCALE",
    "MOST_NAMED",
    "MOST_TICKS",
    "SHARE_SCALE",
    "UNKNOWN",
    "WRONG",
    "confusion",
    "deletion_insertion",
    "errors",
    "point_colors",
    "roc",
    "roc_multiples",
]
