"""One served dashboard and one window on it, for all tests of the folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.site import Site
from tests.window import FLAGS, Window, chromium


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist reads the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            # One browser: two would share the cores that one uses.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    served = Site(tmp_path_factory.mktemp("dashboard"))
    yield served
    served.close()


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(driver: Playwright) -> Iterator[Browser]:
    browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def window(browser: Browser, site: Site) -> Window:
    # Drawing three WebGL maps without a graphics card takes seconds: once is enough.
    return Window(browser, site.address)


@pytest.fixture
def page(window: Window, site: Site) -> Iterator[Page]:
    site.explainer.reset()
    yield window.reset()
    window.check()
