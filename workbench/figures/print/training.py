"""Training curves: loss and accuracy of several runs over steps or epochs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from common.figure_text import fit, legend
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import COLORS, DASHES, Page

HEIGHT = 0.68
SMOOTHED = 100
"""Parts of a training over which the loss of its steps is averaged."""


def loss_figure(
    name: str, epochs: Mapping[str, pd.DataFrame], steps: Mapping[str, pd.DataFrame]
) -> PrintFigure:
    """Return the training loss of runs by name, of single steps where they were recorded."""
    curves: dict[str, pd.DataFrame] = {}
    for run, table in epochs.items():
        if run in steps and len(steps[run]):
            curves[run] = _smooth(steps[run])
        else:
            curves[run] = table[["step", "training_loss"]].set_axis(["step", "loss"], axis=1)
    smoothed = bool(steps)
    mean = f", a mean over 1/{SMOOTHED} of the training" if smoothed else ", a mean over each epoch"
    caption = f"Training loss{mean}: cross-entropy, in nats."
    numbers = pd.concat(
        [table.assign(run=run) for run, table in curves.items()], ignore_index=True
    )[["run", "step", "loss"]]
    return PrintFigure(
        name,
        caption,
        numbers,
        lambda page: draw_lines(curves, "step", "loss", ("Step", "Training loss, nats"), page),
        "single",
    )


def accuracy_figure(name: str, epochs: Mapping[str, pd.DataFrame], k: int = 5) -> PrintFigure:
    """Return the top-k accuracy of runs on validation locations after each epoch."""
    column = f"top_{k}"
    best = {run: float(table[column].max()) for run, table in epochs.items()}
    words = "; ".join(f"{run} up to {100 * value:.1f}%" for run, value in best.items())
    caption = f"Top-{k} accuracy on validation locations after each epoch: {words}."
    numbers = pd.concat(
        [table.assign(run=run) for run, table in epochs.items()], ignore_index=True
    )[["run", "epoch", "step", "validation_loss", "top_1", "top_5"]]
    labels = ("Epoch", f"Top-{k} accuracy, %")
    percents = {
        run: table[["epoch"]].assign(accuracy=100 * table[column]) for run, table in epochs.items()
    }
    return PrintFigure(
        name,
        caption,
        numbers,
        lambda page: draw_lines(percents, "epoch", "accuracy", labels, page, marked=True),
        "single",
    )


def draw_lines(
    curves: Mapping[str, pd.DataFrame],
    x: str,
    y: str,
    labels: tuple[str, str],
    page: Page,
    *,
    marked: bool = False,
) -> Figure:
    """Draw a line for each run, each in its own colour and line style."""
    with page.style(curves):
        rows = len(curves) if len(curves) > 1 else 0
        figure, axes = page.axes(page.width * HEIGHT + 3.7 * page.scale * rows)
        lines = [
            axes.plot(
                table[x],
                table[y],
                color=COLORS[i % len(COLORS)],
                linestyle=DASHES[i % len(DASHES)],
                marker="osD^v"[i % 5] if marked else "",
                markersize=2.5 * page.scale,
                label=run,
            )[0]
            for i, (run, table) in enumerate(curves.items())
        ]
        axes.set(xlabel=labels[0], ylabel=labels[1])
        _limits(axes, curves, y)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        if rows:
            shown = fit(list(curves), page.width - 14, page.font_size)
            legend(figure, lines, shown, loc="outside lower center", handlelength=3)
    return figure


def _limits(axes: Axes, curves: Mapping[str, pd.DataFrame], y: str) -> None:
    """Begin at zero: heights are compared."""
    highest = max(float(np.nanmax(table[y])) for table in curves.values())
    if np.isfinite(highest) and highest > 0:
        axes.set_ylim(0, 1.04 * highest)


def _smooth(steps: pd.DataFrame) -> pd.DataFrame:
    """Return mean steps and losses of `SMOOTHED` equal parts."""
    parts = np.array_split(np.arange(len(steps)), min(SMOOTHED, len(steps)))
    return pd.DataFrame(
        {
            "step": [float(steps["step"].iloc[part].mean()) for part in parts],
            "loss": [float(steps["loss"].iloc[part].mean()) for part in parts],
        }
    )
