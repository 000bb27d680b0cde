"""A number for each state, on a map with a square tile for each."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import DARK_GREY, Page
from workbench.figures.tile_map import Tile

SOURCE = "Each state is a square of equal size, in the layout of National Public Radio (2015)."


def state_map_figure(
    name: str,
    caption: str,
    label: str,
    tiles: Sequence[Tile],
    numbers: pd.DataFrame,
    column: str,
    digits: int = 0,
) -> PrintFigure:
    """Return a map of the shares in a `column` of `numbers`, a row for each tile, in percent."""
    shares = {tile.code: float(value) for tile, value in zip(tiles, numbers[column], strict=True)}
    return PrintFigure(
        name,
        f"{caption} {SOURCE}",
        numbers,
        lambda page: draw_state_map(tiles, shares, label, page, digits),
        "single",
    )


def draw_state_map(
    tiles: Sequence[Tile], shares: Mapping[str, float], label: str, page: Page, digits: int = 0
) -> Figure:
    """Draw shares in [0, 1] as colours and numbers in percent; NaN is an empty tile."""
    columns, rows = 11, 8
    side = page.width / (columns + 0.2)
    bar = 10.0 * page.scale
    height = rows * side + bar
    known = [value for value in shares.values() if value == value]
    low = np.floor(10 * min(known, default=0)) / 10
    high = max(np.ceil(10 * max(known, default=1)) / 10, low + 0.1)
    norm, colors = Normalize(low, high), mpl.colormaps["Blues"]
    with page.style():
        figure = page.figure(height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, bar / height, 1, 1 - bar / height))
        axes.set(xlim=(-0.1, columns + 0.1), ylim=(rows, 0))
        axes.set_axis_off()
        small = min(page.small, side / 25.4 * 72 * 0.34)
        for tile in tiles:
            value = shares[tile.code]
            missing = value != value
            rgba = (1.0, 1.0, 1.0, 1.0) if missing else colors(0.05 + 0.9 * float(norm(value)))
            ink = "white" if np.dot(rgba[:3], (0.299, 0.587, 0.114)) < 0.55 else "black"
            axes.add_patch(
                Rectangle(
                    (tile.column + 0.04, tile.row + 0.04),
                    0.92,
                    0.92,
                    facecolor=rgba,
                    edgecolor="#9aa3ad" if missing else "none",
                    linewidth=0.5 * page.scale,
                )
            )
            x, y = tile.column + 0.5, tile.row + 0.5
            style: dict[str, Any] = {"ha": "center", "color": ink}
            axes.text(x, y - 0.03, tile.code, fontsize=small, va="bottom", weight="bold", **style)
            text = "–" if missing else f"{100 * value:.{digits}f}"
            axes.text(x, y + 0.03, text, fontsize=small, va="top", **style)
        key = figure.add_axes(
            (0.25, (bar - 3.5 * page.scale) / height, 0.5, 1.8 * page.scale / height)
        )
        scale = ScalarMappable(Normalize(100 * low, 100 * high), _shades())
        drawn = figure.colorbar(scale, cax=key, orientation="horizontal")
        drawn.outline.set_linewidth(0.4 * page.scale)
        key.tick_params(labelsize=page.small, length=1.5, pad=1.5, color=DARK_GREY)
        key.set_xlabel(label, fontsize=page.small, labelpad=1.5)
    return figure


def _shades() -> mpl.colors.ListedColormap:
    """Return the part of the colours that tiles have."""
    return mpl.colors.ListedColormap(mpl.colormaps["Blues"](np.linspace(0.05, 0.95, 256)))
