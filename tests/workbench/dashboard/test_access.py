"""Who is answered: the token, the host names, and every path of the dashboard."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from dash import Dash

from tests.workbench.dashboard.examples import Fake
from workbench.dashboard.access import LOOPBACK, Access, is_known
from workbench.dashboard.page import create_app, max_request_bytes
from workbench.dashboard.photographs import photograph_url
from workbench.evaluation.predictions import Predictions
from workbench.export.options import Options
from workbench.store.photographs import Photographs

TOKEN = "a-token-of-this-test"
SHAPES = [
    "..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/app.py", "....//app.py",
    "/etc/passwd", "%2Fetc%2Fpasswd", "C:/Windows/win.ini", "C:%5CWindows%5Cwin.ini",
    "..%5c..%5capp.py", "%23", "x%00", "%00", "%0d%0aX-Injected:%20yes", "%ff%fe", "~root",
    "x" * 20_000, "../" * 2_000, "%25%32%65%25%32%65/app.py", "__init__.py", ".git/config",
]  # fmt: skip


def dashboard(predictions: Predictions, root: Path, **options: Any) -> Dash:
    photographs = Photographs(root / "data", predictions.store)
    assets = Path("assets").resolve()
    export_options = Options(stores=(root / "small.h5",), out=root)
    return create_app(
        predictions.store,
        "small.h5",
        assets,
        photographs,
        Fake(),
        export_options=export_options,
        **options,
    )


@pytest.fixture(scope="module")
def app(predictions: Predictions, root: Path) -> Dash:
    access = Access((*LOOPBACK, "Hub.example.org"), TOKEN, "resnetbolt-1")
    return dashboard(predictions, root, access=access)


@pytest.fixture
def client(app: Dash) -> Iterator[Any]:
    with app.server.test_client() as client:
        yield client


def ask(client: Any, path: str, query: str = "", method: str = "GET") -> Any:
    """Ask for a path as a program may write it: Werkzeug's client tidies it up."""
    raw = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query}
    return client.open("/", method=method, environ_overrides=raw)


def folders(app: Dash) -> list[str]:
    """Return the beginning of every route, up to what is variable."""
    return sorted({rule.rule.partition("<")[0] for rule in app.server.url_map.iter_rules()})


@pytest.mark.slow
def test_every_route_and_callback_asks_for_the_token(
    app: Dash, client: Any, predictions: Predictions
) -> None:
    assert "/figure" in folders(app)
    paths = [*folders(app), photograph_url(predictions.store.location_ids[0], "N")]
    paths += [folder + shape for folder in folders(app) for shape in SHAPES]
    assert len(paths) > 100
    for path in paths:
        for query in ("", "token=", "token=another-token-here", f"Token={TOKEN}", "token=%ff"):
            answer = ask(client, path, query)
            assert answer.status_code == 401, path
            assert TOKEN not in answer.text
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
            assert ask(client, path, f"token={TOKEN}", method).status_code == 401
    assert client.post("/figure", json={}).status_code == 401
    for output in app.callback_map:
        sent = {"output": output, "outputs": [], "inputs": [], "changedPropIds": []}
        assert client.post("/_dash-update-component", json=sent).status_code == 401
    for value in ("", "x", TOKEN, "é" * 64):
        client.set_cookie("resnetbolt-1", value)
        assert client.get("/").status_code == 401


def test_the_token_is_exchanged_for_a_cookie(client: Any) -> None:
    answer = client.get(f"/?a=1&token={TOKEN}&a=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?a=1&a=2")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly; Path=/; SameSite=Lax" in cookie
    assert TOKEN not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/_dash-layout").status_code == 200
    for path in ("//evil.example/", "/\\evil.example/", "///evil.example"):
        led = client.get(
            "/", environ_overrides={"PATH_INFO": path, "QUERY_STRING": "token=" + TOKEN}
        )
        assert not led.headers.get("Location", "").startswith(("//", "/\\", "http")), path


