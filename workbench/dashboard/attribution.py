"""BatchedModel why: the opened location's map, then its evidence, as far as they have come."""

from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.dependencies import ClientsideFunction

from common.errors import InputError
from workbench.attribution.result import Attribution
from workbench.attribution.verdict import verdict
from workbench.dashboard import attribution_view, faithfulness, overlay, request_controls
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.job_queue import JobQueue, Running, Waiting
from workbench.dashboard.overlay import Display
from workbench.dashboard.polling import once_more, poll
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

POLL_MILLISECONDS = 300
# What is drawn of a map that nobody waits for, and of one that nobody waits for any longer.
UNKNOWN, CANCELLED = "unknown", "cancelled"
TABS = {"map": "Map", "evidence": "Checks", "gathering": "Selection"}


def head() -> list[Any]:
    """Return the choice of what the panel shows, and how large."""
    return [
        dcc.RadioItems(
            id="tab",
            options=[{"value": key, "label": title} for key, title in TABS.items()],
            value="map",
            className="segments small",
            inline=True,
        ),
        _button("Expand", "expand", "All of it over the page, and back (Escape)", hidden=False),
    ]


def places() -> list[Any]:
    """Return the places of a map and of what is said about it."""
    return [
        html.Div(attribution_view.empty(), id="overlays", className="views overlays"),
        html.Div(
            [html.Div(id="scale"), request_controls.display_controls()],
            className="key-of-map",
        ),
        html.Div(
            [
                html.Div(id="badge"),
                _button("Cancel", "cancel", "Stop explaining this location"),
                _button("Compute", "again", "Explain this location"),
            ],
            className="asking",
        ),
        html.Div(id="explanation", className="explained", **attributes(aria_live="polite")),
        dcc.Store(id="drawn"),
        poll("tick", POLL_MILLISECONDS),
    ]


def _button(text: str, name: str, title: str, *, hidden: bool = True) -> html.Button:
    return html.Button(text, id=name, type="button", className="quiet", hidden=hidden, title=title)


