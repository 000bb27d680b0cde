"""A browser window with the dashboard; it records console messages and requests."""

import os
import shutil
import subprocess

from playwright.sync_api import Browser, Page, Response, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MILLISECONDS = 60_000
expect.set_options(timeout=MILLISECONDS)

# Whether all that the page shows is drawn.
DRAWN = """() => {
  const page = document.querySelector(`#page-${document.body.dataset.page}`);
  const maps = [...page?.querySelectorAll('.projection-panel .map') ?? []];
  const graphs = [...document.querySelectorAll('.page:not([hidden]) .dash-graph')];
  return page?.childElementCount && maps.every((map) => map.mapPanel?.points.length)
    && (!maps.length || graphs.length)
    && graphs.every((graph) => graph.querySelector('.js-plotly-plot[data-linked]'));
}"""
# The rows that each map draws as selected, null for all.
SELECTED = """() => [...document.querySelectorAll('.projection-panel .map')]
  .filter((map) => map.mapPanel)
  .map((map) => map.mapPanel.selected)
  .map((mask) => mask && [...mask.keys()].filter((row) => mask[row]))"""

# Properties of components as they are at first.
FIRST: dict[str, dict[str, object]] = {
    "data": {
        "shown-page": "maps", "selection": None, "pins": None, "gallery-start": 0, "palette": "",
        "large-map": "",
    },
    "value": {
        "color-by": "true", "method": "integrated_gradients", "baseline": "mean",
        "output": "logit", "target": "predicted", "contrast-target": "", "color-limit": "",
        "percentile": 99, "opacity": 1, "tab": "map", "gallery-order": "random",
        "gallery-direction": "ascending", "gallery-view": "cards",
    },
}  # fmt: skip
# Sets those that have changed: each costs the page a tenth of a second.
SET = """(first) => {
  for (const [property, values] of Object.entries(first)) {
    for (const [id, value] of Object.entries(values)) {
      const component = dash_component_api.getLayout(id);
      if (component && (component.props[property] ?? null) !== value) {
        dash_clientside.set_props(id, { [property]: value });
      }
    }
  }
  document.querySelector('#legend [data-sort=name]:not([aria-pressed=true])')?.click();
}"""


def chromium() -> str | None:
    """Return a browser of this machine; None leaves it to Playwright's own, or to its failure."""
    if path := os.environ.get("CHROMIUM"):
        return path
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        # Ubuntu's chromium-browser is a stub that only asks for a snap.
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


def is_driver_message(message: str) -> bool:
    """Return whether a message is the graphics driver's about its speed; no page prevents it."""
    return "GL Driver Message (OpenGL, Performance" in message


class Window:
    """A page with the dashboard, its console messages and its requests."""

    def __init__(self, browser: Browser, address: str, site: str = "") -> None:
        """Open an address, its maps if it has no state; all requests go below `site`, the address
        unless given.
        """
        self.address = site or address
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on(
            "console", lambda message: self.messages.append(f"{message.type}: {message.text}")
        )
        self.page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))
        self.page.on(
            "requestfailed", lambda request: self.messages.append(f"failed: {request.url}")
        )
        self.page.on("response", self._check_status)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address if "#" in address else f"{address}#page=maps")
        expect(self.page.locator(".card").first).to_be_visible()
        self.page.wait_for_function(DRAWN)
        self.first = self.page.locator(".card").first.get_attribute("data-location") or ""

    def _check_status(self, response: Response) -> None:
        if response.status >= 400:
            self.messages.append(f"{response.status}: {response.url}")

    def reset(self) -> Page:
        """Return the page as it was at first, but for the opened location."""
        self.page.set_viewport_size({"width": 1440, "height": 900})
        self.page.mouse.move(2, 2)
        self.page.evaluate(SET, FIRST)
        expect(self.page.locator("#selection-summary")).to_contain_text("no filter")
        self.page.wait_for_function(f"() => ({SELECTED})().every((rows) => rows === null)")
        expect(self.page.locator(".card").first).to_have_attribute("data-location", self.first)
        return self.page

    def check(self) -> None:
        """Assert that the console stayed empty and that no request went to another machine."""
        allowed = (self.address, "data:", "blob:")
        messages = [message for message in self.messages if not is_driver_message(message)]
        foreign = [url for url in self.requests if not url.startswith(allowed)]
        self.messages.clear()  # The next test's messages are its own.
        assert not messages, messages
        assert not foreign, foreign
