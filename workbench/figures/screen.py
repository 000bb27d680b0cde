"""Plotly figures for the screen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from common.text import columns, printable, shorten
from workbench.evaluation.confusions import ClassOrder
from workbench.evaluation.metrics import Confusion, Roc, RocCurve

INK = "#1c2733"
QUIET = "#6a7683"
RULE = "#e3e7eb"
ACCENT = "#1f5fbf"
CORRECT = "#2f8f83"
WRONG = "#d1495b"
UNKNOWN = "#b4bcc4"
MOST_NAMED = 8
MOST_TICKS = 18
MOST_NUMBERED = 12  # Classes of a matrix whose cells show their numbers.
_MULTIPLES_RATIO = 1.5  # Columns to rows of small multiples.
# Widths in columns of a terminal.
LEGEND_NAME = 28
TICK_NAME = 18
_MULTIPLES_NAME = 14
HOVER_NAME = 80

SHARE_SCALE = ((0.0, "#f2c14e"), (0.5, "#3a9e8f"), (1.0, "#27366f"))
DIVERGING_SCALE = ((0.0, "#1848c4"), (0.5, "#d9dcdf"), (1.0, "#c4162a"))
_COUNT = (
    (0.0, "#ffffff"),
    (0.02, "#e7eff9"),
    (0.3, "#93b9e3"),
    (0.65, "#3a78c2"),
    (1.0, "#12305f"),
)
_RIGHT = ((0.0, "#ffffff"), (1.0, "#c9d0d6"))
# Plotly reads tags, entities, placeholders (`%{x}`) and, where MathJax is loaded, mathematics.
_ENTITIES = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>%$"})
# Colour, dash and width of a curve, by the order of the patches.
_ORDER = {
    "map": (ACCENT, "solid", 2),
    "random": ("#6a7683", "dot", 1.5),
    "edges": ("#b5651d", "dash", 1.5),
}
# Between the labels and the axis.
_INVISIBLE_TICKS = {"ticks": "outside", "tickcolor": "rgba(0,0,0,0)"}
_AVERAGE = "#7b8794"
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'


def literal(names: Sequence[str], limit: int = HOVER_NAME) -> list[str]:
    """Return names as Plotly shows them: as they are, of at most `limit` columns (`shorten`)."""
    shown = shorten([printable(name) for name in names], limit)
    return [name.translate(_ENTITIES) for name in shown]


def roc(
    result: Roc,
    colors: Mapping[str, str],
    named: Sequence[str] | None = None,
    averages: Sequence[RocCurve] = (),
) -> go.Figure:
    """Draw one curve per class over the diagonal of chance, and averages of them.

    At most `MOST_NAMED` curves are all coloured and named with their AUC; of more, only the best
    and the worst three, the others stay grey with a tooltip. `named` restricts curves and
    undefined classes to some classes.
    """
    wanted = set(colors if named is None else named)
    curves = [curve for curve in result.curves if curve.class_name in wanted]
    undefined = [name for name in result.undefined if name in wanted]
    by_area = sorted(curves, key=lambda curve: curve.auc, reverse=True)
    front = by_area if len(curves) <= MOST_NAMED else [*by_area[:3], *by_area[-3:]]
    figure = go.Figure(
        layout=_layout(
            margin={"l": 50, "r": 20, "t": 8, "b": 38},
            hovermode="closest",
            xaxis=_share("False positive rate"),
            yaxis=_share("True positive rate"),
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
        worst = len(curves) > MOST_NAMED and rank >= 3
        dash = "dash" if worst else "solid"
        figure.add_trace(_curve(curve, colors[curve.class_name], 1.8, name, dash))
    for average, dash in zip(averages, ("solid", "dot", "dash"), strict=False):
        figure.add_trace(_curve(average, _AVERAGE, 3, average.class_name, dash))
    if undefined:
        listed = ", ".join(literal(undefined[:4], TICK_NAME))
        listed += " …" if len(undefined) > 4 else ""
        text = f"No curve: {listed} (no locations of this class or of others)"
        font = {"size": 10.5, "color": QUIET}
        _annotate(figure, text, 0.02, 0.98, yanchor="top", font=font)
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
        layout=_layout(
            margin={"l": 12, "r": 12, "t": 4, "b": 8},
            hovermode="closest",
            showlegend=False,
            xaxis=_share("False positive rate")
            | hidden
            | {"range": [-0.04, n_columns * width - 0.08]},
            yaxis=_share("True positive rate")
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
        _layout(
            margin={"l": 8, "r": 10, "t": 8, "b": 8},
            meta={"true": down, "predicted": across},
            xaxis=_names(across, title),
            yaxis=_names(down, "True") | {"autorange": "reversed"},
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
        layout=_layout(
            margin={"l": 8, "r": 10, "t": 8, "b": 8},
            meta={"true": names, "predicted": names},
            xaxis=_names(names, "Predicted", every=True),
            yaxis=_names(names, "True", every=True) | {"autorange": "reversed"},
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


def deletion_insertion(
    fraction: NDArray[np.float64],
    deletion: Mapping[str, NDArray[np.float64]],
    insertion: Mapping[str, NDArray[np.float64]],
) -> go.Figure:
    """Draw deletion and insertion curves side by side, one line per order of the patches.

    `fraction` (P,) of the patches is replaced or inserted; the curves (P,) are probabilities in
    [0, 1]. The areas under the curves are printed above them.
    """
    figure = go.Figure(
        layout=_layout(margin={"l": 34, "r": 20, "t": 22, "b": 36}, showlegend=False)
    )
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
                f"xaxis{axis}": _share(title) | x | _INVISIBLE_TICKS | {"ticklen": 5},
                f"yaxis{axis}": _share("") | y,
            }
        )
        _annotate(figure, "  ".join(named), left, 1, yanchor="bottom", font={"size": 10})
    return figure


def _annotate(figure: go.Figure, text: str, x: float, y: float, **style: Any) -> None:
    """Write into a figure, from the left; x and y are shares of the drawing area."""
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left"}
    figure.add_annotation(text=text, showarrow=False, **place, **style)


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


def _axis(title: str, **more: Any) -> dict[str, Any]:
    style = {"text": title, "font": {"size": 11, "color": QUIET}, "standoff": 6}
    return {"title": style, "zeroline": False, "fixedrange": True} | more


def _share(title: str) -> dict[str, Any]:
    return _axis(
        title,
        range=[-0.01, 1.01],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        tickformat=".0%",
        tickfont={"size": 10, "color": QUIET},
        gridcolor=RULE,
    )


def _names(names: Sequence[str], title: str, every: bool = False) -> dict[str, Any]:
    step = 1 if every else max(1, -(-len(names) // MOST_TICKS))
    tick = list(range(0, len(names), step))
    shown = shorten([printable(name) for name in names], TICK_NAME)
    level = sum(columns(shown[i]) + 2 for i in tick) * 7 < 300
    ordinal = {2: "second", 3: "third"}.get(step, f"{step}th")
    more = f" (every {ordinal} is labelled)" if step > 1 else ""
    return _axis(
        title + more,
        tickvals=tick,
        tickangle=0 if level or title == "True" else 90,
        ticktext=literal([shown[i] for i in tick]),
        tickfont={"size": 11 if len(tick) <= 12 else 9 if len(tick) <= 40 else 8, "color": INK},
        ticklen=4,
        showgrid=False,
        automargin=True,
        range=[-0.5, len(names) - 0.5],
        **_INVISIBLE_TICKS,
    )


def _layout(**more: Any) -> go.Layout:
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
