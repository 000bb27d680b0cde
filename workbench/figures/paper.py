"""Figures for print, by Matplotlib, of the same numbers that the screen shows.

Sizes are in millimetres, fonts are embedded (PDF: TrueType, SVG: outlines), and the same
numbers give the same file.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from workbench.evaluation.metrics import Confusion, Roc, RocCurve
from workbench.figures.colors import class_colors

MILLIMETRES_PER_INCH = 25.4
DOUBLE_COLUMN = 174.0
NAMED_CURVES = 3
FORMATS = ("pdf", "svg")
GREY = "#b8bec6"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
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

    `class_names` are all S classes, in the order that colours them; width in mm.
    """
    with _style():
        figure, axes = _figure(width, width)
        ranked = sorted(result.curves, key=lambda curve: -curve.auc)
        few = len(ranked) <= 2 * NAMED_CURVES
        named = ranked if few else ranked[:NAMED_CURVES] + ranked[-NAMED_CURVES:]
        axes.plot((0, 1), (0, 1), color=GREY, linestyle=(0, (4, 3)), linewidth=0.6)
        for curve in ranked:
            if curve not in named:
                _curve(axes, curve, color=GREY, linewidth=0.35)
        colors = class_colors(class_names)
        for curve in named:
            label = f"{curve.class_name} ({curve.auc:.3f})"
            _curve(axes, curve, color=colors[curve.class_name], label=label)
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1.005),
            xlabel="False positive rate",
            ylabel="True positive rate",
            aspect="equal",
        )
        if named:
            title = "Area under the curve" if few else f"Best and worst {NAMED_CURVES} by area"
            legend = axes.legend(loc="lower right", title=title, handlelength=1.4)
            legend.get_title().set_fontweight("bold")
        words = [f"mean area {result.macro_auc:.3f}, {len(ranked)} classes"] if ranked else []
        if result.undefined:
            words.append(f"no curve for {len(result.undefined)} without both sides")
        axes.set_title("; ".join(words), fontsize=7, loc="left")
    return figure


def confusion(result: Confusion, width: float = DOUBLE_COLUMN) -> Figure:
    """Draw shares of each true class as a matrix; width in mm."""
    with _style():
        figure, axes = _figure(width, width * 0.95)
        total = result.counts.sum(axis=1, keepdims=True)
        share = np.divide(result.counts, total, out=np.zeros(result.counts.shape), where=total > 0)
        image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        size = min(7.0, 0.75 * width / MILLIMETRES_PER_INCH * 72 / len(result.class_names) / 1.25)
        positions = np.arange(len(result.class_names))
        axes.set_xticks(positions, result.class_names, rotation=90, fontsize=size)
        axes.set_yticks(positions, result.class_names, fontsize=size)
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
    """Draw a map, (N, 2), with a colour and a legend entry for each class present; width in mm."""
    with _style():
        columns = max(1, int(width // 28))
        present = [index for index in range(len(class_names)) if (labels == index).any()]
        rows = -(-len(present) // columns)
        figure, axes = _figure(width, width * 0.75 + 3.2 * rows)
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
        axes.set(xticks=[], yticks=[], title=title)
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(GREY)
        handles = [
            axes.scatter([], [], color=colors[index], s=9, linewidths=0, label=class_names[index])
            for index in present
        ]
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            fontsize=6,
            handletextpad=0.1,
            columnspacing=0.8,
        )
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PDF or SVG, after the ending of `path`; raises OSError."""
    with _style():
        date = {"CreationDate": None} if path.suffix == ".pdf" else {"Date": None}
        figure.savefig(path, metadata=date)


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(STYLE)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH))
    return figure, figure.add_subplot()


def _curve(axes: Axes, curve: RocCurve, **style: Any) -> None:
    axes.plot(curve.false_positive_rate, curve.true_positive_rate, **style)
