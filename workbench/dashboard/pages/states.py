"""The page of the classes: a table of their numbers in the selection, and their ROC curves."""

import math
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from common.files import csv_text
from workbench.dashboard.components import attributes, panel, segments
from workbench.dashboard.metrics import SCORES, confusion_matrix, graph
from workbench.dashboard.pages.base import Page, selected
from workbench.dashboard.selection import resolve
from workbench.evaluation.class_table import ClassSummary, class_table
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen
from workbench.figures.colors import class_colors

FIELDS = (
    *("class", "n", "recall", "recall_low", "recall_high"),
    *("n_predicted", "precision", "precision_low", "precision_high"),
    *("auc", "confused_with", "n_confused"),
)
"""Columns of the table in files and for the browser."""
VIEWS = {"overlaid": "Overlaid", "multiples": "One each"}


def layout(predictions: Predictions) -> list[Any]:
    """Return the table, which `assets/dashboard/states.js` draws, above the curves."""
    words = (
        "Within the selection: recall is the share of the class's locations that are right, "
        "precision the share of the locations predicted as the class that are. Intervals are "
        "Wilson's, 95 %. The negatives of the AUC are all locations of other classes."
    )
    score = html.Div(
        segments("states-score", SCORES, "probability"),
        title="The score by which locations are ordered for curves and AUC",
    )
    return [
        panel(
            "Classes",
            [
                html.Span(id="states-summary", title=words),
            ],
            [
                html.Div(id="states-table", className="table-box", **attributes(data_numbers="")),
                dcc.Store(id="states-rows"),
                dcc.Store(id="states-drawn"),
            ],
            "states",
            "Classes of the selection",
            saves=True,
            paper=["classes"],
            csv="states-download",
        ),
        panel(
            "ROC",
            [html.Span(id="states-areas"), score, segments("states-view", VIEWS, "overlaid")],
            [graph("class-curves"), dcc.Download(id="states-file")],
            "class-curves",
            "ROC curves of the selection",
            paper=["roc", "roc-classes"],
        ),
    ]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let table and curves follow the selection."""

    @app.callback(
        Output("states-rows", "data"),
        Output("states-summary", "children"),
        selected("states"),
        Input("states-score", "value"),
    )
    def update_table(steps: Any, score: Any) -> tuple[list[dict[str, Any]], str]:
        table = summarize(steps, score, predictions)
        present = sum(one.n > 0 for one in table)
        number = f"{present:,} of {len(predictions.class_names):,} classes"
        return [row(one) for one in table], f"{number}; 95 % intervals"

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "states"),
        Output("states-drawn", "data"),
        Input("states-rows", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("class-curves", "figure"),
        Output("states-areas", "children"),
        selected("states"),
        Input("states-score", "value"),
        Input("states-view", "value"),
    )
    def update_curves(steps: Any, score: Any, view: Any) -> tuple[Any, str]:
        return draw(steps, score, view, predictions)

    @app.callback(
        Output("states-file", "data"),
        Input("states-download", "n_clicks"),
        State("selection-states", "data"),
        State("states-score", "value"),
        prevent_initial_call=True,
    )
    def download(n_clicks: Any, steps: Any, score: Any) -> Any:
        if not n_clicks:
            return no_update
        text = to_csv(summarize(steps, score, predictions))
        return {"content": text, "filename": "classes.csv", "type": "text/csv"}


def summarize(steps: Any, score: Any, predictions: Predictions) -> tuple[ClassSummary, ...]:
    """Return the classes of a selection (`steps.Steps`)."""
    selection = resolve(steps, predictions)
    counts = confusion_matrix(predictions, selection)
    areas = predictions.ranked_scores(score).areas(selection.member if selection else None)
    return class_table(counts, areas.tolist())


def draw(
    steps: Any,
    score: Any,
    view: Any,
    predictions: Predictions,
    most_named: int = screen.MOST_NAMED,
) -> tuple[Any, str]:
    """Return the curves of a selection, and the areas of their averages in words."""
    selection = resolve(steps, predictions)
    member = None if selection is None else selection.member
    result = predictions.ranked_scores(score).roc(member)
    macro = result.macro_average()
    averages = [] if macro is None else [macro]
    averages += predictions.pooled_scores(score).roc(member).curves
    colors = class_colors(predictions.class_names)
    names = None if selection is None else selection.class_names
    words = [f"{one.class_name.removesuffix('-average')} {one.auc:.3f}" for one in averages]
    if view == "multiples":
        figure = screen.roc_multiples(result, colors, names)
        words += ["lowest AUC first"] if words else []
    else:
        # The average of one class is its own curve.
        shown = averages if len(result.curves) > 1 else ()
        figure = screen.roc(result, colors, names, shown, most_named)
    return figure, ", ".join(words) or "no curve"


def to_csv(table: Sequence[ClassSummary]) -> str:
    """Return the table as CSV, a class a line; unknown numbers are empty."""
    return csv_text([FIELDS, *(tuple(row(one).values()) for one in table)])


def row(one: ClassSummary) -> dict[str, Any]:
    """Return the `FIELDS` of a class, None for unknown numbers."""
    recall, precision = one.recall, one.precision
    values: list[Any] = [one.class_name, one.n, recall.value, recall.low, recall.high]
    values += [one.n_predicted, precision.value, precision.low, precision.high]
    values += [one.auc, one.confused_with, one.n_confused]
    known = [None if isinstance(one, float) and math.isnan(one) else one for one in values]
    return dict(zip(FIELDS, known, strict=True))


PAGE = Page(
    "states",
    "States",
    layout,
    register_callbacks,
    (("states-score", "value"), ("states-view", "value")),
)
