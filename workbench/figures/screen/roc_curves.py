"""ROC curves for the screen: all in one figure, or each in a square of its own."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from common.text import printable, shorten
from workbench.evaluation.roc_curves import Roc, RocCurve
from workbench.figures.screen.style import (
    INK,
    QUIET,
    TICK_NAME,
    annotation,
    layout,
    literal,
    share_axis,
)

MOST_NAMED = 8
# Widths in columns of a terminal.
LEGEND_NAME = 28
_MULTIPLES_NAME = 14
_MULTIPLES_RATIO = 1.5  # Columns to rows of small multiples.
_AVERAGE = "#7b8794"


def roc(
    result: Roc,
    colors: Mapping[str, str],
    named: Sequence[str] | None = None,
    averages: Sequence[RocCurve] = (),
    most_named: int = MOST_NAMED,
) -> go.Figure:
    """Draw one curve per class over the diagonal of chance, and averages of them.

    At most `most_named` curves are all coloured and named with their AUC; of more, only the best
    and the worst three, or less, the others stay grey with a tooltip. `named` restricts curves and
    undefined classes to some classes.
    """
    wanted = set(colors if named is None else named)
    curves = [curve for curve in result.curves if curve.class_name in wanted]
    undefined = [name for name in result.undefined if name in wanted]
    by_area = sorted(curves, key=lambda curve: curve.auc, reverse=True)
    ends = max(1, min(3, most_named // 2))
    front = by_area if len(curves) <= most_named else [*by_area[:ends], *by_area[-ends:]]
    figure = go.Figure(
        layout=layout(
            margin={"l": 50, "r": 20, "t": 8, "b": 38},
            hovermode="closest",
            xaxis=share_axis("False positive rate"),
            yaxis=share_axis("True positive rate"),
            legend={
                "x": 0.99,
                "y": 0.02,
                "xanchor": "right",
                "yanchor": "bottom",
                "bgcolor": "rgba(255,255,255,0.85)",
                "font": {"size": 10.5},
                "itemsizing": "constant",
                "itemclick": False,
                "itemdoubleclick": False,
                "tracegroupgap": 0,
            },
        )
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": "#b6bec7", "width": 1, "dash": "dot"},
        name="chance",
        hoverinfo="skip",
        showlegend=False,
    )
    for curve in [curve for curve in curves if curve not in front]:
        figure.add_trace(_curve(curve, "#cdd4da", 0.9))
    names = literal([curve.class_name for curve in front], LEGEND_NAME)
    for rank, (curve, name) in enumerate(zip(front, names, strict=True)):
        worst = len(curves) > most_named and rank >= ends
        dash = "dash" if worst else "solid"
        figure.add_trace(_curve(curve, colors[curve.class_name], 1.8, name, dash))
    for average, dash in zip(averages, ("solid", "dot", "dash"), strict=False):
        figure.add_trace(_curve(average, _AVERAGE, 3, average.class_name, dash))
    if undefined:
        listed = ", ".join(literal(undefined[:4], TICK_NAME))
        listed += " …" if len(undefined) > 4 else ""
        text = f"No curve: {listed} (no locations of this class or of others)"
        font = {"size": 10.5, "color": QUIET}
        figure.add_annotation(annotation(text, 0.02, 0.98, yanchor="top", font=font))
    return figure


def roc_multiples(
    result: Roc, colors: Mapping[str, str], named: Sequence[str] | None = None
) -> go.Figure:
    """Draw each curve into a small square of its own, the smallest area first, row by row.

    `named` restricts them to some classes. All share the two axes of the figure: a square is one
    wide and one high, and tooltips have the rates.
    """
    wanted = set(colors if named is None else named)
    curves = [curve for curve in result.curves if curve.class_name in wanted]
    curves.sort(key=lambda curve: curve.auc)
    n_columns = max(1, min(len(curves), int(np.ceil(np.sqrt(_MULTIPLES_RATIO * len(curves))))))
    n_rows = max(1, -(-len(curves) // n_columns))
    width, height = 1.12, 1.42  # Of a square with the gap beside it and the name above it.
    places = [(i % n_columns * width, -(i // n_columns) * height) for i in range(len(curves))]
    hidden = {"visible": False}
    figure = go.Figure(
        layout=layout(
            margin={"l": 12, "r": 12, "t": 4, "b": 8},
            hovermode="closest",
            showlegend=False,
            xaxis=share_axis("False positive rate")
            | hidden
            | {"range": [-0.04, n_columns * width - 0.08]},
            yaxis=share_axis("True positive rate")
            | hidden
            | {"range": [-height * (n_rows - 1) - 0.04, height - 0.06]},
        )
    )
    gap = (np.nan, np.nan)
    square = np.array([(0, 1), (0, 0), (1, 0), gap, (0, 0), (1, 1), gap])  # Axes and diagonal.
    squares = np.array([square + place for place in places]).reshape(-1, 2)
    figure.add_scatter(
        x=squares[:, 0],
        y=squares[:, 1],
        mode="lines",
        line={"color": "#b6bec7", "width": 1},
        hoverinfo="skip",
    )
    for curve, (x, y) in zip(curves, places, strict=True):
        trace = _curve(curve, colors[curve.class_name], 1.6)
        rates = np.stack((trace.x, trace.y), axis=1)
        tooltip = trace.hovertemplate.replace("%{x:", "%{customdata[0]:")
        tooltip = tooltip.replace("%{y:", "%{customdata[1]:")
        trace.update(x=rates[:, 0] + x, y=rates[:, 1] + y, customdata=rates, hovertemplate=tooltip)
        figure.add_trace(trace)
    names = shorten([printable(curve.class_name) for curve in curves], _MULTIPLES_NAME)
    for text, dx, dy, position in (
        (literal(names), 0.0, 1.0, "top right"),
        ([f"{curve.auc:.3f}" for curve in curves], 1.0, 0.0, "top left"),
    ):
        figure.add_scatter(
            x=[x + dx for x, _ in places],
            y=[y + dy for _, y in places],
            text=text,
            mode="text",
            textposition=position,
            textfont={"size": 9.5, "color": INK},
            hoverinfo="skip",
        )
    return figure


def _curve(
    curve: RocCurve, color: str, width: float, name: str = "", dash: str = "solid"
) -> go.Scatter:
    """Return a curve; the legend shows it if it has a `name` for it."""
    keep = _visible(curve)
    (full_name,) = literal([curve.class_name])
    return go.Scatter(
        x=curve.false_positive_rate[keep].astype(np.float32),
        y=curve.true_positive_rate[keep].astype(np.float32),
        mode="lines",
        line={"color": color, "width": width, "dash": dash},
        name=f"{name or full_name} {curve.auc:.3f}",
        meta=curve.class_name,
        hovertemplate=f"<b>{full_name}</b> AUC {curve.auc:.3f}, "
        f"{curve.positives:,} locations<br>"
        "true positives %{y:.1%}, false positives %{x:.1%}<extra></extra>",
        showlegend=bool(name),
    )


def _visible(curve: RocCurve) -> NDArray[np.bool_]:
    """Return which points to draw: those at least about a 500th of an axis apart, a pixel."""
    corner = np.round(500 * np.stack((curve.false_positive_rate, curve.true_positive_rate), axis=1))
    keep = np.ones(len(corner), dtype=bool)
    keep[1:-1] = (corner[1:-1] != corner[:-2]).any(axis=1)
    return keep
