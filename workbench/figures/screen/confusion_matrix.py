"""Confusion matrices for the screen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from workbench.evaluation import census
from workbench.evaluation.confusions import ClassOrder
from workbench.evaluation.metrics import Confusion
from workbench.evaluation.mistakes import StateMistakes
from workbench.figures.colors import WRONG
from workbench.figures.screen.style import QUIET, layout, literal, names_axis

MOST_NUMBERED = 12  # Classes of a matrix whose cells show their numbers.
_COUNT = (
    (0.0, "#ffffff"),
    (0.02, "#e7eff9"),
    (0.3, "#93b9e3"),
    (0.65, "#3a78c2"),
    (1.0, "#12305f"),
)
_RIGHT = ((0.0, "#ffffff"), (1.0, "#c9d0d6"))


def confusion(
    result: Confusion, true: Sequence[str] | None = None, marked: tuple[str, str] | None = None
) -> go.Figure:
    """Draw counts as a heat map, true classes in rows, predicted ones in columns.

    `true` restricts the rows, and the columns to the same classes and those predicted for them.
    `marked` is a (true, predicted) cell to frame. The layout's `meta` has the class names of rows
    ("true") and columns ("predicted"), which tell the page what a cell is.
    """
    names, counts = result.class_names, result.counts
    rows = columns = list(range(len(names)))
    if true is not None:
        rows = [index for index, name in enumerate(names) if name in set(true)]
        columns = [index for index in columns if index in rows or counts[rows, index].any()]
    title = "Predicted"
    if len(rows) <= 3 and len(columns) > MOST_NUMBERED:
        # Fewer, but with their numbers.
        title = f"Predicted (the {MOST_NUMBERED} most frequent of {len(columns)} classes)"
        by_count = sorted(columns, key=lambda index: -counts[rows, index].sum())
        columns = sorted(by_count[:MOST_NUMBERED])
    shown = counts[np.ix_(rows, columns)]
    down, across = [names[i] for i in rows], [names[i] for i in columns]
    hover = literal(down), literal(across)
    figure = go.Figure(
        go.Heatmap(
            # Positions, not names: a name that looks like a number or a date stays a name.
            z=shown,
            customdata=np.array([[(name, other) for other in hover[1]] for name in hover[0]])
            if down
            else None,
            hovertemplate="true %{customdata[0]}<br>predicted %{customdata[1]}: <b>%{z}</b>"
            "<extra></extra>",
            colorscale=_COUNT,
            zmin=0,
            zmax=max(1, int(shown.max())) if shown.size else 1,
            xgap=1 if len(across) <= 30 else 0,
            ygap=1 if len(down) <= 30 else 0,
            showscale=False,
            **_numbered(shown, shown),
        ),
        layout(
            margin={"l": 8, "r": 10, "t": 8, "b": 8},
            meta={"true": down, "predicted": across},
            xaxis=names_axis(across, title),
            yaxis=names_axis(down, "True") | {"autorange": "reversed"},
        ),
    )
    if marked and marked[0] in down and marked[1] in across:
        _frame(figure, [across.index(marked[1])], [down.index(marked[0])])
    return figure


def errors(
    result: Confusion,
    order: ClassOrder,
    *,
    shares: bool = False,
    marked: Sequence[tuple[Sequence[str], Sequence[str]]] = (),
) -> go.Figure:
    """Draw a confusion matrix in which the errors stand out, every class with its name.

    The scale is that of the errors; right locations are grey. Cells are counts, or `shares` of the
    true class. Lines separate the groups of the order. `marked` are rows and columns, by class
    names, whose common cells are framed, an empty list for all. `meta` is as in `confusion`.
    """
    names = [result.class_names[index] for index in order.indices]
    counts = result.counts[np.ix_(order.indices, order.indices)]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    values = share if shares else counts
    right = np.eye(len(names), dtype=bool)
    figure = go.Figure(
        layout=layout(
            margin={"l": 8, "r": 10, "t": 8, "b": 8},
            meta={"true": names, "predicted": names},
            xaxis=names_axis(names, "Predicted", every=True),
            yaxis=names_axis(names, "True", every=True) | {"autorange": "reversed"},
        )
    )
    for here, scale in ((~right, _COUNT), (right, _RIGHT)):
        shown = np.where(here, values, np.nan)
        figure.add_heatmap(
            z=shown,
            customdata=np.stack((counts, share), axis=2).astype(np.float32),
            # The names are those of the ticks.
            hovertemplate="true %{y}<br>predicted %{x}: <b>%{customdata[0]:,}</b>, "
            "%{customdata[1]:.1%}<extra></extra>",
            hoverongaps=False,
            colorscale=scale,
            zmin=0,
            zmax=float(values[here].max(initial=0)) or 1,
            xgap=1 if len(names) <= 30 else 0.5,
            ygap=1 if len(names) <= 30 else 0.5,
            showscale=False,
            **_numbered(np.where(here, counts, 0), values, "{:.0%}" if shares else "{:,}"),
        )
    for place in order.groups:
        for across in ("x", "y"):
            along = "y" if across == "x" else "x"
            ends = {f"{across}0": place - 0.5, f"{across}1": place - 0.5}
            ends |= {f"{along}0": -0.5, f"{along}1": len(names) - 0.5}
            figure.add_shape(type="line", line={"color": QUIET, "width": 0.7}, **ends)
    everything = list(range(len(names)))
    for true, predicted in marked:
        _frame(
            figure,
            [names.index(name) for name in predicted if name in names] or everything,
            [names.index(name) for name in true if name in names] or everything,
        )
    return figure


def divisions(
    found: StateMistakes, class_names: Sequence[str], marked: tuple[str, str] | None = None
) -> go.Figure:
    """Draw the confusion matrix of Census divisions, with a short name for each predicted one.

    It is as in `confusion`; `members` in `meta` has the classes of each division.
    """
    names = found.division_names
    figure = confusion(Confusion(names, found.counts), marked=marked)
    short = ["".join(word[0] for word in name.split()) for name in names]
    short = [
        name[:3] + "." if len(code) == 1 else code for name, code in zip(names, short, strict=True)
    ]
    of_class = census.divisions(class_names) or []
    members: dict[str, list[str]] = {name: [] for name in names}
    for name, division in zip(class_names, of_class, strict=True):
        members[division].append(name)
    figure.update_layout(meta={**figure.layout.meta, "members": members})
    figure.update_xaxes(ticktext=short, tickangle=0, tickfont={"size": 9.5})
    return figure


def _numbered(
    counts: NDArray[np.int64], values: NDArray[Any], form: str = "{:,}"
) -> dict[str, Any]:
    """Return what writes values (R, C) into the cells of a small matrix that have counts (R, C)."""
    if not counts.size or max(counts.shape) > MOST_NUMBERED:
        return {}
    text = [
        [form.format(value) if count else "" for count, value in zip(*row, strict=True)]
        for row in zip(counts, values, strict=True)
    ]
    return {"text": text, "texttemplate": "%{text}"}


def _frame(figure: go.Figure, across: Sequence[int], down: Sequence[int]) -> None:
    """Frame the cells of a matrix in some columns and rows, each run of neighbours on its own."""
    for left, right in _runs(across):
        for top, bottom in _runs(down):
            figure.add_shape(
                type="rect",
                x0=left - 0.5,
                x1=right + 0.5,
                y0=top - 0.5,
                y1=bottom + 0.5,
                line={"color": WRONG, "width": 2},
            )


def _runs(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of consecutive numbers."""
    ordered = np.unique(positions)
    parts = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]
