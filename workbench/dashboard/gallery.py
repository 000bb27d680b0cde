"""A strip of the selected locations' photographs, a card each."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, dcc, html
from numpy.typing import NDArray

from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.photographs import address
from workbench.dashboard.selection import Selection, resolve
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS

AT_ONCE = 60


def strip() -> html.Section:
    """Return the empty strip."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Photographs"),
                    html.Span(id="strip-words", className="words", role="status"),
                    html.Button(
                        "‹",
                        id="strip-back",
                        type="button",
                        className="step",
                        title=f"The {AT_ONCE} before these",
                        disabled=True,
                    ),
                    html.Button(
                        "›",
                        id="strip-on",
                        type="button",
                        className="step",
                        title=f"The next {AT_ONCE}",
                        disabled=True,
                    ),
                ],
                className="panel-head",
            ),
            dcc.Store(id="strip-first", data=0),
            html.Div(id="strip", className="cards", tabIndex=0),
        ],
        className="panel strip-panel",
        **attributes(aria_label="Photographs of the selected locations"),
    )


def rows(selection: Selection | None, predictions: Predictions) -> NDArray[np.integer[Any]]:
    """Return the store's rows of the selected locations: the nearest first, or drawing order."""
    order = predictions.drawing_order
    if selection is None:
        return order
    return order[selection.member[order]] if selection.ranked is None else selection.ranked


def first(wanted: Any, total: int) -> int:
    """Return a page's first place, made to lie on a page: a multiple of `AT_ONCE` below total."""
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        return 0
    last = max(0, (total - 1) // AT_ONCE)
    return min(max(0, wanted // AT_ONCE), last) * AT_ONCE


def words(begin: int, total: int) -> str:
    """Say which of how many locations are shown."""
    if not total:
        return "no location is selected"
    if total <= AT_ONCE:
        return f"showing all {total:,}"
    return f"showing {begin + 1:,}–{min(begin + AT_ONCE, total):,} of {total:,}"


def card(
    predictions: Predictions, row: int, pictures: bool, distance: float | None = None
) -> html.Button:
    """Return a location as a small panorama over what it is and was taken for.

    The figure beside it is the confidence, or the distance where one is given.
    """
    location = predictions.store.location_ids[row]
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    right = bool(predictions.correct[row])
    views = [
        html.Img(
            alt=f"view {heading} of {location}",
            draggable="false",
            **attributes(data_src=address(location, heading)),  # assets/strip.js loads it.
        )
        for heading in HEADINGS
    ]
    return html.Button(
        [
            html.Span(views if pictures else [html.Span("no photographs")], className="panorama"),
            html.Span(
                [
                    html.Span(
                        "✓" if right else "✗", className="mark right" if right else "mark wrong"
                    ),
                    html.Span(true, className="true"),
                    html.Span("" if right else f"→ {predicted}", className="predicted"),
                    html.Span(
                        f"{predictions.confidences[row]:.0%}"
                        if distance is None
                        else f"{distance:.3g}",
                        className="number",
                        title="confidence" if distance is None else "distance of the features",
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


def fill(app: Dash, predictions: Predictions, pictures: bool) -> None:
    """Let the strip follow the selection, page by page."""

    @app.callback(
        Output("strip", "children"),
        Output("strip-words", "children"),
        Output("strip-first", "data"),
        Output("strip-back", "disabled"),
        Output("strip-on", "disabled"),
        Input("selection", "data"),
        Input("strip-back", "n_clicks"),
        Input("strip-on", "n_clicks"),
        State("strip-first", "data"),
    )
    def filled(rule: Any, _back: Any, _on: Any, shown: Any) -> tuple[Any, str, int, bool, bool]:
        selection = resolve(rule, predictions)
        chosen = rows(selection, predictions)
        turn = {"strip-back": -AT_ONCE, "strip-on": AT_ONCE}.get(str(ctx.triggered_id))
        begin = first(first(shown, len(chosen)) + turn if turn else 0, len(chosen))
        here = chosen[begin : begin + AT_ONCE]
        far = [None] * len(here)
        if selection is not None and selection.distance is not None:
            far = selection.distance[begin : begin + AT_ONCE].tolist()
        return (
            [
                card(predictions, int(row), pictures, distance)
                for row, distance in zip(here, far, strict=True)
            ],
            words(begin, len(chosen)),
            begin,
            begin == 0,
            begin + AT_ONCE >= len(chosen),
        )
