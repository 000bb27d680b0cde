"""Deletion and insertion curves for the screen."""

import numpy as np
import plotly.graph_objects as go

from workbench.attribution.result import REPLACEMENT_TITLES, Checks
from workbench.figures.screen.style import (
    ACCENT,
    INVISIBLE_TICKS,
    QUIET,
    annotation,
    layout,
    share_axis,
)

# Colour, dash and width of a curve, by the order of the patches.
_ORDER = {
    "map": (ACCENT, "solid", 2),
    "random": ("#6a7683", "dot", 1.5),
    "edges": ("#b5651d", "dash", 1.5),
}
_WIDTH = 0.46
"""Width of a panel, as a fraction of the figure's."""
_GAP = 0.18
"""Height between two rows of panels, as a fraction of the figure's."""


def deletion_insertion(checks: Checks) -> go.Figure:
    """Draw deletion and insertion curves side by side, one line per order of the patches.

    Each replacement of deleted patches has a row, with its name at the left. The curves are
    probabilities in [0, 1]; the areas under them are printed above them, in their colours.
    """
    kinds = [
        (name, kind, curves)
        for name, both in checks.curves.items()
        for kind, curves in (("deletion", both.deletion), ("insertion", both.insertion))
    ]
    # One axis for all, so that they can be compared.
    top = 1.05 * max(float(curve.max()) for _, _, curves in kinds for curve in curves.values())
    rows = len(checks.curves)
    height = (1 - _GAP * (rows - 1)) / rows
    legend = "  ".join(_colored(order, order) for order in _ORDER)
    above = {"yanchor": "bottom", "yshift": 15, "font": {"size": 10, "color": QUIET}}
    lines, axes = [], {}
    texts = [annotation(f"Area under the curve by order: {legend}", 0, 1, **above)]
    for number, (name, kind, curves) in enumerate(kinds):
        axis = str(number + 1) if number else ""
        row, column = divmod(number, 2)
        left, upper = (1 - _WIDTH) * column, 1 - row * (height + _GAP)
        areas = []
        for order, curve in curves.items():
            color, dash, width = _ORDER[order]
            areas.append(_colored(f"{np.trapezoid(curve, checks.fractions):.3f}", order))
            lines.append(
                go.Scatter(
                    x=checks.fractions,
                    y=curve,
                    mode="lines",
                    name=order,
                    line={"color": color, "width": width, "dash": dash},
                    hovertemplate=f"{order}: %{{y:.1%}} with %{{x:.0%}} of the patches"
                    "<extra></extra>",
                    xaxis=f"x{axis}",
                    yaxis=f"y{axis}",
                )
            )
        title = f"{kind.capitalize()}, {'lower' if kind == 'deletion' else 'higher'} is better"
        last = row == rows - 1
        # The labels of x stand below the zero of y.
        axes[f"xaxis{axis}"] = share_axis(title if last else "") | {
            "domain": [left, left + _WIDTH],
            "anchor": f"y{axis}",
            "tickvals": [0, 0.5, 1],
            **INVISIBLE_TICKS,
            "ticklen": 5,
            "showticklabels": last,
        }
        axes[f"yaxis{axis}"] = share_axis("" if column else REPLACEMENT_TITLES[name]) | {
            "range": [0, top or 1],
            "anchor": f"x{axis}",
            "tickvals": None,
            "nticks": 4,
            "domain": [max(0.0, upper - height), upper],
        }
        text = "  ".join(areas)
        texts.append(annotation(text, left, upper, yanchor="bottom", font={"size": 10}))
    margin = {"l": 50, "r": 20, "t": 36, "b": 36}
    # Set one after another, axes and texts would take five times as long.
    return go.Figure(lines, layout(margin=margin, showlegend=False, annotations=texts, **axes))


def _colored(text: str, order: str) -> str:
    return f'<span style="color:{_ORDER[order][0]}">{text}</span>'
