"""Several locations side by side: their photographs, and their maps on one colour scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.figure_text import fit
from workbench.attribution.result import COLOR_PERCENTILE, Attribution
from workbench.attribution.verdict import verdict
from workbench.figures.print.attribution import (
    HEADINGS,
    capital,
    color_limit,
    failed_words,
    overlay_colormap,
    view_numbers,
)
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import Page

FEWEST, MOST = 2, 4
"""How many locations stand side by side."""
BAR = 15.0
"""Width of the colour bar with its numbers, mm."""
LETTERS = "abcd"


@dataclass(frozen=True)
class ExplainedLocation:
    """A location with its map, photographs (4, H, W, 3) uint8, truth and prediction."""

    attribution: Attribution
    views: NDArray[np.uint8]
    true_class: str
    predicted_class: str
    confidence: float

    @property
    def title(self) -> str:
        """Truth and prediction, right or wrong in words."""
        right = self.true_class == self.predicted_class
        return (
            f"Truth: {self.true_class}\nPredicted: {self.predicted_class}\n"
            f"({'right' if right else 'wrong'}, confidence {self.confidence:.3f})"
        )


def side_by_side_figure(name: str, model: str, found: Sequence[ExplainedLocation]) -> PrintFigure:
    """Return two to four locations in columns, all maps on one scale."""
    maps = [one.attribution for one in found]
    requests = list(dict.fromkeys(one.request.description for one in maps))
    words = [
        f"Locations side by side, {model}: photographs, and maps over the grey photographs. Red "
        "raises the output, blue lowers it; all maps have one scale, which ends at the "
        f"{COLOR_PERCENTILE}th percentile of |map| of all.",
        f"{capital('; '.join(requests))}.",
    ]
    for letter, one in zip(LETTERS, found, strict=False):
        result = verdict(one.attribution)
        words.append(
            f"({letter}) {one.attribution.location_id}: explains the "
            f"{one.attribution.request.target_label} (probability "
            f"{one.attribution.probability:.3f}); verdict: {result.label}{failed_words(result)}."
        )
    numbers = pd.concat([view_numbers(one) for one in maps], ignore_index=True)
    numbers.insert(1, "true_class", np.repeat([one.true_class for one in found], len(HEADINGS)))
    predicted = np.repeat([one.predicted_class for one in found], len(HEADINGS))
    numbers.insert(2, "predicted_class", predicted)
    numbers["scale_end"] = color_limit(maps)
    return PrintFigure(name, " ".join(words), numbers, lambda page: draw_side_by_side(found, page))


def draw_side_by_side(found: Sequence[ExplainedLocation], page: Page) -> Figure:
    """Draw a column for each location: photographs on the left, maps over them on the right."""
    limit = color_limit([one.attribution for one in found])
    extent = (0, 1, 1, 0)  # Photographs may have more pixels than the map.
    look: Any = {"vmin": -limit, "vmax": limit, "interpolation": "nearest", "extent": extent}
    grey: Any = {"cmap": "gray", "vmin": 0, "vmax": 255, "alpha": 0.6, "extent": extent}
    texts = [f"{one.title} {one.attribution.location_id}" for one in found]
    with page.style([*texts, *(one.attribution.request.target_label for one in found)]):
        bar = BAR * page.scale
        width = (page.width - bar) / len(found)
        side = (width - 5 * page.scale) / 2
        figure = page.figure(4 * side + 17 * page.scale)
        *columns, last = list(
            figure.subfigures(
                1, len(found) + 1, width_ratios=[*[width] * len(found), bar], squeeze=False
            )[0]
        )
        for letter, part, one in zip(LETTERS, columns, found, strict=False):
            lines = fit([f"({letter}) {one.attribution.location_id}", *one.title.split("\n")],
                        width - 4 * page.scale, page.small)  # fmt: skip
            part.suptitle("\n".join(lines), fontsize=page.small)
            grid = part.subplots(4, 2)
            for view, heading in enumerate(HEADINGS):
                photograph, values = one.views[view], one.attribution.values[view]
                grid[view, 0].imshow(photograph, extent=extent)
                grid[view, 1].imshow(photograph.mean(axis=2), **grey)
                image = grid[view, 1].imshow(values, cmap=overlay_colormap(), **look)
                if one is found[0]:
                    grid[view, 0].set_ylabel(heading, fontsize=page.small, labelpad=2)
            for axes in grid.flat:
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set_visible(False)
        scale = figure.colorbar(image, cax=last.add_axes((0.05, 0.2, 0.16, 0.5)), extend="both")
        outputs = {one.attribution.request.output for one in found}
        methods = {one.attribution.request.method for one in found}
        scale.set_label("Grad-CAM" if methods == {"grad_cam"} else f"{outputs.pop()} per pixel")
        scale.outline.set_linewidth(0.4 * page.scale)
        scale.ax.ticklabel_format(axis="y", scilimits=(-2, 2))
        scale.ax.tick_params(labelsize=page.small)
        scale.ax.yaxis.get_offset_text().set_fontsize(page.small)
    return figure
