"""The linked maps, the legend that they share, and the table that the browser links them by."""

from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.dependencies import ClientsideFunction

from workbench import figures
from workbench.panels.attributes import attributes
from workbench.panels.guesses import Guesses
from workbench.store import METHOD_TITLES

COLOUR = {
    "true": "True",
    "predicted": "Predicted",
    "right": "Right/wrong",
    "confidence": "Confidence",
}
SORT = {"name": "Name", "area": "Area"}
_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    "doubleClick": False,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "resetScale2d"]],
}


def colourings(guesses: Guesses) -> dict[str, figures.Colouring]:
    """Return what each choice of "Colour by" puts on the points, in the store's rows."""
    colour = list(guesses.colour.values())
    return {
        "true": figures.class_colouring(guesses.store.label, colour),
        "predicted": figures.class_colouring(guesses.prediction, colour),
        "right": figures.right_colouring(guesses.right),
        "confidence": figures.confidence_colouring(guesses.confidence),
    }


def table(guesses: Guesses) -> dict[str, Any]:
    """Return what the browser needs to link the maps: a column a property, in drawing order."""
    order = guesses.drawing_order
    return {
        "id": [guesses.store.location_id[row] for row in order],
        "name": list(guesses.name),
        "label": guesses.store.label[order].tolist(),
        "prediction": guesses.prediction[order].tolist(),
        "confidence": guesses.confidence[order].round(4).tolist(),
        "colouring": {
            key: {
                "color": colouring.value[order].tolist(),
                "cmin": colouring.low,
                "cmax": colouring.high,
                "colorscale": colouring.scale,
            }
            for key, colouring in colourings(guesses).items()
        },
    }


def maps(guesses: Guesses) -> list[html.Section]:
    """Return one panel a projection of the store, all in drawing order."""
    order = guesses.drawing_order
    colouring = colourings(guesses)["true"]
    shown = figures.Colouring(
        colouring.value[order], colouring.low, colouring.high, colouring.scale
    )
    known = [method for method in METHOD_TITLES if method in guesses.store.projection]
    other = [method for method in guesses.store.projection if method not in METHOD_TITLES]
    panels = []
    for method in known + other:
        made = guesses.store.projection[method]
        title = METHOD_TITLES.get(method, method)
        given = ", ".join(f"{key} {value}" for key, value in made.parameter.items())
        panels.append(
            html.Section(
                [
                    html.H2(title, title=f"{made.library}; {given}; seed {made.seed}"),
                    dcc.Graph(
                        id=f"map-{method}",
                        className="map fill",
                        figure=figures.projection(made.coordinate[order], shown),
                        config=_CONFIG,
                        responsive=True,
                    ),
                ],
                className="panel map-panel",
                **attributes(aria_label=f"{title} of the features", data_method=method),
            )
        )
    return panels


def legend(guesses: Guesses) -> html.Section:
    """Return the list of classes: a button each, with colour, locations and ROC area."""
    confidence = figures.confidence_gradient()
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Classes"),
                    dcc.RadioItems(
                        id="legend-sort",
                        options=[{"value": key, "label": text} for key, text in SORT.items()],
                        value="name",
                        className="segments small",
                        inline=True,
                    ),
                ],
                className="panel-head",
            ),
            html.Div(
                [_swatch(figures.RIGHT), "right", _swatch(figures.WRONG), "wrong"],
                className="key key-right",
            ),
            html.Div(
                ["0", html.Span(className="ramp", style={"background": confidence}), "100 %"],
                className="key key-confidence",
            ),
            html.Div(
                [html.Span(), html.Span("class"), html.Span("n"), html.Span("area")],
                className="entry legend-columns",
            ),
            html.Div(entries(guesses, "name"), id="legend", className="entries", role="group"),
        ],
        className="panel legend-panel",
        **attributes(aria_label="Classes"),
    )


def entries(guesses: Guesses, sort: Any) -> list[html.Button]:
    """Return the legend's buttons, by class order or by falling area; the browser presses them."""
    area = {curve.name: curve.area for curve in guesses.roc.curve}
    count = {name: int((guesses.store.label == i).sum()) for i, name in enumerate(guesses.name)}
    names = list(guesses.name)
    if sort == "area":
        names.sort(key=lambda name: area.get(name, -1), reverse=True)
    return [
        html.Button(
            [
                _swatch(guesses.colour[name]),
                html.Span(name, className="name"),
                html.Span(f"{count[name]:,}", className="number"),
                html.Span(f"{area[name]:.3f}" if name in area else "–", className="number"),
            ],
            className="entry",
            type="button",
            title=f"{name}: select its {count[name]:,} locations",
            **attributes(data_class=name, aria_pressed="false"),
        )
        for name in names
    ]


def link(app: Dash, guesses: Guesses) -> None:
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

    @app.callback(
        Output("legend", "children"),
        Input("legend-sort", "value"),
        prevent_initial_call=True,
    )
    def sorted_legend(sort: Any) -> list[html.Button]:
        return entries(guesses, sort)


def _swatch(colour: str) -> html.Span:
    return html.Span(className="swatch", style={"background": colour})
