"""Cumulative curves for the screen, over a logarithmic axis: kilometres off, area to search."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from workbench.evaluation.geography import Curve
from workbench.figures.screen.style import LINE, QUIET, RULE, axis, layout, share_axis

_ALL = "#a3adb8"


def cumulative(
    curves: Mapping[str, Curve],
    title: str,
    shortest: float | None = None,
    limits: Sequence[float] = (),
) -> go.Figure:
    """Draw the share of locations with at most a value, curves by name, the last one on top.

    The axis of the values, with this `title`, begins at `shortest`, else at the smallest value
    above 0. Dotted lines stand at `limits`.
    """
    known = np.concatenate([np.zeros(0), *(curve.values for curve in curves.values())])
    least = shortest or float(min(known[known > 0], default=1))
    most = max(float(known.max(initial=0)), 10 * least)
    ends = [np.log10(least), np.log10(most)]
    figure = go.Figure(
        layout=layout(
            margin={"l": 50, "r": 20, "t": 8, "b": 38},
            hovermode="closest",
            xaxis=axis(
                title,
                type="log",
                range=ends,
                dtick=1,
                tickformat=",~r",
                tickfont={"size": 10, "color": QUIET},
                gridcolor=RULE,
            ),
            yaxis=share_axis("Share of locations"),
            showlegend=len(curves) > 1,
            legend={
                "x": 0.02,
                "y": 0.98,
                "yanchor": "top",
                "bgcolor": "rgba(0,0,0,0)",
                "font": {"size": 10.5},
                "itemclick": False,
                "itemdoubleclick": False,
            },
        )
    )
    for limit in limits:
        figure.add_vline(x=limit, line={"color": QUIET, "width": 0.8, "dash": "dot"})
    for place, (name, curve) in enumerate(curves.items()):
        on_top = place == len(curves) - 1
        figure.add_scatter(
            x=np.maximum(curve.values, least),
            y=curve.shares,
            mode="lines",
            # A cumulative distribution has steps.
            line={
                "color": LINE if on_top else _ALL,
                "width": 2 if on_top else 1.5,
                "shape": "hv",
            },
            name=name,
            meta=name,
            hovertemplate=f"<b>{name}</b><br>%{{y:.1%}} of the locations: at most %{{x:,.3~r}}"
            "<extra></extra>",
        )
    return figure
