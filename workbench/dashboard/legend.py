"""The legend: the classes with colour, locations and ROC AUC."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, html

from common.text import shorten
from workbench.dashboard.components import attributes, panel, segments
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen
from workbench.figures.colors import class_colors

ORDERS = {"name": "Name", "auc": "AUC"}
NAME_COLUMNS = 16
"""Width of the longest name, in columns of a terminal."""


def layout(predictions: Predictions) -> html.Section:
    """Return the list of classes: a button each, with colour, locations and ROC AUC."""
    return panel(
        "Classes",
        [segments("legend-order", ORDERS, "name")],
        [
            html.Div(
                [_swatch(screen.CORRECT), "correct", _swatch(screen.WRONG), "wrong"],
                className="key key-correct",
            ),
            html.Div(
                [
                    html.Span(className="end"),
                    html.Span(className="ramp"),
                    html.Span(className="end"),
                ],
                className="key key-number",
            ),
            html.Div(
                [
                    html.Span(),
                    html.Span("class"),
                    html.Span("n"),
                    html.Span("AUC", title="of the ROC curves of the probabilities"),
                ],
                className="entry legend-columns",
            ),
            html.Div(entries(predictions, "name"), id="legend", className="entries", role="group"),
        ],
        "legend",
        "Classes",
    )


def entries(predictions: Predictions, order: Any) -> list[html.Button]:
    """Return the legend's buttons, by class order or by descending AUC."""
    areas = predictions.ranked_scores().areas()
    auc = {
        name: area
        for name, area in zip(predictions.class_names, areas.tolist(), strict=True)
        if not np.isnan(area)
    }
    counts = np.bincount(predictions.store.labels, minlength=len(predictions.class_names))
    count = dict(zip(predictions.class_names, counts.tolist(), strict=True))
    colors = class_colors(predictions.class_names)
    names = list(predictions.class_names)
    shown = dict(zip(names, shorten(names, NAME_COLUMNS), strict=True))
    if order == "auc":
        names.sort(key=lambda name: auc.get(name, -1), reverse=True)
    return [
        html.Button(
            [
                _swatch(colors[name]),
                html.Span(shown[name], className="name"),
                html.Span(f"{count[name]:,}", className="number"),
                html.Span(f"{auc[name]:.3f}" if name in auc else "–", className="number"),
            ],
            className="entry",
            type="button",
            title=f"{name}: select its {count[name]:,} locations",
            **attributes(data_class=name, aria_pressed="false"),
        )
        for name in names
    ]


def register_callbacks(app: Dash, predictions: Predictions) -> None:
    """Connect the choice of the order."""

    @app.callback(
        Output("legend", "children"),
        Input("legend-order", "value"),
        prevent_initial_call=True,
    )
    def sort(order: Any) -> list[html.Button]:
        return entries(predictions, order)


def _swatch(color: str) -> html.Span:
    return html.Span(className="swatch", style={"background": color})
