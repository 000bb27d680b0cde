"""The overview: how good the predictions of the selection are, where they fail, and ways there."""

from dataclasses import asdict
from typing import Any

import numpy as np
from dash import Dash, Input, Output, dcc, html
from dash.dependencies import ClientsideFunction

from common.json_text import json_value
from workbench.dashboard import examples
from workbench.dashboard.components import (
    attributes,
    panel,
    right_and_wrong,
    table_panel,
)
from workbench.dashboard.metrics import graph
from workbench.dashboard.pages import errors, states
from workbench.dashboard.pages.base import Page, selected
from workbench.dashboard.selection import resolve
from workbench.evaluation.class_table import worst_classes
from workbench.evaluation.intervals import median_of, share_of
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import without

MOST_NAMED = 2
"""ROC curves with a name: the best and the worst."""
NO_COORDINATES = (
    "Kilometres off are not known: the store has no coordinates. Write them into info.txt beside "
    "the photographs and extract again."
)


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels, which `assets/dashboard/overview.js` fills."""
    heights = (
        "Right locations above, wrong ones below; drag to narrow. All locations are pale, the "
        "selected ones in colour. Heights are square roots of numbers of locations."
    )
    known = "kilometers" in predictions.columns
    return [
        table_panel(
            "Accuracy", "overview-accuracy", "Accuracy of the selection and of all locations"
        ),
        panel(
            "Histograms",
            [html.Span(right_and_wrong(), title=heights)],
            [
                html.Div(
                    id="overview-histograms",
                    className="histograms",
                    role="group",
                    **attributes(aria_label="Histograms of right and wrong locations"),
                ),
                *([] if known else [html.P(NO_COORDINATES, className="hint")]),
            ],
            "overview-histograms",
            "Right and wrong",
            saves=True,
            paper=["histograms"],
        ),
        table_panel(
            "Worst classes", "overview-classes", "Classes of the selection, the lowest recall first"
        ),
        table_panel(
            "Confusions",
            "overview-confusions",
            "Confusions of the selection, the most frequent first",
        ),
        examples.layout("overview"),
        dcc.Store(id="overview-numbers"),
        dcc.Store(id="overview-drawn"),
    ]


def figures(_predictions: Predictions) -> list[Any]:
    """Return the panel of the curves."""
    return [
        panel(
            "ROC",
            [html.Span(id="overview-areas")],
            [graph("overview-curves")],
            "overview-curves",
            "ROC curves of the selection",
            paper=["roc"],
        )
    ]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let all panels follow the selection."""

    @app.callback(Output("overview-numbers", "data"), selected("overview"))
    def update_numbers(steps: Any) -> dict[str, Any]:
        return numbers(steps, predictions)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "overview"),
        Output("overview-drawn", "data"),
        Input("overview-numbers", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("overview-curves", "figure"),
        Output("overview-areas", "children"),
        selected("overview"),
    )
    def update_curves(steps: Any) -> tuple[Any, str]:
        return states.draw(steps, "probability", "overlaid", predictions, MOST_NAMED)

    examples.register_callbacks(app, predictions, "overview", selected("overview"))


def numbers(steps: Any, predictions: Predictions) -> dict[str, Any]:
    """Return what the tables show of a selection (`steps.Steps`), None for unknown numbers.

    `selected` and `all` have accuracy and the median kilometres of wrong locations; `classes`
    and `confusions` leave out the steps that chose a class or a cell, so that another one can be
    chosen.
    """
    selection = resolve(steps, predictions)
    parts = {"selected": slice(None) if selection is None else selection.member, "all": slice(None)}
    result: dict[str, Any] = {}
    for name, part in parts.items():
        ranks = predictions.true_ranks[part]
        accuracy = {"top_1": asdict(share_of(ranks <= 1)), "top_5": asdict(share_of(ranks <= 5))}
        result[name] = {"n": len(ranks)} | accuracy
    kilometers = predictions.columns.get("kilometers")
    if kilometers is not None:
        for name, part in parts.items():
            wrong = kilometers.values[part][~predictions.correct[part]]
            known = wrong[np.isfinite(wrong)]
            result[name]["kilometers"] = {"n": len(known)} | asdict(median_of(known))
    pairs = errors.confused_pairs(steps, "one", "count", predictions)
    _, cells = without(steps or [], ("cell",))
    names = predictions.class_names
    result["confusions"] = [
        {
            "true": names[pair.true],
            "predicted": names[pair.predicted],
            "count": pair.count,
            "share": pair.share,
            "chosen": any(
                errors.chosen_cells(step) == ([names[pair.true]], [names[pair.predicted]])
                for step in cells
            ),
        }
        for pair in pairs[: errors.MOST_LISTED]
    ]
    result["confusions_status"] = errors.status(pairs)
    before, chosen = without(steps or [], ("class", "cell"))
    whole = resolve(before, predictions)
    classes = {name for step in chosen for name in (errors.chosen_cells(step) or ([],))[0]}
    result["classes"] = [
        states.row(one) | {"chosen": one.class_name in classes}
        for one in worst_classes(predictions, whole.member if whole else None)
    ]
    answer: dict[str, Any] = json_value(result)
    return answer


PAGE = Page(
    "overview",
    "Overview",
    layout,
    register_callbacks,
    (("overview-examples-kind", "value"),),
    figures,
    drawn="overview-drawn",
)
