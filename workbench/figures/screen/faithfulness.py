"""Deletion and insertion curves for the screen."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from workbench.figures.screen.style import ACCENT, INVISIBLE_TICKS, annotate, layout, share_axis

# Colour, dash and width of a curve, by the order of the patches.
_ORDER = {
    "map": (ACCENT, "solid", 2),
    "random": ("#6a7683", "dot", 1.5),
    "edges": ("#b5651d", "dash", 1.5),
}


def deletion_insertion(
    fraction: NDArray[np.float64],
    deletion: Mapping[str, NDArray[np.float64]],
    insertion: Mapping[str, NDArray[np.float64]],
) -> go.Figure:
    """Draw deletion and insertion curves side by side, one line per order of the patches.

    `fraction` (P,) of the patches is replaced or inserted; the curves (P,) are probabilities in
    [0, 1]. The areas under the curves are printed above them.
    """
    figure = go.Figure(layout=layout(margin={"l": 34, "r": 20, "t": 22, "b": 36}, showlegend=False))
    # One axis for both, so that the two can be compared.
    top = 1.05 * max(float(curve.max()) for curve in (*deletion.values(), *insertion.values()))
    for number, (title, curves) in enumerate(
        (
            ("Deletion: patches replaced, lower is better", deletion),
            ("Insertion: patches inserted, higher is better", insertion),
        ),
        start=1,
    ):
        axis = str(number) if number > 1 else ""
        named = []
        for order, curve in curves.items():
            color, dash, width = _ORDER[order]
            area = np.trapezoid(curve, fraction)
            named.append(f'<span style="color:{color}">{order} {area:.3f}</span>')
            figure.add_scatter(
                x=fraction,
                y=curve,
                mode="lines",
                name=order,
                line={"color": color, "width": width, "dash": dash},
                hovertemplate=f"{order}: %{{y:.1%}} with %{{x:.0%}} of the patches<extra></extra>",
                xaxis=f"x{axis}",
                yaxis=f"y{axis}",
            )
        left = 0.54 * (number - 1)
        x = {"domain": [left, left + 0.46], "anchor": f"y{axis}", "tickvals": [0, 0.5, 1]}
        y = {"range": [0, top or 1], "anchor": f"x{axis}", "tickvals": None, "nticks": 4}
        # The labels of x stand below the zero of y.
        figure.update_layout(
            {
                f"xaxis{axis}": share_axis(title) | x | INVISIBLE_TICKS | {"ticklen": 5},
                f"yaxis{axis}": share_axis("") | y,
            }
        )
        annotate(figure, "  ".join(named), left, 1, yanchor="bottom", font={"size": 10})
    return figure
