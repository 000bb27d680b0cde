"""Figures for print, by Matplotlib, of the same numbers that the screen shows.

Sizes are in millimetres, fonts are embedded (PDF: TrueType, SVG: outlines), and the same
numbers give the same file.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from common.figure_text import fit, legend, literal_text, text_width, wrap
from workbench.evaluation.metrics import Confusion, Roc, RocCurve
from workbench.figures.colors import class_colors
from workbench.figures.sizes import DOUBLE_COLUMN

MILLIMETRES_PER_INCH = 25.4
NAMED_CURVES = 3
FORMATS = ("pdf", "svg")
GREY = "#b8bec6"
# Millimetres.
LEGEND_COLUMN = 28.0
LEGEND_HANDLE = 6.0
LEGEND_ROW = 4.2
SMALL_LEGEND_ROW = 3.2
AXIS_LABELS = 14.0
LARGEST_LEGEND = 0.65
"""Share of the width of the curves that a legend may cover."""
LARGEST_TICK = 0.28
"""Share of a figure's width for the names beside the matrix."""
FONT_SIZE = 7.0
"""Points, unless a figure says otherwise."""
STYLE: dict[Any, Any] = {
    "font.size": FONT_SIZE,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "lines.linewidth": 0.7,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "resnetbolt",
    "figure.constrained_layout.use": True,
}


def roc(result: Roc, class_names: Sequence[str], width: float = DOUBLE_COLUMN / 2) -> Figure:
    """Draw every curve in grey, the best and the worst three by area in their class's colour.

    `class_names` are all S classes, in the order that colours them; width in mm. The legend stands
    below the curves where it would cover too many of them; long names are shortened.
    """
    ranked = sorted(result.curves, key=lambda curve: -curve.auc)
    few = len(ranked) <= 2 * NAMED_CURVES
    named = ranked if few else ranked[:NAMED_CURVES] + ranked[-NAMED_CURVES:]
    words = [f"mean area {result.macro_auc:.3f}, {len(ranked)} classes"] if ranked else []
    if result.undefined:
        words.append(f"no curve for {len(result.undefined)} without both sides")
    with style(curve.class_name for curve in named):
        title = wrap("; ".join(words), width - AXIS_LABELS, FONT_SIZE)
        room = width - LEGEND_HANDLE - text_width(" (0.000)", FONT_SIZE)
        shown = fit([curve.class_name for curve in named], room, FONT_SIZE)
        labels = [f"{name} ({curve.auc:.3f})" for name, curve in zip(shown, named, strict=True)]
        widest = max((text_width(label, FONT_SIZE) for label in labels), default=0)
        inside = widest + LEGEND_HANDLE <= LARGEST_LEGEND * (width - AXIS_LABELS)
        below = 0 if inside else LEGEND_ROW * (len(labels) + 1)
        figure, axes = _figure(width, width + below)
        axes.plot((0, 1), (0, 1), color=GREY, linestyle=(0, (4, 3)), linewidth=0.6)
        for curve in ranked:
            if curve not in named:
                _curve(axes, curve, color=GREY, linewidth=0.35)
        colors = class_colors(class_names)
        lines = [
            _curve(axes, curve, color=colors[curve.class_name], label=label)
            for curve, label in zip(named, labels, strict=True)
        ]
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1.005),
            xlabel="False positive rate",
            ylabel="True positive rate",
            aspect="equal",
        )
        if named:
            heading = "Area under the curve" if few else f"Best and worst {NAMED_CURVES} by area"
            key = legend(
                axes if inside else figure,
                lines,
                labels,
                loc="lower right" if inside else "outside lower center",
                title=heading,
                handlelength=1.4,
            )
            key.get_title().set_fontweight("bold")
        axes.set_title(title, fontsize=FONT_SIZE, loc="left")
    return figure


def confusion(result: Confusion, width: float = DOUBLE_COLUMN) -> Figure:
    """Draw shares of each true class as a matrix; width in mm. Long names are shortened."""
    with style(result.class_names):
        figure, axes = _figure(width, width * 0.95)
        total = result.counts.sum(axis=1, keepdims=True)
        share = np.divide(result.counts, total, out=np.zeros(result.counts.shape), where=total > 0)
        image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        cell = 0.75 * width / len(result.class_names) / MILLIMETRES_PER_INCH * 72
        size = min(FONT_SIZE, cell / 1.25)
        positions = np.arange(len(result.class_names))
        shown = fit(result.class_names, LARGEST_TICK * width, size)
        axes.set_xticks(positions, shown, rotation=90, fontsize=size)
        axes.set_yticks(positions, shown, fontsize=size)
        axes.tick_params(length=1)
        axes.set(xlabel="Predicted", ylabel="True")
        axes.spines[:].set_visible(True)
        bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=30, pad=0.02)
        bar.set_label("Share of the true class")
        bar.outline.set_linewidth(0.5)
    return figure


def projection(
    title: str,
    coordinates: NDArray[np.float32],
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw a map, (N, 2), with a colour and a legend entry for each class present; width in mm.

    The legend has fewer columns for long names, and shortens those of more than a third of it.
    """
    present = [index for index in range(len(class_names)) if (labels == index).any()]
    with style([title, *(class_names[index] for index in present)]):
        small = 6.0
        room = max(LEGEND_COLUMN, width / 3) - LEGEND_HANDLE
        shown = fit([class_names[index] for index in present], room, small)
        widest = max((text_width(name, small) for name in shown), default=0)
        columns = max(1, int(width // max(LEGEND_COLUMN, widest + LEGEND_HANDLE)))
        rows = -(-len(present) // columns)
        figure, axes = _figure(width, width * 0.75 + SMALL_LEGEND_ROW * rows)
        colors = list(class_colors(class_names).values())
        point = float(np.clip(6000 / max(len(labels), 1), 0.5, 9))
        # Classes are drawn in random order of points, or the last would cover the others.
        order = np.random.default_rng(0).permutation(len(labels))
        axes.scatter(
            coordinates[order, 0],
            coordinates[order, 1],
            c=[colors[index] for index in labels[order]],
            s=point,
            linewidths=0,
        )
        (heading,) = fit([title], width, FONT_SIZE * 1.2)
        axes.set(xticks=[], yticks=[], title=heading)
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(GREY)
        handles = [
            axes.scatter([], [], color=colors[index], s=9, linewidths=0) for index in present
        ]
        legend(
            figure,
            handles,
            shown,
            loc="outside lower center",
            ncols=columns,
            fontsize=small,
            handletextpad=0.1,
            columnspacing=0.8,
        )
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PDF or SVG, after the ending of `path`; raises OSError."""
    with style():
        date = {"CreationDate": None} if path.suffix == ".pdf" else {"Date": None}
        figure.savefig(path, metadata=date)


def style(texts: Iterable[str] = ()) -> AbstractContextManager[None]:
    """Draw and save in `STYLE`, with `texts` of users as they are (`literal_text`)."""
    return literal_text(texts, STYLE)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH))
    return figure, figure.add_subplot()


def _curve(axes: Axes, curve: RocCurve, **look: Any) -> Line2D:
    (line,) = axes.plot(curve.false_positive_rate, curve.true_positive_rate, **look)
    return line
