"""The gallery: photographs of the selected locations in an order, a card each.

The server names the locations, the browser draws the cards; see `assets/dashboard/cards.js`.
"""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, ctx, dcc, html
from dash.dependencies import ClientsideFunction

from common.text import number
from workbench.dashboard import order
from workbench.dashboard.components import attributes, button, panel
from workbench.dashboard.selection import resolve
from workbench.evaluation.columns import Column
from workbench.evaluation.predictions import Predictions

PAGE_SIZE = 60
ORDER = (("gallery-order", "value"), ("gallery-direction", "value"))
"""The component properties that set the order."""


def layout(predictions: Predictions) -> html.Section:
    """Return the empty gallery."""
    step: dict[str, Any] = {"className": "step", "disabled": True}
    return panel(
        "Photographs",
        [
            html.Span(id="gallery-status", className="status", role="status"),
            html.Label(
                [
                    html.Span("Order", className="label"),
                    dcc.Dropdown(
                        order.titles(predictions),
                        order.RANDOM,
                        id="gallery-order",
                        className="choice",
                        clearable=False,
                        searchable=False,
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
            button("‹", "gallery-previous", f"The previous {PAGE_SIZE}", **step),
            button("›", "gallery-next", f"The next {PAGE_SIZE}", **step),
        ],
        [
            dcc.Store(id="gallery-start", data=0),
            dcc.Store(id="gallery-cards"),
            dcc.Store(id="gallery-shown"),
            html.Div(id="gallery", className="cards", tabIndex=0),
        ],
        "gallery",
        "Photographs of the selected locations",
    )


def page_start(start: Any, total: int) -> int:
    """Return the start of the page that contains `start`: a multiple of `PAGE_SIZE` below total."""
    if not isinstance(start, int):
        return 0
    last = max(0, (total - 1) // PAGE_SIZE)
    return min(max(0, start // PAGE_SIZE), last) * PAGE_SIZE


def turned(start: Any, total: int, trigger: str) -> int:
    """Return the start of the page to show: the first one unless `trigger` turns the pages."""
    step = {"gallery-start": 0, "gallery-previous": -PAGE_SIZE, "gallery-next": PAGE_SIZE}
    return page_start(page_start(start, total) + step[trigger], total) if trigger in step else 0


def status(start: int, total: int) -> str:
    """Return which of how many locations are shown."""
    if not total:
        return "no location selected"
    if total <= PAGE_SIZE:
        return f"showing all {total:,}"
    return f"showing {start + 1:,}–{min(start + PAGE_SIZE, total):,} of {total:,}"


def value_text(value: float, unit: str) -> str:
    """Return a number of a column with its unit, "" where it is unknown."""
    if value != value:
        return ""
    if unit == "share":
        return f"{value:.0%}"
    return f"{number(value, ',.0f' if unit == 'km' else '.3g')} {unit}".rstrip()


def _shown(predictions: Predictions, name: Any, distances: bool) -> Column:
    """Return the column whose numbers stand on the cards: that of the order, else confidence."""
    if distances:
        return Column(np.empty(0, np.float32), "Distance between the features")
    known = predictions.columns
    return known.get(name, known["confidence"]) if isinstance(name, str) else known["confidence"]


def register_callbacks(app: Dash, predictions: Predictions) -> None:
    """Connect the gallery: turn its pages, and show the page of the selection."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "gallery"),
        Output("gallery-shown", "data"),
        *[Input(*place) for place in ORDER],
        Input("gallery-cards", "data"),
    )

    @app.callback(
        Output("gallery-start", "data"),
        Output("gallery-cards", "data"),
        Output("gallery-status", "children"),
        Output("gallery-previous", "disabled"),
        Output("gallery-next", "disabled"),
        Input("gallery-start", "data"),
        Input("gallery-previous", "n_clicks"),
        Input("gallery-next", "n_clicks"),
        Input("selection", "data"),
        *[Input(*place) for place in ORDER],
    )
    def show(
        start: Any, _previous: Any, _next: Any, steps: Any, name: Any, direction: Any
    ) -> tuple[int, dict[str, Any], str, bool, bool]:
        selection = resolve(steps, predictions)
        rows = order.ordered(
            steps, selection, predictions, name, descending=direction == "descending"
        )
        begin = turned(start, len(rows), str(ctx.triggered_id))
        page = rows[begin : begin + PAGE_SIZE].tolist()
        distances = order.distances(selection) if name == order.RANDOM else {}
        shown = _shown(predictions, name, bool(distances))
        values = [distances[row] if distances else float(shown.values[row]) for row in page]
        cards = {
            "ids": [predictions.store.location_ids[row] for row in page],
            "numbers": [value_text(value, shown.unit) for value in values],
            "title": shown.title,
        }
        last = begin + PAGE_SIZE >= len(rows)
        return begin, cards, status(begin, len(rows)), begin == 0, last
