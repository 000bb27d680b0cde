"""The page of one class: its numbers and curve, what it is confused with, what decides it."""

from dataclasses import asdict
from typing import Any

from dash import Dash, Input, Output, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from common.json_text import json_value
from workbench.dashboard import aggregate, examples
from workbench.dashboard.components import attributes, panel, segments, table_panel
from workbench.dashboard.metrics import SCORES, confusion_matrix, graph
from workbench.dashboard.pages import errors, states
from workbench.dashboard.pages.base import Page, selected
from workbench.dashboard.selection import resolve
from workbench.evaluation.class_detail import class_detail
from workbench.evaluation.class_table import worst_classes
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.roc_curves import Roc
from workbench.evaluation.steps import Step, without
from workbench.figures import screen
from workbench.figures.colors import class_colors

MAPS, STEPS = "state-maps", "state-steps"
CLASS = Input("state-class", "value")
NOT_COMPUTED = (
    "Not computed yet. The button computes these maps; ",
    html.Code("resnetbolt attribute"),
    " computes those of many locations into a file, which ",
    html.Code("resnetbolt open STORE --attributions FILE"),
    " shows.",
)
_NO_MODEL = (
    "Maps need the photographs and the model. One of them is missing: the panel of the location "
    "says which, and what to do."
)


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels, which `assets/dashboard/state.js` fills."""
    names = predictions.class_names
    worst = worst_classes(predictions)
    choice = html.Div(
        dcc.Dropdown(
            list(names),
            worst[0].class_name if worst else names[0],
            id="state-class",
            className="choice",
            clearable=False,
            maxHeight=400,
        ),
        className="state-class",
        role="group",
        **attributes(aria_label="Class"),
    )
    score = html.Div(
        segments("state-score", SCORES, "probability"),
        title="The score by which locations are ordered for the curve and its area",
    )
    intervals = (
        "Of the selection without its steps about classes. Intervals of 95 %: Wilson's for recall "
        "and precision, Newcombe's (2006, method 5) for the area under the ROC curve"
    )
    return [
        panel(
            "Class",
            [choice, html.Span(id="state-numbers-status", className="status", title=intervals)],
            [html.Div(id="state-numbers", className="table-box")],
            "state-numbers",
            "Recall, precision and AUC of the class",
            saves=True,
        ),
        panel(
            "ROC",
            [
                html.Span(id="state-areas", title="Locations of the class against all of others"),
                score,
            ],
            [graph("state-curve")],
            "state-curve",
            "ROC curve of the class against all others",
            paper=["roc"],
        ),
        *(
            table_panel(title, f"state-{name}", label)
            for name, title, label in (
                ("predicted", "Predicted as", "What locations of the class are predicted as"),
                ("mistaken", "Mistaken for it", "What is predicted as the class"),
            )
        ),
        panel(
            "Attributions",
            [html.Span("mean map, shares by view and row, prototypes")],
            [aggregate.layout(MAPS, "class", _NO_MODEL), dcc.Store(id=STEPS)],
            MAPS,
            "Mean attribution map of the class, shares by view and row, prototypes",
            saves=True,
        ),
        examples.layout("state"),
        dcc.Store(id="state-data"),
        dcc.Store(id="state-drawn"),
        dcc.Store(id="state-narrowed"),
    ]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let the page follow the selection and the chosen class."""

    @app.callback(Output("state-class", "value"), selected("state"))
    def follow_selection(steps: Any) -> Any:
        return chosen_class(steps, predictions) or no_update

    for name, data, output in (
        ("narrowClass", CLASS, "state-narrowed"),
        ("classDetail", Input("state-data", "data"), "state-drawn"),
    ):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("dashboard", name),
            Output(output, "data"),
            data,
            prevent_initial_call=True,
        )

    @app.callback(
        Output("state-data", "data"),
        Output(STEPS, "data"),
        Output("state-curve", "figure"),
        Output("state-areas", "children"),
        selected("state"),
        CLASS,
        Input("state-score", "value"),
    )
    def update(steps: Any, name: Any, score: Any) -> tuple[Any, ...]:
        if steps is None or name not in predictions.class_indices:
            return (no_update,) * 4
        data, curve = detail(steps, name, score, predictions)
        return data, class_steps(steps, name), *draw(curve, name, predictions)

    examples.register_callbacks(app, predictions, "state", Input(STEPS, "data"))


def chosen_class(steps: Any, predictions: Predictions) -> str | None:
    """Return the class that a selection narrows to or that its last search names, else None."""
    _, chosen = without(steps or [], ("class",))
    for step in reversed(chosen):
        wanted: Any = step["filter"]
        if wanted["kind"] == "class" and wanted["of"] == "true" and len(wanted["names"]) == 1:
            name = wanted["names"][0]
            return name if name in predictions.class_indices else None
    last: Any = steps[-1]["filter"] if steps else {"kind": "all"}
    if last["kind"] != "search":
        return None
    text = last["text"].strip().lower()
    return next((name for name in predictions.class_names if name.lower() == text), None)


def class_steps(steps: Any, name: str) -> list[Step]:
    """Return the steps of the class's locations in a selection, without its steps about classes."""
    before, _ = without(steps or [], ("class", "cell"))
    op: Any = "intersect" if before else "replace"
    return [*before, {"op": op, "filter": {"kind": "class", "of": "true", "names": [name]}}]


def detail(
    steps: Any, name: str, score: Any, predictions: Predictions
) -> tuple[dict[str, Any], Roc]:
    """Return the numbers of a class in a selection, None for unknown ones, and its ROC curve.

    Steps of the selection about classes are left out.
    """
    before, chosen = without(steps or [], ("class", "cell"))
    selection = resolve(before, predictions)
    member = None if selection is None else selection.member
    index = predictions.class_indices[name]
    ranked = predictions.ranked_scores(score)
    curve = ranked.roc(member, only=index)
    area = curve.curves[0].auc if curve.curves else float("nan")
    positives = curve.curves[0].positives if curve.curves else 0
    found = class_detail(
        confusion_matrix(predictions, selection),
        index,
        area,
        positives,
        int(ranked.negatives[index]),
    )
    cells = [cell for step in chosen if (cell := errors.chosen_cells(step))]
    result = states.row(found.summary) | {
        "selected": len(predictions.store) if member is None else int(member.sum()),
        "total": len(predictions.store),
        "auc": found.auc.value,
        "auc_low": found.auc.low,
        "auc_high": found.auc.high,
    }
    for way, others in (("predicted", found.predicted_as), ("mistaken", found.mistaken)):
        rows = []
        for one in others:
            pair = (name, one.class_name) if way == "predicted" else (one.class_name, name)
            cell = ([pair[0]], [pair[1]])
            numbers = {"class": one.class_name, "count": one.count} | asdict(one.share)
            rows.append(numbers | {"true": pair[0], "as": pair[1], "chosen": cell in cells})
        result[f"{way}_rows"] = rows
    known: dict[str, Any] = json_value(result)
    return known, curve


def draw(curve: Roc, name: str, predictions: Predictions) -> tuple[Any, str]:
    """Return the figure of a class's curve, and how many locations it is about in words."""
    colors = class_colors(predictions.class_names)
    if not curve.curves:
        return screen.roc(
            Roc((), ()), colors
        ), "no curve without locations of this and another class"
    one = curve.curves[0]
    return screen.roc(curve, colors, [name]), f"{one.positives:,} against {one.negatives:,}"


PAGE = Page(
    "state",
    "State",
    layout,
    register_callbacks,
    (("state-class", "value"), ("state-score", "value"), ("state-examples-kind", "value")),
)
