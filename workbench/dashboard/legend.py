"""The list of classes that the maps share."""

from typing import Any

from dash import Dash, Input, Output, dcc, html

from workbench.dashboard.html_attributes import attributes
from workbench.evaluation.predictions import Predictions
from workbench.figures import screen

SORT = {"name": "Name", "area": "Area"}


def legend(predictions: Predictions) -> html.Section:
    """Return the list of classes: a button each, with colour, locations and ROC area."""
    gradient = screen.share_gradient()
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
                [_swatch(screen.RIGHT), "right", _swatch(screen.WRONG), "wrong"],
                className="key key-right",
            ),
            html.Div(
                ["0", html.Span(className="ramp", style={"background": gradient}), "100 %"],
                className="key key-share",
            ),
            html.Div(
                [html.Span(), html.Span("class"), html.Span("n"), html.Span("area")],
                className="entry legend-columns",
            ),
            html.Div(entries(predictions, "name"), id="legend", className="entries", role="group"),
        ],
        className="panel legend-panel",
        **attributes(aria_label="Classes"),
    )


def entries(predictions: Predictions, sort: Any) -> list[html.Button]:
    """Return the legend's buttons, by class order or by falling area; the browser presses them."""
    area = {curve.class_name: curve.auc for curve in predictions.roc.curves}
    count = {
        name: int((predictions.store.labels == i).sum())
        for i, name in enumerate(predictions.class_names)
    }
    names = list(predictions.class_names)
    if sort == "area":
        names.sort(key=lambda name: area.get(name, -1), reverse=True)
    return [
        html.Button(
            [
                _swatch(predictions.colour[name]),
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


def sort(app: Dash, predictions: Predictions) -> None:
    """Let the list follow the choice of its order."""

    @app.callback(
        Output("legend", "children"),
        Input("legend-sort", "value"),
        prevent_initial_call=True,
    )
    def sorted_legend(order: Any) -> list[html.Button]:
        return entries(predictions, order)


def _swatch(colour: str) -> html.Span:
    return html.Span(className="swatch", style={"background": colour})
