"""Distance errors of predictions: cumulative distances, recall against area, and a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from common.figure_text import fit, legend
from workbench.evaluation.geography import Curve, Geography, RecallByArea
from workbench.evaluation.intervals import interval_text
from workbench.figures.print.base import PrintFigure, PrintTable, interval
from workbench.figures.print.style import COLORS, DASHES, GREY, Page

HEIGHT = 0.68
SHORTEST_KM = 10.0
"""Where the axis of distances begins."""


def distance_figure(name: str, models: Mapping[str, Geography]) -> PrintFigure:
    """Return the cumulative distances of models by name."""
    curves = {model: one.predicted.curve for model, one in models.items()}
    limits = [one.kilometers for one in next(iter(models.values())).predicted.within]
    words = "; ".join(
        f"{model}: median {one.predicted.median.value:,.0f} km" for model, one in models.items()
    )
    caption = (
        "Share of locations whose true place is within a distance of the centre of the predicted "
        f"class ({words}). Dotted lines: {', '.join(f'{limit:,.0f}' for limit in limits)} km."
    )

    def draw(page: Page) -> Figure:
        return draw_curves(curves, ("Distance, km", "Locations, %"), page, limits, SHORTEST_KM)

    return PrintFigure(name, caption, _points(curves, "kilometers"), draw, "single")


def area_figure(name: str, models: Mapping[str, RecallByArea]) -> PrintFigure:
    """Return the recall against the area of the most probable classes, of models by name."""
    curves = {model: one.curve for model, one in models.items()}
    words = "; ".join(
        f"{model}: "
        + ", ".join(f"{one.area_km2:,.0f} km² for {one.recall:.0%}" for one in found.at_recall)
        for model, found in models.items()
    )
    caption = (
        "Recall against area: share of locations whose true state is among the most probable "
        f"states that together have an area ({words})."
    )

    def draw(page: Page) -> Figure:
        return draw_curves(curves, ("Area, km²", "Locations, %"), page)

    return PrintFigure(name, caption, _points(curves, "area_km2"), draw, "single")


def draw_curves(
    curves: Mapping[str, Curve],
    labels: tuple[str, str],
    page: Page,
    limits: Sequence[float] = (),
    shortest: float | None = None,
) -> Figure:
    """Draw cumulative curves over a logarithmic axis, each in its own colour and line style."""
    with page.style(curves):
        rows = len(curves) if len(curves) > 1 else 0
        figure, axes = page.axes(page.width * HEIGHT + 3.7 * page.scale * rows)
        for limit in limits:
            axes.axvline(limit, color=GREY, linewidth=0.5 * page.scale, linestyle=":")
        lines = [
            _curve(axes, curve, COLORS[i % len(COLORS)], DASHES[i % len(DASHES)], model)
            for i, (model, curve) in enumerate(curves.items())
        ]
        smallest = min(float(curve.values[curve.values > 0].min()) for curve in curves.values())
        largest = max(float(curve.values.max()) for curve in curves.values())
        axes.set_xscale("log")
        axes.set(
            xlim=(shortest or smallest, max(largest, 10 * (shortest or smallest))),
            ylim=(0, 101),
            xlabel=labels[0],
            ylabel=labels[1],
        )
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        if rows:
            shown = fit(list(curves), page.width - 14, page.font_size)
            legend(figure, lines, shown, loc="outside lower center", handlelength=3)
    return figure


def geography_table(
    name: str, models: Mapping[str, Geography], areas: Mapping[str, RecallByArea]
) -> PrintTable:
    """Return distances, shares within them, GeoGuessr score and areas of models."""
    rows: list[list[str]] = []
    numbers: list[list[object]] = []
    for model, one in models.items():
        found = one.predicted
        known = {
            "median_km": found.median,
            "mean_km": found.mean,
            "expected_km": one.expected.mean,
            "score": found.score,
            **{f"within_{item.kilometers:.0f}_km": item.share for item in found.within},
        }
        numbers += [[model, key, item.value, item.low, item.high] for key, item in known.items()]
        shown = ("median_km", "mean_km", "expected_km", "score")
        cells = [model, *(interval_text(known[key], ",.0f") for key in shown)]
        cells += [interval(item.share) for item in found.within]
        rows.append(cells)
    for model, area in areas.items():
        numbers += [
            [model, f"area_km2_at_recall_{one.recall:g}", one.area_km2, np.nan, np.nan]
            for one in area.at_recall
        ]
    limits = [item.kilometers for item in next(iter(models.values())).predicted.within]
    columns = ["Model", "Median, km", "Mean, km", "Expected, km", "Score"]
    columns += [f"≤ {limit:,.0f} km, %" for limit in limits]
    caption = (
        "Kilometres between the truth and the centre of the predicted class, and expected under "
        "the probabilities of all classes; GeoGuessr score (of 5,000, on the map of the world), "
        "and shares of locations within a distance; 95% intervals."
    )
    return PrintTable(
        name,
        caption,
        pd.DataFrame(numbers, columns=["model", "number", "value", "low", "high"]),
        pd.DataFrame(rows, columns=columns),
        tuple(columns[1:]),
    )


def _curve(axes: Axes, curve: Curve, color: str, dash: object, label: str) -> object:
    (line,) = axes.plot(  # A cumulative distribution has steps.
        curve.values,
        100 * curve.shares,
        color=color,
        linestyle=dash,
        drawstyle="steps-post",
        label=label,
    )
    return line


def _points(curves: Mapping[str, Curve], column: str) -> pd.DataFrame:
    tables = [
        pd.DataFrame({"model": model, column: curve.values, "share": curve.shares})
        for model, curve in curves.items()
    ]
    return pd.concat(tables, ignore_index=True)
