"""The selection tab: the maps of some of the selected locations, aggregated."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from common.errors import InputError
from workbench.attribution.request import AttributionRequest, read_request
from workbench.attribution.result import Attribution
from workbench.dashboard import aggregate_view, attribution_view
from workbench.dashboard.background import Failure
from workbench.dashboard.components import attributes, button, next_poll, poll_timer, segments
from workbench.dashboard.job_queue import Job, JobQueue, QueuedState, RunningState
from workbench.dashboard.request_controls import DISPLAY, REQUEST, read_display
from workbench.dashboard.selection import Selection, in_random_order, resolve
from workbench.dashboard.static_html import static
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

MAX_LOCATIONS = 12
POLL_MILLISECONDS = 500
STEPS = "selection-aggregate"
"""The id of the `dcc.Store` with the steps of the selection as the tab shows it."""


def layout(name: str = "aggregate", what: str = "selection", hint: str = "") -> html.Div:
    """Return the view before anything is selected; `name` begins the ids of its components.

    `hint` is shown until callbacks are registered and fill the view.
    """
    return html.Div(
        [
            html.Div(
                [
                    html.Span(id=f"{name}-status", className="status", role="status"),
                    segments(f"{name}-target", {}, "selection"),
                    button(f"Explain {what}", f"{name}-compute", disabled=True),
                    button("Cancel", f"{name}-cancel", hidden=True),
                ],
                className="aggregate-head",
            ),
            html.Div(
                html.P(hint, className="hint") if hint else None,
                id=f"{name}-maps",
                className=f"{name}-maps",
                **attributes(aria_live="polite"),
            ),
            dcc.Store(id=f"{name}-job"),
            dcc.Store(id=f"{name}-version"),
            poll_timer(f"{name}-timer", POLL_MILLISECONDS),
        ],
        className="aggregate",
    )


def selection_request(
    selection: Selection | None, request: AttributionRequest
) -> AttributionRequest | None:
    """Return the request that a selection suggests, None if it suggests none.

    For a cell of the confusion matrix: the predicted class against the true one. For one class:
    that class.
    """
    if selection is None:
        return None
    if selection.cell is not None and selection.cell[0] != selection.cell[1]:
        return replace(request, target=selection.cell[1], contrast_target=selection.cell[0])
    if len(selection.class_names) == 1 and not selection.is_spatial:
        return replace(request, target=selection.class_names[0], contrast_target="")
    return None


def sample(selection: Selection | None, predictions: Predictions) -> list[str]:
    """Return the locations that represent a selection: the first in random order."""
    rows = in_random_order(selection, predictions)[:MAX_LOCATIONS]
    return [predictions.store.location_ids[row] for row in rows]


def describe_sample(selection: Selection | None, count: int, total: int) -> str:
    """Return how many of a selection's locations represent it, and how they were chosen."""
    if count == total:
        return f"all {total:,} locations" if total > 1 else ("no location", "one location")[total]
    ranked = selection is not None and selection.ranked is not None
    how = "the nearest" if ranked else "drawn at random with a fixed seed"
    return f"{count} of {total:,} locations, {how}"


class _Sample(NamedTuple):
    """The jobs of a selection's sample, and why some locations have none."""

    selection: Selection | None
    jobs: list[Job]
    errors: list[str]

    @property
    def key(self) -> str:
        return format(hash(tuple(self.jobs)), "x")


