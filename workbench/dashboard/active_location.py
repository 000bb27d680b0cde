"""The location panel: the views of the active location, its predictions and its attribution."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.dependencies import ClientsideFunction
from scipy.special import softmax

from workbench.dashboard import aggregate, attribution, attribution_view, request_controls
from workbench.dashboard.components import attributes, button, downloads, panel
from workbench.dashboard.photographs import photograph_url
from workbench.dashboard.selection import nearest, neighbor_distances, neighbors
from workbench.dashboard.static_html import static
from workbench.evaluation.columns import N_NEAREST
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS


def layout(notes: Sequence[str], predictions: Predictions, explains: bool) -> html.Section:
    """Return the panel before a location is active; `notes` say what cannot be shown."""
    steps = ["Click a point in a projection or a photograph to open its location."]
    if explains:
        steps.append("Its attribution map is then computed, laid over the four views, and checked.")
    steps.append(
        "To select locations, draw a lasso, or click classes or a cell of the confusion matrix."
    )
    step: dict[str, Any] = {"className": "step", "disabled": True}
    content = html.Div(
        [
            html.Div(attribution_view.empty(), className="views"),
            html.Ul([html.Li(step) for step in steps], className="hint"),
        ],
        id="location",
    )
    return panel(
        "Location",
        [
            html.Span(id="location-title", className="status"),
            html.Div(
                [
                    button("‹", "location-previous", "The previous location (←)", **step),
                    html.Span(id="location-position", title="Place in the selection, as ordered"),
                    button("›", "location-next", "The next location (→)", **step),
                ],
                className="position",
                role="group",
                **attributes(aria_label="Locations of the selection"),
            ),
            button("Pin", "pin", disabled=True, **attributes(aria_pressed="false")),
            *(attribution.head() if explains else ()),
            downloads(saves=False, paper=["attributions", "locations"][not explains :]),
        ],
        [
            html.Div([html.P(note) for note in notes], className="notes", hidden=not notes),
            *([request_controls.controls(predictions.class_names)] if explains else ()),
            html.Div(
                [content, *(attribution.layout() if explains else ()), _neighbors_layout()],
                className="location",
            ),
            *([html.Div(id="checks", className="checks")] if explains else ()),
            *([aggregate.layout()] if explains else ()),
        ],
        "tab-map location",
        "Location",
        id="location-panel",
        tabIndex=-1,
    )


def _neighbors_layout() -> html.Div:
    title = f"Select the {N_NEAREST} locations with the nearest features"
    return html.Div(
        [
            html.Div(
                [
                    html.Span(id="neighbors-tally"),
                    button("Select these", "nearest", title),
                ],
                className="neighbors-head",
            ),
            dcc.Store(id="neighbors-shown"),
            dcc.Store(id="neighbors-drawn"),
            html.Div(id="neighbors", className="thumbnails"),  # assets/dashboard/cards.js fills it.
        ],
        id="neighbors-panel",
        className="neighbors",
        hidden=True,
    )


def tally(location: str, predictions: Predictions) -> str:
    """Return the classes of a location's neighbours: "nearest 15: 11 Ohio, 3 Indiana, 1 Kansas"."""
    rows = neighbors(location, predictions)
    counts = Counter(predictions.store.labels[rows].tolist())
    names = predictions.class_names
    classes = ", ".join(f"{count} {names[label]}" for label, count in counts.most_common())
    return f"nearest {len(rows)}: {classes}"


def views(location: str, predictions: Predictions, has_photographs: bool) -> list[Any]:
    """Return the four views, true and predicted class, and the five most probable classes."""
    row = predictions.rows[location]
    true = predictions.class_names[predictions.store.labels[row]]
    probabilities = softmax(predictions.store.logits[row].astype(float))
    return [
        html.Div(
            figures(location, has_photographs),
            className="views",
            id="views",
            title="Whole photographs, scaled to squares as the model sees them",
        ),
        classes(row, predictions),
        html.Ol(
            [
                _bar(
                    predictions.class_names[index],
                    float(probabilities[index]),
                    true,
                )
                for index in predictions.most_probable(row)
            ],
            className="bars",
        ),
    ]


def figures(location: str, has_photographs: bool) -> list[html.Figure]:
    """Return the four photographs with their headings."""
    return [
        html.Figure(
            [
                html.Img(
                    src=photograph_url(location, heading), alt=f"view to the {heading}, {location}"
                )
                if has_photographs
                else html.Span("no photograph", className="absent"),
                html.Figcaption(heading),
            ]
        )
        for heading in HEADINGS
    ]


def classes(row: int, predictions: Predictions, confidence: float | None = None) -> html.Div:
    """Return true and predicted class, with the confidence if it is given."""
    correct = bool(predictions.correct[row])
    known = [] if confidence is None else [html.Span(f"{confidence:.1%}", title="Confidence")]
    return html.Div(
        [
            html.Span("true", className="label"),
            html.Strong(predictions.class_names[predictions.store.labels[row]]),
            html.Span("predicted", className="label"),
            html.Strong(predictions.class_names[predictions.predicted_labels[row]]),
            *known,
            html.Span(
                "✓ correct" if correct else "✗ wrong",
                className="mark correct" if correct else "mark wrong",
            ),
        ],
        className="verdict",
    )


def headline(location: str, predictions: Predictions) -> list[Any]:
    """Return the location id and the coordinates, if known."""
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


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Show the active location, and select its nearest neighbours on request."""

    @app.callback(
        Output("location", "children"),
        Output("location-title", "children"),
        Output("neighbors-panel", "hidden"),
        Output("neighbors-tally", "children"),
        Output("neighbors-shown", "data"),
        Input("active-location", "data"),
        prevent_initial_call=True,
    )
    def show(location_id: Any) -> tuple[Any, ...]:
        location = predictions.find(location_id)
        if location is None:
            return (no_update,) * 5
        return (
            static(views(location, predictions, has_photographs)),
            headline(location, predictions),
            predictions.store.neighbors is None,
            tally(location, predictions),
            neighbor_distances(location, predictions),
        )

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "neighbors"),
        Output("neighbors-drawn", "data"),
        Input("neighbors-shown", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("selection", "data"),
        Input("nearest", "n_clicks"),
        State("active-location", "data"),
        prevent_initial_call=True,
    )
    def select_nearest(_clicks: Any, location_id: Any) -> Any:
        location = predictions.find(location_id)
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
