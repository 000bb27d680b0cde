"""The page of the errors: which classes are taken for which."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from common.files import csv_text
from common.text import shorten
from workbench.dashboard.components import attributes, panel, segments
from workbench.dashboard.metrics import confusion_matrix, graph, percent
from workbench.dashboard.pages.base import Page, selected
from workbench.dashboard.photographs import photograph_url
from workbench.dashboard.selection import resolve
from workbench.dashboard.static_html import static
from workbench.evaluation import confusions
from workbench.evaluation.confusions import ORDERS, ClassOrder, ConfusedPair
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import Step, without
from workbench.figures import screen
from workbench.store import HEADINGS

MOST_LISTED = 100
NAME_COLUMNS = 18
"""Width of a name in the list, in columns of a terminal."""


def layout(predictions: Predictions) -> list[Any]:
    """Return the confusion matrix and the list of confusions."""
    orders = dict(ORDERS)
    if confusions.by_division(predictions.class_names) is None:
        del orders["division"]
    matrix_head = [
        html.Span(),
        segments("errors-values", {"counts": "Counts", "shares": "Shares"}, "counts"),
        segments("errors-order", orders, "name"),
    ]
    list_head = [
        html.Span(id="confusions-status", className="status", role="status"),
        segments("confusions-ways", {"one": "One way", "both": "Both"}, "one"),
        segments(
            "confusions-order",
            {"count": "n", "share": "Share", "confidence": "Confidence"},
            "count",
        ),
    ]
    columns = [
        html.Span(name) for name in ("true → predicted", "n", "share", "confidence", "examples")
    ]
    return [
        panel(
            "Confusion matrix",
            matrix_head,
            [graph("errors-matrix")],
            "errors",
            "Confusion matrix: a click on a cell, a true class or a predicted class selects it. "
            "Colours are scaled to the errors; right locations are grey",
            paper=["confusion"],
        ),
        panel(
            "Confusions",
            list_head,
            [
                html.Div(
                    [
                        html.Div(
                            [html.Span(name) for name in columns], className="confusion columns"
                        ),
                        html.Ol(id="confusions", className="confusions"),
                    ],
                    id="confusions-list",
                    tabIndex=0,
                    **attributes(data_numbers=""),
                ),
                dcc.Download(id="confusions-file"),
            ],
            "confusions",
            "Confusions",
            saves=True,
            csv="confusions-download",
        ),
    ]


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Let matrix and list follow the selection."""

    @cache
    def class_order(name: str) -> ClassOrder:
        """Return an order of the classes; that by cluster is the one of all locations."""
        counts = confusion_matrix(predictions, None).counts
        return confusions.class_order(name, predictions.class_names, counts)

    @app.callback(
        Output("errors-matrix", "figure"),
        selected("errors"),
        Input("errors-values", "value"),
        Input("errors-order", "value"),
    )
    def update_matrix(steps: Any, values: Any, order: Any) -> Any:
        before, chosen = without(steps or [], ("class", "cell"))
        return screen.errors(
            confusion_matrix(predictions, resolve(before, predictions)),
            class_order(order if order in ORDERS else "name"),
            shares=values == "shares",
            marked=[cells for step in chosen if (cells := chosen_cells(step))],
        )

    @app.callback(
        Output("confusions", "children"),
        Output("confusions-status", "children"),
        selected("errors"),
        Input("confusions-ways", "value"),
        Input("confusions-order", "value"),
    )
    def update_list(steps: Any, ways: Any, order: Any) -> tuple[list[Any], str]:
        _, chosen = without(steps or [], ("cell",))
        pairs = confused_pairs(steps, ways, order, predictions)
        rows = [entry(pair, predictions, has_photographs, chosen) for pair in pairs[:MOST_LISTED]]
        return static(rows), status(pairs)

    @app.callback(
        Output("confusions-file", "data"),
        Input("confusions-download", "n_clicks"),
        State("selection-errors", "data"),
        State("confusions-ways", "value"),
        State("confusions-order", "value"),
        prevent_initial_call=True,
    )
    def download(n_clicks: Any, steps: Any, ways: Any, order: Any) -> Any:
        if not n_clicks:
            return no_update
        text = to_csv(confused_pairs(steps, ways, order, predictions), predictions.class_names)
        return {"content": text, "filename": "confusions.csv", "type": "text/csv"}


