"""The page of the pinned locations: side by side, under one request, with one colour scale."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.dependencies import ClientsideFunction
from pydantic import Field

from common.errors import InputError
from workbench.attribution.request import read_request
from workbench.attribution.result import Attribution
from workbench.attribution.verdict import verdict
from workbench.dashboard import active_location, attribution_view, checks, overlay
from workbench.dashboard.components import attributes, button, next_poll, panel, poll_timer
from workbench.dashboard.job_queue import Job, JobQueue, QueuedState, RunningState, known_map
from workbench.dashboard.job_queue import State as JobState
from workbench.dashboard.overlay import Display
from workbench.dashboard.pages.base import Page
from workbench.dashboard.request_controls import DISPLAY, REQUEST, read_display
from workbench.dashboard.static_html import static
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import Name
from workbench.store.photographs import Photographs

NAME = "compare"
MAX_PINS = 4
Pins = Annotated[list[Name], Field(max_length=MAX_PINS)]
"""The form of the pinned locations from the browser: their ids."""
MAX_PIXELS = 256
POLL_MILLISECONDS = 400
_ENDS = ("more in the second", "more in the first")
HINT = (
    "Pin two to four locations to compare them: open one, then press “Pin” or the key p. All are "
    "explained by the same request, and their colours have one scale."
)


def layout(_predictions: Predictions) -> list[Any]:
    """Return the empty columns."""
    return [
        panel(
            "Compare",
            [
                html.Span(id="compare-status", className="status", role="status"),
                html.Div(id="compare-scale"),
                button("Cancel", "compare-cancel", "Stop computing these maps", hidden=True),
                button("Remove all", "unpin-all", "Remove all pins", hidden=True),
            ],
            [
                html.P(HINT, id="compare-hint", className="hint"),
                html.Div(
                    [*map(_column, range(MAX_PINS)), html.Div(id="compare-difference")],
                    className="pinned-columns",
                ),
                dcc.Store(id="compare-job"),
                dcc.Store(id="compare-version"),
                poll_timer("compare-timer", POLL_MILLISECONDS),
            ],
            NAME,
            "Pinned locations side by side",
            paper=["side-by-side"],
        )
    ]


def _column(number: int) -> html.Div:
    return html.Div(
        [
            html.Div(id=f"compare-location-{number}"),
            html.Div(id=f"compare-map-{number}", className="quad views"),
            html.Div(id=f"compare-verdict-{number}", className="compare-verdict"),
        ],
        id=f"compare-{number}",
        className="column",
        hidden=True,
    )


def _each(part: str, component_property: str = "children") -> list[Output]:
    return [Output(f"compare-{part}{number}", component_property) for number in range(MAX_PINS)]


def _padded(columns: Sequence[Sequence[Any]]) -> list[Any]:
    return [*map(static, columns), *[None] * (MAX_PINS - len(columns))]


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Show the pinned locations with their photographs and predictions."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "pins"),
        Output("pins-shown", "data"),
        Input("pins", "data"),
        Input("active-location", "data"),
    )

    @app.callback(
        output={
            "locations": _each("location-"),
            "hidden": _each("", "hidden"),
            "status": Output("compare-status", "children"),
            "hint_hidden": Output("compare-hint", "hidden"),
            "remove_hidden": Output("unpin-all", "hidden"),
        },
        inputs={"pins": Input("pins", "data"), "shown": Input("shown-page", "data")},
    )
    def show(pins: Any, shown: Any) -> dict[str, Any]:
        ids = pins or []
        columns = [_location(name, predictions, has_photographs) for name in ids]
        if shown != NAME:
            columns = []
        return {
            "locations": _padded(columns),
            "hidden": [number >= len(ids) for number in range(MAX_PINS)],
            "status": f"{len(ids)} pinned, at most {MAX_PINS}",
            "hint_hidden": len(ids) > 1,
            "remove_hidden": not ids,
        }


def _location(location_id: str, predictions: Predictions, has_photographs: bool) -> list[Any]:
    known = predictions.find(location_id)
    head = [
        html.Button(
            location_id,
            type="button",
            title=f"Open {location_id}",
            className="name",
            disabled=known is None,
            **attributes(data_location=location_id),
        ),
        html.Button(
            "×",
            type="button",
            title="Remove this pin",
            className="close",
            **attributes(data_unpin=location_id, aria_label=f"Remove the pin of {location_id}"),
        ),
    ]
    if known is None:
        missing = "This store has no such location; remove the pin."
        return [html.Div(head, className="column-head"), attribution_view.failure(missing)]
    row = predictions.rows[known]
    return [
        html.Div(head, className="column-head"),
        active_location.classes(row, predictions, float(predictions.confidences[row])),
        html.Div(
            active_location.figures(known, has_photographs),
            className="quad views",
        ),
    ]


def register_maps(
    app: Dash, predictions: Predictions, photographs: Photographs, jobs: JobQueue
) -> None:
    """Compute the maps of the pinned locations, and draw them with their verdicts."""
    state = {
        "pins": State("pins", "data"),
        "controls": [State(*place) for place in REQUEST],
    }

    def find_jobs(pins: Any, controls: list[Any]) -> list[Job | str]:
        """Return the job of each pinned location, or why it has none."""
        return [_job(name, controls) for name in pins or []]

    def _job(name: str, controls: list[Any]) -> Job | str:
        known = predictions.find(name)
        if known is None:
            return ""  # Its column says so.
        try:
            return jobs.job(
                known, read_request(controls, predictions.class_names, predictions.rows)
            )
        except InputError as error:
            return str(error)

    @app.callback(
        output=Output("compare-job", "data"),
        inputs={
            "pins": Input("pins", "data"),
            "controls": [Input(*place) for place in REQUEST],
            "shown": Input("shown-page", "data"),
            "_clicks": Input("compare-cancel", "n_clicks"),
        },
        state={"page": State("page", "data")},
    )
    def submit(pins: Any, controls: list[Any], shown: Any, _clicks: Any, page: Any) -> Any:
        wanted: list[Job] = []
        if shown == NAME and ctx.triggered_id != "compare-cancel":
            maps = [one for one in find_jobs(pins, controls) if isinstance(one, Job)]
            wanted = [*maps, *(one._replace(checks=True) for one in maps)]
        if isinstance(page, str):
            # The queue of the page itself is that of its selection.
            jobs.enqueue(_queue(page), wanted)
        return {"time": time.time_ns()} if shown == NAME else no_update

    @app.callback(
        output={
            "verdicts": _each("verdict-"),
            "version": Output("compare-version", "data"),
            "cancel_hidden": Output("compare-cancel", "hidden"),
            "max_intervals": Output("compare-timer", "max_intervals"),
        },
        inputs={
            "_submission": Input("compare-job", "data"),
            "n_intervals": Input("compare-timer", "n_intervals"),
        },
        state=state
        | {
            "previous": State("compare-version", "data"),
            "page": State("page", "data"),
            "shown": State("shown-page", "data"),
        },
        prevent_initial_call=True,
    )
    def poll(
        _submission: Any,
        n_intervals: Any,
        pins: Any,
        controls: list[Any],
        previous: Any,
        page: Any,
        shown: Any,
    ) -> dict[str, Any]:
        if isinstance(page, str) and shown == NAME:
            jobs.keep_alive(_queue(page))
        found = find_jobs(pins, controls)
        states = [_states(jobs, one) for one in found]
        running = shown == NAME and any(
            isinstance(one, (RunningState, QueuedState)) for pair in states for one in pair
        )
        maps = [known_map(pair[0]) for pair in states]
        version = hash((*found, *(one and (one.cost, one.location_id) for one in maps)))
        lines = [_line(one, *pair) for one, pair in zip(found, states, strict=True)]
        return {
            "verdicts": _padded(lines),
            "version": no_update if format(version, "x") == previous else format(version, "x"),
            "cancel_hidden": not running,
            "max_intervals": next_poll(n_intervals, running),
        }

    @app.callback(
        output={
            "maps": _each("map-"),
            "difference": Output("compare-difference", "children"),
            "scale": Output("compare-scale", "children"),
        },
        inputs={
            "_version": Input("compare-version", "data"),
            "display": [Input(*place) for place in DISPLAY],
        },
        state=dict(state),  # Dash changes the dictionary.
        prevent_initial_call=True,
    )
    def draw(_version: Any, display: list[Any], pins: Any, controls: list[Any]) -> dict[str, Any]:
        found = find_jobs(pins, controls)
        maps = [known_map(_states(jobs, one)[0]) for one in found]
        shown = read_display(display)
        try:
            return view(maps, photographs, shown)
        except InputError as error:
            failure = [attribution_view.failure(str(error))]
            return {"maps": _padded([]), "difference": failure, "scale": []}


def _queue(page: str) -> str:
    return f"{page}/{NAME}"


def _states(jobs: JobQueue, job: Job | str) -> tuple[JobState, JobState]:
    """Return the states of a map and of its checks."""
    if isinstance(job, str):
        return None, None
    return jobs.state(job), jobs.state(job._replace(checks=True))


def _line(job: Job | str, map_state: JobState, checks_state: JobState) -> list[Any]:
    """Return what a map explains and how far to trust it, or how far it is."""
    if isinstance(job, str):
        return [attribution_view.failure(job)] if job else []
    if not isinstance(map_state, Attribution):
        return attribution_view.progress(map_state, "Map")
    about = f"{map_state.request.target_label} ({map_state.probability:.1%})"
    lines: list[Any] = [html.Div(about, title=map_state.request.description)]
    if not isinstance(checks_state, Attribution):
        return [*lines, *attribution_view.progress(checks_state, "Checks")]
    result = verdict(checks_state)
    passed = sum(bool(one.passed) for one in result.reasons)
    failed = [one.name.lower() for one in result.reasons if not one.passed]
    words = f"{passed} of {len(result.reasons)} tests passed"
    words += f"; not {', '.join(failed)}" if failed else ""
    return [*lines, html.Div([checks.badge(result), html.Span(words)], className="verdict-line")]


def common_limit(maps: Sequence[Attribution], display: Display) -> float:
    """Return the value at which the colours of all maps are full."""
    values = [one.values.ravel() for one in maps]
    return overlay.limit(np.concatenate(values), display) if values else 0.0


def view(
    maps: Sequence[Attribution | None], photographs: Photographs, display: Display
) -> dict[str, Any]:
    """Return the maps with one colour scale, the difference of two, and the scale.

    Raises InputError for photographs that cannot be read.
    """
    known = [one for one in maps if one is not None]
    full = common_limit(known, display)
    pictures = [
        [] if one is None else overlay.views(photographs.paths(one.location_id), MAX_PIXELS)
        for one in maps
    ]
    shared = replace(display, full=full)
    drawn = [
        attribution_view.empty() if one is None else attribution_view.over(picture, one, shared)
        for one, picture in zip(maps, pictures, strict=True)
    ]
    labels = {one.request.target_label for one in known}
    target = labels.pop() if len(labels) == 1 else "output of each"
    return {
        "maps": _padded(drawn),
        "difference": static(_difference(known, pictures, display)) if len(maps) == 2 else [],
        "scale": static([attribution_view.scale(full, target)] if known else []),
    }


def _difference(
    maps: Sequence[Attribution], pictures: Sequence[Any], display: Display
) -> list[Any]:
    """Return the first map minus the second, over the mean of their photographs; [] for fewer."""
    if len(maps) < 2:
        return []
    one, other = maps
    if one.values.shape != other.values.shape:
        sizes = [f"{values.shape[1]} × {values.shape[2]}" for values in (one.values, other.values)]
        words = f"The maps have no difference: their sizes are {sizes[0]} and {sizes[1]}."
        return [html.P(words, className="hint")]
    values = one.values - other.values
    alone = replace(display, full=None)  # A kept scale is that of maps.
    sources = overlay.data_urls(overlay.average(pictures), values, alone)
    strength = np.abs(values)
    total = float(strength.sum()) or 1.0
    return [
        html.Div(
            html.Span("Difference: first − second", className="name"),
            className="column-head",
        ),
        html.Div(
            attribution_view.layers(
                sources,
                [f"{part:.0%}" for part in strength.sum(axis=(1, 2)) / total],
                strength.sum(axis=(0, 2)) / total,
                "difference of the maps",
            ),
            className="quad views",
        ),
        html.Div(
            [
                attribution_view.scale(overlay.limit(values, alone), "difference", _ENDS),
                html.Span("a scale of its own; over the mean of the photographs"),
            ],
            className="compare-verdict",
        ),
    ]


PAGE = Page(NAME, "Compare", layout, register_callbacks)
