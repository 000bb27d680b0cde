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
            and not _known(asked.get_json(silent=True), callbacks)
        ):
            flask.abort(400)


def _known(body: Any, callbacks: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    callback = callbacks.get(body["output"])
    return (
        callback is not None
        and isinstance(body.get("changedPropIds", []), list)
        and _places(body.get("inputs")) == _places(callback["inputs"])
        and _places(body.get("state", [])) == _places(callback["state"])
    )


def _places(items: Any) -> list[tuple[Any, Any]] | None:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return [(item.get("id"), item.get("property")) for item in items]
