"""A real browser window with the dashboard, which remembers what its console said."""

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

DRAWN = """() => {
  const graphs = [...document.querySelectorAll('.projection-panel .js-plotly-plot')];
  return graphs.length === 3 && graphs.every((graph) => graph.dataset.linked)
    && document.querySelector('#confusion .js-plotly-plot[data-linked]');
}"""
SELECTED = """() => [...document.querySelectorAll('.projection-panel .js-plotly-plot')]
  .map((graph) => graph._fullData[0].selectedpoints ?? null)
  .map((rows) => rows && [...rows])"""


def chromium() -> str | None:
    """Return a browser of this machine; None leaves it to Playwright's own, or to its failure."""
    if given := os.environ.get("CHROMIUM"):
        return given
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        # Ubuntu's chromium-browser is a stub that only asks for a snap.
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
    return None


def told_by_the_driver(message: str) -> bool:
    """Tell the graphics driver's remarks on its speed, which no page can prevent, from others."""
    return "GL Driver Message (OpenGL, Performance" in message


class Window:
    """A page with the dashboard, and what its console and its network said."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": 1440, "height": 900})
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("console", lambda told: self.heard.append(f"{told.type}: {told.text}"))
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.heard.append(f"failed: {request.url}"))
        self.page.on("response", self._answered)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        expect(self.page.locator(".card").first).to_be_visible()
        self.page.wait_for_function(DRAWN)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.heard.append(f"{response.status}: {response.url}")

    def reset(self) -> Page:
        """Return the page as it was at first, but for the opened location."""
        self.page.set_viewport_size({"width": 1440, "height": 900})
        self.page.mouse.move(2, 2)
        self.page.evaluate(
            """() => {
              dash_clientside.set_props('selection', { data: null });
              dash_clientside.set_props('color-by', { value: 'true' });
              dash_clientside.set_props('legend-order', { value: 'name' });
              const usual = {
                method: 'integrated_gradients', baseline: 'mean', output: 'logit',
                target: 'predicted', 'contrast-target': '', 'color-limit': '',
                percentile: 99, opacity: 1, tab: 'map',
              };
              for (const [id, value] of Object.entries(usual)) {
                if (document.getElementById(id)) dash_clientside.set_props(id, { value });
              }
              if (document.querySelector('.expanded')) document.getElementById('expand').click();
            }"""
        )
        expect(self.page.locator("#selection-summary")).to_contain_text("nothing selected")
        self.page.wait_for_function(f"() => ({SELECTED})().every((rows) => rows === null)")
        return self.page

    def check(self) -> None:
        """Assert that the console stayed empty and that nothing was asked of another machine."""
        own = (self.address, "data:", "blob:")
        assert [message for message in self.heard if not told_by_the_driver(message)] == []
        assert [url for url in self.asked if not url.startswith(own)] == []
