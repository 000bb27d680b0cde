"""The confusion matrix: of all classes, and of the Census divisions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.figure_text import fit
from workbench.evaluation.confusions import ClassOrder
from workbench.evaluation.metrics import Confusion
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import DARK_GREY, Page

LARGEST_TICK = 0.36
"""Share of a figure's width for the names beside the matrix."""
FEW = 12
"""Up to so many classes have their numbers in the cells, and no colour bar."""
TICKS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)
NORM = PowerNorm(0.5, 0, 1)
"""The colour follows the square root of the share, or the rare confusions would all be white."""
SCALE = "Share of the true class"


def confusion_figure(
    name: str, caption: str, confusion: Confusion, order: ClassOrder | None = None
) -> PrintFigure:
    """Return a confusion matrix, its classes in an order with a line between groups."""
    rows, columns = np.nonzero(confusion.counts)
    shares = _shares(confusion)
    numbers = pd.DataFrame(
        {
            "true": [confusion.class_names[row] for row in rows],
            "predicted": [confusion.class_names[column] for column in columns],
            "count": confusion.counts[rows, columns],
            "share_of_true": shares[rows, columns],
        }
    )
    drawn, groups = confusion, tuple[int, ...]()
    if order is not None:
        places = order.indices
        ordered = tuple(confusion.class_names[index] for index in places)
        drawn = Confusion(ordered, confusion.counts[np.ix_(places, places)])
        groups = order.groups
    return PrintFigure(
        name,
        caption,
        numbers,
        lambda page: draw_confusion(drawn, page, groups),
        "single" if len(confusion.class_names) <= FEW else "double",
    )


def draw_confusion(confusion: Confusion, page: Page, groups: Sequence[int] = ()) -> Figure:
    """Draw shares of each true class as a matrix; long names are shortened.

    `groups` are the positions at which a new group of classes begins.
    """
    names = confusion.class_names
    few = len(names) <= FEW
    with page.style(names):
        shares = _shares(confusion)
        cell = 0.7 * page.width / len(names) / 25.4 * 72
        size = min(page.font_size, cell / 1.2)
        shown = fit(names, LARGEST_TICK * page.width, size)
        figure, axes = page.axes(page.width * (0.95 if few else 0.87))
        image = axes.imshow(shares, cmap="Blues", norm=NORM, interpolation="nearest")
        positions = np.arange(len(names))
        axes.set_xticks(positions, shown, rotation=90, fontsize=size)
        axes.set_yticks(positions, shown, fontsize=size)
        axes.tick_params(length=1)
        axes.set(xlabel="Predicted", ylabel="True")
        axes.spines[:].set_visible(True)
        for place in groups:
            for line in (axes.axhline, axes.axvline):
                line(place - 0.5, color=DARK_GREY, linewidth=0.4 * page.scale)
        if few:
            _write_cells(axes, shares, min(page.small, 0.55 * cell))
            return figure
        bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=30, pad=0.02, ticks=TICKS)
        bar.minorticks_off()
        bar.ax.set_yticklabels([f"{100 * share:g}%" for share in TICKS])
        bar.set_label(SCALE)
        bar.outline.set_linewidth(0.5)
    return figure


def _write_cells(axes: Axes, shares: NDArray[np.float64], size: float) -> None:
    """Write each share in percent, nothing for a zero."""
    for row, column in zip(*np.nonzero(shares), strict=True):
        share = float(shares[row, column])
        axes.text(
            column,
            row,
            f"{100 * share:.0f}" if share >= 0.005 else "<1",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if share > 0.35 else "black",
        )


def _shares(confusion: Confusion) -> NDArray[np.float64]:
    total = confusion.counts.sum(axis=1, keepdims=True)
    empty = np.zeros(confusion.counts.shape)
    shares: NDArray[np.float64] = np.divide(confusion.counts, total, out=empty, where=total > 0)
    return shares
