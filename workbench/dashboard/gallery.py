"""The gallery: photographs of the selected locations in an order, a card each, or their table.

The browser fills it from the columns; see `assets/dashboard/gallery.js`.
"""

from typing import Any

from dash import Dash, Input, Output, dcc, html
from dash.dependencies import ClientsideFunction

from workbench.dashboard.components import attributes, button, panel, segments
from workbench.evaluation.predictions import Predictions

RANDOM, LASSO = "random", "lasso"
VIEWS = {"cards": "Cards", "table": "Table"}
OPTIONS = (
    ("gallery-order", "value"),
    ("gallery-direction", "value"),
    ("gallery-view", "value"),
    ("table-columns", "data"),
)
"""Order, direction, one of `VIEWS`, and the columns of the table, null for the usual ones."""


def orders(predictions: Predictions) -> dict[str, str]:
    """Return the title of each order: `random`, a column that the browser has, or `lasso`."""
    return {
        RANDOM: "random",
        "id": "id",
        "label": "true class",
        "prediction": "predicted class",
        "correct": "right or wrong",
        **{name: column.title.lower() for name, column in predictions.columns.items()},
        LASSO: "distance from the lasso's middle",
    }


def layout(predictions: Predictions) -> html.Section:
    """Return the empty gallery."""
    step: dict[str, Any] = {"className": "step", "disabled": True}
    return panel(
        "Photographs",
        [
            html.Span(id="gallery-status", className="status", role="status"),
            html.Details(
                html.Summary("Columns", className="quiet"),
                id="columns-menu",
                className="menu download",
            ),
            button("CSV", "table-download", "Download this table as CSV", hidden=True),
            html.Label(
                [
                    html.Span("Order", className="label"),
                    dcc.Dropdown(
                        orders(predictions),
                        RANDOM,
                        id="gallery-order",
                        className="choice",
                        clearable=False,
                        searchable=False,
                        maxHeight=320,
                    ),
                ],
                className="order",
            ),
            dcc.RadioItems(
                [
                    {"value": "ascending", "label": "↑", "title": "Lowest first"},
                    {"value": "descending", "label": "↓", "title": "Highest first"},
                ],
                "ascending",
                id="gallery-direction",
                className="segments small",
                inline=True,
            ),
            html.Div(
                id="gallery-size",  # assets/dashboard/dividers.js fills it.
                className="segmented",
                role="group",
                **attributes(aria_label="Size of the photographs"),
            ),
            button("‹", "gallery-previous", "The cards before", **step),
            button("›", "gallery-next", "The next cards", **step),
            segments("gallery-view", VIEWS, "cards"),
        ],
        [
            dcc.Store(id="gallery-start", data=0),
            dcc.Store(id="table-columns"),
            dcc.Store(id="gallery-shown"),
            html.Div(id="gallery", className="cards", tabIndex=0),
            html.Div(
                id="location-table",
                className="table-box location-table",
                role="region",
                tabIndex=0,
                hidden=True,
                **attributes(aria_label="Table of the selected locations"),
            ),
        ],
        "gallery",
        "Photographs of the selected locations",
    )


def register_callbacks(app: Dash) -> None:
    """Let the browser show what is chosen."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "gallery"),
        Output("gallery-shown", "data"),
        *[Input(*place) for place in OPTIONS],
        Input("gallery-start", "data"),
    )
