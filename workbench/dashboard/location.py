"""One location: its views, what the model guessed, and why."""

import math
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from workbench.dashboard import aggregate, attribution, attribution_view, request_controls
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.photographs import address
from workbench.dashboard.selection import NEAREST, nearest
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS


def panel(notes: Sequence[str], predictions: Predictions, explains: bool) -> html.Section:
    """Return the panel before any location is opened; `notes` say what cannot be shown."""
    steps = ["Click a point on a map or a photograph to open its location."]
    if explains:
        steps.append("Its map is then computed, laid over its four views, and examined.")
    steps.append("Draw a lasso, or click classes or a cell of the confusion matrix, to select.")
    found = html.Div(
        [
            html.Div(attribution_view.empty(), className="views"),
            html.Ul([html.Li(step) for step in steps], className="hint"),
        ],
        id="location",
    )
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Location"),
                    html.Span(id="location-words", className="words"),
                    html.Button(
                        "Nearest",
                        id="nearest",
                        type="button",
                        className="quiet",
                        hidden=True,
                        title=f"Select the {NEAREST} locations with the most similar features",
                    ),
                    *(attribution.head() if explains else ()),
                ],
                className="panel-head",
            ),
            html.Div([html.P(note) for note in notes], className="notes", hidden=not notes),
            *([request_controls.controls(predictions.class_names)] if explains else ()),
            html.Div([found, *(attribution.places() if explains else ())], className="location"),
            *([html.Div(id="evidence", className="evidence")] if explains else ()),
            *([aggregate.panel()] if explains else ()),
        ],
        className="panel location-panel tab-map",
        id="location-panel",
        **attributes(aria_label="Location"),
    )


def views(location: str, predictions: Predictions, pictures: bool) -> list[Any]:
    """Return what is known at once: marks, four views, the five most probable classes."""
    row = predictions.rows[location]
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    right = bool(predictions.correct[row])
    best = predictions.rankings[row, :5]
    pictured = [
        html.Figure(
            [
                html.Img(src=address(location, heading), alt=f"view to the {heading}, {location}")
                if pictures
                else html.Span("no photograph", className="absent"),
                html.Figcaption(heading),
            ]
        )
        for heading in HEADINGS
    ]
    return [
        html.Div(pictured, className="views", id="views"),
        html.Div(
            [
                html.Span("true", className="label"),
                html.Strong(true),
                html.Span("predicted", className="label"),
                html.Strong(predicted),
                html.Span(
                    "✓ right" if right else "✗ wrong",
                    className="mark right" if right else "mark wrong",
                ),
            ],
            className="verdict",
        ),
        html.Ol(
            [
                _bar(
                    predictions.class_names[index],
                    float(predictions.probabilities[row, index]),
                    true,
                )
                for index in best
            ],
            className="bars",
        ),
    ]


def headline(location: str, predictions: Predictions) -> list[Any]:
    """Return the id and, where known, the coordinates."""
    row = predictions.rows[location]
    latitude, longitude = (
        float(predictions.store.latitudes[row]),
        float(predictions.store.longitudes[row]),
    )
    where = ""
    if math.isfinite(latitude) and math.isfinite(longitude):
        where = (
            f"{abs(latitude):.4f}° {'N' if latitude >= 0 else 'S'}, "
            f"{abs(longitude):.4f}° {'E' if longitude >= 0 else 'W'}"
        )
    return [html.Code(location, title=location), html.Span(where, className="where")]


def follow(
    app: Dash,
    predictions: Predictions,
    pictures: bool,
) -> None:
    """Let the panel follow the opened location; `pictures` says whether there are photographs."""

    @app.callback(
        Output("location", "children"),
        Output("location-words", "children"),
        Output("nearest", "hidden"),
        Input("opened", "data"),
        prevent_initial_call=True,
    )
    def shown(wanted: Any) -> tuple[Any, Any, Any]:
        location = predictions.find(wanted)
        if location is None:
            return no_update, no_update, no_update
        return (
            views(location, predictions, pictures),
            headline(location, predictions),
            predictions.store.neighbors is None,
        )

    @app.callback(
        Output("selection", "data"),
        Input("nearest", "n_clicks"),
        State("opened", "data"),
        prevent_initial_call=True,
    )
    def nearest_selected(_clicks: Any, wanted: Any) -> Any:
        location = predictions.find(wanted)
        rule = None if location is None else nearest(location, predictions)
        return no_update if rule is None else rule


def _bar(name: str, probability: float, true: str) -> html.Li:
    return html.Li(
        [
            html.Span(name, className="name true" if name == true else "name", title=name),
            html.Span(
                html.Span(style={"width": f"{probability:.1%}"}),
                className="bar",
            ),
            html.Span(f"{probability:.1%}", className="number"),
        ]
    )
