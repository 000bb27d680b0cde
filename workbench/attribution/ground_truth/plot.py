"""Results of the ground truth study as a dot plot for print."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from workbench.attribution.ground_truth.report import PART_TITLES, titles
from workbench.attribution.ground_truth.scores import HEIGHT_MATCHED, PARTS, SHARES
from workbench.attribution.ground_truth.study import REFERENCES, MethodConfig, MethodResult
from workbench.figures.print.style import GREY, MILLIMETRES_PER_INCH, style
from workbench.figures.sizes import DOUBLE_COLUMN

ROW_HEIGHT = 6.0
"""Height of a row, mm."""
GAP = 0.8
"""Space above the controls, in rows."""
COLOR = "#20558a"
CHANCE_COLOR = "#b2182b"


def dot_plot(results: Sequence[MethodResult], width: float = DOUBLE_COLUMN) -> Figure:
    """Draw each metric with its interval in a panel, a row for each method; width in mm.

    The first panel has the height-matched metric as a multiple of chance, the others are shares.
    Filled dots are of |map|, hollow ones of its positive part; dashed lines are chance levels. The
    controls are below all methods.
    """
    height = 20 + ROW_HEIGHT * (len(results) + GAP)
    with style():
        figure = Figure(figsize=(width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH))
        panels = figure.subplots(1, 1 + len(SHARES), sharey=True, squeeze=False)[0]
        is_control = np.array([result.config in REFERENCES for result in results])
        rows = np.arange(len(results)) + GAP * is_control
        for axes, name in zip(panels, (HEIGHT_MATCHED, *SHARES), strict=True):
            for part, offset, face in zip(PARTS, (-0.14, 0.14), (COLOR, "white"), strict=True):
                comparisons = [result.metrics[part, name] for result in results]
                intervals = [
                    one.ratio if name == HEIGHT_MATCHED else one.value for one in comparisons
                ]
                values = np.array([interval.value for interval in intervals])
                ends = np.array([(interval.low, interval.high) for interval in intervals]).T
                axes.hlines(rows + offset, *ends, color=COLOR)
                axes.plot(
                    values,
                    rows + offset,
                    linestyle="none",
                    marker="o",
                    markersize=3,
                    markeredgewidth=0.7,
                    color=COLOR,
                    markerfacecolor=face,
                    label=PART_TITLES[part],
                    zorder=3,
                )
            if is_control.any():
                above = rows[is_control].min() - (1 + GAP) / 2
                axes.axhline(above, color=GREY, linewidth=0.5)
            # A method with maps of zeros has fewer locations, and so another chance level.
            chances = [
                1.0 if name == HEIGHT_MATCHED else result.metrics[PARTS[0], name].chance
                for result in results
            ]
            axes.vlines(
                chances,
                rows - 0.5,
                rows + 0.5,
                color=CHANCE_COLOR,
                linestyle="--",
                label="chance",
                zorder=1,
            )
            axes.set_title(name.capitalize())
            if name == HEIGHT_MATCHED:
                axes.set(xlabel="× chance", xlim=(0, None))
            else:
                axes.set(xlabel="Share", xlim=(0, 1.02))
        panels[0].set_yticks(rows, [_label(result.config) for result in results])
        panels[0].invert_yaxis()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _label(config: MethodConfig) -> str:
    method, baseline = titles(config)
    return f"{method}, {baseline}" if config.baseline else method
