"""Histograms of numbers of each location: right ones above the line, wrong ones below."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    PercentFormatter,
    StrMethodFormatter,
)
from numpy.typing import NDArray

from workbench.evaluation.histograms import Histogram
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, ORANGE, Column, Page

PANEL = 38.0
"""Height of a panel, mm."""
NARROWEST = 55.0
PALE = "#dfe3e7"


def histograms_figure(
    name: str, model: str, found: Sequence[Histogram], has_others: bool = False
) -> PrintFigure:
    """Return the histograms, a panel each; `has_others`: not all locations are selected."""
    numbers = pd.concat(
        [
            pd.DataFrame(
                {
                    "column": one.name,
                    "from": one.edges[:-1],
                    "to": one.edges[1:],
                    "all_right": one.all_right,
                    "all_wrong": one.all_wrong,
                    "selected_right": one.right,
                    "selected_wrong": one.wrong,
                }
            )
            for one in found
        ],
        ignore_index=True,
    )
    titles = ", ".join(one.title[:1].lower() + one.title[1:] for one in found)
    pale = " Pale: all locations." if has_others else ""
    unknown = "".join(
        f" {one.title} is unknown of {one.unknown:,} locations." for one in found if one.unknown
    )
    right, wrong = int(found[0].right.sum()), int(found[0].wrong.sum())
    caption = (
        f"Histograms of {model}: {titles}. Above the line: {right:,} right locations, below and "
        f"hatched: {wrong:,} wrong ones. Lengths of bars are square roots of numbers of locations."
        f"{pale}{unknown}"
    )
    column: Column = "single" if len(found) == 1 else "double"
    return PrintFigure(
        name, caption, numbers, lambda page: draw_histograms(found, page, has_others), column
    )


def draw_histograms(found: Sequence[Histogram], page: Page, has_others: bool = False) -> Figure:
    """Draw a panel for each histogram, with the numbers of locations along a root axis."""
    with page.style([one.title for one in found]):
        columns = min(len(found), max(1, int(page.width // (NARROWEST * page.scale))))
        rows = -(-len(found) // columns)
        figure = page.figure((rows * PANEL + 6) * page.scale)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, one in zip(grid.flat, found, strict=False):
            _draw(axes, one, page, has_others)
        for axes in grid.flat[len(found) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("Locations")
        keys = [
            Patch(facecolor=BLUE, label="right"),
            Patch(facecolor="white", edgecolor=ORANGE, hatch="//////", label="wrong"),
            *([Patch(facecolor=PALE, label="all locations")] if has_others else []),
        ]
        figure.legend(handles=keys, loc="outside upper center", ncols=len(keys))
    return figure


def _draw(axes: Axes, one: Histogram, page: Page, has_others: bool) -> None:
    # One outline for all bars: Matplotlib's layout takes seconds for hundreds of them.
    if has_others:
        axes.stairs(one.all_right, one.edges, fill=True, color=PALE, linewidth=0)
        axes.stairs(-one.all_wrong, one.edges, fill=True, color=PALE, linewidth=0)
    axes.stairs(one.right, one.edges, fill=True, color=BLUE, linewidth=0)
    axes.stairs(
        -one.wrong,
        one.edges,
        fill=True,
        facecolor="white",
        edgecolor=ORANGE,
        hatch="//////",
        linewidth=0.4 * page.scale,
    )
    axes.set_yscale("function", functions=(_root, _square))
    axes.axhline(0, color="black", linewidth=0.5 * page.scale)
    top = max(1, int(one.all_right.max()) if has_others else int(one.right.max()))
    bottom = max(1, int(one.all_wrong.max()) if has_others else int(one.wrong.max()))
    unit = f", {one.unit}" if one.unit not in ("", "share") else ""
    axes.set(
        xlim=(one.edges[0], one.edges[-1]),
        ylim=(-1.12 * bottom, 1.12 * top),
        xlabel=f"{one.title}{unit}",
    )
    ticks = [*(-number for number in _ticks(bottom)), 0, *_ticks(top)]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.tick_params(labelsize=page.small)
    if one.unit == "share":
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    elif one.unit == "km":
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    elif one.is_whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _ticks(top: int) -> list[int]:
    """Return one or two round numbers up to the longest bar."""
    powers = [number * 10**power for power in range(9) for number in (1, 2, 5)]
    below = [number for number in powers if number <= top]
    return [number for number in below[-1:] + below[-4:-3] if number]


def _root(values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.sign(values) * np.sqrt(np.abs(values))
    return result


def _square(values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.sign(values) * np.square(values)
    return result
