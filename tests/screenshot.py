"""Take the documentation's pictures of a dashboard that is being served, one of each page.

`python -m tests.screenshot http://127.0.0.1:8050 docs/dashboard.png` writes the maps there, and
also `docs/dashboard-errors.png` and so on.
"""

import argparse
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.window import FLAGS, Window, chromium

DRAWING_MILLISECONDS = 3000  # Until the figures of a page are drawn.


def take(browser: Browser, address: str, path: Path, patience: float = 120_000) -> list[Path]:
    """Pin the first two photographs, wait for the checks of the first one, and save each page.

    `patience` is how long a map may take, in milliseconds. Returns the files.
    """
    files = []
    page = Window(browser, address).page
    for number in (1, 0):
        page.locator(".card").nth(number).click()
        page.keyboard.press("p")
    page.locator("#completeness").wait_for(timeout=patience)
    page.locator("#checks .curves").wait_for(state="attached", timeout=patience)
    for button in page.locator("[data-page-name]").all():
        button.click()
        title = button.get_attribute("data-page-name")
        if title == "state":
            # Either nothing is computed yet, or all maps are in the cache.
            ready = "#state-maps-compute:enabled, #state-maps-maps .prototype"
            page.locator(ready).first.wait_for(timeout=patience)
            if page.locator("#state-maps-compute").is_enabled():
                page.locator("#state-maps-compute").click()
            computed = page.locator("#state-maps-maps .prototype >> nth=3")
            computed.wait_for(timeout=patience)
            page.locator("#state-maps-cancel").wait_for(state="hidden", timeout=patience)
        page.mouse.move(2, 2)
        if title == "compare":
            page.locator(".verdict-line").nth(1).wait_for(timeout=patience)
        page.wait_for_timeout(DRAWING_MILLISECONDS)
        files.append(path if title == "maps" else path.with_stem(f"{path.stem}-{title}"))
        page.screenshot(path=files[-1])
    page.close()
    return files


def compress(path: Path) -> None:
    """Give a picture 256 colours."""
    with Image.open(path) as picture:
        # Other methods change the colours of small areas, such as those of the classes.
        method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
        small = picture.convert("RGB").quantize(256, method, kmeans=4, dither=dither)
    small.save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="where the dashboard is served")
    parser.add_argument("path", type=Path, help="PNG to write")
    parser.add_argument(
        "--patience", type=float, default=120, help="how long a map may take, in seconds"
    )
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for written in take(browser, options.address, options.path, 1000 * options.patience):
            compress(written)
        browser.close()
