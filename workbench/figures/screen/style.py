"""Colours, axes and texts that all figures for the screen share."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from common.text import columns, printable, shorten

INK = "#1c2733"
QUIET = "#6a7683"
RULE = "#e3e7eb"
ACCENT = "#1f5fbf"
LINE = "#3f83d6"
"""A blue that is seen on light and on dark ground."""
MOST_TICKS = 18
# Widths in columns of a terminal.
TICK_NAME = 18
HOVER_NAME = 80
# Between the labels and the axis.
INVISIBLE_TICKS = {"ticks": "outside", "tickcolor": "rgba(0,0,0,0)"}
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
# Plotly reads tags, entities, placeholders (`%{x}`) and, where MathJax is loaded, mathematics.
_ENTITIES = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>%$"})


def literal(names: Sequence[str], limit: int = HOVER_NAME) -> list[str]:
    """Return names as Plotly shows them: as they are, of at most `limit` columns (`shorten`)."""
    shown = shorten([printable(name) for name in names], limit)
    return [name.translate(_ENTITIES) for name in shown]


def layout(**more: Any) -> go.Layout:
    """Return the layout of a figure: transparent, in the fonts and colours of the page."""
    base: dict[str, Any] = {
        "template": "none",
        "font": {"family": _FONT, "size": 11, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {
            "bgcolor": "#ffffff",
            "bordercolor": "#c5ccd3",
            "font": {"family": _FONT, "size": 12, "color": INK},
        },
        "uirevision": "kept",
    }
    return go.Layout(**(base | more))


def annotation(text: str, x: float, y: float, **style: Any) -> dict[str, Any]:
    """Return a text of a figure, from the left; x and y are shares of the drawing area."""
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left"}
    return {"text": text, "showarrow": False, **place, **style}


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with a quiet title that cannot be dragged."""
    style = {"text": title, "font": {"size": 11, "color": QUIET}, "standoff": 6}
    return {"title": style, "zeroline": False, "fixedrange": True} | more


def share_axis(title: str) -> dict[str, Any]:
    """Return an axis from 0 to 100 %."""
    return axis(
        title,
        range=[-0.01, 1.01],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        tickformat=".0%",
        tickfont={"size": 10, "color": QUIET},
        gridcolor=RULE,
    )


def names_axis(names: Sequence[str], title: str, every: bool = False) -> dict[str, Any]:
    """Return an axis of names at 0, 1, ..., of which every n-th has a label unless `every` has."""
    step = 1 if every else max(1, -(-len(names) // MOST_TICKS))
    tick = list(range(0, len(names), step))
    shown = shorten([printable(name) for name in names], TICK_NAME)
    level = sum(columns(shown[i]) + 2 for i in tick) * 7 < 300
    ordinal = {2: "second", 3: "third"}.get(step, f"{step}th")
    more = f" (every {ordinal} is labelled)" if step > 1 else ""
    return axis(
        title + more,
        tickvals=tick,
        tickangle=0 if level or title == "True" else 90,
        ticktext=literal([shown[i] for i in tick]),
        tickfont={"size": 11 if len(tick) <= 12 else 9 if len(tick) <= 40 else 8, "color": INK},
        ticklen=4,
        showgrid=False,
        automargin=True,
        range=[-0.5, len(names) - 0.5],
        **INVISIBLE_TICKS,
    )
