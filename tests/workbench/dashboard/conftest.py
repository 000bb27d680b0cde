"""One small store and its photographs, for all tests of the panels."""

from pathlib import Path

import pytest

from tests.examples import judged, small_store
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


@pytest.fixture(scope="package")
def guesses(root: Path) -> Predictions:
    return Predictions(small_store(root / "small.h5", root / "data", locations=6))


@pytest.fixture(scope="package")
def judged_guesses(guesses: Predictions) -> Predictions:
    return Predictions(judged(guesses.store))


@pytest.fixture(scope="package")
def photographs(root: Path, guesses: Predictions) -> Photographs:
    return Photographs(root / "data", guesses.store)
