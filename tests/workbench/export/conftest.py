"""A small store that the tests of exports read and never write."""

from pathlib import Path

import pytest

from tests.examples import small_store, with_quality
from workbench import store as stores


@pytest.fixture(scope="package")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    example = with_quality(small_store(folder / "small.h5", folder / "data", locations=8))
    stores.write(folder / "small.h5", example)
    return folder / "small.h5"
