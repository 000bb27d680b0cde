"""The linked projections, and the table by which the browser links them."""

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from embeddings.results import PROJECTION_TITLES, QUALITY_TITLES, Projection
from workbench.dashboard.components import attributes
from workbench.dashboard.selection import resolve
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen
from workbench.figures.colors import class_colors

COLOR_BY = {
    "true": "True",
    "predicted": "Predicted",
    "correct": "Correct/wrong",
    "confidence": "Confidence",
    "preservation": QUALITY_TITLES["preservation"].capitalize(),
}
N_PANELS = 3  # With more projections, each panel has a menu.
_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    "doubleClick": False,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "resetScale2d"]],
}


def color_options(predictions: Predictions) -> dict[str, str]:
    """Return the options of "Colour by" that this store has data for."""
    evaluated = any(projection.quality for projection in predictions.store.projections.values())
    return {key: text for key, text in COLOR_BY.items() if evaluated or key != "preservation"}


def coloring(predictions: Predictions, key: str, projection: Projection) -> screen.Coloring | None:
    """Return the colours of an option of "Colour by", in the store's rows.

    None if the option needs the quality of a projection that was never evaluated.
    """
    colors = list(class_colors(predictions.class_names).values())
    match key:
        case "predicted":
            return screen.class_coloring(predictions.predicted_labels, colors)
        case "correct":
            return screen.correct_coloring(predictions.correct)
        case "confidence":
            return screen.share_coloring(predictions.confidences)
        case "preservation":
            return (
                screen.share_coloring(projection.quality.preservation)
                if projection.quality
                else None
            )
        case _:
            return screen.class_coloring(predictions.store.labels, colors)


def table(predictions: Predictions) -> dict[str, Any]:
    """Return what the browser needs to link the projections: columns in drawing order."""
    order = predictions.drawing_order
    return {
        "id": [predictions.store.location_ids[row] for row in order],
        "class_names": list(predictions.class_names),
        "label": predictions.store.labels[order].tolist(),
        "prediction": predictions.predicted_labels[order].tolist(),
        "confidence": predictions.confidences[order].round(4).tolist(),
        "coloring": {key: _column(predictions, key) for key in color_options(predictions)},
    }


def _column(predictions: Predictions, key: str) -> dict[str, Any]:
    """Return a coloring for the browser; "projection" has one per projection if they differ."""
    order = predictions.drawing_order
    projection = {
        name: coloring(predictions, key, one) for name, one in predictions.store.projections.items()
    }
    some = next(one for one in projection.values() if one is not None)
    column: dict[str, Any] = {"cmin": some.cmin, "cmax": some.cmax, "colorscale": some.colorscale}
    if key != "preservation":
        return column | {"color": some.values[order].tolist()}
    known = {
        name: one.values[order].tolist() for name, one in projection.items() if one is not None
    }
    return column | {"color": screen.UNKNOWN, "projection": known}


def ordered(predictions: Predictions) -> list[Projection]:
    """Return all projections: one per method, then other parameters, then imported ones."""
    there = predictions.store.projections
    usual = [there[method] for method in PROJECTION_TITLES if method in there]
    other = [projection for name, projection in there.items() if name not in PROJECTION_TITLES]
    return usual + sorted(
        other,
        key=lambda projection: (
            "placed_into" in projection.parameters,
            projection.method == "imported",
        ),
    )


def first(predictions: Predictions) -> list[Projection]:
    """Return the projections that are shown first."""
    return ordered(predictions)[:N_PANELS]


def layout(predictions: Predictions) -> list[html.Section]:
    """Return the panels of the first projections."""
    return [_panel(predictions, projection) for projection in first(predictions)]


def _panel(predictions: Predictions, projection: Projection) -> html.Section:
    choices = [{"value": one.name, "label": one.title} for one in ordered(predictions)]
    title: Any = html.H2(projection.title, title=provenance(projection))
    if len(choices) > N_PANELS:
        title = dcc.Dropdown(
            choices,
            projection.name,
            id=f"projection-choice-{projection.name}",
            className="choice",
            clearable=False,
            searchable=False,
            maxHeight=400,
        )
    return html.Section(
        [
            html.Div(
                [title, html.Span(quality_summary(projection), id=f"quality-{projection.name}")],
                className="projection-head",
            ),
            dcc.Graph(
                id=f"projection-{projection.name}",
                className="fill",
                figure=figure(predictions, projection, "true"),
                config=_CONFIG,
                responsive=True,
            ),
        ],
        id=f"panel-{projection.name}",
        className="panel projection-panel",
        **attributes(aria_label=f"{projection.title} of the features", data_method=projection.name),
    )


