"""Accuracy in bins of something that varies between locations, with intervals and numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.evaluation.subsets import Bin
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, GREY, Column, Page

PANEL = 55.0
"""Height of a panel, mm."""
MOST_LABELS = 12


def bins_figure(
    name: str, caption: str, panels: Mapping[str, Sequence[Bin]], overall: float
) -> PrintFigure:
    """Return the top-1 accuracy by bins, a panel for each title; `overall` is that of all."""
    words = (
        f"{caption} Points: top-1 accuracy with 95% Wilson intervals; small numbers: locations; "
        f"dashed: all locations, {100 * overall:.1f}%."
    )
    column: Column = "single" if len(panels) == 1 else "double"
    return PrintFigure(
        name, words, rows_of_bins(panels), lambda page: draw_bins(panels, overall, page), column
    )


def rows_of_bins(panels: Mapping[str, Sequence[Bin]]) -> pd.DataFrame:
    """Return a row for each bin of each title."""
    return pd.DataFrame(
        [
            [
                title, one.low, one.high, one.subset.n, one.subset.accuracy.value,
                one.subset.accuracy.low, one.subset.accuracy.high, one.subset.kilometers.value,
                one.subset.kilometers.low, one.subset.kilometers.high,
            ]
            for title, found in panels.items()
            for one in found
        ],
        columns=[
            "by", "low", "high", "locations", "accuracy", "accuracy_low", "accuracy_high",
            "median_km", "median_km_low", "median_km_high",
        ],
    )  # fmt: skip


def draw_bins(panels: Mapping[str, Sequence[Bin]], overall: float, page: Page) -> Figure:
    """Draw a panel for each title, with a point and an interval for each bin."""
    with page.style(panels):
        columns = min(len(panels), max(1, int(page.width // (70 * page.scale))))
        rows = -(-len(panels) // columns)
        figure = page.figure(rows * PANEL * page.scale)
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, (title, found) in zip(grid.flat, panels.items(), strict=False):
            draw_panel(axes, title, found, overall, page)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("Top-1 accuracy, %")
    return figure


def overall_look(page: Page) -> dict[str, Any]:
    """Return the look of the line at the accuracy of all locations."""
    return {
        "color": GREY, "linewidth": 0.7 * page.scale, "linestyle": (0, (4, 2)), "zorder": 1,
    }  # fmt: skip


def draw_panel(axes: Axes, title: str, found: Sequence[Bin], overall: float, page: Page) -> None:
    """Draw a point with its interval for each bin; `title` names what they are of."""
    places = np.arange(len(found))
    shares = np.array([one.subset.accuracy.value for one in found])
    ends = np.array([(one.subset.accuracy.low, one.subset.accuracy.high) for one in found]).T
    axes.axhline(100 * overall, **overall_look(page))
    axes.errorbar(
        places,
        100 * shares,
        100 * np.abs(ends - shares),
        linestyle="none",
        marker="o",
        markersize=3 * page.scale,
        elinewidth=0.8 * page.scale,
        color=BLUE,
    )
    every = -(-len(found) // MOST_LABELS)
    for place, one in zip(places.tolist(), found, strict=True):
        if place % every == 0:
            axes.text(
                place, 1, f"{one.subset.n:,}", fontsize=page.small * 0.85, ha="center", va="bottom"
            )
    labels = [one.label if i % every == 0 else "" for i, one in enumerate(found)]
    slanted = max(map(len, labels), default=0) * len(labels) > 45
    axes.set_xticks(
        places,
        labels,
        fontsize=page.small,
        rotation=40 if slanted else 0,
        ha="right" if slanted else "center",
        rotation_mode="anchor" if slanted else "default",
    )
    axes.set(xlim=(-0.6, len(found) - 0.4), ylim=(0, 101), xlabel=title)
