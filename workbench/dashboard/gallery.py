"""The gallery: photographs of the selected locations, a card each."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, dcc, html
from numpy.typing import NDArray

from workbench.dashboard.components import attributes, button, panel
from workbench.dashboard.photographs import photograph_url
from workbench.dashboard.selection import Selection, resolve
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS

PAGE_SIZE = 60


def layout() -> html.Section:
    """Return the empty gallery."""
    step: dict[str, Any] = {"className": "step", "disabled": True}
    return panel(
        "Photographs",
        [
            html.Span(id="gallery-status", className="status", role="status"),
            button("‹", "gallery-previous", f"The previous {PAGE_SIZE}", **step),
            button("›", "gallery-next", f"The next {PAGE_SIZE}", **step),
        ],
        [
            dcc.Store(id="gallery-start", data=0),
            html.Div(id="gallery", className="cards", tabIndex=0),
        ],
        "gallery",
        "Photographs of the selected locations",
    )


def rows(selection: Selection | None, predictions: Predictions) -> NDArray[np.integer[Any]]:
    """Return the store's rows of the selected locations: the nearest first, or drawing order."""
    order = predictions.drawing_order
    if selection is None:
        return order
    return order[selection.member[order]] if selection.ranked is None else selection.ranked


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
    predictions: Predictions, row: int, pictures: bool, distance: float | None = None
) -> html.Button:
    """Return a location as a panorama over its true and its predicted class.

    The number beside them is the confidence, or the distance if one is given.
    """
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
                    html.Span("" if correct else f"→ {predicted}", className="predicted"),
                    html.Span(
                        f"{predictions.confidences[row]:.0%}"
                        if distance is None
                        else f"{distance:.3g}",
                        className="number",
                        title="confidence" if distance is None else "distance between the features",
                    ),
                ],
                className="caption",
            ),
        ],
        className="card",
        type="button",
        title=f"{location}: true {true}, predicted {predicted}",
        **attributes(data_location=location),
    )


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Connect the gallery: turn its pages, and show the page of the selection."""

    @app.callback(
        Output("gallery-start", "data"),
        Input("selection", "data"),
        Input("gallery-previous", "n_clicks"),
        Input("gallery-next", "n_clicks"),
        State("gallery-start", "data"),
    )
    def turn(rule: Any, _previous: Any, _next: Any, start: Any) -> int:
        total = len(rows(resolve(rule, predictions), predictions))
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
    )
    def show(start: Any, rule: Any) -> tuple[Any, str, bool, bool]:
        selection = resolve(rule, predictions)
        selected = rows(selection, predictions)
        begin = page_start(start, len(selected))
        page = selected[begin : begin + PAGE_SIZE]
        distances = [None] * len(page)
        if selection is not None and selection.distances is not None:
            distances = selection.distances[begin : begin + PAGE_SIZE].tolist()
        return (
            [
                card(predictions, int(row), has_photographs, distance)
                for row, distance in zip(page, distances, strict=True)
            ],
            status(begin, len(selected)),
            begin == 0,
            begin + PAGE_SIZE >= len(selected),
        )