def confused_pairs(
    steps: Any, ways: Any, order: Any, predictions: Predictions
) -> list[ConfusedPair]:
    """Return the confusions of a selection without its cells, in an order of the page."""
    before, _ = without(steps or [], ("cell",))
    selection = resolve(before, predictions)
    # A share is that of a class, also among the locations of some predicted classes.
    whole = resolve(without(before, ("class",))[0], predictions)
    pairs = confusions.confused_pairs(
        predictions.store.labels,
        predictions.predicted_labels,
        predictions.confidences,
        len(predictions.class_names),
        None if selection is None else selection.member,
        ways == "both",
        None if whole is None else whole.member,
    )
    if order in ("share", "confidence"):
        pairs.sort(key=lambda pair: getattr(pair, order), reverse=True)
    return pairs


def to_csv(pairs: Sequence[ConfusedPair], names: Sequence[str]) -> str:
    """Return all confusions as CSV; with `both_ways`, either class is predicted as the other."""
    head = ("true", "predicted", "both_ways", "n", "share", "mean_confidence")
    rows = [
        (names[one.true], names[one.predicted], one.both_ways, one.count, one.share, one.confidence)
        for one in pairs
    ]
    return csv_text([head, *rows])


def entry(
    pair: ConfusedPair, predictions: Predictions, has_photographs: bool, chosen: Sequence[Step]
) -> html.Li:
    """Return a confusion of the list: a button that selects it, its numbers and its examples."""
    names = [predictions.class_names[pair.true], predictions.class_names[pair.predicted]]
    arrow = "⇄" if pair.both_ways else "→"
    of = "both classes" if pair.both_ways else names[0]
    title = (
        f"{names[0]} {arrow} {names[1]}: {pair.count:,} locations, {percent(pair.share)} of {of}, "
        f"mean confidence {percent(pair.confidence)}"
    )
    cells = (names, names) if pair.both_ways else (names[:1], names[1:])
    is_chosen = any(chosen_cells(step) == cells for step in chosen)
    return html.Li(
        [
            html.Button(
                [html.Span(f" {arrow} ".join(shorten(names, NAME_COLUMNS)), className="name")]
                + [
                    html.Span(text, className="number")
                    for text in (
                        f"{pair.count:,}",
                        percent(pair.share),
                        f"{pair.confidence:.0%}",
                    )
                ],
                type="button",
                title=title,
                **attributes(
                    data_true=names[0],
                    data_predicted=names[1],
                    data_ways="both" if pair.both_ways else "one",
                    aria_pressed=str(is_chosen).lower(),
                ),
            ),
            html.Span(
                [_example(row, predictions) for row in pair.examples if has_photographs],
                className="examples",
            ),
        ],
        className=f"confusion{' chosen' * is_chosen}",
    )


def status(pairs: Sequence[ConfusedPair]) -> str:
    """Return how many confusions are listed, and of how many locations all are."""
    if not pairs:
        return "no errors"
    wrong = sum(pair.count for pair in pairs)
    shown = f"{MOST_LISTED} of " if len(pairs) > MOST_LISTED else ""
    return f"{shown}{len(pairs):,} pairs, {wrong:,} wrong"


def _example(row: int, predictions: Predictions) -> html.Button:
    """Return a view of a location, which opens it."""
    location = predictions.store.location_ids[row]
    text = f"Open {location}, confidence {predictions.confidences[row]:.0%}"
    image = html.Img(
        alt="",
        draggable="false",
        **attributes(data_src=photograph_url(location, HEADINGS[0])),
    )
    return html.Button(
        image,
        type="button",
        className="example",
        title=text,
        **attributes(data_location=location, aria_label=text),
    )


def chosen_cells(step: Any) -> tuple[list[str], list[str]] | None:
    """Return the true and predicted classes that a step chose, an empty list for all."""
    chosen = step["filter"]
    if chosen["kind"] == "cell":
        return chosen["true"], chosen["predicted"]
    if chosen["kind"] == "class":
        return (chosen["names"], []) if chosen["of"] == "true" else ([], chosen["names"])
    return None


OPTIONS = ("errors-values", "errors-order", "confusions-ways", "confusions-order")
PAGE = Page(
    "errors", "Errors", layout, register_callbacks, tuple((option, "value") for option in OPTIONS)
)
