"""Who may use the dashboard: the host names that it answers to, and the token that opens it."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import flask

from workbench.dashboard.photographs import site_url
from workbench.http import plain_text

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TOKEN = "token"
"""The parameter of the URL that carries the token."""


@dataclass(frozen=True)
class Access:
    """What a request needs to be answered.

    Its `Host` header names one of `hosts`, without ports, or if that is empty any host. Unless
    `token` is empty, it carries the token in its URL or a cookie named `cookie`.
    """

    hosts: tuple[str, ...] = ()
    token: str = ""
    cookie: str = "resnetbolt"


def register_access(server: flask.Flask, access: Access) -> None:
    """Refuse all other requests: 400 for an unknown host, 401 without the token.

    The token is in the URL once: the answer is a cookie and the same URL without the token.
    """

    @server.before_request
    def check_access() -> flask.Response | None:
        request = flask.request
        if not is_known(request.headers.get("Host", ""), access.hosts):
            return plain_text(
                "This dashboard does not answer to the host name in the address; "
                "start it with --allowed-host NAME.",
                400,
            )
        if not access.token:
            return None
        if _equal(request.cookies.get(access.cookie, ""), _cookie_value(access.token)):
            return None
        if request.method == "GET" and _equal(request.args.get(TOKEN, ""), access.token):
            return _admission(access)
        return plain_text(
            "This dashboard needs a token; open the address that it printed when it started, "
            f"which ends in ?{TOKEN}=...",
            401,
        )


def is_known(host: str, hosts: Sequence[str]) -> bool:
    """Return whether a `Host` header, with or without port, names one of `hosts`.

    An IP address is known too: other sites can only lead a browser here by a name of theirs.
    """
    if not hosts:
        return True
    try:
        name = urlsplit(f"//{host}").hostname
        if name and name in map(str.lower, hosts):
            return True
        return bool(ipaddress.ip_address(name or ""))
    except ValueError:
        return False


def _admission(access: Access) -> flask.Response:
    """Set the cookie and lead to the same URL without the token."""
    request = flask.request
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != TOKEN]
    address = site_url(request.path) + ("?" + urlencode(rest) if rest else "")
    answer = flask.Response(status=303, headers={"Location": address})
    # Lax: with Strict, a link on another page would lead to a refusal.
    answer.set_cookie(
        access.cookie,
        _cookie_value(access.token),
        path=site_url("/"),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return answer


def _cookie_value(token: str) -> str:
    """Return what the cookie holds: the browser does not keep the token."""
    return hmac.new(token.encode(), b"cookie", "sha256").hexdigest()


def _equal(value: str, expected: str) -> bool:
    return hmac.compare_digest(value.encode(errors="replace"), expected.encode())
