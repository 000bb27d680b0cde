"""An explanation for print: the views, the map over them, and what speaks for and against it."""

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from workbench.attribution.result import COLOR_PERCENTILE, Attribution, Checks
from workbench.attribution.verdict import Verdict, gain, verdict
from workbench.figures.paper import DOUBLE_COLUMN, GREY, MILLIMETRES_PER_INCH, STYLE

HEADINGS = ("North", "East", "South", "West")
ORDERS = {"map": ("the map", "#b2182b"), "random": ("random", GREY), "edges": ("edges", "#4d4d4d")}
COLUMNS = 68  # Characters of a line of text at half of the width.
SMALL = 6.0  # Points; what is smaller cannot be read in print.


def figure(made: Attribution, views: NDArray[np.uint8]) -> Figure:
    """Draw an attribution over its views (4, 3, H, W), with its numbers and its verdict.

    All four overlays have one scale, whose ends, alike on both sides, are the 99th percentile of
    |map|, as on the screen; red speaks for the explained state, blue against it. It is 174 mm wide,
    as its words need. Raises ValueError where the views are not of the map's size.
    """
    if views.shape != (4, 3, *made.values.shape[1:]):
        raise ValueError(f"views of shape {views.shape} for a map of {made.values.shape}")
    with mpl.rc_context(STYLE):
        width = DOUBLE_COLUMN / MILLIMETRES_PER_INCH
        result = Figure(figsize=(width, 0.86 * width))
        grid = result.add_gridspec(3, 4, height_ratios=(1, 1, 1.4))
        result.suptitle(
            f"{made.location_id}: {made.request.target_label}, probability {made.probability:.3f}\n"
            f"{made.request.description}",
            fontsize=8,
        )
        _pictures(result, grid, made, views)
        curves, words = result.add_subplot(grid[2, :2]), result.add_subplot(grid[2, 2:])
        if made.checks is None:
            curves.set_axis_off()
        else:
            _curves(curves, made.checks)
        _words(words, made, verdict(made))
    return result


def _pictures(result: Figure, grid: GridSpec, made: Attribution, views: NDArray[np.uint8]) -> None:
    limit = float(np.percentile(np.abs(made.values), COLOR_PERCENTILE)) or 1.0
    pictures = []
    for view, (heading, share) in enumerate(zip(HEADINGS, made.view_shares, strict=True)):
        colour = views[view].transpose(1, 2, 0)
        above, below = (result.add_subplot(grid[row, view]) for row in (0, 1))
        above.imshow(colour)
        above.set_title(heading, pad=2)
        below.imshow(colour.mean(axis=2), cmap="gray", vmin=0, vmax=255, alpha=0.6)
        drawn = below.imshow(
            made.values[view], cmap=_see_through(), vmin=-limit, vmax=limit, interpolation="nearest"
        )
        below.set_xlabel(f"{share:.0%} of the map", labelpad=2)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        pictures += [above, below]
    bar = result.colorbar(
        drawn, ax=pictures, aspect=12, pad=0.01, shrink=0.42, anchor=(0, 0.05), extend="both"
    )
    # Grad-CAM's numbers have a unit of their own.
    own = made.request.method == "grad_cam"
    bar.set_label("Grad-CAM" if own else f"{made.request.output} a pixel")
    bar.outline.set_linewidth(0.5)
    bar.ax.ticklabel_format(axis="y", scilimits=(-2, 2))


def _see_through() -> Colormap:
    """Return blue to red, the more of it the larger the value."""
    place = np.linspace(0, 1, 255)
    colour = mpl.colormaps["RdBu_r"](0.15 + 0.7 * (place > 0.5))
    colour[:, 3] = np.abs(2 * place - 1)
    return ListedColormap(colour)


def _curves(axes: Axes, evidence: Checks) -> None:
    for order, (name, colour) in ORDERS.items():
        # Beside each order the area under insertion less that under deletion.
        label = f"{name} ({gain(evidence, order):+.2f})"
        for curve, style in ((evidence.deletion, "-"), (evidence.insertion, "--")):
            axes.plot(
                evidence.fractions,
                curve[order],
                style,
                color=colour,
                label=label if style == "-" else None,
            )
    axes.set(
        xlim=(0, 1),
        ylim=(0, None),
        xlabel="Share of the places deleted (line), inserted (dashes)",
        ylabel="Probability",
    )
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3, fontsize=SMALL, columnspacing=1
    )


def _words(axes: Axes, made: Attribution, judged: Verdict) -> None:
    axes.set_axis_off()
    axes.text(
        0, 1, judged.label.capitalize(), fontweight="bold", va="top", transform=axes.transAxes
    )
    lines = textwrap.wrap(f"{_numbers(made)}.", COLUMNS)
    for reason in judged.reasons:
        mark = "+ " if reason.side == "for" else "− "
        lines += textwrap.wrap(mark + reason.text, COLUMNS, subsequent_indent="  ")
    text = axes.text(0, 0.92, "\n".join(lines), fontsize=SMALL, va="top", transform=axes.transAxes)
    # Words may reach under the colour bar; they must not push the views apart.
    text.set_in_layout(False)


def _numbers(made: Attribution) -> str:
    """Return the outputs, the errors as far as there are any, and what the map took."""
    numbers = [f"Output {made.output:.3g}"]
    if made.baseline_output is not None:
        numbers[0] += f", of the baseline {made.baseline_output:.3g}"
    if made.completeness_error is not None:
        numbers.append(
            f"completeness error {made.completeness_error:+.2g} ({made.completeness_text})"
        )
    if made.error_estimate is not None:
        numbers.append(f"estimated map error {made.error_estimate:.1%}")
    cost = made.cost
    numbers.append(f"{cost.gradients} gradients, {cost.forwards} forward passes")
    return "; ".join([*numbers, f"{cost.seconds:.1f} s"])