def register_callbacks(
    app: Dash,
    predictions: Predictions,
    photographs: Photographs,
    jobs: JobQueue,
    name: str = "aggregate",
    selection: str = STEPS,
    hint: Sequence[Any] = (),
    of_class: bool = False,
) -> None:
    """Connect the view: offer targets, submit the jobs, poll them and draw their aggregate.

    `name` is that of `layout`, `selection` the `dcc.Store` of the steps, which is null until the
    view is shown, `hint` what is shown where nothing is computed. A view `of_class` always explains
    the class that the steps narrow to. Each view has its own queue.
    """
    controls = {
        "rule": State(selection, "data"),
        "target": State(f"{name}-target", "value"),
        "controls": [State(*place) for place in REQUEST],
    }

    def find_jobs(rule: Any, target: Any, controls: list[Any]) -> _Sample:
        if rule is None or (of_class and not rule):  # It has not been shown.
            return _Sample(None, [], [])
        chosen = resolve(rule, predictions)
        found: list[Job] = []
        errors = []
        try:
            request = read_request(controls, predictions.class_names, predictions.rows)
        except InputError as error:
            return _Sample(chosen, [], [str(error)])
        suggested = None
        if of_class and chosen and chosen.class_names:
            suggested = replace(request, target=chosen.class_names[0], contrast_target="")
        elif target == "selection":
            suggested = selection_request(chosen, request)
        for location_id in sample(chosen, predictions):
            try:
                found.append(jobs.job(location_id, suggested or request))
            except InputError as error:
                errors.append(str(error))
        return _Sample(chosen, found, errors)

    @app.callback(
        Output(f"{name}-target", "options"), Input(selection, "data"), prevent_initial_call=True
    )
    def offer_targets(rule: Any) -> list[dict[str, str]]:
        request = selection_request(resolve(rule, predictions), AttributionRequest())
        if request is None or of_class:
            return []
        contrast = f" rather than {request.contrast_target}" if request.contrast_target else ""
        return [
            {"value": "selection", "label": f"Why {request.target}{contrast}"},
            {"value": "controls", "label": "As above"},
        ]

    @app.callback(
        output=Output(f"{name}-job", "data"),
        inputs={
            "rule": Input(selection, "data"),
            "target": Input(f"{name}-target", "value"),
            "controls": [Input(*place) for place in REQUEST],
            "_clicks": [
                Input(f"{name}-compute", "n_clicks"),
                Input(f"{name}-cancel", "n_clicks"),
            ],
        },
        state={"page": State("page", "data")},
        prevent_initial_call=True,
    )
    def submit(
        rule: Any, target: Any, controls: list[Any], _clicks: Any, page: Any
    ) -> dict[str, Any]:
        compute = ctx.triggered_id == f"{name}-compute"
        found = find_jobs(rule, target, controls)
        if isinstance(page, str):
            # Whatever changes the request ends what was computed before.
            jobs.enqueue(f"{page} {name}", found.jobs if compute else ())
        # The time makes each submission a new value.
        return {"key": found.key if compute else "", "time": time.time_ns()}

    @app.callback(
        output={
            "status": Output(f"{name}-status", "children"),
            "compute_disabled": Output(f"{name}-compute", "disabled"),
            "cancel_hidden": Output(f"{name}-cancel", "hidden"),
            "max_intervals": Output(f"{name}-timer", "max_intervals"),
            "version": Output(f"{name}-version", "data"),
        },
        inputs={
            "submission": Input(f"{name}-job", "data"),
            "n_intervals": Input(f"{name}-timer", "n_intervals"),
        },
        state=controls
        | {"previous": State(f"{name}-version", "data"), "page": State("page", "data")},
        prevent_initial_call=True,
    )
    def poll(
        submission: Any,
        n_intervals: Any,
        rule: Any,
        target: Any,
        controls: list[Any],
        previous: Any,
        page: Any,
    ) -> dict[str, Any]:
        found = find_jobs(rule, target, controls)
        if isinstance(page, str):
            jobs.keep_alive(f"{page} {name}")
        states = [jobs.state(job) for job in found.jobs]
        done = sum(isinstance(state, Attribution) for state in states)
        failed = sum(isinstance(state, Failure) for state in states)
        complete = done == len(states)
        submitted = isinstance(submission, dict) and submission.get("key") == found.key
        running = submitted and any(
            isinstance(state, (RunningState, QueuedState)) for state in states
        )
        total = len(predictions.store)
        if found.selection is not None:
            total = int(found.selection.member.sum())
        count = len(sample(found.selection, predictions))
        # Before the button is pressed, maps of opened locations are no mean yet.
        shown = submitted or complete
        version = format(hash((found.key, *found.errors, shown and (done, failed))), "x")
        return {
            "status": f"{done} of {len(states)} maps computed"
            if submitted and not complete
            else describe_sample(found.selection, count, total),
            "compute_disabled": running or complete,
            "cancel_hidden": not running,
            "max_intervals": next_poll(n_intervals, running),
            "version": no_update if version == previous else version,
        }

    @app.callback(
        output=Output(f"{name}-maps", "children"),
        inputs={
            "_version": Input(f"{name}-version", "data"),
            "display": [Input(*place) for place in DISPLAY],
        },
        state=controls | {"submission": State(f"{name}-job", "data")},
        prevent_initial_call=True,
    )
    def draw(
        _version: Any,
        display: list[Any],
        rule: Any,
        target: Any,
        controls: list[Any],
        submission: Any,
    ) -> list[Any]:
        found = find_jobs(rule, target, controls)
        states = [jobs.state(job) for job in found.jobs]
        attributions = [state for state in states if isinstance(state, Attribution)]
        errors = [*found.errors, *(state.message for state in states if isinstance(state, Failure))]
        submitted = isinstance(submission, dict) and submission.get("key") == found.key
        failures = [
            attribution_view.failure(f"{len(errors)} could not be computed. {errors[0]}")
            for _ in errors[:1]
        ]
        if not attributions or not (submitted or len(attributions) == len(states)):
            return failures or ([html.P(list(hint), className="hint")] if hint else [])
        try:
            shown = read_display(display)
            view = aggregate_view.view(attributions, len(states), photographs, predictions, shown)
            return static(failures + view)
        except (InputError, OSError, ValueError) as error:
            return [attribution_view.failure(str(error))]
