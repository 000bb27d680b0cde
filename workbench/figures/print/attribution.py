"""An attribution for print: the views, the map over them, its checks and the verdict."""

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from numpy.typing import NDArray

from common.figure_text import fit, text_width
from common.text import number
from workbench.attribution.result import COLOR_PERCENTILE, REPLACEMENT_TITLES, Attribution, Checks
from workbench.attribution.verdict import COLUMNS as VERDICT_COLUMNS
from workbench.attribution.verdict import Verdict, verdict
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import GREY, MILLIMETRES_PER_INCH, Page, style
from workbench.figures.sizes import DOUBLE_COLUMN

HEADINGS = ("North", "East", "South", "West")
ORDERS = {"map": ("the map", "#b2182b"), "random": ("random", GREY), "edges": ("edges", "#4d4d4d")}
COLUMNS = 68  # Characters in a line of text of half the width.
TITLE_SIZE = 8.0  # Points.
SMALL = 6.0  # Points; smaller text cannot be read in print.
LEFT = -0.03  # Left end of the text, as a fraction of its panel.
LINE = 0.066  # Height of a line of the verdict's table, as a fraction of its panel.
TABLE_COLUMNS = (LEFT, 0.3, 0.835, 1.06)  # Left ends of test, value, threshold and passed.


def figure(attribution: Attribution, views: NDArray[np.uint8]) -> Figure:
    """Draw an attribution over its views (4, 3, H, W), with its numbers and its verdict.

    All four overlays have one symmetric scale that ends at the 99th percentile of |map|, as on the
    screen; red raises the explained output, blue lowers it. The figure is 174 mm wide. Raises
    ValueError where the views are not of the map's size.
    """
    if views.shape != (4, 3, *attribution.values.shape[1:]):
        raise ValueError(f"views of shape {views.shape} for a map of {attribution.values.shape}")
    request = attribution.request
    with style([attribution.location_id, request.target_label, request.description]):
        width = DOUBLE_COLUMN / MILLIMETRES_PER_INCH
        result = Figure(figsize=(width, 0.86 * width))
        grid = result.add_gridspec(3, 4, height_ratios=(1, 1, 1.4))
        result.suptitle(_title(attribution), fontsize=TITLE_SIZE)
        _draw_views(result, grid, attribution, views)
        if attribution.checks is None:
            result.add_subplot(grid[2, :2]).set_axis_off()
        else:
            _draw_curves(result, grid[2, :2], attribution.checks)
        _draw_text(result.add_subplot(grid[2, 2:]), attribution)
    return result


def _title(attribution: Attribution) -> str:
    """Return what the figure shows, in lines that fit."""
    room = DOUBLE_COLUMN - 8
    request, location_id = attribution.request, attribution.location_id
    target = f"{request.target_label}, probability {attribution.probability:.3f}"
    lines = [f"{location_id}: {target}"]
    if text_width(lines[0], TITLE_SIZE) > room:
        lines = [location_id, target]
    return "\n".join(fit([*lines, request.description], room, TITLE_SIZE))


def color_limit(maps: Sequence[Attribution]) -> float:
    """Return the value at which the colours of all maps are full: a percentile of their |map|."""
    values = np.concatenate([one.values.ravel() for one in maps])
    return float(np.percentile(np.abs(values), COLOR_PERCENTILE)) or 1.0


def _draw_views(
    result: Figure, grid: GridSpec, attribution: Attribution, views: NDArray[np.uint8]
) -> None:
    limit = color_limit([attribution])
    panels = []
    for view, (heading, share) in enumerate(zip(HEADINGS, attribution.view_shares, strict=True)):
        photograph = views[view].transpose(1, 2, 0)
        above, below = (result.add_subplot(grid[row, view]) for row in (0, 1))
        above.imshow(photograph)
        above.set_title(heading, pad=2)
        below.imshow(photograph.mean(axis=2), cmap="gray", vmin=0, vmax=255, alpha=0.6)
        overlay = below.imshow(
            attribution.values[view],
            cmap=overlay_colormap(),
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
        )
        below.set_xlabel(f"{share:.0%} of the map", labelpad=2)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        panels += [above, below]
    bar = result.colorbar(
        overlay, ax=panels, aspect=12, pad=0.01, shrink=0.42, anchor=(0, 0.05), extend="both"
    )
    is_grad_cam = attribution.request.method == "grad_cam"  # Its values have another unit.
    bar.set_label("Grad-CAM" if is_grad_cam else f"{attribution.request.output} per pixel")
    bar.outline.set_linewidth(0.5)
    bar.ax.ticklabel_format(axis="y", scilimits=(-2, 2))


