"""Photographs over HTTP, by location id and heading and by nothing else."""

from urllib.parse import quote

import flask

from common.errors import InputError
from workbench.store.photographs import Photographs


def address(location_id: str, heading: str) -> str:
    """Return where the page finds a view: /photograph/<location id>/<heading>."""
    return f"/photograph/{quote(location_id, safe='/')}/{heading}"


def serve(server: flask.Flask, photographs: Photographs | None) -> None:
    """Answer `address` with the photograph, and 404 to whatever the store does not name.

    The address is only ever a key to look up, never a path; so nothing else on the disk can
    be asked for.
    """

    @server.get("/photograph/<path:location_id>/<heading>")
    def photograph(location_id: str, heading: str) -> flask.Response:
        try:
            if photographs is None:
                raise KeyError(location_id)
            path = photographs.path(location_id, heading)
        except (KeyError, InputError):
            flask.abort(404)
        # No max_age: the browser asks again, and is told when nothing has changed.
        return flask.send_file(path, mimetype="image/jpeg")

    @server.before_request
    def nothing_else() -> None:
        # Dash answers whatever no other rule matches with its page.
        if flask.request.path.startswith("/photograph/") and (
            flask.request.endpoint != photograph.__name__
        ):
            flask.abort(404)
