"""A projection with the names of its classes in the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from common.figure_text import fit, legend, text_width
from embeddings.results import QUALITY_TITLES, Projection
from workbench.figures.colors import UNKNOWN
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import GREY, RASTER_POINTS, Page

HEIGHT = 0.72
"""Height of a map as a fraction of its width."""
BINS = 24
"""Cells of the grid along each axis in which a class's densest place is looked for."""
LARGEST_NAME = 0.3
"""Longest name as a fraction of the width."""
PALE, DIMMED = "#e6e9ec", "#d5d9de"
"""Points that are not selected, and those of classes that are not highlighted."""


@dataclass(frozen=True)
class Groups:
    """Colours of points by what they belong to: a class, a division, right or wrong.

    `labels` (N,) are indices into `names`; `colors` is "#rrggbb" by name. Groups are named at their
    densest place, or in a legend. The points of `crossed` ones are crosses, to be told in grey.
    """

    title: str
    labels: NDArray[np.int64]
    names: Sequence[str]
    colors: Mapping[str, str]
    has_legend: bool = False
    crossed: Sequence[str] = ()


@dataclass(frozen=True)
class Scale:
    """Colours of points by a number, `values` (N,), NaN where it is unknown.

    `stops` are shares in [0, 1] with colours, `limits` the values at its ends. On a scale that
    `diverges`, whose ends look alike in grey, the points below 0 are crosses.
    """

    title: str
    unit: str
    values: NDArray[np.float32]
    limits: tuple[float, float]
    stops: Sequence[tuple[float, str]]
    diverges: bool = False

    def shades(self) -> LinearSegmentedColormap:
        """Return the colours for Matplotlib."""
        return LinearSegmentedColormap.from_list("scale", list(self.stops))


Coloring = Groups | Scale


def projection_figure(
    name: str,
    model: str,
    projection: Projection,
    rows: NDArray[np.int64],
    location_ids: Sequence[str],
    classes: Groups,
    highlighted: Sequence[str] = (),
    coloring: Coloring | None = None,
    has_others: bool = False,
) -> PrintFigure:
    """Return a map of `rows` of a store's locations, coloured by their classes or by `coloring`.

    Each group is named at its densest place. With `highlighted` ones the others are grey and have
    no name. With `has_others`, all other locations of the store lie below in pale grey.
    """
    coloring = coloring or classes
    numbers = {
        "id": [location_ids[row] for row in rows],
        "class": [classes.names[classes.labels[row]] for row in rows],
        "x": projection.coordinates[rows, 0],
        "y": projection.coordinates[rows, 1],
    }
    if isinstance(coloring, Scale):
        numbers[coloring.title.lower()] = coloring.values[rows]
    elif coloring is not classes:
        numbers[coloring.title.lower()] = [coloring.names[coloring.labels[row]] for row in rows]
    how = f"coloured by {_lower(coloring.title)}"
    if isinstance(coloring, Scale) and coloring.diverges:
        how += ", crosses are below 0"
    if isinstance(coloring, Groups) and coloring.crossed:
        how += f", crosses are {' and '.join(coloring.crossed)}"
    if isinstance(coloring, Groups) and not coloring.has_legend:
        what = "class" if coloring is classes else _lower(coloring.title)
        how = f"each {what} is named where it is densest"
    others = np.setdiff1d(np.arange(len(location_ids)), rows) if has_others else rows[:0]
    below = f"; the {len(others):,} others are pale" if len(others) else ""
    caption = (
        f"{projection.title} of the features of {model}, {len(rows):,} locations{below}; {how}."
        f"{_quality(projection)} Axes have no unit."
    )
    return PrintFigure(
        name,
        caption,
        pd.DataFrame(numbers),
        lambda page: draw_projection(
            projection.coordinates, rows, coloring, page, highlighted, others
        ),
    )


