"""The linked projections: their panels, and what points can be coloured by.

The browser draws them from the store's columns; see `assets/dashboard/main.js` and `columns`.
"""

from typing import Any

from dash import Dash, Input, Output, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from embeddings.density import read_histogram
from embeddings.results import PROJECTION_TITLES, QUALITY_TITLES, Projection, menu_order
from workbench.dashboard.components import attributes, downloads
from workbench.evaluation.census import divisions
from workbench.evaluation.predictions import Predictions
from workbench.export.link import N_PANELS


def color_options(predictions: Predictions) -> dict[str, str]:
    """Return the options of "Colour by" that this store has data for."""
    options = {"true": "True", "predicted": "Predicted", "correct": "Correct/wrong"}
    if divisions(predictions.class_names):
        options["division"] = "Census division"
    for name, column in predictions.columns.items():
        if name.startswith("preservation/"):  # Each map has its own.
            options["preservation"] = "Neighbours kept"
        else:
            options[name] = column.title
    return options


def first(predictions: Predictions) -> list[Projection]:
    """Return the projections that are shown first."""
    return menu_order(predictions.store.projections)[:N_PANELS]


def layout(predictions: Predictions) -> list[html.Section]:
    """Return the panels of the first projections."""
    return [_panel(predictions, projection) for projection in first(predictions)]


def _panel(predictions: Predictions, projection: Projection) -> html.Section:
    choices = [
        {"value": one.name, "label": one.title} for one in menu_order(predictions.store.projections)
    ]
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
    label = f"{projection.title} of the features"
    return html.Section(
        [
            html.Div(
                [
                    title,
                    html.Span(quality_summary(projection), id=f"quality-{projection.name}"),
                    downloads(paper=["projections"]),
                ],
                className="projection-head",
            ),
            html.Div(className="fill map", **attributes(data_label=label)),
        ],
        id=f"panel-{projection.name}",
        className="panel projection-panel",
        **attributes(aria_label=label, data_method=projection.name),
    )


def provenance(projection: Projection) -> str:
    """Return library, parameters and seed of a projection."""
    hidden = ("request", "placed_into_density")
    parameters = {key: value for key, value in projection.parameters.items() if key not in hidden}
    text = ", ".join(f"{key} {value}" for key, value in parameters.items())
    return f"{projection.library}; {text}; seed {projection.seed}"


def reference_density(projection: Projection) -> dict[str, Any] | None:
    """Return where the points of the map lie that a projection was placed into, None if unknown."""
    return read_histogram(projection.parameters.get("placed_into_density"))


def quality_summary(projection: Projection) -> list[html.Span]:
    """Return the quality of a projection, with all numbers in the tooltip."""
    quality = projection.quality
    if quality is None and reference_density(projection):
        into = str(projection.parameters.get("placed_into", ""))
        words = f"placed into {PROJECTION_TITLES.get(into, into)}, whose density is drawn"
        return [html.Span(words, title=provenance(projection))]
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
    """Let the browser draw selection, colours and the active location in all projections."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "update"),
        Output("maps-updated", "data"),
        Input("selection", "data"),
        Input("color-by", "value"),
        Input("active-location", "data"),
        Input("palette", "data"),
        Input("large-map", "data"),
        *[
            Input(f"panel-{one.name}", "data-method", allow_optional=True)
            for one in first(predictions)
        ],
    )
    for choice in choices(predictions):
        _register_choice(app, predictions, choice)


def choices(predictions: Predictions) -> list[str]:
    """Return the ids of the menus that choose a panel's projection; empty without any choice."""
    if len(predictions.store.projections) <= N_PANELS:
        return []
    return [f"projection-choice-{projection.name}" for projection in first(predictions)]


def _register_choice(app: Dash, predictions: Predictions, choice: str) -> None:
    """Let a panel show another projection."""
    panel = choice.removeprefix("projection-choice-")

    @app.callback(
        Output(f"quality-{panel}", "children"),
        Output(f"panel-{panel}", "data-method"),
        Input(choice, "value"),
        prevent_initial_call=True,
    )
    def choose(name: Any) -> tuple[Any, Any]:
        projection = predictions.store.projections.get(name) if isinstance(name, str) else None
        if projection is None:
            return no_update, no_update
        return quality_summary(projection), name
