"""How much of the attribution lies on each view."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.figure_text import fit
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, GREEN, ORANGE, SKY, Page

HEADINGS = ("North", "East", "South", "West")
_LOOKS = ((BLUE, ""), (SKY, "/////"), (ORANGE, ""), (GREEN, "....."))
"""Colour and hatching of the views: told apart in grey, too."""
ROW = 5.0


def view_shares_figure(
    name: str, model: str, titles: Sequence[str], shares: NDArray[np.float64], what: str
) -> PrintFigure:
    """Return the shares (K, 4) of views N, E, S, W, a bar for each title."""
    numbers = pd.DataFrame(shares, columns=list(HEADINGS))
    numbers.insert(0, "location", list(titles))
    mean = ", ".join(
        f"{heading} {100 * value:.0f}%"
        for heading, value in zip(HEADINGS, shares.mean(axis=0), strict=True)
    )
    caption = f"Shares of the views in the sum of |map|, {model}: {what}. On average {mean}."
    return PrintFigure(
        name, caption, numbers, lambda page: draw_view_shares(titles, shares, page), "single"
    )


def draw_view_shares(titles: Sequence[str], shares: NDArray[np.float64], page: Page) -> Figure:
    """Draw a bar of four parts for each row of shares (K, 4)."""
    with page.style(titles):
        figure, axes = page.axes((ROW * len(titles) + 18) * page.scale)
        places = np.arange(len(titles))
        start = np.zeros(len(titles))
        for view, (color, hatch) in enumerate(_LOOKS):
            axes.barh(
                places,
                100 * shares[:, view],
                0.7,
                100 * start,
                color=color,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.4 * page.scale,
                label=HEADINGS[view],
            )
            start += shares[:, view]
        axes.set_yticks(places, fit(titles, 0.38 * page.width, page.small), fontsize=page.small)
        axes.axvline(25, color="black", linewidth=0.5 * page.scale, linestyle=":")
        axes.axvline(50, color="black", linewidth=0.5 * page.scale, linestyle=":")
        axes.axvline(75, color="black", linewidth=0.5 * page.scale, linestyle=":")
        axes.set(xlim=(0, 100), xlabel="Share of the attribution, %")
        axes.invert_yaxis()
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure
