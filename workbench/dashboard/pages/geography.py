"""The page of the places: recall on a map of the states, kilometres, areas, where mistakes go."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from common.json_text import json_value
from workbench.dashboard.background import Background, Failure
from workbench.dashboard.components import (
    attributes,
    next_poll,
    panel,
    poll_timer,
    segments,
    table_panel,
)
from workbench.dashboard.evaluation import (
    EvaluationData,
    hint,
    members,
    missing_words,
    words,
)
from workbench.dashboard.metrics import confusion_matrix, graph
from workbench.dashboard.pages import errors
from workbench.dashboard.pages.base import Page, selected
from workbench.dashboard.selection import resolve
from workbench.evaluation.evaluate import NO_COORDINATES, NOT_STATES, SPLIT, geography
from workbench.evaluation.geography import WITHIN_KM, Distances, RecallByArea
from workbench.evaluation.intervals import share_of
from workbench.evaluation.mistakes import prediction_frequencies, state_mistakes
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.report import TIES, sentence
from workbench.evaluation.split import HonestSplit, honest_split
from workbench.evaluation.steps import without
from workbench.figures import screen
from workbench.figures.tile_map import tiles

MEASURES = {"recall": "Recall", "ratio": "Predicted / true"}
CURVES = {"kilometers": "Kilometres", "area": "Area"}
SHORTEST_KM = 10.0
"""Where the axis of the distances begins."""
NOTHING = "No location is selected."
POLL_MILLISECONDS = 700
_NO_TIES: dict[str, Any] = {"rows": [], "words": ""}


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels, which `assets/dashboard/geography.js` fills."""
    are_states = tiles(predictions.class_names) is not None
    view = "kilometers" if "kilometers" in predictions.columns or not are_states else "area"
    return [
        panel(
            "States",
            [
                html.Span(id="geography-map-status", className="status", role="status"),
                segments("geography-measure", MEASURES, "recall"),
            ],
            [
                html.Div(
                    id="geography-map",
                    className="tiles",
                    role="group",
                    **attributes(aria_label="Map of the states"),
                )
                if are_states
                else hint(NOT_STATES)
            ],
            "geography-map",
            "Map of the states, a square for each; a click narrows to one",
            saves=are_states,
            paper=["state-map"] if are_states else (),
        ),
        panel(
            "Distance error",
            [
                html.Span(
                    id="geography-curve-status",
                    title="Cumulative: of the locations of the selection, and of all in grey",
                ),
                segments("geography-curve-view", CURVES, view),
            ],
            [graph("geography-curve"), html.Div(id="geography-curve-hint")],
            "geography-curve",
            "Share of locations by distance, or by area to search",
            paper=["geography"],
        ),
        table_panel(
            "Kilometres and areas",
            "geography-numbers",
            "Kilometres off, GeoGuessr score, and area to search, with 95 % intervals",
            has_buttons=False,
        ),
        panel(
            "Census divisions",
            [html.Span("true and predicted division; click a cell to select it")],
            [graph("geography-divisions")] if are_states else [hint(NOT_STATES)],
            "geography-divisions",
            "Confusion matrix of Census divisions",
            paper=["divisions"] if are_states else (),
        ),
        panel(
            "Near the training",
            [html.Span(id="geography-split-status", className="status", role="status")],
            [
                graph("geography-split"),
                html.P(id="geography-split-words", className="hint"),
                poll_timer("geography-timer", POLL_MILLISECONDS),
            ],
            "geography-split",
            "Accuracy by the distance to the nearest training location",
            paper=["split"],
        ),
        table_panel(
            "Where mistakes go",
            "geography-mistakes",
            "Wrong predictions by division and border",
            has_buttons=False,
        ),
        table_panel(
            "Ties to the training",
            "geography-ties",
            "Accuracy by what ties locations to training",
            has_buttons=False,
        ),
        dcc.Store(id="geography-data"),
        dcc.Store(id="geography-ties-data"),
        dcc.Store(id="geography-drawn"),
        dcc.Store(id="geography-ties-drawn"),
    ]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let map, curves and tables follow the selection."""

    @app.callback(Output("geography-data", "data"), selected("geography"))
    def update_numbers(steps: Any) -> Any:
        return numbers(steps, predictions)

    for name, inputs, output in (
        (
            "geography",
            [
                Input("geography-data", "data"),
                Input("geography-measure", "value"),
                Input("geography-curve-view", "value"),
                Input("palette", "data"),
            ],
            "geography-drawn",
        ),
        ("trainingTies", [Input("geography-ties-data", "data")], "geography-ties-drawn"),
    ):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("dashboard", name),
            Output(output, "data"),
            *inputs,
            prevent_initial_call=True,
        )

    @app.callback(
        Output("geography-curve", "figure"),
        Output("geography-curve-status", "children"),
        Output("geography-curve-hint", "children"),
        selected("geography"),
        Input("geography-curve-view", "value"),
    )
    def update_curve(steps: Any, view: Any) -> tuple[Any, str, Any]:
        return draw_curve(steps, view, predictions)

    if tiles(predictions.class_names) is not None:

        @app.callback(
            Output("geography-divisions", "figure"),
            selected("geography"),
        )
        def update_divisions(steps: Any) -> Any:
            return draw_divisions(steps, predictions)


def register_split(
    app: Dash, predictions: Predictions, prepared: Background[EvaluationData]
) -> None:
    """Let the honest split follow the selection, once the training locations are known."""

    @app.callback(
        Output("geography-split", "figure"),
        Output("geography-split-words", "children"),
        Output("geography-split-status", "children"),
        Output("geography-ties-data", "data"),
        Output("geography-timer", "max_intervals"),
        selected("geography"),
        Input("geography-timer", "n_intervals"),
    )
    def update_split(steps: Any, n_intervals: Any) -> tuple[Any, ...]:
        if steps is None:
            return (no_update,) * 5
        known = prepared.get()
        answer = split_view(steps, predictions, known)
        return *answer, next_poll(n_intervals, known is None)


def numbers(steps: Any, predictions: Predictions) -> dict[str, Any]:
    """Return what map and tables show of a selection (`steps.Steps`).

    The numbers have the names and values of `evaluation.json`, None for unknown ones. `states` are
    those of the selection without the steps that chose a class or a cell, so that another one can
    be chosen; `mistakes` leave out a cell.
    """
    member = members(steps, predictions)
    searches = predictions.area_searches
    far = geography(predictions, member)
    before_cell, _ = without(steps or [], ("cell",))
    mistakes = state_mistakes(confusion_matrix(predictions, resolve(before_cell, predictions)))
    missing = [] if "kilometers" in predictions.columns else [words(NO_COORDINATES)]
    if searches is None:
        missing.append(words(NOT_STATES))
    found = {
        "n": int(member.sum()),
        "total": len(member),
        "geography": far and {"predicted": far.predicted, "expected": far.expected},
        "recall_by_area": searches[member].summary() if searches and member.any() else None,
        "mistakes": mistakes,
        "missing": missing,
    } | state_numbers(steps, predictions)
    for part in ("predicted", "expected"):
        if far:
            found["geography"][part] = _without_curve(getattr(far, part))
    if found["recall_by_area"]:
        found["recall_by_area"] = _without_curve(found["recall_by_area"])
    result: dict[str, Any] = json_value(found)
    return result


def _without_curve(found: Any) -> dict[str, Any]:
    numbers: dict[str, Any] = json_value(found)
    return {name: value for name, value in numbers.items() if name != "curve"}


def state_numbers(steps: Any, predictions: Predictions) -> dict[str, Any]:
    """Return the numbers of the states, with their places on the map, [] unless all are states."""
    places = tiles(predictions.class_names)
    if places is None:
        return {"states": [], "states_n": 0}
    before, chosen = without(steps or [], ("class", "cell"))
    counts = confusion_matrix(predictions, resolve(before, predictions))
    names = {name for step in chosen for name in (errors.chosen_cells(step) or ([],))[0]}
    frequencies = {one.class_name: one for one in prediction_frequencies(counts)}
    found = []
    for index, (name, tile) in enumerate(zip(predictions.class_names, places, strict=True)):
        n, right = int(counts.counts[index].sum()), int(counts.counts[index, index])
        frequency = frequencies.get(name)
        found.append(
            {
                "class": name,
                "code": tile.code,
                "row": tile.row,
                "column": tile.column,
                "n": n,
                "recall": share_of(np.arange(n) < right),
                "n_predicted": frequency.n_predicted if frequency else 0,
                "ratio": frequency.ratio if frequency else float("nan"),
                "p_adjusted": frequency.p_adjusted if frequency else float("nan"),
                "chosen": name in names,
            }
        )
    return {"states": found, "states_n": int(counts.counts.sum())}


def draw_curve(steps: Any, view: Any, predictions: Predictions) -> tuple[Any, str, Any]:
    """Return the cumulative curves of a selection and of all locations, their n, and a hint."""
    member = members(steps, predictions)
    everything = np.ones_like(member)
    parts = {"all locations": everything}
    if not member.all():
        parts["selection"] = member
    is_area = view == "area"
    missing = NOT_STATES if is_area else NO_COORDINATES
    curves, n = {}, 0
    for name, rows in parts.items():
        found: RecallByArea | Distances | None = None
        if is_area and predictions.area_searches and rows.any():
            found = predictions.area_searches[rows].summary()
        elif not is_area and (far := geography(predictions, rows)):
            found = far.predicted
        if found is not None:
            curves[name] = found.curve
        n = found.n if found else 0
    if not curves:
        return screen.cumulative({}, ""), "", hint(missing)
    title = "Area of the most probable states, km²" if is_area else "Distance, km"
    limits = () if is_area else WITHIN_KM
    figure = screen.cumulative(curves, title, None if is_area else SHORTEST_KM, limits)
    known = f"n = {n:,}" if n else NOTHING
    unknown = int(member.sum()) - n
    return figure, known + (f", {unknown:,} without coordinates" if unknown else ""), None


def draw_divisions(steps: Any, predictions: Predictions) -> go.Figure:
    """Return the matrix of Census divisions of a selection without its cells."""
    before, chosen = without(steps or [], ("cell",))
    found = state_mistakes(confusion_matrix(predictions, resolve(before, predictions)))
    assert found is not None  # All classes are states.
    figure = screen.divisions(found, predictions.class_names)
    of = figure.layout.meta["members"]
    for step in chosen:
        cells = errors.chosen_cells(step)
        marked = [name for part in cells or () for name, inside in of.items() if inside == part]
        if len(marked) == 2:
            return screen.divisions(found, predictions.class_names, (marked[0], marked[1]))
    return figure


def split_view(
    steps: Any, predictions: Predictions, prepared: EvaluationData | Failure | None
) -> tuple[go.Figure, str, str, Any]:
    """Return figure, what is missing, status and ties of the honest split of a selection."""
    empty = screen.bins((), "", float("nan"))
    if prepared is None:
        return empty, "", "reading the training locations …", None
    if isinstance(prepared, Failure):
        return empty, prepared.message, "", _NO_TIES
    links = prepared.inputs.links
    if links is None:
        return empty, missing_words(prepared.inputs, SPLIT), "", _NO_TIES
    member = members(steps, predictions)
    if not member.any():
        return empty, NOTHING, "", _NO_TIES
    outcomes = predictions.outcomes[member]
    found = honest_split(outcomes, links[member], prepared.inputs.n_training)
    accuracy = share_of(outcomes.correct)
    title = "Nearest training location, km"
    figure = screen.bins(found.by_distance, title, accuracy.value)
    status = f"{found.n_training:,} training locations; n = {len(outcomes):,}"
    no_distance = "" if found.by_distance else words(NO_COORDINATES)
    return figure, no_distance, status, {"rows": ties(found), "words": sentence(accuracy, found)}


def ties(found: HonestSplit) -> list[dict[str, Any]]:
    """Return the contrasts of the honest split: each with what it is, n and accuracies."""
    rows = []
    named = {"near": ("any of these", found.near)} if found.near else {}
    named |= {name: (TIES[name], one) for name, one in found.contrasts.items()}
    for name, (title, one) in named.items():
        row = {
            "tie": name,
            "title": title,
            "n": one.with_tie.n,
            "accuracy": one.with_tie.accuracy,
            "difference": one.difference,
        }
        rows.append(row)
    result: list[dict[str, Any]] = json_value(rows)
    return result


PAGE = Page(
    "geography",
    "Geography",
    layout,
    register_callbacks,
    (("geography-measure", "value"), ("geography-curve-view", "value")),
)
