"""The dashboard behind a reverse proxy, below a path, opened with a token."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

import app
from tests.browser.site import loaded
from tests.examples import small_store
from tests.window import Window
from tests.workbench.attribution.examples import FINGERPRINT, example
from tests.workbench.attribution.test_attribution_file import write
from workbench import store
from workbench.attribution.request import AttributionRequest
from workbench.evaluation.predictions import Predictions

PREFIX = "/user/ada@example.org/proxy/8050"
ADDRESS = quote(PREFIX)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a store and the map of its first card by the command; return the address it prints."""
    folder = tmp_path_factory.mktemp("prefix")
    path = folder / "small.h5"
    small = small_store(path, folder / "data", ("Île d'Or", "Ohio", "50 %"), locations=6)
    known = {
        "checkpoint_sha256": FINGERPRINT.checkpoint_sha256,
        "data_sha256": FINGERPRINT.data_sha256,
    }
    store.write(path, replace(small, provenance={**small.provenance, **known}))
    predictions = Predictions(small)
    row = predictions.drawing_order[0]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    request = AttributionRequest().resolve(predicted, predictions.class_names[small.labels[row]])
    maps = write(folder / "maps.h5", example(name=small.location_ids[row], request=request))
    command = [sys.executable, app.__file__, path, "--attributions", maps, "--port", "0"]
    command += ["--prefix", f"{ADDRESS}/", "--token", "new"]
    running = subprocess.Popen(
        [*map(str, command)], cwd=Path(app.__file__).parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout
        line = next(line for line in running.stdout if line.startswith("Serving"))
        yield line.split(" at ")[1].split()[0]
    finally:
        running.terminate()
        running.communicate()


@contextmanager
def proxied(inner: str, *, strips: bool) -> Iterator[str]:
    """Serve a dashboard below `ADDRESS` alone; return the address of the proxy.

    A proxy that strips names the inner server in its requests, as nginx does. The other one passes
    path and host name on.
    """

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self.path.startswith(f"{ADDRESS}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = dict(self.headers.items()) | ({"Host": inner} if strips else {})
            connection = http.client.HTTPConnection(inner)
            path = self.path.removeprefix(ADDRESS) if strips else self.path
            connection.request(self.command, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_request(self, code: object = "", size: object = "") -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{ADDRESS}/"
        server.shutdown()


@pytest.mark.spawn
@pytest.mark.parametrize("strips", [True, False])
def test_the_page_works_below_a_prefix(browser: Browser, served: str, strips: bool) -> None:
    parts = urlsplit(served)
    assert parts.path == f"{ADDRESS}/"
    with proxied(parts.netloc, strips=strips) as address:
        window = Window(browser, f"{address}?{parts.query}", address)
        page = window.page
        assert page.url == f"{address}#page=maps"
        loaded(page, ".card:first-child img", 4)  # Those out of sight are not loaded.
        page.locator(".card").first.click()
        loaded(page, "#views img", 4)
        loaded(page, "#overlays img", 4)
        expect(page.locator("#attribution-info")).to_contain_text("gradients")
        page.locator("[data-class=Ohio]").click()
        expect(page.locator("#selection-summary")).to_contain_text("6 of 18")
        icon = page.locator("link[rel=icon]").get_attribute("href")
        assert icon == f"{ADDRESS}/assets/icon.svg"
        assert page.request.get(address + "assets/icon.svg").ok
        assert any("/photograph/" in url for url in window.requests)
        window.check()
        page.context.clear_cookies()
        assert page.request.get(address).status == 401
        page.close()
