"""Metrics of the selection: accuracy in the header, ROC curves and confusion matrix."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html

from workbench.dashboard.components import attributes, downloads, panel, segments
from workbench.dashboard.pages.base import selected
from workbench.dashboard.selection import Selection, resolve
from workbench.dashboard.static_html import static
from workbench.evaluation import metrics
from workbench.evaluation.columns import N_NEAREST
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.roc_curves import Roc
from workbench.figures import screen
from workbench.figures.colors import class_colors

SCORES = {"probability": "Probability", "logit": "Logit"}
CURVES = {"histograms": "Histograms", "roc": "ROC"}


def curves_panel() -> html.Section:
    """Return the panel of histograms and ROC curves, drawn when it is shown."""
    return html.Section(
        [
            html.Div(
                [
                    segments("curves-view", CURVES, "histograms"),
                    html.Span(
                        id="roc-summary",
                        title="Each class against all others; the mean of the areas of the "
                        "classes that have a curve",
                    ),
                    html.Span(
                        "drag to narrow",
                        className="histograms-hint",
                        title="All locations are pale, the selected ones in colour. Heights are "
                        "square roots of numbers of locations.",
                    ),
                    html.Div(
                        segments("roc-score", SCORES, "probability"),
                        className="roc-score",
                        title="The score by which locations are ordered: the areas differ, because "
                        "a probability also depends on the logits of the other classes",
                    ),
                    downloads(paper=["histograms", "roc"]),
                ],
                className="panel-head",
            ),
            html.Div(
                id="histograms",
                className="histograms",
                role="group",
                **attributes(aria_label="Histograms"),
            ),
            graph("roc"),
        ],
        className="panel curves-panel",
        **attributes(aria_label="Histograms and ROC curves"),
    )


def confusion_panel() -> html.Section:
    """Return the panel of the confusion matrix, which is drawn when it is shown."""
    hint = html.Span("click a cell to select it")
    content = [graph("confusion")]
    return panel("Confusion", [hint], content, "confusion", "Confusion matrix", paper=["confusion"])


def register_accuracy(app: Dash, predictions: Predictions) -> None:
    """Let the header follow the selection."""

    @app.callback(Output("accuracy", "children"), Input("selection", "data"))
    def update_accuracy(steps: Any) -> Any:
        return static(accuracy_summary(resolve(steps, predictions), predictions))


def register_callbacks(app: Dash, predictions: Predictions) -> None:
    """Let curves and matrix of the page "maps" follow the selection."""

    @app.callback(
        Output("roc", "figure"),
        Output("roc-summary", "children"),
        selected("maps"),
        Input("roc-score", "value"),
    )
    def update_roc(steps: Any, score: Any) -> tuple[Any, str]:
        selection = resolve(steps, predictions)
        names = None if selection is None else selection.class_names
        roc = predictions.ranked_scores(score).roc(None if selection is None else selection.member)
        return screen.roc(roc, class_colors(predictions.class_names), names), _auc_summary(roc)

    @app.callback(Output("confusion", "figure"), selected("maps"))
    def update_confusion(steps: Any) -> Any:
        selection = resolve(steps, predictions)
        # After a click on a cell the matrix stays, so that another cell can be clicked.
        shown = selection.within if selection and selection.cell else selection
        return screen.confusion(
            confusion_matrix(predictions, shown),
            shown.class_names if shown else None,
            selection.cell if selection else None,
        )


def accuracy_summary(selection: Selection | None, predictions: Predictions) -> list[Any]:
    """Return top-1 and top-5 accuracy of the selection above those of all locations."""
    overall = predictions.accuracy
    shown = overall
    if selection is not None:
        shown = metrics.accuracy_of_ranks(predictions.true_ranks[selection.member])
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
            ("top-1", shown.top_1, overall.top_1),
            ("top-5", shown.top_5, overall.top_5),
        )
    ] + knn_summary(predictions)


def knn_summary(predictions: Predictions) -> list[Any]:
    """Return the accuracy of the k-nearest-neighbour vote; empty if the store has none."""
    accuracy = predictions.store.knn_accuracy
    if not accuracy:
        return []
    # A location does not vote on itself: with as many voters as its class has locations, the
    # vote would fall below chance.
    classes = np.bincount(predictions.store.labels)
    most = min(N_NEAREST, int(classes[classes > 0].min()) - 1)
    count = max((count for count in accuracy if count <= most), default=min(accuracy))
    others = ", ".join(f"{percent(share)} with {count}" for count, share in accuracy.items())
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.Span("neighbours", className="label"),
                        html.Strong(percent(accuracy[count])),
                    ]
                ),
                html.Div(f"vote of {count}", className="under"),
            ],
            className="vote",
            title=f"Accuracy of a vote of the nearest neighbours, over all locations: {others}",
        )
    ]


def percent(share: float) -> str:
    """Return a fraction in [0, 1] as "48.3 %", NaN as a dash."""
    return "–" if np.isnan(share) else f"{share * 100:.1f} %"


def graph(name: str) -> dcc.Graph:
    """Return an empty figure that fills its panel."""
    config: Any = {"displayModeBar": False, "doubleClick": False}
    return dcc.Graph(id=name, className="fill", figure=go.Figure(), config=config, responsive=True)


def _auc_summary(roc: Roc) -> str:
    if not roc.curves:
        return "no curve"
    return f"{'macro ' if len(roc.curves) > 1 else ''}AUC {roc.macro_auc:.3f}"


def confusion_matrix(predictions: Predictions, selection: Selection | None) -> metrics.Confusion:
    """Return the confusion matrix of a selection, None for all locations."""
    member = slice(None) if selection is None else selection.member
    return metrics.confusion(
        predictions.store.labels[member],
        predictions.predicted_labels[member],
        predictions.class_names,
    )