def test_the_cookie_is_for_the_path_prefix_and_for_tls_where_there_is_tls(client: Any) -> None:
    answer = client.get(
        f"/?token={TOKEN}",
        environ_overrides={"SCRIPT_NAME": "/user/ada@x"},
        base_url="https://localhost",
    )
    assert answer.headers["Location"] == "/user/ada%40x/"
    assert "Secure; HttpOnly; Path=/user/ada%40x/; SameSite=Lax" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True), ("LOCALHOST:8050", True), ("127.0.0.1:8050", True), ("[::1]:80", True),
        ("192.168.1.5:8050", True), ("hub.example.org", True), ("hub.example.org.", False),
        ("evil.example", False), ("localhost.evil.example", False), ("evil.example:8050", False),
        ("localhost@evil.example", False), ("", False), ("[::1", False), ("a b", False),
        ("127.0.0.1.evil.example", False), ("localhost:99999999", True), ("\xff", False),
    ],
)  # fmt: skip
def test_only_known_hosts_are_answered(client: Any, host: str, known: bool) -> None:
    assert is_known(host, (*LOOPBACK, "Hub.example.org", "")) == known
    answer = client.get("/", headers={"Host": host})
    # A port out of range is refused as well, after this check.
    assert answer.status_code == (401 if known else 400)
    assert "evil" not in answer.text


@pytest.fixture(scope="module")
def open_app(predictions: Predictions, root: Path) -> Dash:
    return dashboard(predictions, root)


def test_no_path_leads_to_a_file_or_an_error(
    open_app: Dash, caplog: pytest.LogCaptureFixture
) -> None:
    client = open_app.server.test_client()
    shapes = [*SHAPES, "app.py", "dash/../../app.py", "dash/x.js", "os/os.py", "dash/dcc/dcc.py"]
    for folder in folders(open_app):
        for shape in shapes:
            answer = ask(client, folder + shape)
            assert answer.status_code in (400, 404), folder + shape[:80]
            assert "X-Injected" not in answer.headers
    assert caplog.records == []


def test_the_prefix_without_its_slash_leads_to_the_page(open_app: Dash) -> None:
    raw = {"SCRIPT_NAME": "/user/ada", "PATH_INFO": "", "QUERY_STRING": "a=1"}
    answer = open_app.server.test_client().get("/", environ_overrides=raw)
    assert (answer.status_code, answer.headers["Location"]) == (308, "/user/ada/?a=1")


def test_every_script_of_the_page_is_served_or_not_found(
    open_app: Dash, caplog: pytest.LogCaptureFixture
) -> None:
    client = open_app.server.test_client()
    client.get("/")
    for package, paths in open_app.registered_paths.items():
        for path in paths:
            answer = client.get(f"/_dash-component-suites/{package}/{quote(path)}")
            assert answer.status_code == (404 if path.endswith(".map") else 200) or (
                answer.status_code == 200
            )
    assert caplog.records == []


def test_a_folder_named_static_is_not_served(
    predictions: Predictions, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "secret.txt").write_text("secret")
    app = dashboard(predictions, root)
    monkeypatch.chdir(tmp_path)
    other = dashboard(predictions, root)
    for one in (app, other):
        assert one.server.test_client().get("/static/secret.txt").status_code == 404


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 10_000, "application/json", 400),
        (b"NaN", "application/json", 400),
        (b"{}", "text/plain", 400),
        (b"{}", "", 400),
        (b"a=1", "application/x-www-form-urlencoded", 400),
        (b"--x", "multipart/form-data; boundary=x", 400),
        (b"{}", "application/json; charset=utf-99", 400),
        (b" " * 3_000_000, "application/json", 413),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_is_no_callback_request_is_refused(
    open_app: Dash, caplog: pytest.LogCaptureFixture, data: bytes, content_type: str, status: int
) -> None:
    client = open_app.server.test_client()
    answer = client.post("/_dash-update-component", data=data, content_type=content_type)
    assert answer.status_code == status
    assert caplog.records == []


def test_a_rule_of_all_locations_is_no_huge_request(predictions: Predictions) -> None:
    ids = [name * 2000 for name in predictions.store.location_ids]
    limit = max_request_bytes(replace(predictions.store, location_ids=tuple(ids)))
    assert len(json.dumps({"ids": ids})) < limit < 3 * len(json.dumps({"ids": ids}))
