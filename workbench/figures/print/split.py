"""The honest split: accuracy by what ties locations to the training."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.evaluation.split import Contrast, HonestSplit
from workbench.evaluation.subsets import Subset
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.bins import draw_panel, overall_look, rows_of_bins
from workbench.figures.print.style import BLUE, ORANGE, Page

HEIGHT = 58.0
"""Height of the figure, mm."""
DISTANCE = "Nearest training location, km"
_TITLES = {
    "nearby": "at most {near:g} km away",
    "same_location": "a training location",
    "same_pano": "same panorama",
    "same_photograph": "same photograph",
    "similar_photograph": "nearly identical photograph",
    "unseen_year": "year not in training",
}
_LOOKS = (("with", BLUE, "o", BLUE, -0.14), ("without", ORANGE, "s", "white", 0.14))


def split_figure(name: str, caption: str, split: HonestSplit, overall: float) -> PrintFigure:
    """Return the accuracy by distance to the training, and with and without each tie to it.

    `overall` is the top-1 accuracy of all locations, in [0, 1].
    """
    found = {
        _TITLES[key].format(near=split.near_km): one
        for key, one in split.contrasts.items()
        if one.with_tie.n
    }
    none = [
        _TITLES[key].format(near=split.near_km)
        for key, one in split.contrasts.items()
        if not one.with_tie.n
    ]
    words = [caption, "Points: top-1 accuracy with 95% Wilson intervals; small numbers: locations."]
    words.append(f"Dashed: all locations, {100 * overall:.1f}%.")
    if found:
        words.append("Discs: locations with the property; squares: those without.")
    if found and none:  # Without any, the first sentence says so.
        words.append(f"No location has: {', '.join(none)}.")
    return PrintFigure(
        name,
        " ".join(words),
        _numbers(split),
        lambda page: draw_split(split, found, overall, page),
        "double" if found and split.by_distance else "single",
    )


def draw_split(
    split: HonestSplit, found: Mapping[str, Contrast], overall: float, page: Page
) -> Figure:
    """Draw a panel with a point for each distance, and one with two for each tie."""
    panels = [bool(split.by_distance), bool(found)]
    with page.style(found):
        narrow = page.width < 120 * page.scale
        shape = (sum(panels), 1) if narrow else (1, sum(panels))
        figure = page.figure(HEIGHT * page.scale * shape[0])
        # The long names of one panel must not make the other narrow.
        parts = list(figure.subfigures(*shape, squeeze=False).flat)
        if split.by_distance:
            axes = parts.pop(0).subplots()
            draw_panel(axes, DISTANCE, split.by_distance, overall, page)
            axes.set_ylabel("Top-1 accuracy, %")
        if found:
            _draw_contrasts(parts.pop(0).subplots(), found, overall, page)
    return figure


def _draw_contrasts(axes: Axes, found: Mapping[str, Contrast], overall: float, page: Page) -> None:
    axes.axvline(100 * overall, **overall_look(page))
    for label, color, marker, face, shift in _LOOKS:
        parts: list[Subset] = [
            one.with_tie if label == "with" else one.without_tie for one in found.values()
        ]
        shares = np.array([part.accuracy.value for part in parts])
        ends = np.array([(part.accuracy.low, part.accuracy.high) for part in parts]).T
        places = np.arange(len(parts)) + shift
        axes.errorbar(
            100 * shares,
            places,
            xerr=100 * np.abs(ends - shares),
            linestyle="none",
            color=color,
            marker=marker,
            markerfacecolor=face,
            markersize=3 * page.scale,
            elinewidth=0.8 * page.scale,
            label=label,
        )
        for place, part in zip(places, parts, strict=True):
            axes.text(
                101, place, f"{part.n:,}", fontsize=page.small * 0.85, va="center", clip_on=False
            )
    axes.set_yticks(range(len(found)), list(found), fontsize=page.small)
    axes.set(xlim=(0, 100), ylim=(len(found) - 0.5, -0.5), xlabel="Top-1 accuracy, %")


def _numbers(split: HonestSplit) -> pd.DataFrame:
    """Return a row for each bin of distances, and two for each tie."""
    rows = rows_of_bins({DISTANCE: split.by_distance})
    rows.insert(3, "with_tie", None)
    for name, one in split.contrasts.items():
        for with_tie, part in ((True, one.with_tie), (False, one.without_tie)):
            rows.loc[len(rows)] = [
                name, None, None, with_tie, part.n,
                part.accuracy.value, part.accuracy.low, part.accuracy.high,
                part.kilometers.value, part.kilometers.low, part.kilometers.high,
            ]  # fmt: skip
    known = split.contrasts
    for column in ("difference", "share_of_accuracy"):
        for end in ("value", "low", "high"):
            title = column if end == "value" else f"{column}_{end}"
            rows[title] = [
                getattr(getattr(known[by], column), end) if with_tie is True else None
                for by, with_tie in zip(rows["by"], rows["with_tie"], strict=True)
            ]
    return rows
