"""The gallery: photographs of the selected locations in an order, a card each."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.dependencies import ClientsideFunction

from common.text import number
from workbench.dashboard import order
from workbench.dashboard.components import attributes, button, panel
from workbench.dashboard.photographs import photograph_url
from workbench.dashboard.selection import resolve
from workbench.evaluation.columns import Column
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS

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
            button("‹", "gallery-previous", f"The previous {PAGE_SIZE}", **step),
            button("›", "gallery-next", f"The next {PAGE_SIZE}", **step),
        ],
        [
            dcc.Store(id="gallery-start", data=0),
            dcc.Store(id="sequence-shown"),
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


def status(start: int, total: int) -> str:
    """Return which of how many locations are shown."""
    if not total:
        return "no location selected"
    if total <= PAGE_SIZE:
        return f"showing all {total:,}"
    return f"showing {start + 1:,}–{min(start + PAGE_SIZE, total):,} of {total:,}"


def card(
    predictions: Predictions, row: int, pictures: bool, shown: Column, value: float
) -> html.Button:
    """Return a location as a panorama over its true and its predicted class, and a number."""
    location = predictions.store.location_ids[row]
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    correct = bool(predictions.correct[row])
    views = [
        html.Img(
            alt=f"view {heading} of {location}",
            draggable="false",
            **attributes(data_src=photograph_url(location, heading)),  # assets/gallery.js loads it.
        )
        for heading in HEADINGS
    ]
    return html.Button(
        [
            html.Span(views if pictures else [html.Span("no photographs")], className="panorama"),
            html.Span(
                [
                    html.Span(
                        "✓" if correct else "✗",
                        className="mark correct" if correct else "mark wrong",
                    ),
                    html.Span(true, className="true"),
                    html.Span(value_text(value, shown.unit), className="number", title=shown.title),
                ],
                className="caption",
            ),
            html.Span(
                html.Span("as predicted" if correct else f"predicted {predicted}"),
                className="caption predicted",
            ),
        ],
        className="card",
        type="button",
        title=f"{location}: true {true}, predicted {predicted}",
        **attributes(data_location=location),
    )


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


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Connect the gallery: turn its pages, and show the page of the selection."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("maps", "sequence"),
        Output("sequence-shown", "data"),
        *[Input(*place) for place in ORDER],
        Input("gallery", "children"),
    )

    @app.callback(
        Output("gallery-start", "data"),
        Input("selection", "data"),
        *[Input(*place) for place in ORDER],
        Input("gallery-previous", "n_clicks"),
        Input("gallery-next", "n_clicks"),
        State("gallery-start", "data"),
    )
    def turn(
        rule: Any, _order: Any, _direction: Any, _previous: Any, _next: Any, start: Any
    ) -> int:
        selection = resolve(rule, predictions)
        total = len(predictions.store) if selection is None else int(selection.member.sum())
        step = {"gallery-previous": -PAGE_SIZE, "gallery-next": PAGE_SIZE}.get(
            str(ctx.triggered_id)
        )
        return page_start(page_start(start, total) + step, total) if step else 0

    @app.callback(
        Output("gallery", "children"),
        Output("gallery-status", "children"),
        Output("gallery-previous", "disabled"),
        Output("gallery-next", "disabled"),
        Input("gallery-start", "data"),
        Input("selection", "data"),
        *[Input(*place) for place in ORDER],
    )
    def show(start: Any, rule: Any, name: Any, direction: Any) -> tuple[Any, str, bool, bool]:
        selection = resolve(rule, predictions)
        rows = order.ordered(
            rule, selection, predictions, name, descending=direction == "descending"
        )
        begin = page_start(start, len(rows))
        page = rows[begin : begin + PAGE_SIZE].tolist()
        distances = order.distances(selection) if name == order.RANDOM else {}
        shown = _shown(predictions, name, bool(distances))
        values = [distances[row] if distances else float(shown.values[row]) for row in page]
        return (
            [
                card(predictions, row, has_photographs, shown, value)
                for row, value in zip(page, values, strict=True)
            ],
            status(begin, len(rows)),
            begin == 0,
            begin + PAGE_SIZE >= len(rows),
        )
