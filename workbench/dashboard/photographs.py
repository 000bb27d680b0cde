"""Photographs over HTTP, by location id and heading, and URLs below the path prefix."""

from urllib.parse import quote

import flask

from common.errors import InputError
from common.photographs import DECODE_ERRORS, read_bytes, upright_jpeg
from workbench.store.photographs import Photographs


def site_url(path: str) -> str:
    """Return the URL of a path of this server, below the prefix under which the page was asked for.

    It always leads to this server: a path cannot name another host.
    """
    prefix = flask.request.script_root if flask.has_request_context() else ""
    return quote(f"{prefix}/{path.lstrip('/')}")


def photograph_url(location_id: str, heading: str) -> str:
    """Return the URL of a view: /photograph/<location id>/<heading> below the prefix."""
    return site_url(f"/photograph/{location_id}/{heading}")


def register_routes(server: flask.Flask, photographs: Photographs | None) -> None:
    """Serve `photograph_url`; anything that the store does not name is 404.

    Photographs are turned upright here as for the model, not by the browser, which may read an
    orientation from the file where the decoder finds none, or the reverse.

    The URL is a key to look up, never a path, so no other file can be requested.
    """

    @server.get("/photograph/<path:location_id>/<heading>")
    def photograph(location_id: str, heading: str) -> flask.Response:
        if photographs is None:
            flask.abort(404)
        return photograph_response(photographs, location_id, heading)


def photograph_response(photographs: Photographs, location_id: str, heading: str) -> flask.Response:
    """Return a view of a location as JPEG; 404 for what the store does not name or cannot read."""
    try:
        path = photographs.path(location_id, heading)
        response = flask.Response(upright_jpeg(read_bytes(path)), mimetype="image/jpeg")
    except (KeyError, InputError, *DECODE_ERRORS):
        flask.abort(404)
    # No max_age: the browser revalidates with the ETag.
    response.add_etag()
    response.make_conditional(flask.request)
    return response
