"""Cards of the most and least confident locations of a selection, drawn by the browser from ids."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, dcc, html
from dash.dependencies import ClientsideFunction

from workbench.dashboard.components import panel, segments
from workbench.dashboard.selection import in_random_order, resolve
from workbench.evaluation.predictions import Predictions

MOST_CARDS = 60
KINDS = {"wrong": "Sure and wrong", "unsure": "Least sure", "right": "Sure and right"}


def layout(name: str) -> html.Section:
    """Return the panel of the cards; `name` begins the ids of its components."""
    return panel(
        "Examples",
        [
            html.Span(id=f"{name}-examples-status", className="status", role="status"),
            segments(f"{name}-examples-kind", KINDS, "wrong"),
        ],
        [
            html.Div(id=f"{name}-examples", className="cards", tabIndex=0),
            dcc.Store(id=f"{name}-examples-cards"),
            dcc.Store(id=f"{name}-examples-drawn"),
        ],
        "examples",
        "Photographs of the most and least confident locations",
        saves=True,
    )


def register_callbacks(app: Dash, predictions: Predictions, name: str, steps: Input) -> None:
    """Let the cards follow the steps of a selection (`steps.Steps`), None for no cards."""

    @app.callback(
        Output(f"{name}-examples-cards", "data"),
        steps,
        Input(f"{name}-examples-kind", "value"),
    )
    def update(steps: Any, kind: Any) -> dict[str, Any]:
        return cards(steps, kind, predictions) | {"place": f"{name}-examples"}

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "examples"),
        Output(f"{name}-examples-drawn", "data"),
        Input(f"{name}-examples-cards", "data"),
        prevent_initial_call=True,
    )


def cards(steps: Any, kind: Any, predictions: Predictions) -> dict[str, Any]:
    """Return ids and confidences of a kind of `KINDS` within a selection, and how many there are.

    At most `MOST_CARDS` are returned, the first in the order of their confidence.
    """
    selection = resolve(steps, predictions)
    rows = in_random_order(selection, predictions)  # That of equal confidences.
    confidences = predictions.confidences[rows]
    rows = rows[np.argsort(confidences if kind == "unsure" else -confidences, kind="stable")]
    total = len(rows)
    if kind in ("wrong", "right"):
        rows = rows[predictions.correct[rows] == (kind == "right")]
    word = {"wrong": "wrong", "right": "right"}.get(kind, "locations")
    first = f"first {MOST_CARDS} of " if len(rows) > MOST_CARDS else ""
    shown = rows[:MOST_CARDS].tolist()
    status = f"{first}{len(rows):,} {word}" if kind == "unsure" else ""
    return {
        "ids": [predictions.store.location_ids[row] for row in shown],
        "numbers": [f"{predictions.confidences[row]:.0%}" for row in shown],
        "confidences": [float(predictions.confidences[row]) for row in shown],
        "title": "Confidence",
        "status": status or f"{first}{len(rows):,} {word} of {total:,}",
    }
