"""A location: its four views and what the model says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.figure_text import fit
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, GREY, ORANGE, Page

HEADINGS = ("North", "East", "South", "West")


@dataclass(frozen=True)
class LocationPanel:
    """A location with its photographs (4, H, W, 3) uint8 and the most probable classes.

    `true_class` is the truth; `classes` are in the order of their `probabilities`.
    """

    location_id: str
    true_class: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    views: NDArray[np.uint8]

    @property
    def words(self) -> str:
        """Truth, prediction and confidence, as the paper writes them."""
        return (
            f"Ground truth: {self.true_class}. Predicted: {self.classes[0]}. Confidence: "
            f"{self.probabilities[0]:.4f}."
        )


def location_figure(name: str, rule: str, panel: LocationPanel) -> PrintFigure:
    """Return a location; `rule` says in words why it is shown."""
    numbers = pd.DataFrame(
        {
            "id": panel.location_id,
            "true_class": panel.true_class,
            "place": range(1, len(panel.classes) + 1),
            "class": panel.classes,
            "probability": panel.probabilities,
        }
    )
    caption = f"{panel.words} {rule} ({panel.location_id})."
    return PrintFigure(name, caption, numbers, lambda page: draw_location(panel, page))


def draw_location(panel: LocationPanel, page: Page) -> Figure:
    """Draw the views N, E, S, W in a row and the probabilities of the classes beside them.

    The true class has a filled blue bar, the others hatched orange ones.
    """
    with page.style([panel.true_class, *panel.classes]):
        share = 0.21
        side = page.width * (1 - share) / 4
        figure = page.figure(side + 5 * page.scale)
        grid = figure.add_gridspec(1, 5, width_ratios=(1, 1, 1, 1, 4 * share / (1 - share)))
        for view, heading in enumerate(HEADINGS):
            axes = figure.add_subplot(grid[view])
            axes.imshow(panel.views[view])
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.set_title(heading, fontsize=page.small, pad=2)
        bars = figure.add_subplot(grid[4])
        _draw_bars(bars, panel, page, share * page.width)
    return figure


def _draw_bars(axes: Axes, panel: LocationPanel, page: Page, width: float) -> None:
    places = np.arange(len(panel.classes))
    right = [name == panel.true_class for name in panel.classes]
    colors = [BLUE if one else "white" for one in right]
    edges = [BLUE if one else ORANGE for one in right]
    drawn = axes.barh(places, panel.probabilities, 0.34, color=colors, edgecolor=edges)
    for patch, one in zip(drawn, right, strict=True):
        if not one:
            patch.set_hatch("/////")
    names: Sequence[str] = fit(panel.classes, 0.72 * width, page.small)
    for place, name, value, one in zip(places, names, panel.probabilities, right, strict=True):
        weight = "bold" if one else "normal"
        axes.text(
            0, place - 0.24, name, va="bottom", ha="left", fontsize=page.small, fontweight=weight
        )
        axes.text(1.0, place - 0.24, f"{value:.3f}", va="bottom", ha="right", fontsize=page.small)
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.6, -0.75), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.axvline(0, color=GREY, linewidth=0.5 * page.scale)