def overlay_colormap() -> Colormap:
    """Return blue to red, transparent at zero."""
    values = np.linspace(0, 1, 255)
    colors = mpl.colormaps["RdBu_r"](0.15 + 0.7 * (values > 0.5))
    colors[:, 3] = np.abs(2 * values - 1)
    return ListedColormap(colors)


def _draw_curves(result: Figure, place: SubplotSpec, checks: Checks) -> None:
    """Draw the curves, a panel for each replacement of deleted patches."""
    panels = place.subgridspec(1, len(checks.curves), wspace=0.1).subplots(
        sharey=True, squeeze=False
    )[0]
    for axes, (replacement, both) in zip(panels, checks.curves.items(), strict=True):
        for order, (name, color) in ORDERS.items():
            # The map's curves are wider: in grey they have the shade of the edges'.
            look: Any = {"color": color, "linewidth": 1.6 if order == "map" else 0.8}
            axes.plot(checks.fractions, both.deletion[order], "-", label=name, **look)
            axes.plot(checks.fractions, both.insertion[order], "--", **look)
        axes.set(xlim=(0, 1), ylim=(0, None), xticks=(0, 0.5, 1))
        axes.set_xlabel(f"Fraction of patches\n{REPLACEMENT_TITLES[replacement]}")
        axes.set_title(" ")  # Room for the legend.
    panels[0].set_ylabel("Probability")
    panels[0].plot([], [], "-", color=GREY, label="deleted")
    panels[0].plot([], [], "--", color=GREY, label="inserted")
    legend = panels[0].legend(
        loc="lower left",
        bbox_to_anchor=(-0.3, 0.98),
        ncols=5,
        fontsize=SMALL,
        columnspacing=0.8,
        handlelength=1.2,
        handletextpad=0.4,
    )
    # It may reach over the other panel; it must not make this one narrow.
    legend.set_in_layout(False)


def _draw_text(axes: Axes, attribution: Attribution) -> None:
    axes.set_axis_off()
    result = verdict(attribution)
    axes.text(
        LEFT, 1, result.label.capitalize(), fontweight="bold", va="top", transform=axes.transAxes
    )
    lines = textwrap.wrap(f"{_numbers(attribution)}.", COLUMNS)
    texts = [axes.text(LEFT, 0.92, "\n".join(lines), fontsize=SMALL, va="top")]
    rows = [tuple(name.capitalize() for name in VERDICT_COLUMNS), *result.rows()]
    top = 0.86 - LINE * len(lines)
    for i, row in enumerate(rows):
        weight = "bold" if i == 0 else "normal"
        for left, word in zip(TABLE_COLUMNS, row, strict=False):
            texts.append(
                axes.text(left, top - LINE * i, word, fontsize=SMALL, va="top", fontweight=weight)
            )
    for text in texts:
        text.set_transform(axes.transAxes)
        # The text may reach under the colour bar; it must not push the views apart.
        text.set_in_layout(False)


def _numbers(attribution: Attribution) -> str:
    """Return outputs, errors and cost in words."""
    numbers = [f"Output {number(attribution.output, '.3g')}"]
    if attribution.baseline_output is not None:
        numbers[0] += f", of the baseline {number(attribution.baseline_output, '.3g')}"
    if attribution.completeness_error is not None:
        text = attribution.completeness_text
        error = number(attribution.completeness_error, "+.2g")
        numbers.append(f"completeness error {error} ({text})")
    if attribution.error_estimate is not None:
        numbers.append(f"estimated map error {attribution.error_estimate:.1%}")
    cost = attribution.cost
    numbers.append(f"{cost.gradients} gradients, {cost.forwards} forward passes")
    return "; ".join([*numbers, f"{cost.seconds:.1f} s"])


