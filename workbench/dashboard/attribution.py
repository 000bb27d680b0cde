"""The attribution panel: the active location's map, then its checks, as far as they are known."""

import time
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from common.errors import InputError
from workbench.attribution.request import read_request
from workbench.attribution.result import Attribution
from workbench.attribution.verdict import verdict
from workbench.dashboard import aggregate, attribution_view, checks, overlay, request_controls
from workbench.dashboard.components import attributes, button, next_poll, poll_timer, segments
from workbench.dashboard.job_queue import Job, JobQueue, QueuedState, RunningState, known_map
from workbench.dashboard.job_queue import State as JobState
from workbench.dashboard.static_html import static
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

POLL_MILLISECONDS = 300
TABS = {"map": "Map", "checks": "Checks", "aggregate": "Selection"}


def head() -> list[Any]:
    """Return the tabs of the panel."""
    return [segments("tab", TABS, "map")]


def layout() -> list[Any]:
    """Return the places of a map and of the numbers below it."""
    return [
        html.Div(attribution_view.empty(), id="overlays", className="views overlays"),
        html.Div(
            [html.Div(id="color-scale"), request_controls.display_controls()],
            className="map-key",
        ),
        html.Div(
            [
                html.Div(id="verdict-badge"),
                button("Cancel", "cancel", "Stop computing this map", hidden=True),
                button("Compute", "compute", "Compute the map of this location", hidden=True),
            ],
            className="map-buttons",
        ),
        html.Div(id="attribution-info", className="info", **attributes(aria_live="polite")),
        dcc.Store(id="attribution-job"),
        dcc.Store(id="map-version"),
        dcc.Store(id="checks-version"),
        dcc.Store(id=aggregate.STEPS),
        poll_timer("attribution-timer", POLL_MILLISECONDS),
    ]


