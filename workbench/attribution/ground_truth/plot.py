"""How far explanations agree with the truth, as a dot plot for print."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from workbench.attribution.ground_truth.report import PART_TITLES, titles
from workbench.attribution.ground_truth.study import CONTROLS, MEASURES, PARTS, Agreement
from workbench.figures import paper

ROW = 6.0
"""Height of a line, mm."""
GAP = 0.8
"""What is left free above the controls, lines."""
COLOUR = "#20558a"
CHANCE = "#b2182b"


def dots(agreement: Sequence[Agreement], width: float = paper.DOUBLE_COLUMN) -> Figure:
    """Draw each measure with its interval, a line for each way to explain; width in mm.

    Filled dots are of |map|, hollow ones of its positive part; a dashed line is the chance level.
    The controls stand apart, below all ways to explain.
    """
    height = 20 + ROW * (len(agreement) + GAP)
    with mpl.rc_context(paper.STYLE):
        figure = Figure(
            figsize=(width / paper.MILLIMETRES_PER_INCH, height / paper.MILLIMETRES_PER_INCH)
        )
        panels = figure.subplots(1, len(MEASURES), sharey=True, squeeze=False)[0]
        control = np.array([one.way in CONTROLS for one in agreement])
        line = np.arange(len(agreement)) + GAP * control
        for axes, name in zip(panels, MEASURES, strict=True):
            for part, offset, face in zip(PARTS, (-0.14, 0.14), (COLOUR, "white"), strict=True):
                found = [one.measure[part, name] for one in agreement]
                value = np.array([one.value.value for one in found])
                ends = np.array([(one.value.low, one.value.high) for one in found]).T
                axes.hlines(line + offset, *ends, color=COLOUR)
                axes.plot(
                    value,
                    line + offset,
                    linestyle="none",
                    marker="o",
                    markersize=3,
                    markeredgewidth=0.7,
                    color=COLOUR,
                    markerfacecolor=face,
                    label=PART_TITLES[part],
                    zorder=3,
                )
            if control.any():
                above = line[control].min() - (1 + GAP) / 2
                axes.axhline(above, color=paper.GREY, linewidth=0.5)
            # Where a way has maps of zeros, its locations are others and so is their chance.
            chance = [one.measure[PARTS[0], name].chance for one in agreement]
            axes.vlines(
                chance,
                line - 0.5,
                line + 0.5,
                color=CHANCE,
                linestyle="--",
                label="chance",
                zorder=1,
            )
            axes.set(title=name.capitalize(), xlabel="Share", xlim=(0, 1.02))
        panels[0].set_yticks(line, [_words(one) for one in agreement])
        panels[0].invert_yaxis()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _words(agreement: Agreement) -> str:
    method, baseline = titles(agreement.way)
    if agreement.way in CONTROLS:
        return f"control: {method}"
    return f"{method}, {baseline}" if agreement.way.baseline else method
