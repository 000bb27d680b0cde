"""The linked maps, and the table that the browser links them by."""

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from embeddings.results import PROJECTION_TITLES, Projection
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.selection import resolve
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen

COLOUR = {
    "true": "True",
    "predicted": "Predicted",
    "right": "Right/wrong",
    "confidence": "Confidence",
    "preservation": "Neighbours kept",
}
AT_ONCE = 3  # Maps side by side; of more, each panel lets one choose.
_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    "doubleClick": False,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "resetScale2d"]],
}


def colours(predictions: Predictions) -> dict[str, str]:
    """Return the choices of "Colour by" that this store has something to say to."""
    judged = any(made.quality for made in predictions.store.projections.values())
    return {key: text for key, text in COLOUR.items() if judged or key != "preservation"}


def colouring(predictions: Predictions, key: str, made: Projection) -> screen.Colouring | None:
    """Return what a choice of "Colour by" puts on the points of a map, in the store's rows.

    None where the map was never judged, so that nobody knows which neighbours it keeps.
    """
    match key:
        case "predicted":
            return screen.class_colouring(
                predictions.predicted_labels, list(predictions.colour.values())
            )
        case "right":
            return screen.right_colouring(predictions.correct)
        case "confidence":
            return screen.share_colouring(predictions.confidences)
        case "preservation":
            return screen.share_colouring(made.quality.preservation) if made.quality else None
        case _:
            return screen.class_colouring(
                predictions.store.labels, list(predictions.colour.values())
            )


def table(predictions: Predictions) -> dict[str, Any]:
    """Return what the browser needs to link the maps: a column a property, in drawing order."""
    order = predictions.drawing_order
    return {
        "id": [predictions.store.location_ids[row] for row in order],
        "name": list(predictions.class_names),
        "label": predictions.store.labels[order].tolist(),
        "prediction": predictions.predicted_labels[order].tolist(),
        "confidence": predictions.confidences[order].round(4).tolist(),
        "colouring": {key: _column(predictions, key) for key in colours(predictions)},
    }


def _column(predictions: Predictions, key: str) -> dict[str, Any]:
    """Return a colouring for the browser; "map" has one a map where they differ."""
    order = predictions.drawing_order
    made = {
        name: colouring(predictions, key, one)
        for name, one in predictions.store.projections.items()
    }
    some = next(one for one in made.values() if one is not None)
    column: dict[str, Any] = {"cmin": some.low, "cmax": some.high, "colorscale": some.scale}
    if key != "preservation":
        return column | {"color": some.value[order].tolist()}
    known = {name: one.value[order].tolist() for name, one in made.items() if one is not None}
    return column | {"color": screen.UNKNOWN, "map": known}


def ordered(predictions: Predictions) -> list[Projection]:
    """Return all maps: one a method first, then those of other parameters, then from elsewhere."""
    there = predictions.store.projections
    usual = [there[method] for method in PROJECTION_TITLES if method in there]
    other = [made for name, made in there.items() if name not in PROJECTION_TITLES]
    return usual + sorted(
        other,
        key=lambda made: (
            "placed_into" in made.parameters,
            made.method == "imported",
        ),
    )


def shown(predictions: Predictions) -> list[Projection]:
    """Return the maps that the page begins with."""
    return ordered(predictions)[:AT_ONCE]


def maps(predictions: Predictions) -> list[html.Section]:
    """Return the panels of the maps that the page begins with, all in drawing order."""
    return [_panel(predictions, made) for made in shown(predictions)]