def follow(app: Dash, predictions: Predictions, photographs: Photographs, jobs: JobQueue) -> None:
    """Let the panel ask for the opened location's map, and follow it and its evidence."""

    @app.callback(
        output={
            "overlays": Output("overlays", "children"),
            "scale": Output("scale", "children"),
            "explanation": Output("explanation", "children"),
            "badge": Output("badge", "children"),
            "evidence": Output("evidence", "children"),
            "drawn": Output("drawn", "data"),
            "polls": Output("tick", "max_intervals"),
            "uncancellable": Output("cancel", "hidden"),
            "unaskable": Output("again", "hidden"),
        },
        inputs={
            "wanted": Input("opened", "data"),
            "values": [Input(*place) for place in request_controls.QUESTION],
            "display": [Input(*place) for place in request_controls.DISPLAY],
            "polls": Input("tick", "n_intervals"),
            "_presses": [Input("cancel", "n_clicks"), Input("again", "n_clicks")],
        },
        state={"before": State("drawn", "data"), "page": State("page", "data")},
        prevent_initial_call=True,
    )
    def followed(
        wanted: Any,
        values: list[Any],
        display: list[Any],
        polls: Any,
        _presses: Any,
        before: Any,
        page: Any,
    ) -> dict[str, Any]:
        location = predictions.find(wanted)
        if location is None or not isinstance(page, str):
            return _nothing(no_update)
        trigger = ctx.triggered_id
        jobs.keep_alive(page)
        try:
            key = jobs.job(location, request_controls.asked(values, predictions))
            if trigger == "cancel":
                jobs.cancel(page)
            elif trigger not in ("tick", *(name for name, _ in request_controls.DISPLAY)):
                jobs.open(page, key)
        except InputError as error:
            jobs.cancel(page)
            return _nothing([attribution_view.failure(str(error))])
        look = request_controls.shown(display)
        state, examination = jobs.state(key), jobs.state(key._replace(checks=True))
        made = _map(state)
        stage = "made" if isinstance(state, Attribution) else made and made.cost
        content = format(hash((key, look, stage)), "x") if state else UNKNOWN
        # What is there of a map stays when it is cancelled.
        cancelled = state is None and (trigger == "cancel" or before == CANCELLED)
        content = CANCELLED if cancelled else content
        runs = isinstance(state, (Running, Waiting)) or isinstance(examination, (Running, Waiting))
        # A poll may overtake the request that it follows: where nothing is known yet, ask again,
        # once, since what was cancelled stays unknown.
        overtaken = content == UNKNOWN != before and trigger == "tick"
        same = cancelled or content == before
        overlays = no_update if same else _overlays(made, photographs, look)
        return {
            "overlays": overlays,
            "scale": no_update
            if cancelled
            else made
            and attribution_view.scale(overlay.limit(made.values, look), made.request.target_label),
            "explanation": _words(state, cancelled),
            "badge": _badge(state, examination),
            "evidence": faithfulness.examined(state, examination),
            "drawn": content,
            "polls": once_more(polls, runs or overtaken),
            "uncancellable": not runs,
            "unaskable": runs or isinstance(examination, Attribution),
        }

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "look"),
        Output("location-panel", "className"),
        Output("expand", "children"),
        Input("tab", "value"),
        Input("expand", "n_clicks"),
        Input("opened", "data"),
    )

    @app.callback(
        Output("pinned", "data"),
        Output("baseline", "options"),
        Output("baseline", "value"),
        Input("pin", "n_clicks"),
        State("opened", "data"),
        prevent_initial_call=True,
    )
    def pinned(_clicks: Any, wanted: Any) -> tuple[Any, Any, Any]:
        location = predictions.find(wanted)
        if location is None:
            return no_update, no_update, no_update
        return location, request_controls.options(request_controls.baselines(location)), "location"

    @app.callback(
        Output("baseline", "disabled"),
        Output("pin", "disabled"),
        Output("baseline-label", "children"),
        Input("method", "value"),
    )
    def compared(method: Any) -> tuple[bool, bool, str]:
        label = request_controls.baseline_label(method)
        return label != "Baseline", label != "Baseline", label

    @app.callback(
        output=Output("full", "value"),
        inputs={"_clicks": Input("keep", "n_clicks")},
        state={
            "wanted": State("opened", "data"),
            "values": [State(*place) for place in request_controls.QUESTION],
            "display": [State(*place) for place in request_controls.DISPLAY],
        },
        prevent_initial_call=True,
    )
    def kept(_clicks: Any, wanted: Any, values: list[Any], display: list[Any]) -> Any:
        look, location = request_controls.shown(display), predictions.find(wanted)
        if look.full is not None or location is None:
            return ""
        try:
            made = _map(jobs.state(jobs.job(location, request_controls.asked(values, predictions))))
        except InputError:
            return ""
        return f"{overlay.limit(made.values, look):.3g}" if made else ""


def _nothing(instead: Any) -> dict[str, Any]:
    """Return what the panel shows where nothing can be asked; `instead` of the numbers."""
    return {
        "overlays": attribution_view.empty(),
        "scale": None,
        "explanation": instead,
        "badge": None,
        "evidence": instead,
        "drawn": None,
        "polls": no_update,
        "uncancellable": True,
        "unaskable": True,
    }


def _words(state: Any, cancelled: bool) -> Any:
    """Return what is said about a map or about its making."""
    if cancelled:
        return html.P("Map: cancelled.", className="hint")
    if isinstance(state, Attribution):
        return attribution_view.numbers(state)
    return attribution_view.progress(state, "Map")


def _map(state: Any) -> Attribution | None:
    """Return a map as far as it is known."""
    if isinstance(state, Running):
        return state.partial
    return state if isinstance(state, Attribution) else None


def _overlays(made: Attribution | None, photographs: Photographs, look: Display) -> list[Any]:
    if made is None:
        return attribution_view.empty()
    try:
        pictures = overlay.views(photographs.paths(made.location_id))
    except InputError as error:  # What is known of the map stands all the same.
        return [attribution_view.failure(str(error))]
    return attribution_view.over(pictures, made, look)


def _badge(state: Any, examination: Any) -> Any:
    if not isinstance(state, Attribution):
        return None
    if isinstance(examination, (Running, Waiting)):
        return html.Span("examining", className="badge")
    found = examination if isinstance(examination, Attribution) else state
    return faithfulness.badge(verdict(found))
