"""Points with intervals for bins of locations: reliability, accuracy by a covariate.

Each figure's `meta` has the `columns` of its numbers, which each point has in its `customdata`, the
first two being the ends of its bin, and `range`, the column of the locations that a point narrows;
empty if none does.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from workbench.evaluation.calibration import Calibration
from workbench.evaluation.subsets import Bin
from workbench.figures.screen.style import (
    INK,
    INVISIBLE_TICKS,
    LINE,
    QUIET,
    axis,
    layout,
    share_axis,
)

Ends = tuple[float, float]
MOST_COLUMNS = 52
"""Columns of text below a figure."""
_CHANCE = "#b6bec7"
_BEFORE = "#c8721f"
_CHOSEN = "rgba(116,171,245,0.22)"
_BINS = ("low", "high", "n", "accuracy", "accuracy_low", "accuracy_high")
_COVARIATE = (*_BINS, "median_km")
_RELIABILITY = (*_BINS, "confidence")


def reliability(
    before: Calibration | None,
    after: Calibration | None,
    ends: Sequence[Ends] = (),
    chosen: Ends | None = None,
) -> go.Figure:
    """Draw accuracy against confidence, before and after temperature scaling.

    `ends` are those of the bins before as a click narrows to them, `chosen` the range to mark.
    """
    figure = go.Figure(
        layout=layout(
            margin={"l": 50, "r": 20, "t": 10, "b": 38},
            hovermode="closest",
            meta={"columns": _RELIABILITY, "range": "confidence"},
            xaxis=share_axis("Confidence"),
            yaxis=share_axis("Right predictions"),
            legend={
                "x": 0.02,
                "y": 0.99,
                "yanchor": "top",
                "bgcolor": "rgba(0,0,0,0)",
                "font": {"size": 11},
                "traceorder": "reversed",
                "itemclick": False,
                "itemdoubleclick": False,
            },
        )
    )
    if chosen is not None:
        _mark(figure, *chosen)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": _CHANCE, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    for name, found, color, symbol in (
        ("after", after, LINE, "circle"),
        ("before", before, _BEFORE, "square-open"),
    ):
        if found is None:
            continue
        places = [(one.low, one.high) for one in found.bins]
        if found is before and ends:
            places = list(ends)
        rows = [
            [*place, one.n, one.accuracy.value, one.accuracy.low, one.accuracy.high, one.confidence]
            for one, place in zip(found.bins, places, strict=True)
        ]
        click = "<br>click to narrow to it" if found is before else ""
        _points(
            figure,
            [one.confidence for one in found.bins],
            rows,
            f"confidence %{{customdata[0]:.1%}} to %{{customdata[1]:.1%}}, mean %{{x:.1%}}{click}",
            color,
            name=f"{name} temperature scaling" if after is not None else "",
            symbol=symbol,
            line="dot" if found is before else "solid",
        )
    return figure


def bins(
    found: Sequence[Bin],
    title: str,
    overall: float,
    column: str = "",
    ends: Sequence[Ends] = (),
    chosen: Sequence[bool] = (),
) -> go.Figure:
    """Draw the top-1 accuracy of bins, with the number of locations of each below its range.

    The dashed line is the accuracy `overall`. A click narrows a `column` to the `ends` of a bin;
    `chosen` ones are marked.
    """
    # Labels of at least two columns apart.
    width = sum(max(len(one.label), len(f"n {one.subset.n:,}")) + 2 for one in found)
    every = max(1, -(-width // MOST_COLUMNS))
    ticks = list(range(0, len(found), every))
    rows = [
        [
            *(ends[place] if ends else (one.low, one.high)),
            one.subset.n,
            one.subset.accuracy.value,
            one.subset.accuracy.low,
            one.subset.accuracy.high,
            one.subset.kilometers.value,
        ]
        for place, one in enumerate(found)
    ]
    figure = go.Figure(
        layout=layout(
            margin={"l": 50, "r": 12, "t": 8, "b": 48},
            hovermode="closest",
            showlegend=False,
            meta={"columns": _COVARIATE, "range": column},
            xaxis=axis(
                title,
                range=[-0.6, len(found) - 0.4],
                tickvals=ticks,
                ticktext=[
                    f"{found[place].label}<br>n {found[place].subset.n:,}" for place in ticks
                ],
                tickfont={"size": 10, "color": INK},
                tickangle=0,
                showgrid=False,
                **INVISIBLE_TICKS,
            ),
            yaxis=share_axis("Right predictions"),
        )
    )
    for place, is_chosen in enumerate(chosen):
        if is_chosen:
            _mark(figure, place - 0.5, place + 0.5)
    if found and np.isfinite(overall):
        figure.add_hline(y=overall, line={"color": QUIET, "width": 1, "dash": "dash"})
    click = "<br>click to narrow to it" if column else ""
    labels = [one.label for one in found]
    _points(figure, range(len(found)), rows, f"{title} %{{text}}{click}", LINE, text=labels)
    return figure


def _points(
    figure: go.Figure,
    x: Sequence[float] | range,
    rows: Sequence[Sequence[float]],
    about: str,
    color: str,
    *,
    name: str = "",
    symbol: str = "circle",
    line: str = "",
    **more: Any,
) -> None:
    """Add points at the accuracies in `rows`, whose numbers are in the order of `_BINS`."""
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(_COVARIATE))
    figure.add_scatter(
        x=list(x),
        y=values[:, 3],
        error_y={
            "type": "data",
            "array": values[:, 5] - values[:, 3],
            "arrayminus": values[:, 3] - values[:, 4],
            "color": color,
            "thickness": 1.2,
            "width": 2,
        },
        mode="lines+markers" if line else "markers",
        line={"color": color, "width": 1, "dash": line or "solid"},
        marker={"color": color, "size": 7, "symbol": symbol},
        name=name,
        showlegend=bool(name),
        customdata=values,
        hovertemplate=f"{about}<br>right <b>%{{customdata[3]:.1%}}</b> (95 % interval "
        "%{customdata[4]:.1%} to %{customdata[5]:.1%}), n = %{customdata[2]:,}<extra></extra>",
        **more,
    )


def _mark(figure: go.Figure, low: float, high: float) -> None:
    figure.add_vrect(x0=low, x1=high, fillcolor=_CHOSEN, line_width=0, layer="below")
