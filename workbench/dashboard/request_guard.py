"""Which callback requests are answered: those that a page of this dashboard can send."""

from typing import Any

import flask


def guard(server: flask.Flask, callbacks: Any) -> None:
    """Answer 400 to a callback request of another form, instead of failing in its middle.

    `callbacks` is Dash's map of what it can be asked. The values in a request are still anybody's;
    each callback reads them with suspicion.
    """

    @server.before_request
    def known_only() -> None:
        asked = flask.request
        if (
            asked.method == "POST"
            and asked.path == "/_dash-update-component"
            and not _known(_body(asked), callbacks)
        ):
            flask.abort(400)


def _body(asked: flask.Request) -> Any:
    try:
        return asked.get_json(silent=True)
    except RecursionError:  # Nested too deep to be read.
        return None


def _known(body: Any, callbacks: Any) -> bool:
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
        and _places(body.get("outputs")) == _given(callback["output"])
        and _places(body.get("inputs")) == _places(callback["inputs"])
        and _places(body.get("state", [])) == _places(callback["state"])
    )


def _given(output: Any) -> list[tuple[str, str]] | tuple[str, str]:
    """Return the places of a callback's outputs, in a list where it has one."""
    if isinstance(output, (list, tuple)):
        return [(one.component_id, one.component_property) for one in output]
    return (output.component_id, output.component_property)


def _places(items: Any) -> list[tuple[Any, Any]] | tuple[Any, Any] | None:
    if isinstance(items, dict):
        return (items.get("id"), items.get("property"))
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return [(item.get("id"), item.get("property")) for item in items]