def register_callbacks(
    app: Dash, predictions: Predictions, photographs: Photographs, jobs: JobQueue
) -> None:
    """Connect the panel: submit a job, poll it, draw its map and judge it."""
    request_controls.register_callbacks(app, predictions)
    location = {
        "location_id": State("active-location", "data"),
        "controls": [State(*place) for place in request_controls.REQUEST],
    }

    def find_job(location_id: Any, controls: Any) -> Job | None:
        """Return the job that the page shows; raises InputError for an invalid request."""
        known = predictions.find(location_id)
        if known is None:
            return None
        return jobs.job(known, read_request(controls, predictions.class_names, predictions.rows))

    @app.callback(
        output=Output("attribution-job", "data"),
        inputs={
            "location_id": Input("active-location", "data"),
            "controls": [Input(*place) for place in request_controls.REQUEST],
            "_clicks": [Input("compute", "n_clicks"), Input("cancel", "n_clicks")],
        },
        state={"page": State("page", "data")},
        prevent_initial_call=True,
    )
    def submit(location_id: Any, controls: list[Any], _clicks: Any, page: Any) -> dict[str, Any]:
        cancelled = ctx.triggered_id == "cancel"
        if isinstance(page, str):
            try:
                job = None if cancelled else find_job(location_id, controls)
            except InputError:
                job = None
            jobs.open(page, job)
        return {"cancelled": cancelled, "time": time.time_ns()}  # Each submission is a new value.

    @app.callback(
        output={
            "info": Output("attribution-info", "children"),
            "cancel_hidden": Output("cancel", "hidden"),
            "compute_hidden": Output("compute", "hidden"),
            "max_intervals": Output("attribution-timer", "max_intervals"),
            "map_version": Output("map-version", "data"),
            "checks_version": Output("checks-version", "data"),
        },
        inputs={
            "submission": Input("attribution-job", "data"),
            "n_intervals": Input("attribution-timer", "n_intervals"),
        },
        state=location
        | {
            "versions": [State("map-version", "data"), State("checks-version", "data")],
            "page": State("page", "data"),
        },
        prevent_initial_call=True,
    )
    def poll(
        submission: Any,
        n_intervals: Any,
        location_id: Any,
        controls: list[Any],
        versions: list[Any],
        page: Any,
    ) -> dict[str, Any]:
        error, map_state, checks_state = None, None, None
        try:
            job = find_job(location_id, controls)
        except InputError as invalid:
            job, error = None, [attribution_view.failure(str(invalid))]
        if job is not None:
            if isinstance(page, str):
                jobs.keep_alive(page)
            map_state, checks_state = jobs.state(job), jobs.state(job._replace(checks=True))
        running = isinstance(map_state, (RunningState, QueuedState)) or isinstance(
            checks_state, (RunningState, QueuedState)
        )
        map_version, checks_version = _versions(job, map_state, checks_state)
        # What is known of a map stays when it is cancelled.
        cancelled = (
            map_state is None
            and isinstance(submission, dict)
            and submission.get("cancelled") is True
        )
        if cancelled:
            info: list[Any] = [html.P("Map: cancelled.", className="hint")]
        elif isinstance(map_state, Attribution):
            checked = checks_state if isinstance(checks_state, Attribution) else map_state
            info = [attribution_view.numbers(checked)]
        else:
            info = error or attribution_view.progress(map_state, "Map")
        return {
            "info": no_update if job is None and error is None else static(info),
            "cancel_hidden": not running,
            "compute_hidden": running or job is None or isinstance(checks_state, Attribution),
            "max_intervals": next_poll(n_intervals, running),
            "map_version": no_update if cancelled or map_version == versions[0] else map_version,
            "checks_version": no_update if checks_version == versions[1] else checks_version,
        }

    @app.callback(
        output={
            "overlays": Output("overlays", "children"),
            "color_scale": Output("color-scale", "children"),
        },
        inputs={
            "_version": Input("map-version", "data"),
            "display": [Input(*place) for place in request_controls.DISPLAY],
        },
        state=dict(location),  # Dash changes the dictionary.
        prevent_initial_call=True,
    )
    def draw(
        _version: Any, display: list[Any], location_id: Any, controls: list[Any]
    ) -> dict[str, Any]:
        try:
            job = find_job(location_id, controls)
            attribution = known_map(jobs.state(job)) if job else None
            if attribution is None:
                redrawn = ctx.triggered_id != "map-version"
                overlays = no_update if redrawn else static(attribution_view.empty())
                return {"overlays": overlays, "color_scale": no_update if redrawn else None}
            shown = request_controls.read_display(display)
            pictures = overlay.views(photographs.paths(attribution.location_id))
            limit = overlay.limit(attribution.values, shown)
        except InputError as error:
            return {"overlays": [attribution_view.failure(str(error))], "color_scale": None}
        return {
            "overlays": static(attribution_view.over(pictures, attribution, shown)),
            "color_scale": static(
                [attribution_view.scale(limit, attribution.request.target_label)]
            ),
        }

    @app.callback(
        output={
            "badge": Output("verdict-badge", "children"),
            "checks": Output("checks", "children"),
        },
        inputs={"_version": Input("checks-version", "data")},
        state=dict(location),  # Dash changes the dictionary.
        prevent_initial_call=True,
    )
    def judge(_version: Any, location_id: Any, controls: list[Any]) -> dict[str, Any]:
        try:
            job = find_job(location_id, controls)
        except InputError as error:
            return {"badge": None, "checks": [attribution_view.failure(str(error))]}
        if job is None:
            return {"badge": None, "checks": no_update}
        map_state, checks_state = jobs.state(job), jobs.state(job._replace(checks=True))
        return {
            "badge": _badge(map_state, checks_state),
            "checks": static(checks.view(map_state, checks_state)),
        }

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "show"),
        Output("location-panel", "className"),
        Input("tab", "value"),
        Input("active-location", "data"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "give_selection"),
        Output(aggregate.STEPS, "data"),
        Input("tab", "value"),
        Input("selection", "data"),
        State(aggregate.STEPS, "data"),
    )

    @app.callback(
        output=Output("color-limit", "value"),
        inputs={"_clicks": Input("keep-limit", "n_clicks")},
        state=location | {"display": [State(*place) for place in request_controls.DISPLAY]},
        prevent_initial_call=True,
    )
    def keep_limit(_clicks: Any, location_id: Any, controls: Any, display: Any) -> str:
        shown = request_controls.read_display(display)
        try:
            job = find_job(location_id, controls) if shown.full is None else None
        except InputError:
            job = None
        attribution = known_map(jobs.state(job)) if job else None
        return f"{overlay.limit(attribution.values, shown):.3g}" if attribution else ""


def _versions(job: Job | None, map_state: JobState, checks_state: JobState) -> tuple[str, str]:
    """Return texts that change when another map, or other checks, are to be drawn."""
    attribution = known_map(map_state)
    complete = attribution is map_state
    stages = [
        (state.fraction, state.stage)
        if isinstance(state, RunningState)
        else "done"
        if isinstance(state, Attribution)
        else state
        for state in (map_state, checks_state)
    ]
    map_version = hash((job, complete, attribution and attribution.cost))
    return format(map_version, "x"), format(hash((job, *stages)), "x")


def _badge(map_state: JobState, checks_state: JobState) -> Any:
    if not isinstance(map_state, Attribution):
        return None
    if isinstance(checks_state, (RunningState, QueuedState)):
        return html.Span("checking", className="badge")
    return checks.badge(
        verdict(checks_state if isinstance(checks_state, Attribution) else map_state)
    )
