"""The browser's work for a location, as one component and as many: `python -m benchmarks.panel`.

- static: the panel of a location as the dashboard sends it, `workbench.dashboard.static_html`;
- components: the same page; what the callbacks of the panel return is one of Dash's components for
  each element, as is usual.

A dashboard over a small store is driven in headless Chromium; its maps and checks are made up, at
once. It prints how many locations, with map and checks, the page's main thread opens in a second of
work (any JavaScript, styles, layout), and the ratio of both.
"""

import contextlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import tyro
from playwright.sync_api import expect, sync_playwright

from benchmarks.common import alternate, print_ratio
from tests.browser.site import Site, open_card
from tests.window import FLAGS, Window, chromium
from workbench.dashboard import active_location, attribution

SETTLED = 500  # Milliseconds until checks are drawn; waiting is no work.


@dataclass
class Options:
    locations: int = 8
    """locations that are opened in each round"""
    rounds: int = 5
    """rounds of both"""


class Panel:
    """A page, its locations and the time that its main thread has worked."""

    def __init__(self, window: Window, site: Site, locations: int) -> None:
        """Measure from here on."""
        self.window, self.site, self.locations = window, site, locations
        self._session = window.page.context.new_cdp_session(window.page)
        self._session.send("Performance.enable")

    def worked(self) -> float:
        """Return how long the page's main thread has worked, in seconds."""
        found = self._session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")

    def opened_a_second(self, components: bool) -> float:
        """Return how many locations are opened in a second of the main thread."""
        self.site.explainer.reset()
        page = self.window.reset()
        with contextlib.ExitStack() as stack:
            for module in (active_location, attribution) * components:
                stack.enter_context(patch.object(module, "static", list))
            before = self.worked()
            for number in range(self.locations):
                name = open_card(page, number)
                picture = page.locator(".overlays img").first
                expect(picture).to_have_attribute("alt", re.compile(f"^{re.escape(name)}, "))
                expect(page.locator("#verdict-badge")).not_to_have_text("checking")
                page.wait_for_timeout(SETTLED)
            return self.locations / (self.worked() - before)


def main() -> None:
    """Open the same locations in turns."""
    options = tyro.cli(Options, description=__doc__)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        contextlib.ExitStack() as stack,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        site = stack.enter_context(contextlib.closing(Site(Path(folder))))
        window = Window(browser, site.address)
        panel = Panel(window, site, options.locations)
        panel.opened_a_second(components=False)  # From here on, maps are in the cache.
        rates = alternate(
            {
                "static": lambda: panel.opened_a_second(components=False),
                "components": lambda: panel.opened_a_second(components=True),
            },
            options.rounds,
        )
        print_ratio(rates, "static", "components")


if __name__ == "__main__":
    main()
