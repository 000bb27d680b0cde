"""A real model, served as a person would."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from app import ASSETS
from tests import screenshot
from tests.examples import copy_run, free_port
from workbench.dashboard.page import PAGES
from workbench.extract.extraction import extract
from workbench.projections.fit import fit_projections
from workbench.projections.options import FitOptions


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, test_folder: Path
) -> Iterator[str]:
    """Serve a tiny trained run as a person would, with photographs and run moved."""
    folder = tmp_path_factory.mktemp("real")
    path = folder / "store.h5"
    extract(trained, test_folder, path, batch_size=4, num_workers=0)
    fit_projections(path, FitOptions(method=("pca",), stability_seeds=0))
    copy_run(trained, folder / "run")
    shutil.copytree(test_folder, folder / "data")
    port = free_port()
    command = [sys.executable, str(ASSETS.parent / "app.py"), str(path), "--port", str(port)]
    moved = ["--run", str(folder / "run"), "--data", str(folder / "data")]
    with subprocess.Popen([*command, *moved], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Serving ")
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def test_a_real_prediction_is_explained_and_the_readme_picture_taken(
    browser: Browser, real: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshot, "DRAWING_MILLISECONDS", 100)
    # The picture is taken once the completeness error stands there.
    files = screenshot.take(browser, real, tmp_path / "page.png")
    assert len(set(files)) == len(PAGES)
    assert all(file.stat().st_size > 10_000 for file in files)
    screenshot.compress(tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (1440, 900)
        # Photographs and maps of the opened location; an empty panel is grey.
        views = np.asarray(picture.convert("RGB").crop((810, 460, 1220, 690)), dtype=int)
        assert (np.ptp(views, axis=2) > 60).mean() > 0.05