def figure(predictions: Predictions, projection: Projection, key: str) -> go.Figure:
    """Return a projection under one option of "Colour by", in drawing order."""
    order = predictions.drawing_order
    coloured = coloring(predictions, key, projection) or screen.class_coloring(
        predictions.store.labels * 0, [screen.UNKNOWN]
    )
    drawn = screen.Coloring(
        coloured.values[order], coloured.cmin, coloured.cmax, coloured.colorscale
    )
    return screen.projection(projection.coordinates[order], drawn)


def provenance(projection: Projection) -> str:
    """Return library, parameters and seed of a projection."""
    parameters = {key: value for key, value in projection.parameters.items() if key != "request"}
    given = ", ".join(f"{key} {value}" for key, value in parameters.items())
    return f"{projection.library}; {given}; seed {projection.seed}"


def quality_summary(projection: Projection) -> list[html.Span]:
    """Return the quality of a projection, with all numbers in the tooltip."""
    quality = projection.quality
    if quality is None:
        return [html.Span("not evaluated", title=provenance(projection))]
    title = {name: text.capitalize() for name, text in QUALITY_TITLES.items()}
    kept = f"{quality.preservation.mean():.0%}"
    stable = (
        "" if quality.stability is None else f"\n{title['stability']}: {quality.stability:.0%}."
    )
    words = (
        f"{provenance(projection)}\n"
        f"{title['trustworthiness']} {quality.trustworthiness:.3f} and "
        f"{QUALITY_TITLES['continuity']} {quality.continuity:.3f} "
        f"with {quality.n_neighbors} neighbours, for {quality.sample:,} locations.\n"
        f"{title['preservation']}: {kept} on average.\n"
        f"{title['agreement']}: {quality.agreement:.1%} in the projection, "
        f"{quality.feature_agreement:.1%} in the features.{stable}"
    )
    return [
        html.Span(
            [
                f"{QUALITY_TITLES['trustworthiness']} ",
                html.B(f"{quality.trustworthiness:.2f}"),
                f" · {QUALITY_TITLES['preservation']} ",
                html.B(kept),
            ],
            title=words,
        )
    ]


def register_callbacks(app: Dash, predictions: Predictions) -> None:
    """Let the browser paint selection, colours and the active location in all projections."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("projections", "paint"),
        Output("projections-painted", "data"),
        Input("selection", "data"),
        Input("color-by", "value"),
        Input("active-location", "data"),
        Input("legend", "children"),
        State("table", "data"),
    )
    if len(predictions.store.projections) > N_PANELS:
        for projection in first(predictions):
            _register_choice(app, predictions, projection.name)


def _register_choice(app: Dash, predictions: Predictions, panel: str) -> None:
    """Let a panel show another projection, with all that the browser has painted into it."""

    @app.callback(
        Output(f"projection-{panel}", "figure"),
        Output(f"quality-{panel}", "children"),
        Output(f"panel-{panel}", "data-method"),
        Input(f"projection-choice-{panel}", "value"),
        State("selection", "data"),
        State("color-by", "value"),
        State("active-location", "data"),
        prevent_initial_call=True,
    )
    def choose(name: Any, rule: Any, key: Any, active: Any) -> tuple[Any, Any, Any]:
        projection = predictions.store.projections.get(name) if isinstance(name, str) else None
        if projection is None:
            return no_update, no_update, no_update
        drawn = figure(predictions, projection, key if isinstance(key, str) else "true")
        selection = resolve(rule, predictions)
        if selection is not None:
            member = selection.member[predictions.drawing_order]
            drawn.update_traces(selectedpoints=member.nonzero()[0].tolist())
        if isinstance(active, str) and active in predictions.rows:
            x, y = projection.coordinates[predictions.rows[active]].tolist()
            drawn.add_shape(screen.ring(x, y))
        return drawn, quality_summary(projection), name