def draw_projection(
    coordinates: NDArray[np.float32],
    rows: NDArray[np.int64],
    coloring: Coloring,
    page: Page,
    highlighted: Sequence[str] = (),
    others: NDArray[np.int64] | None = None,
) -> Figure:
    """Draw the points (N, 2) of `rows` over those of `others`, and name each group present.

    More than `RASTER_POINTS` points are rasterised inside a vector file.
    """
    others = rows[:0] if others is None else others
    shown = np.concatenate((rows, others))
    groups = coloring if isinstance(coloring, Groups) else None
    named: list[int] = []
    if groups:
        present = np.unique(groups.labels[rows]).tolist()
        named = [i for i in present if not highlighted or groups.names[i] in highlighted]
    with page.style([groups.names[index] for index in named] if groups else []):
        figure, axes = page.axes(page.width * HEIGHT)
        point = float(np.clip(7000 / max(len(shown), 1), 0.6, 9)) * page.scale**2
        raster: Any = {"linewidths": 0, "rasterized": len(shown) > RASTER_POINTS}
        if len(others):
            x, y = coordinates[others].T
            axes.scatter(x, y, c=PALE, s=point, **raster)
        # Points are drawn in random order, or the last class would cover the others.
        order = np.random.default_rng(0).permutation(len(rows))
        if groups:
            labels = groups.labels[rows]
            stressed = np.isin(labels, named) if highlighted else np.zeros(len(rows), bool)
            order = order[np.argsort(stressed[order], kind="stable")]
            shades = [
                groups.colors[name] if not highlighted or name in highlighted else DIMMED
                for name in groups.names
            ]
            _scatter(
                axes,
                coordinates[rows[order]],
                np.array(shades)[labels[order]],
                np.where(stressed, 2.5 * point, point)[order],
                np.isin(np.array(groups.names)[labels[order]], groups.crossed),
                raster,
            )
        elif isinstance(coloring, Scale):
            _draw_scale(figure, axes, coordinates, rows[order], coloring, page, point, raster)
        low, high = coordinates[shown].min(axis=0), coordinates[shown].max(axis=0)
        margin = 0.03 * np.maximum(high - low, 1e-9)
        axes.set(
            xticks=[],
            yticks=[],
            xlim=(low[0] - margin[0], high[0] + margin[0]),
            ylim=(low[1] - margin[1], high[1] + margin[1]),
        )
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(GREY)
        if groups and groups.has_legend:
            _draw_legend(figure, groups, named, page)
        elif groups:
            _name_classes(axes, page, coordinates[rows], labels, groups.names, named, groups.colors)
    return figure


def _draw_scale(
    figure: Figure,
    axes: Axes,
    coordinates: NDArray[np.float32],
    rows: NDArray[np.int64],
    scale: Scale,
    page: Page,
    size: float,
    raster: Mapping[str, Any],
) -> None:
    """Draw points in the colours of their numbers, those without one below, and a colour bar."""
    known = np.isfinite(scale.values[rows])
    x, y = coordinates[rows[~known]].T
    axes.scatter(x, y, c=UNKNOWN, s=size, **raster)
    low, high = scale.limits
    values = scale.values[rows[known]]
    look: dict[str, Any] = {"cmap": scale.shades(), "norm": Normalize(low, high), **raster}
    crossed = scale.diverges & (values < 0)
    sizes = np.full(len(values), size)
    _scatter(axes, coordinates[rows[known]], values, sizes, crossed, look)
    colors = ScalarMappable(look["norm"], look["cmap"])
    bar = figure.colorbar(colors, ax=axes, aspect=30, pad=0.02, shrink=0.8)
    bar.set_label(scale.title + (f", {scale.unit}" if scale.unit not in ("", "share") else ""))
    if scale.unit == "share":
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    bar.outline.set_linewidth(0.4 * page.scale)


def _scatter(
    axes: Axes,
    points: NDArray[np.float32],
    colors: NDArray[Any],
    sizes: NDArray[np.float64],
    crossed: NDArray[np.bool_],
    look: Mapping[str, Any],
) -> None:
    """Draw points (N, 2) as discs, and those that are `crossed` (N,) over them as crosses."""
    for marker, members, grown in (("o", ~crossed, 1.0), ("x", crossed, 1.3)):
        if not members.any():
            continue
        x, y = points[members].T
        area = grown * sizes[members]
        lines = {"linewidths": 0.3 * np.sqrt(area)} if marker == "x" else {}
        axes.scatter(x, y, c=colors[members], s=area, marker=marker, **{**look, **lines})


def _draw_legend(figure: Figure, groups: Groups, named: Sequence[int], page: Page) -> None:
    names = [groups.names[index] for index in named]
    marks = [
        Line2D(
            [], [], linestyle="", marker="x" if name in groups.crossed else "o",
            markersize=4 * page.scale, color=groups.colors[name],
            markeredgewidth=page.scale * (name in groups.crossed),
        )
        for name in names
    ]  # fmt: skip
    legend(figure, marks, names, loc="outside lower center", ncols=len(names))


def _lower(title: str) -> str:
    """Return a title within a sentence."""
    return title[:1].lower() + title[1:]


