from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.examples import small_store
from workbench import project, store
from workbench.errors import InputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=5)
    return tmp_path / "small.h5"


def test_the_maps_are_in_the_store_and_nothing_else_changes(path: Path) -> None:
    before = store.read(path)
    made = project.project(path, seed=4)
    after = store.read(path)
    assert list(after.projection) == ["pca", "tsne", "umap"]
    for projection in made:
        written = after.projection[projection.method]
        assert np.array_equal(written.coordinate, projection.coordinate)
        assert (written.seed, written.library) == (4, projection.library)
    assert after.location_id == before.location_id
    assert np.array_equal(after.logit, before.logit)
    assert store.read_feature(path).shape == (25, 32)


def test_features_without_a_map_leave_the_store_alone(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["feature"][:] = 1.0
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"^{path}: all locations have the same features"):
        project.project(path, seed=0)
    assert path.read_bytes() == before
