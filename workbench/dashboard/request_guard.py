"""Rejects requests that no page of this dashboard can send: paths, and values in callbacks."""

from collections.abc import Callable
from typing import Annotated, Any

import flask
from dash import Dash
from dash.exceptions import DependencyException
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict
from werkzeug.wrappers import Response

from workbench.dashboard.pages.compare import Pins
from workbench.dashboard.photographs import site_url
from workbench.dashboard.sets import SetRequest
from workbench.evaluation.steps import Name, Steps
from workbench.http import json_body

_Count = Annotated[int, Field(ge=0, lt=2**53)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Submission(TypedDict, total=False):
    key: Name
    cancelled: bool
    time: int


# What a page may send for each component property; null is always allowed. A name ending in "*"
# stands for all that begin so.
_VALUES: dict[str, Any] = {
    "selection.data": Steps,
    "selection-*": Steps,
    "set-request.data": SetRequest,
    "active-location.data": Name,
    "pins.data": Pins,
    "shown-page.data": Name,
    "page.data": Name,
    "attribution-job.data": _Submission,
    "aggregate-job.data": _Submission,
    "compare-job.data": _Submission,
    "map-version.data": Name,
    "checks-version.data": Name,
    "aggregate-version.data": Name,
    "compare-version.data": Name,
    "color-by.value": Name,
    "roc-score.value": Name,
    "errors-values.value": Name,
    "errors-order.value": Name,
    "confusions-ways.value": Name,
    "confusions-order.value": Name,
    "states-score.value": Name,
    "states-view.value": Name,
    "overview-examples-kind.value": Name,
    "state-class.value": Name,
    "state-score.value": Name,
    "state-examples-kind.value": Name,
    "state-steps.data": Steps,
    "state-maps-job.data": _Submission,
    "state-maps-target.value": Name,
    "state-maps-timer.n_intervals": _Count,
    "state-maps-version.data": Name,
    "geography-curve-view.value": Name,
    "geography-timer.n_intervals": _Count,
    "calibration-timer.n_intervals": _Count,
    "method.value": Name,
    "baseline.value": Name,
    "output.value": Name,
    "target.value": Name,
    "contrast-target.value": Name,
    "aggregate-target.value": Name,
    "projection-choice-*": Name,
    "color-limit.value": Name | _Number,
    "percentile.value": _Number,
    "opacity.value": Name | _Number,
    "attribution-timer.n_intervals": _Count,
    "aggregate-timer.n_intervals": _Count,
    "compare-timer.n_intervals": _Count,
}
_CLICKS = ".n_clicks"


def register_guard(app: Dash) -> None:
    """Answer 404 to unknown paths, and 400 to a callback request with a malformed body or value.

    Call it when all callbacks are registered. What passes has the type that `_VALUES` gives it, but
    may name a class or location that the store does not have. Raises KeyError for a callback that
    takes a property that `_VALUES` does not list.
    """
    server: flask.Flask = app.server
    prefix = app.config.routes_pathname_prefix
    adapters = {
        place: _adapter(place)
        for callback in app.callback_map.values()
        if "callback" in callback
        for place in map(_place, callback["inputs"] + callback["state"])
    }

    @server.before_request
    def check_request() -> Response | None:
        request = flask.request
        if not request.environ["PATH_INFO"]:
            # Werkzeug would name this server in the redirect, not the proxy before it.
            query = request.query_string.decode("latin-1")
            return flask.redirect(site_url("/") + (f"?{query}" if query else ""), 308)
        if request.endpoint == f"{prefix}<path:path>":  # Dash serves its page for unknown paths.
            flask.abort(404)
        if request.endpoint == f"{prefix}_dash-update-component" and request.method == "POST":
            reason = _fault(json_body(), app.callback_map, adapters)
            if reason:
                flask.abort(400, description=reason)
        return None

    for endpoint, view in server.view_functions.items():
        if "_dash-component-suites" in endpoint:
            server.view_functions[endpoint] = _or_not_found(view)


def _or_not_found(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view of Dash's scripts that answers 404 instead of failing for an unknown one."""

    def serve(**arguments: str) -> Any:
        try:
            return view(**arguments)
        except (DependencyException, OSError):
            flask.abort(404)

    return serve


def _adapter(place: str) -> TypeAdapter[Any]:
    for name, kind in _VALUES.items():
        if place == name or (name.endswith("*") and place.startswith(name[:-1])):
            return TypeAdapter(kind | None)
    if place.endswith(_CLICKS):
        return TypeAdapter(_Count | None)
    raise KeyError(f"{place}: say in `request_guard` which values a page may send")


def _fault(body: Any, callbacks: Any, adapters: dict[str, TypeAdapter[Any]]) -> str:
    """Return what is wrong with the body of a callback request; empty if nothing is."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return "expected the JSON of a callback request"
    callback = callbacks.get(body["output"], {})
    if "callback" not in callback:
        return "no such callback"
    changed = body.get("changedPropIds", [])
    inputs, state = body.get("inputs", []), body.get("state", [])
    places = set(map(_place, callback["inputs"] + callback["state"]))
    if not (
        isinstance(changed, list)
        and set(map(str, changed)) <= places
        and _places(body.get("outputs")) == _output_places(callback["output"])
        and _places(inputs) == _places(callback["inputs"])
        and _places(state) == _places(callback["state"])
    ):
        return "outputs, inputs or state are not those of the callback"
    for item in [*inputs, *state]:
        try:
            adapters[_place(item)].validate_python(item.get("value"), strict=True)
        except ValidationError as error:
            rule = error.errors(include_url=False, include_input=False, include_context=False)
            return f"{_place(item)}: {rule[0]['msg']}"
    return ""


def _place(item: Any) -> str:
    return f"{item['id']}.{item['property']}"


def _output_places(output: Any) -> list[tuple[str, str]] | tuple[str, str]:
    """Return the places of a callback's outputs, in a list if it has several."""
    if isinstance(output, (list, tuple)):
        return [(one.component_id, one.component_property) for one in output]
    return (output.component_id, output.component_property)


def _places(items: Any) -> list[tuple[Any, Any]] | tuple[Any, Any] | None:
    if isinstance(items, dict):
        return (items.get("id"), items.get("property"))
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return [(item.get("id"), item.get("property")) for item in items]