def _name_classes(
    axes: Axes,
    page: Page,
    coordinates: NDArray[np.float32],
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    named: Sequence[int],
    colors: Mapping[str, str],
) -> None:
    """Write each name near the densest place of its class, none over another."""
    if not named:
        return
    size = page.small
    shown = fit([class_names[index] for index in named], LARGEST_NAME * page.width, size)
    box = np.array([page.width, page.width * HEIGHT]) - 4
    low = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    span = np.array([axes.get_xlim()[1], axes.get_ylim()[1]]) - low
    anchors = np.array(
        [(_densest(coordinates[labels == index], low, span) - low) / span * box for index in named]
    )
    height = size * 25.4 / 72
    sizes = np.array([(text_width(text, size) + 0.8, height) for text in shown])
    centers = spread(anchors, sizes, box)
    for index, text, anchor, center in zip(named, shown, anchors, centers, strict=True):
        color = dark(colors[class_names[index]])
        start, end = (low + place / box * span for place in (center, anchor))
        if np.linalg.norm(center - anchor) > 1.2 * height:
            axes.plot(*np.stack((start, end), axis=1), color=color, linewidth=0.4 * page.scale)
        axes.text(
            float(start[0]),
            float(start[1]),
            text,
            fontsize=size,
            color=color,
            ha="center",
            va="center",
            zorder=5,
            bbox={"facecolor": "white", "alpha": 0.6, "linewidth": 0, "pad": 0.4},
        )


def spread(
    anchors: NDArray[np.float64], sizes: NDArray[np.float64], box: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return centres (K, 2) near anchors (K, 2) at which rectangles of `sizes` (K, 2) do not touch.

    All lie within `box` (2,), if there is room for them. Lengths have one unit.
    """
    centers = anchors.astype(np.float64).copy()
    for step_number in range(2000):
        pull = 0.06 if step_number < 200 else 0.0
        centers += pull * (anchors - centers)
        gap = np.abs(centers[:, None] - centers[None]) - (sizes[:, None] + sizes[None]) / 2
        overlapping: NDArray[np.bool_] = np.all(gap < 0, axis=2)
        np.fill_diagonal(overlapping, False)
        if not overlapping.any() and not pull:
            break
        for one, other in zip(*np.nonzero(np.triu(overlapping)), strict=True):
            axis = int(np.argmax(gap[one, other]))
            way = 1.0 if centers[one, axis] >= centers[other, axis] else -1.0
            step = -gap[one, other, axis] / 2 * 0.6 + 0.01
            centers[one, axis] += way * step
            centers[other, axis] -= way * step
        centers = np.clip(centers, sizes / 2, np.maximum(box - sizes / 2, sizes / 2))
    return centers


def dark(color: str) -> str:
    """Return a colour that can be read on white: its luminance is at most 0.1."""
    rgb = np.array(to_rgb(color))
    weights = np.array((0.2126, 0.7152, 0.0722))
    luminance = float(weights @ rgb**2.2)
    if luminance > 0.1:
        rgb = rgb * (0.1 / luminance) ** (1 / 2.2)
    return "#" + "".join(f"{round(255 * float(value)):02x}" for value in rgb)


def _densest(
    points: NDArray[np.float32], low: NDArray[np.float64], span: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the median of the points (n, 2) in the fullest cell of a grid and around it."""
    cells = np.minimum(((points - low) / span * BINS).astype(int), BINS - 1)
    counts = np.zeros((BINS + 2, BINS + 2))
    np.add.at(counts, (cells[:, 0] + 1, cells[:, 1] + 1), 1)
    around = sum(
        counts[1 + dx : BINS + 1 + dx, 1 + dy : BINS + 1 + dy]
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    )
    fullest = np.array(np.unravel_index(np.argmax(around), (BINS, BINS)))
    near = (np.abs(cells - fullest) <= 1).all(axis=1)
    center: NDArray[np.float64] = np.median(points[near].astype(np.float64), axis=0)
    return center


def _quality(projection: Projection) -> str:
    """Return the quality figures in a sentence."""
    quality = projection.quality
    if quality is None:
        return " Its quality was not measured."
    figures = {
        "trustworthiness": quality.trustworthiness,
        "continuity": quality.continuity,
        "preservation": float(np.mean(quality.preservation)),
        "agreement": quality.agreement,
        "stability": quality.stability,
    }
    words = [
        f"{QUALITY_TITLES[key]} {value:.2f}" for key, value in figures.items() if value is not None
    ]
    sentence = ", ".join(words)
    return f" {sentence[0].upper()}{sentence[1:]} ({quality.n_neighbors} neighbours, 1 is best)."
