from pathlib import Path

import pytest

from tests.workbench.attribution.ground_truth.examples import painted_store
from trainer.synthetic import paint
from workbench.attribution.ground_truth.masks import Masks
from workbench.store import Store
from workbench.store.photographs import Photographs


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set with two plants; tests read it and never write into it."""
    folder = tmp_path_factory.mktemp("painted") / "data"
    plants = ("Arizona=border", "Hawaii=tint")
    return paint(folder, states=3, train=1, test=3, num_workers=1, shortcuts=plants)


@pytest.fixture
def store(painted: Path) -> Store:
    return painted_store(painted / "test")


@pytest.fixture
def photographs(painted: Path, store: Store) -> Photographs:
    return Photographs(painted / "test", store)


@pytest.fixture
def masks(painted: Path, photographs: Photographs) -> Masks:
    return Masks(painted / "mask", photographs)


@pytest.fixture(scope="session")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Masks]:
    """Return a store of forty small painted locations of eight states, and their masks."""
    folder = tmp_path_factory.mktemp("grounds") / "data"
    paint(folder, states=8, train=1, test=5, image_size=64, num_workers=1)
    store = painted_store(folder / "test")
    return store, Masks(folder / "mask", Photographs(folder / "test", store))
