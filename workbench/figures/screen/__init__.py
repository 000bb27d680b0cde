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
    MOST_TICKS,
)

__all__ = [
    "MOST_NAMED",
    "MOST_TICKS",
    "confusion",
    "deletion_insertion",
    "errors",
    "roc",
    "roc_multiples",
]
