"""Reliability: whether confidences are accuracies, before and after temperature scaling."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.evaluation.calibration import Calibration, TemperatureScaling
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, GREY, ORANGE, Page

MIN_LOCATIONS = 150
"""Ten in each bin."""
_LOOKS = (("before", ORANGE, "s", "white"), ("after", BLUE, "o", BLUE))


def reliability_figure(name: str, model: str, scaling: TemperatureScaling) -> PrintFigure:
    """Return the accuracy against the confidence, before and after temperature scaling."""
    both = (scaling.before, scaling.after)
    numbers = pd.concat([_numbers(what[0], one) for what, one in zip(_LOOKS, both, strict=True)])
    temperatures = ", ".join(f"{value:.2f}" for value in scaling.temperatures)
    fitted = (
        f"validation ({scaling.n_fitted:,} locations)"
        if scaling.fitted_on == "validation"
        else "each half for the other half"
    )
    caption = (
        f"Reliability of {model}: share of right predictions against mean confidence, in bins of "
        "equally many locations, with 95% Wilson intervals; on the line, confidence is accuracy. "
        f"Expected calibration error {100 * both[0].ece:.1f}% before and {100 * both[1].ece:.1f} "
        f"% after temperature scaling (a perfect model: about {100 * both[1].ece_bias:.1f}%); "
        f"temperature {temperatures}, fitted on {fitted}."
    )
    return PrintFigure(
        name,
        caption,
        numbers.reset_index(drop=True),
        lambda page: draw_reliability(scaling, page),
        "single",
    )


def draw_reliability(scaling: TemperatureScaling, page: Page) -> Figure:
    """Draw the bins of both as points with intervals; squares before, discs after."""
    with page.style():
        figure, axes = page.axes(min(page.width, 140.0))
        axes.plot((0, 100), (0, 100), color=GREY, linewidth=0.6 * page.scale)
        for (when, color, marker, face), one in zip(
            _LOOKS, (scaling.before, scaling.after), strict=True
        ):
            x = np.array([100 * part.confidence for part in one.bins])
            y = np.array([100 * part.accuracy.value for part in one.bins])
            ends = np.array([(part.accuracy.low, part.accuracy.high) for part in one.bins]).T
            axes.errorbar(
                x,
                y,
                np.abs(100 * ends - y),
                color=color,
                marker=marker,
                markerfacecolor=face,
                markersize=3 * page.scale,
                markeredgewidth=0.7 * page.scale,
                elinewidth=0.6 * page.scale,
                linewidth=0.5 * page.scale,
                linestyle=":" if when == "before" else "-",
                label=f"{when} (error {100 * one.ece:.1f}%)",
            )
        axes.set(
            xlim=(0, 101),
            ylim=(0, 101),
            aspect="equal",
            xlabel="Confidence, %",
            ylabel="Right predictions, %",
        )
        axes.legend(loc="upper left", title="Temperature scaling", alignment="left")
    return figure


def _numbers(when: str, result: Calibration) -> pd.DataFrame:
    return pd.DataFrame(
        [
            [
                when, part.low, part.high, part.n, part.confidence,
                part.accuracy.value, part.accuracy.low, part.accuracy.high,
            ]
            for part in result.bins
        ],
        columns=[
            "temperature_scaling", "low", "high", "locations", "confidence", "accuracy",
            "accuracy_low", "accuracy_high",
        ],
    )  # fmt: skip
