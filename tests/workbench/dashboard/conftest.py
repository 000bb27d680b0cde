"""One small store and its photographs, for all tests of the panels."""

from pathlib import Path

import pytest

from tests.examples import small_store, with_quality
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


@pytest.fixture(scope="package")
def predictions(root: Path) -> Predictions:
    return Predictions(small_store(root / "small.h5", root / "data", locations=6))


@pytest.fixture(scope="package")
def judged_predictions(predictions: Predictions) -> Predictions:
    return Predictions(with_quality(predictions.store))


@pytest.fixture(scope="package")
def photographs(root: Path, predictions: Predictions) -> Photographs:
    return Photographs(root / "data", predictions.store)
