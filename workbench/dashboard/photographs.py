"""Photographs over HTTP, by location id and heading."""

from urllib.parse import quote

import flask

from common.errors import InputError
from workbench.store.photographs import Photographs


def photograph_url(location_id: str, heading: str) -> str:
    """Return the URL of a view: /photograph/<location id>/<heading>."""
    return f"/photograph/{quote(location_id, safe='/')}/{heading}"


def register_routes(server: flask.Flask, photographs: Photographs | None) -> None:
    """Serve `photograph_url`; anything that the store does not name is 404.

    The URL is a key to look up, never a path, so no other file can be requested.
    """

    @server.get("/photograph/<path:location_id>/<heading>")
    def photograph(location_id: str, heading: str) -> flask.Response:
        try:
            if photographs is None:
                raise KeyError(location_id)
            path = photographs.path(location_id, heading)
        except (KeyError, InputError):
            flask.abort(404)
        # No max_age: the browser revalidates with the ETag.
        return flask.send_file(path, mimetype="image/jpeg")

    @server.before_request
    def nothing_else() -> None:
        # Dash serves its page for every unknown path.
        if flask.request.path.startswith("/photograph/") and (
            flask.request.endpoint != photograph.__name__
        ):
            flask.abort(404)