def _panel(predictions: Predictions, made: Projection) -> html.Section:
    choices = [{"value": one.name, "label": one.title} for one in ordered(predictions)]
    title: Any = html.H2(made.title, title=made_by(made))
    if len(choices) > AT_ONCE:
        title = dcc.Dropdown(
            choices,
            made.name,
            id=f"choice-{made.name}",
            className="choice",
            clearable=False,
            searchable=False,
            maxHeight=400,
        )
    return html.Section(
        [
            html.Div(
                [title, html.Span(judgement(made), id=f"judgement-{made.name}")],
                className="map-head",
            ),
            dcc.Graph(
                id=f"map-{made.name}",
                className="map fill",
                figure=figure(predictions, made, "true"),
                config=_CONFIG,
                responsive=True,
            ),
        ],
        id=f"panel-{made.name}",
        className="panel map-panel",
        **attributes(aria_label=f"{made.title} of the features", data_method=made.name),
    )


def figure(predictions: Predictions, made: Projection, key: str) -> go.Figure:
    """Return a map under one choice of "Colour by", in drawing order."""
    order = predictions.drawing_order
    coloured = colouring(predictions, key, made) or screen.class_colouring(
        predictions.store.labels * 0, [screen.UNKNOWN]
    )
    drawn = screen.Colouring(coloured.value[order], coloured.low, coloured.high, coloured.scale)
    return screen.projection(made.coordinates[order], drawn)


def made_by(made: Projection) -> str:
    """Return how a map was made, in a line."""
    given = ", ".join(f"{key} {value}" for key, value in made.parameters.items())
    return f"{made.library}; {given}; seed {made.seed}"


def judgement(made: Projection) -> list[html.Span]:
    """Return how far a map may be believed, with all figures under the pointer."""
    quality = made.quality
    if quality is None:
        return [html.Span("not judged", title=made_by(made))]
    stable = "" if quality.stability is None else f", {quality.stability:.0%} by other seeds"
    words = (
        f"{made_by(made)}\n"
        f"Trustworthiness {quality.trustworthiness:.3f} and continuity {quality.continuity:.3f} "
        f"with {quality.n_neighbors} neighbours, of {quality.sample:,} locations.\n"
        f"Neighbours of the same class: {quality.agreement:.1%} on the map, "
        f"{quality.feature_agreement:.1%} among the features.\n"
        f"Neighbours kept: {quality.preservation.mean():.0%} on average{stable}."
    )
    return [
        html.Span(
            [
                "trust ",
                html.B(f"{quality.trustworthiness:.2f}"),
                " · kept ",
                html.B(f"{quality.preservation.mean():.0%}"),
            ],
            title=words,
        )
    ]


def link(app: Dash, predictions: Predictions) -> None:
    """Let the browser paint selection, colours and the opened location on all maps."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("workbench", "paint"),
        Output("painted", "data"),
        Input("selection", "data"),
        Input("colour", "value"),
        Input("opened", "data"),
        Input("legend", "children"),
        State("table", "data"),
    )
    if len(predictions.store.projections) > AT_ONCE:
        for made in shown(predictions):
            _choose(app, predictions, made.name)


def _choose(app: Dash, predictions: Predictions, place: str) -> None:
    """Let a panel show another map, with everything that the browser has painted on it."""

    @app.callback(
        Output(f"map-{place}", "figure"),
        Output(f"judgement-{place}", "children"),
        Output(f"panel-{place}", "data-method"),
        Input(f"choice-{place}", "value"),
        State("selection", "data"),
        State("colour", "value"),
        State("opened", "data"),
        prevent_initial_call=True,
    )
    def chosen(name: Any, rule: Any, key: Any, opened: Any) -> tuple[Any, Any, Any]:
        made = predictions.store.projections.get(name) if isinstance(name, str) else None
        if made is None:
            return no_update, no_update, no_update
        drawn = figure(predictions, made, key if isinstance(key, str) else "true")
        selection = resolve(rule, predictions)
        if selection is not None:
            member = selection.member[predictions.drawing_order]
            drawn.update_traces(selectedpoints=member.nonzero()[0].tolist())
        if isinstance(opened, str) and opened in predictions.rows:
            x, y = made.coordinates[predictions.rows[opened]].tolist()
            drawn.add_shape(screen.ring(x, y))
        return drawn, judgement(made), name
