"""What the servers of the dashboard and the quiz have in common: bodies, answers and headers."""

from typing import Any

import flask


def json_body() -> Any:
    """Return the JSON of the request, None if it is none.

    Other sites' pages cannot send its content type.
    """
    try:
        return flask.request.get_json(silent=True)
    except RecursionError:  # Nested too deep to be read.
        return None


def plain_text(sentence: str, status: int) -> flask.Response:
    """Return a sentence as the answer."""
    return flask.Response(f"{sentence}\n", status, mimetype="text/plain")


def add_security_headers(server: flask.Flask, policy: str) -> None:
    """Send this Content-Security-Policy, and no referrer, with every answer."""

    @server.after_request
    def add(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