def attribution_figure(
    name: str, attribution: Attribution, views: NDArray[np.uint8], predicted: str, true: str
) -> PrintFigure:
    """Return a map over its views (4, 3, h, w); its errors and its verdict stand in the caption.

    The numbers are those of each view; the map itself is in the attribution file or the cache.
    """
    result = verdict(attribution)
    request = attribution.request
    words = [f"Ground truth: {true}. Predicted: {predicted}."]
    words.append(
        f"{capital(request.description)}; explains the {request.target_label} "
        f"(probability {attribution.probability:.3f})."
    )
    words.append(
        "Rows: views, map, map over the views. Red raises the output, blue lowers it; all maps "
        f"have one scale, which ends at the {COLOR_PERCENTILE}th percentile of |map|."
    )
    if attribution.completeness_error is not None:
        error = number(attribution.completeness_error, "+.2g")
        words.append(f"Completeness error {error}, {attribution.completeness_text}.")
    if attribution.error_estimate is not None:
        words.append(f"Estimated error of the map {attribution.error_estimate:.1%}.")
    words.append(f"Verdict: {result.label}{failed_words(result)} ({attribution.location_id}).")
    return PrintFigure(
        name,
        " ".join(words),
        view_numbers(attribution),
        lambda page: draw_attribution(attribution, views, page),
    )


def view_numbers(attribution: Attribution) -> pd.DataFrame:
    """Return the numbers of each view of a map, with its request, errors and verdict."""
    request = attribution.request
    return pd.DataFrame(
        {
            "id": attribution.location_id,
            "target": request.target,
            "contrast_target": request.contrast_target,
            "method": request.method,
            "baseline": request.baseline,
            "view": HEADINGS,
            "share_of_map": attribution.view_shares,
            "positive_sum": np.maximum(attribution.values, 0).sum(axis=(1, 2), dtype=np.float64),
            "negative_sum": np.minimum(attribution.values, 0).sum(axis=(1, 2), dtype=np.float64),
            "output": attribution.output,
            "baseline_output": attribution.baseline_output,
            "completeness_error": attribution.completeness_error,
            "error_estimate": attribution.error_estimate,
            "verdict": verdict(attribution).label,
        }
    )


def draw_attribution(attribution: Attribution, views: NDArray[np.uint8], page: Page) -> Figure:
    """Draw the views, the map and the map over the grey views, each a row, on one colour scale."""
    limit = color_limit([attribution])
    extent = (0, 1, 1, 0)  # Photographs may have more pixels than the map.
    look: Any = {"vmin": -limit, "vmax": limit, "interpolation": "nearest", "extent": extent}
    with page.style([attribution.request.target_label]):
        side = (page.width - 24 * page.scale) / 4
        figure = page.figure(3 * side + 9 * page.scale)
        grid = figure.subplots(3, 4, squeeze=False)
        for view, heading in enumerate(HEADINGS):
            photograph = views[view].transpose(1, 2, 0)
            values = attribution.values[view]
            grid[0, view].imshow(photograph, extent=extent)
            grid[0, view].set_title(heading, fontsize=page.small, pad=2)
            image = grid[1, view].imshow(values, cmap="RdBu_r", **look)
            grey: Any = {"cmap": "gray", "vmin": 0, "vmax": 255, "alpha": 0.6, "extent": extent}
            grid[2, view].imshow(photograph.mean(axis=2), **grey)
            grid[2, view].imshow(values, cmap=overlay_colormap(), **look)
            share = attribution.view_shares[view]
            grid[2, view].set_xlabel(f"{share:.0%} of |map|", labelpad=2, fontsize=page.small)
        for axes in grid.flat:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for axes in grid[1]:
            axes.spines[:].set_visible(True)
            axes.spines[:].set_color(GREY)
        bar = figure.colorbar(
            image, ax=grid[1:].ravel().tolist(), aspect=30, pad=0.01, shrink=0.8, extend="both"
        )
        is_grad_cam = attribution.request.method == "grad_cam"  # Its values have another unit.
        bar.set_label("Grad-CAM" if is_grad_cam else f"{attribution.request.output} per pixel")
        bar.outline.set_linewidth(0.4 * page.scale)
        bar.ax.ticklabel_format(axis="y", scilimits=(-2, 2))
        bar.ax.yaxis.get_offset_text().set_fontsize(page.small)
    return figure


def capital(text: str) -> str:
    """Return a text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def failed_words(result: Verdict) -> str:
    """Return the tests that a map failed, "" for none."""
    names = [one.name.lower() for one in result.criteria if one.passed is False]
    return f", failed: {', '.join(names)}" if names else ""
