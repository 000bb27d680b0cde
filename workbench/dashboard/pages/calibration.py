"""The page of the confidences: whether they are accuracies, and what accuracy goes with."""

from collections.abc import Sequence
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
    table_panel,
)
from workbench.dashboard.evaluation import EvaluationData, hint, members, missing_words
from workbench.dashboard.metrics import graph
from workbench.dashboard.pages.base import Page, selected
from workbench.evaluation.calibration import Calibration, measure
from workbench.evaluation.evaluate import GREEN, NO_COORDINATES, NO_YEARS, covariates
from workbench.evaluation.intervals import mean_of, share_of
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import without
from workbench.evaluation.subsets import Bin
from workbench.figures import screen
from workbench.figures.screen.bins import Ends

POLL_MILLISECONDS = 700
COVARIATES = {"year": "Year", "latitude": "Latitude, °", "green": "Share of green"}
MISSING = {"year": NO_YEARS, "latitude": NO_COORDINATES}


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels; `assets/dashboard/calibration.js` fills the tables."""
    columns = predictions.columns
    return [
        panel(
            "Reliability",
            [
                html.Span(
                    id="calibration-reliability-status",
                    className="status",
                    role="status",
                    title="Bins of equally many locations, without the range of confidence that "
                    "the selection has; the lines are 95 % Wilson intervals. On the diagonal, "
                    "confidence is accuracy.",
                )
            ],
            [graph("calibration-reliability")],
            "calibration-reliability",
            "Reliability: share of right predictions by confidence",
            paper=["reliability"],
        ),
        panel(
            "Confidence",
            [
                html.Span(
                    [
                        html.Span("right ↑", className="correct"),
                        "  ",
                        html.Span("wrong ↓", className="wrong"),
                    ]
                )
            ],
            [
                html.Div(
                    id="calibration-histograms",
                    className="histograms",
                    role="group",
                    **attributes(aria_label="Confidence of right and wrong locations"),
                )
            ],
            "calibration-histograms",
            "Confidence of right and wrong locations",
            saves=True,
            paper=["histograms"],
        ),
        *(
            panel(
                f"By {name}",
                [html.Span(id=f"calibration-{name}-status", className="status", role="status")],
                [graph(f"calibration-{name}"), html.Div(id=f"calibration-{name}-hint")]
                if name == "green" or name in columns
                else [hint(MISSING[name])],
                f"calibration-{name}",
                f"Accuracy by {title}",
                paper=["covariates"],
            )
            for name, title in COVARIATES.items()
        ),
        table_panel(
            "Calibration",
            "calibration-numbers",
            "Calibration error before and after scaling",
            has_buttons=False,
        ),
        table_panel(
            "Right and wrong",
            "calibration-confidence",
            "Mean confidence of right and wrong",
            has_buttons=False,
        ),
        dcc.Store(id="calibration-data"),
        dcc.Store(id="calibration-drawn"),
        poll_timer("calibration-timer", POLL_MILLISECONDS),
    ]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let the bins by year and latitude follow the selection, and draw the tables."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "calibration"),
        Output("calibration-drawn", "data"),
        Input("calibration-data", "data"),
        prevent_initial_call=True,
    )

    for name in ("year", "latitude"):
        if name not in predictions.columns:
            continue

        @app.callback(
            Output(f"calibration-{name}", "figure"),
            Output(f"calibration-{name}-status", "children"),
            selected("calibration"),
        )
        def update(steps: Any, name: str = name) -> tuple[Any, str]:
            return draw_bins(steps, name, predictions)


def register_prepared(
    app: Dash, predictions: Predictions, prepared: Background[EvaluationData]
) -> None:
    """Let everything else follow the selection, more of it once it is prepared."""

    @app.callback(
        Output("calibration-data", "data"),
        Output("calibration-reliability", "figure"),
        Output("calibration-reliability-status", "children"),
        Output("calibration-green", "figure"),
        Output("calibration-green-status", "children"),
        Output("calibration-green-hint", "children"),
        Output("calibration-timer", "max_intervals"),
        selected("calibration"),
        Input("calibration-timer", "n_intervals"),
    )
    def update(steps: Any, n_intervals: Any) -> tuple[Any, ...]:
        if steps is None:
            return (no_update,) * 7
        known = prepared.get()
        poll = next_poll(n_intervals, known is None)
        found = numbers(steps, predictions, known)
        return (
            found,
            *draw_reliability(steps, predictions, known),
            *green(steps, predictions, known),
            poll,
        )


def numbers(
    steps: Any, predictions: Predictions, prepared: EvaluationData | Failure | None
) -> dict[str, Any]:
    """Return what the tables show of a selection (`steps.Steps`), None for unknown numbers.

    `before` and `after` have the names and values of `evaluation.json`, without the interval of
    `rms` unless all locations are selected. They leave out the range of confidence that the
    selection has; `right` and `wrong` do not.
    """
    member = members(steps, predictions)
    result: dict[str, Any] = {"n": int(member.sum()), "total": len(member)}
    confidence, correct = predictions.confidences[member], predictions.correct[member]
    for name, part in (("right", correct), ("wrong", ~correct)):
        result[name] = {"n": int(part.sum()), "confidence": mean_of(confidence[part], 0, 1)}
    shown = members(without_range(steps, "confidence")[0], predictions)
    before, after = both(shown, predictions, prepared)
    outcome = predictions.correct[shown]
    result["calibration_n"] = int(shown.sum())
    result["accuracy"] = share_of(outcome)
    for name, found, scores in (
        ("before", before, predictions.scores),
        ("after", after, prepared.scaled if isinstance(prepared, EvaluationData) else None),
    ):
        result[name] = None
        if found is not None and scores is not None:
            numbers = {key: value for key, value in json_value(found).items() if key != "bins"}
            result[name] = numbers | {"confidence": mean_of(scores.confidence[shown], 0, 1)}
    result["message"] = ""
    if isinstance(prepared, EvaluationData) and prepared.scaling:
        scaling = prepared.scaling
        result["temperature"] = {
            "fitted_on": scaling.fitted_on,
            "n_fitted": scaling.n_fitted,
            "temperatures": scaling.temperatures,
        }
    elif isinstance(prepared, Failure):
        result["message"] = prepared.message
    elif prepared is None:
        result["message"] = "fitting the temperature …"
    known: dict[str, Any] = json_value(result)
    return known


def both(
    member: Any, predictions: Predictions, prepared: EvaluationData | Failure | None
) -> tuple[Calibration | None, Calibration | None]:
    """Return the calibration of some locations (N,) before and after temperature scaling.

    The temperature is that of all locations. None without locations, and after until it is known.
    """
    if not member.any():
        return None, None
    if (
        not isinstance(prepared, EvaluationData)
        or prepared.scaling is None
        or prepared.scaled is None
    ):
        return measure(predictions.scores[member], has_interval=False), None
    if member.all():
        return prepared.scaling.before, prepared.scaling.after
    return (
        measure(predictions.scores[member], has_interval=False),
        measure(prepared.scaled[member], has_interval=False),
    )


def draw_reliability(
    steps: Any, predictions: Predictions, prepared: EvaluationData | Failure | None
) -> tuple[go.Figure, str]:
    """Return the reliability diagram of a selection without its range of confidence, and its n."""
    kept, chosen = without_range(steps, "confidence")
    member = members(kept, predictions)
    before, after = both(member, predictions, prepared)
    bins = before.bins if before else ()
    ends = [_of_column(one.low, one.high) for one in bins]
    marked = None
    if chosen:
        marked = (max(chosen[-1][0], 0.0), min(chosen[-1][1], 1.0))
    figure = screen.reliability(before, after, ends, marked)
    sizes = sorted({one.n for one in bins})
    each = " or ".join(f"{size:,}" for size in sizes)
    n = f"n = {int(member.sum()):,}" if bins else "no location is selected"
    return figure, f"{n}, {len(bins)} bins of {each}" if bins else n


def draw_bins(
    steps: Any, name: str, predictions: Predictions, values: Any = None
) -> tuple[go.Figure, str]:
    """Return the accuracy by a covariate in a selection without its range of it, and its n.

    `values` (N,) are those of "green".
    """
    kept, chosen = without_range(steps, name)
    member = members(kept, predictions)
    of_member = None if values is None else values[member]
    found = covariates(predictions, member, of_member).get(name, ())
    overall = share_of(predictions.correct[member])
    ends = column_ends(found) if name in predictions.columns else ()
    marked = (
        [chosen[-1][0] <= low and high <= chosen[-1][1] for low, high in ends] if chosen else ()
    )
    figure = screen.bins(found, COVARIATES[name], overall.value, name if ends else "", ends, marked)
    n = sum(one.subset.n for one in found)
    unknown = int(member.sum()) - n
    return figure, f"n = {n:,}" + (f", {unknown:,} unknown" if unknown else "")


def green(
    steps: Any, predictions: Predictions, prepared: EvaluationData | Failure | None
) -> tuple[go.Figure, str, Any]:
    """Return the accuracy by the share of green, its n, and what is missing for it."""
    empty = screen.bins((), COVARIATES["green"], float("nan"))
    if prepared is None:
        return empty, "looking for the photographs' index …", None
    if isinstance(prepared, Failure):
        return empty, "", html.P(prepared.message, className="hint")
    if prepared.inputs.green is None:
        return empty, "", html.P(missing_words(prepared.inputs, GREEN), className="hint")
    return *draw_bins(steps, "green", predictions, prepared.inputs.green), None


def without_range(steps: Any, column: str) -> tuple[list[Any], list[Ends]]:
    """Return the steps of a selection without its ranges of a column, and these as (low, high)."""
    kept, chosen = without(steps or [], ("range",), column)
    filters: list[Any] = [step["filter"] for step in chosen]
    return kept, [
        (
            -np.inf if one["min"] is None else one["min"],
            np.inf if one["max"] is None else one["max"],
        )
        for one in filters
    ]


def column_ends(found: Sequence[Bin]) -> list[Ends]:
    """Return the ranges of a column, with both ends, that hold what the bins hold."""
    ends = []
    for place, one in enumerate(found):
        low, high = _of_column(one.low, one.high)
        if low != high and place < len(found) - 1:
            # The end itself is in the next bin.
            high = float(np.nextafter(np.float32(high), np.float32(-np.inf)))
        ends.append((low, high))
    return ends


def _of_column(low: float, high: float) -> Ends:
    """Return ends as a column has them, in single precision."""
    return float(np.float32(low)), float(np.float32(high))


PAGE = Page("calibration", "Calibration", layout, register_callbacks)
