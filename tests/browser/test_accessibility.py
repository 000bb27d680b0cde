"""What axe-core finds on each page, in both themes.

npm fetches axe-core from its registry into pytest's cache; without npm or the registry the test is
skipped and says so.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

PACKAGE = "axe-core@4.14.1"
# Rules whose violations are serious or critical; each with the elements that break it.
SERIOUS = """async ([place, rules]) => {
  const only = rules && { runOnly: { type: 'rule', values: rules } };
  const { violations } = await axe.run(place, { resultTypes: ['violations'], ...only });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, ...nodes.slice(0, 5).map(({ html }) => html.slice(0, 200))]);
}"""


@pytest.fixture(scope="module")
def axe(pytestconfig: pytest.Config) -> Path:
    cache = pytestconfig.cache
    assert cache is not None
    folder = cache.mkdir("axe")
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core is not checked: there is no npm")
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        ended = subprocess.run([*command, "--prefix", str(folder), PACKAGE], capture_output=True)
        if ended.returncode or not script.is_file():
            pytest.skip(f"axe-core is not checked: npm cannot fetch it ({ended.returncode})")
    return script


def found(page: Page, rules: list[str] | None = None) -> dict[str, Any]:
    """Return what is found on each page of the dashboard, by these rules or by all.

    What all pages have is looked at with the first one.
    """
    result = {}
    place = "html"
    for button in page.locator("[data-page-name]").all():
        button.click()
        page.wait_for_timeout(400)  # Its figures are drawn.
        result[button.inner_text()] = page.evaluate(SERIOUS, [place, rules])
        place = ".page:not([hidden])"
    page.locator("[data-page-name]").first.click()
    return result


def test_nothing_serious_is_found(page: Page, axe: Path) -> None:
    page.evaluate(axe.read_text(encoding="utf-8"))
    page.locator(".card").first.click()
    page.locator("#completeness").wait_for()
    names = page.locator("[data-page-name]").all_inner_texts()
    nothing: dict[str, Any] = {name: [] for name in names}
    assert found(page) == nothing
    page.locator("#open-sets").click()
    page.locator("#filter-menu summary").click()
    assert page.evaluate(SERIOUS, ["html", None]) == []
    page.locator("#theme").click()  # Changes colours and nothing else.
    assert found(page, ["color-contrast"]) == nothing
    page.locator("#theme").click()
    page.locator("#filter-menu summary").click()
    page.locator("#open-sets").click()
    page.evaluate("() => { localStorage.clear(); delete document.documentElement.dataset.theme; }")
