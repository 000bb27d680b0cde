"""A figure for a paper: from the menu of a map to the file that the command writes."""

import re
import shlex
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from workbench.export.__main__ import main


def test_a_map_is_saved_as_the_command_draws_it(
    page: Page, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.locator("[data-class=Ohio]").click()
    expect(page.locator("#selection-summary")).to_contain_text("24 of 120")
    panel = page.locator("#panel-umap")
    panel.get_by_label("Download").click()
    panel.get_by_text("Figure for a paper").click()
    dialog = page.locator("#paper")
    expect(dialog.get_by_role("heading")).to_have_text("Projection for a paper")
    dialog.get_by_label("Width").select_option("single-column")
    dialog.get_by_label("Format").select_option("png")
    page.evaluate(
        """() => Object.defineProperty(navigator, 'clipboard', {
          configurable: true,
          value: { writeText: async (text) => { window.copied = text; } },
        })"""
    )
    dialog.get_by_text("Copy command").click()
    expect(dialog.get_by_role("status")).to_have_text("Copied")
    with page.expect_download() as download:
        dialog.get_by_text("Save", exact=True).click()
    assert download.value.suggested_filename == "projection-umap.png"
    saved = Path(download.value.path()).read_bytes()
    dialog.get_by_text("Close").click()
    expect(dialog).not_to_be_visible()

    command = shlex.split(page.evaluate("window.copied"))
    assert command[:3] == ["resnetbolt", "export", "small.h5"]
    assert re.search(r"selection=.*Ohio", command[command.index("--url") + 1])
    monkeypatch.chdir(site.folder)
    assert main([*command[2:], "--overwrite", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "projection-umap.png").read_bytes() == saved
