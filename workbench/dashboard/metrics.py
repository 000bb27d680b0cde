"""What narrows with the selection in numbers: the header, the curves, the confusion matrix."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, dcc, html

from workbench.dashboard.selection import NEAREST, Selection, resolve
from workbench.evaluation import metrics
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen

_CONFIG: Any = {"displayModeBar": False, "doubleClick": False}


def roc_panel(predictions: Predictions) -> html.Section:
    """Return the panel of the curves."""
    return html.Section(
        [
            html.Div(
                [html.H2("ROC"), html.Span(id="roc-words", title="Each class against all others")],
                className="panel-head",
            ),
            dcc.Graph(
                id="roc",
                className="fill",
                figure=screen.roc(predictions.roc, predictions.colour),
                config=_CONFIG,
                responsive=True,
            ),
        ],
        className="panel roc-panel",
    )


def confusion_panel(predictions: Predictions) -> html.Section:
    """Return the panel of the confusion matrix."""
    return html.Section(
        [
            html.Div(
                [html.H2("Confusion"), html.Span("click a cell to select it")],
                className="panel-head",
            ),
            dcc.Graph(
                id="confusion",
                className="fill",
                figure=screen.confusion(_confusion(predictions, None)),
                config=_CONFIG,
                responsive=True,
            ),
        ],
        className="panel confusion-panel",
    )


def narrow(app: Dash, predictions: Predictions) -> None:
    """Let header, curves and matrix follow the selection."""

    @app.callback(
        Output("selected", "children"),
        Output("accuracy", "children"),
        Output("clear", "disabled"),
        Output("roc", "figure"),
        Output("roc-words", "children"),
        Output("confusion", "figure"),
        Input("selection", "data"),
    )
    def narrowed(rule: Any) -> tuple[Any, ...]:
        selection = resolve(rule, predictions)
        if selection is None:
            roc, named = predictions.roc, None
        else:
            roc = metrics.roc(
                predictions.store.labels,
                predictions.probabilities,
                predictions.class_names,
                selection.member,
            )
            named = selection.name
        return (
            selected_words(selection, predictions),
            accuracy_words(selection, predictions),
            selection is None,
            screen.roc(roc, predictions.colour, named),
            _area_words(roc),
            _matrix(selection, predictions),
        )


def _matrix(selection: Selection | None, predictions: Predictions) -> Any:
    # After a click on a cell, what the cell was seen in stays, so that another can be clicked.
    shown = selection.within if selection and selection.cell else selection
    return screen.confusion(
        _confusion(predictions, shown),
        shown.name if shown else None,
        selection.cell if selection else None,
    )


def selected_words(selection: Selection | None, predictions: Predictions) -> list[html.Div]:
    """Say how many are selected and why these: "212 of 600 locations", "lasso in UMAP"."""
    total = len(predictions.store)
    if selection is None:
        many, why = f"all {total:,} locations", "nothing selected"
    else:
        many, why = f"{int(selection.member.sum()):,} of {total:,} locations", selection.words
    return [html.Div(many), html.Div(why, className="under", title=why)]


def accuracy_words(selection: Selection | None, predictions: Predictions) -> list[Any]:
    """Return top-1 and top-5 of the selection, where there is one, beside those of all."""
    everywhere = predictions.accuracy
    own = everywhere
    if selection is not None:
        member = selection.member
        own = metrics.accuracy(predictions.store.labels[member], predictions.store.logits[member])
    return [
        html.Div(
            [
                html.Div([html.Span(title, className="label"), html.Strong(percent(value))]),
                html.Div(
                    "all locations" if selection is None else f"all {percent(all_value)}",
                    className="under",
                ),
            ]
        )
        for title, value, all_value in (
            ("top-1", own.top_1, everywhere.top_1),
            ("top-5", own.top_5, everywhere.top_5),
        )
    ] + vote_words(predictions)


def vote_words(predictions: Predictions) -> list[Any]:
    """Return how often the neighbours of a location vote for its class, beside the head's top-1.

    Empty where the store does not know it.
    """
    accuracy = predictions.store.knn_accuracy
    if not accuracy:
        return []
    # Left out of the vote itself, a location's class has one voter less than the others: with as
    # many voters as a class has locations the vote falls below chance.
    classes = np.bincount(predictions.store.labels)
    most = min(NEAREST, int(classes[classes > 0].min()) - 1)
    count = max((count for count in accuracy if count <= most), default=min(accuracy))
    others = ", ".join(f"{percent(share)} with {count}" for count, share in accuracy.items())
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.Span("by neighbours", className="label"),
                        html.Strong(percent(accuracy[count])),
                    ]
                ),
                html.Div(f"vote of {count}", className="under"),
            ],
            className="vote",
            title=f"Share of all locations whose class their nearest others vote for: {others}",
        )
    ]


def percent(share: float) -> str:
    """Return a share in [0, 1] as "48.3 %", a dash where it is unknown."""
    return "–" if np.isnan(share) else f"{share * 100:.1f} %"


def _area_words(roc: metrics.Roc) -> str:
    if not roc.curves:
        return "no curve"
    if len(roc.curves) == 1:
        return f"area {roc.macro_auc:.3f}"
    return f"macro-average area {roc.macro_auc:.3f}, {len(roc.curves)} classes"


def _confusion(predictions: Predictions, selection: Selection | None) -> metrics.Confusion:
    member = slice(None) if selection is None else selection.member
    return metrics.confusion(
        predictions.store.labels[member],
        predictions.predicted_labels[member],
        predictions.class_names,
    )
