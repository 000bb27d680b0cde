"""Rejects callback requests that no page of this dashboard can send."""

from typing import Any

import flask


def register_guard(server: flask.Flask, callbacks: Any) -> None:
    """Answer 400 to a malformed callback request.

    `callbacks` is Dash's callback map. The values in a request stay untrusted; each callback
    checks them.
    """

    @server.before_request
    def check_request() -> None:
        request = flask.request
        if (
            request.method == "POST"
            and request.path == "/_dash-update-component"
            and not _is_valid(_body(request), callbacks)
        ):
            flask.abort(400)


def _body(request: flask.Request) -> Any:
    try:
        return request.get_json(silent=True)
    except RecursionError:  # Nested too deep to be read.
        return None


def _is_valid(body: Any, callbacks: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    callback = callbacks.get(body["output"])
    changed = body.get("changedPropIds", [])
    if callback is None:
        return False
    places = {f"{one['id']}.{one['property']}" for one in callback["inputs"] + callback["state"]}
    return (
        isinstance(changed, list)
        and set(map(str, changed)) <= places
        and _places(body.get("outputs")) == _output_places(callback["output"])
        and _places(body.get("inputs")) == _places(callback["inputs"])
        and _places(body.get("state", [])) == _places(callback["state"])
    )


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
