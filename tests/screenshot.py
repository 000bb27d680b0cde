"""Take the README's picture of a dashboard that is being served.

`python -m tests.screenshot http://127.0.0.1:8050 docs/dashboard.png`
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.window import FLAGS, Window, chromium

PATIENCE_MILLISECONDS = 120_000


def take(browser: Browser, address: str, path: Path) -> None:
    """Open the first photograph, wait for its map and the checks, and save the page."""
    page = Window(browser, address).page
    page.locator(".card").first.click()
    page.locator("#completeness").wait_for(timeout=PATIENCE_MILLISECONDS)
    page.locator("#checks .curves").wait_for(state="attached", timeout=PATIENCE_MILLISECONDS)
    page.wait_for_timeout(500)
    page.screenshot(path=path)
    page.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="where the dashboard is served")
    parser.add_argument("path", type=Path, help="PNG to write")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        take(browser, options.address, options.path)
        browser.close()
