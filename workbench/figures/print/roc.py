"""ROC curves: all classes in one panel, and a small panel for each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from common.figure_text import fit, legend, text_width, wrap
from workbench.evaluation.intervals import Interval, wilson
from workbench.evaluation.roc_curves import Roc, RocCurve
from workbench.evaluation.roc_intervals import AreaIntervals
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, DARK_GREY, DASHES, GREY, ORANGE, Page

NAMED_CURVES = 3
"""How many of the best and of the worst are named."""
GRID = np.linspace(0, 1, 201)
LEGEND_HANDLE = 8.0
LEGEND_ROW = 3.7
AXIS_LABELS = 12.0
SMALL_PANEL = 17.0
"""Least width of a panel of the small multiples, mm."""
RATES = ("False positive rate", "True positive rate")


def roc_figure(
    name: str,
    model: str,
    roc: Roc,
    macro_auc: Interval,
    highlighted: Sequence[str] = (),
    colors: Mapping[str, str] | None = None,
    score: str = "probability",
) -> PrintFigure:
    """Return the curves of all classes; `highlighted` ones are named instead of best and worst."""
    words = f"{len(roc.curves)} classes, each against all others, scored by {score}. "
    if highlighted:
        words += f"Named: {', '.join(highlighted)}. "
    elif len(roc.curves) > 2 * NAMED_CURVES:
        words += f"Named: the best (blue) and the worst (orange) {NAMED_CURVES} by area. "
    caption = (
        f"ROC curves of {model}: {words}"
        "Black: mean over the classes; grey band: the middle 80% of the classes. Mean area "
        f"{macro_auc.value:.3f}"
    )
    known = macro_auc.low == macro_auc.low
    caption += f" (95% interval {macro_auc.low:.3f}–{macro_auc.high:.3f})." if known else "."
    if roc.undefined:
        caption += f" No curve for {len(roc.undefined)} classes without locations."
    return PrintFigure(
        name,
        caption,
        _points(roc),
        lambda page: draw_roc(roc, page, highlighted, colors),
        "single",
    )


def draw_roc(
    roc: Roc,
    page: Page,
    highlighted: Sequence[str] = (),
    colors: Mapping[str, str] | None = None,
) -> Figure:
    """Draw every curve in grey and name the best and the worst by area, or the `highlighted`.

    Blue are the best, orange the worst; each also has its own line style. `colors` replaces
    colours by class name. The legend stands below where it would cover too much.
    """
    ranked = sorted(roc.curves, key=lambda curve: -curve.auc)
    looks = _looks(ranked, highlighted, colors or {})
    named = [curve for curve in ranked if curve.class_name in looks]
    mean = roc.macro_average()
    with page.style([curve.class_name for curve in named]):
        size = page.font_size
        handle = LEGEND_HANDLE * page.scale
        room = page.width - handle - text_width(" 0.000", size) - 2
        shown = fit([curve.class_name for curve in named], room, size)
        labels = [f"{name} {curve.auc:.3f}" for name, curve in zip(shown, named, strict=True)]
        rows = len(named) + 2
        widest = max((text_width(label, size) for label in labels), default=0)
        plot = page.width - AXIS_LABELS * page.scale
        inside = widest + handle < 0.55 * plot and rows * LEGEND_ROW * page.scale < 0.6 * plot
        title = _title(roc, page)
        below = 0.0 if inside else LEGEND_ROW * page.scale * (rows + 0.5)
        above = LEGEND_ROW * page.scale * (title.count("\n") + 1 if title else 0)
        figure, axes = page.axes(min(page.width, 140.0) + below + above)
        axes.plot((0, 1), (0, 1), color=GREY, linestyle=(0, (4, 3)), linewidth=0.6 * page.scale)
        if len(ranked) > 2 * NAMED_CURVES:
            edges = _band(ranked)
            axes.fill_between(GRID, *edges, color="#e3e6ea", linewidth=0, zorder=1)
        for curve in ranked:
            if curve.class_name not in looks:
                _curve(axes, curve, color=GREY, linewidth=0.3 * page.scale)
        lines = [
            _curve(axes, curve, color=color, linestyle=dash, zorder=3, label=label)
            for curve, label in zip(named, labels, strict=True)
            for color, dash in [looks[curve.class_name]]
        ]
        if mean is not None:
            lines.append(
                _curve(
                    axes, mean, color="black", linewidth=1.3 * page.scale, zorder=4, label="mean"
                )
            )
            labels.append(f"mean ({len(ranked)}) {mean.auc:.3f}")
        axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel=RATES[0], ylabel=RATES[1], aspect="equal")
        if lines:
            key = legend(
                axes if inside else figure,
                lines,
                labels,
                loc="lower right" if inside else "outside lower center",
                title="Area under the curve",
                handlelength=2.2,
            )
            key.get_title().set_fontweight("bold")
        if title:
            axes.set_title(title, fontsize=size, loc="left")
    return figure


def small_multiples_figure(
    name: str, model: str, roc: Roc, areas: AreaIntervals, class_names: Sequence[str]
) -> PrintFigure:
    """Return a panel for each class, with the interval of its true positive rate.

    `areas` has those of all `class_names` (S,).
    """
    intervals = [areas.classes[class_names.index(curve.class_name)] for curve in roc.curves]
    numbers = pd.DataFrame(
        {
            "class": [curve.class_name for curve in roc.curves],
            "auc": [one.value for one in intervals],
            "auc_low": [one.low for one in intervals],
            "auc_high": [one.high for one in intervals],
            "positives": [curve.positives for curve in roc.curves],
            "negatives": [curve.negatives for curve in roc.curves],
        }
    )
    caption = (
        f"ROC curve of each class of {model} against all others, with its area. Band: pointwise "
        "95% Wilson interval of the true positive rate. Grey: mean over the classes."
    )
    return PrintFigure(name, caption, numbers, lambda page: draw_small_multiples(roc, page))


def draw_small_multiples(roc: Roc, page: Page) -> Figure:
    """Draw a small panel for each class, in class order."""
    curves = roc.curves
    columns = max(1, min(len(curves), int(page.width // (SMALL_PANEL * page.scale))))
    rows = max(1, -(-len(curves) // columns))
    mean = roc.macro_average()
    with page.style([curve.class_name for curve in curves]):
        # Millimetres, and not Matplotlib's layout, which takes seconds for fifty panels.
        left, below, title, gap = (size * page.scale for size in (9.0, 9.0, 3.5, 3.2))
        pitch = (page.width - left) / columns
        side = pitch - gap
        height = below + rows * (side + title + 0.5 * gap)
        figure = page.figure(height)
        figure.set_layout_engine("none")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for place, axes in enumerate(grid.flat):
            row, column = divmod(place, columns)
            top = row * (side + title + 0.5 * gap) + title
            corner = ((left + column * pitch) / page.width, 1 - (top + side) / height)
            axes.set_position((*corner, side / page.width, side / height))
        names = fit([curve.class_name for curve in curves], pitch - 0.3, page.small)
        for axes, curve, shown in zip(grid.flat, curves, names, strict=False):
            x, y = curve.false_positive_rate, curve.true_positive_rate
            ends = wilson(y * curve.positives, np.full(len(y), curve.positives))
            axes.fill_between(x, ends[:, 1], ends[:, 2], color="#bcd6e8", linewidth=0)
            if mean is not None:
                _curve(axes, mean, color=GREY, linewidth=0.6 * page.scale)
            _curve(axes, curve, color=BLUE, label=curve.class_name)
            axes.set_title(shown, fontsize=page.small, pad=1.5)
            axes.text(0.95, 0.06, f"{curve.auc:.3f}", fontsize=page.small, ha="right")
        for axes in grid.flat[len(curves) :]:
            axes.set_visible(False)
        for axes in grid.flat:
            axes.set(xlim=(0, 1), ylim=(0, 1.01), xticks=(0, 1), yticks=(0, 1), aspect="equal")
            axes.tick_params(labelsize=page.small, length=1.5, pad=1)
        size = page.font_size
        figure.text(0.5, 0.8 / height, RATES[0], fontsize=size, ha="center", va="bottom")
        figure.text(
            0.8 / page.width, 0.5, RATES[1], fontsize=size, ha="left", va="center", rotation=90
        )
    return figure


def _title(roc: Roc, page: Page) -> str:
    if not roc.undefined:
        return ""
    words = f"no curve for {len(roc.undefined)} without both sides"
    return wrap(words, page.width - AXIS_LABELS * page.scale, page.font_size)


def _looks(
    ranked: Sequence[RocCurve], highlighted: Sequence[str], colors: Mapping[str, str]
) -> dict[str, tuple[str, object]]:
    """Return colour and line style of the curves that are named."""
    if highlighted:
        cycle = (BLUE, ORANGE, "#009e73", "#a8508a", "#56b4e9", DARK_GREY)
        looks = {
            name: (cycle[i % len(cycle)], DASHES[i % len(DASHES)])
            for i, name in enumerate(highlighted)
        }
    else:
        best = ranked[:NAMED_CURVES]
        worst = ranked[max(NAMED_CURVES, len(ranked) - NAMED_CURVES) :]
        looks = {
            curve.class_name: (color, DASHES[start + i])
            for group, color, start in ((best, BLUE, 0), (worst, ORANGE, NAMED_CURVES))
            for i, curve in enumerate(group)
        }
    return {name: (colors.get(name, color), dash) for name, (color, dash) in looks.items()}


def _band(curves: Sequence[RocCurve]) -> NDArray[np.float64]:
    """Return the 10th and the 90th percentile of the curves at `GRID`, (2, P)."""
    rates = [np.interp(GRID, c.false_positive_rate, c.true_positive_rate) for c in curves]
    edges: NDArray[np.float64] = np.quantile(rates, (0.1, 0.9), axis=0)
    return edges


def _points(roc: Roc) -> pd.DataFrame:
    mean = roc.macro_average()
    curves = [*roc.curves, *([mean] if mean else [])]
    return pd.DataFrame(
        {
            "class": np.repeat(
                [c.class_name for c in curves], [len(c.true_positive_rate) for c in curves]
            ),
            "false_positive_rate": np.concatenate([c.false_positive_rate for c in curves]),
            "true_positive_rate": np.concatenate([c.true_positive_rate for c in curves]),
        }
    )


def _curve(axes: Axes, curve: RocCurve, **look: Any) -> Line2D:
    (line,) = axes.plot(curve.false_positive_rate, curve.true_positive_rate, **look)
    return line
