"""What is read of training locations and photographs, from painted grounds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import InputError
from tests.examples import folder, photograph, small_store
from workbench import store as stores
from workbench.evaluation import training
from workbench.store import Store
from workbench.store.photographs import Photographs

CLASSES = ("Ohio", "Utah")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store of eight locations with the hashes of its photographs."""
    import hashlib

    store = small_store(tmp_path / "store.h5", tmp_path / "data", CLASSES, locations=4)
    found = Photographs(tmp_path / "data", store)
    sha256 = [
        [list(hashlib.sha256(path.read_bytes()).digest()) for path in found.paths(name)]
        for name in store.location_ids
    ]
    return replace(store, image_sha256=np.array(sha256, dtype=np.uint8))


def test_green_is_its_share_of_the_pixels_and_changed_photographs_are_left_out(
    tmp_path: Path, store: Store
) -> None:
    rows = np.array([1, 2, 6])
    photograph(tmp_path / "data" / store.image_paths[2][3], seed=99)
    (tmp_path / "data" / store.image_paths[6][0]).write_bytes(b"cut off")
    traits = training.photograph_traits(store, rows, tmp_path / "data", tmp_path, 0)
    assert traits.known.tolist() == [True, False, False]
    pixels = [np.asarray(Image.open(tmp_path / "data" / path)) for path in store.image_paths[1]]
    red, green, blue = np.stack(pixels).reshape(-1, 3).sum(axis=0).tolist()
    assert traits.green[0] == pytest.approx(green / (red + green + blue))
    assert np.isnan(traits.green[1:]).all()
    with pytest.raises(InputError, match="has no photograph of the store's locations"):
        training.photograph_traits(
            store, rows[:1], folder(tmp_path / "other", CLASSES, 1), tmp_path, 0
        )


def test_a_black_photograph_has_no_share_of_green(tmp_path: Path, store: Store) -> None:
    for path in store.image_paths[0]:
        Image.new("RGB", (64, 64)).save(tmp_path / "data" / str(path))
    without_hashes = replace(store, image_sha256=None)
    rows = np.array([0, 1])
    traits = training.photograph_traits(without_hashes, rows, tmp_path / "data", tmp_path, 0)
    assert traits.known.all()
    assert np.isnan(traits.green).tolist() == [True, False]


def test_ties_to_a_folder_and_to_a_store_of_training_locations(
    tmp_path: Path, store: Store
) -> None:
    rows = np.array([0, 3, 5])
    # The training has Utah's first two locations under other names, and Ohio's first.
    root = tmp_path / "train"
    for row, name in ((4, "Utah/2016_x"), (5, "Utah/2017_y"), (0, store.location_ids[0])):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        for path, heading in zip(store.image_paths[row], (0, 90, 180, 270), strict=True):
            (root / f"{name}_{heading}.jpg").write_bytes((tmp_path / "data" / path).read_bytes())
    (root / "Utah" / "info.txt").write_text("2017_y 31.0 -91.001\n")
    there = training.training_of_folder(root, tmp_path, photographs=True, num_workers=0)
    traits = training.photograph_traits(store, rows, tmp_path / "data", tmp_path, 0)
    links = training.training_links(store, rows, there, traits)
    assert links.kilometers is not None
    # A degree of a great circle is 111.19 km; the places of `small_store` are (30, -90), (31, -91).
    assert links.kilometers[2] == pytest.approx(0.001 * 111.19 * np.cos(np.radians(31)), rel=1e-3)
    assert links.kilometers[0] == links.kilometers[1] > 100
    assert links.same_location is None
    assert links.same_pano is not None
    assert links.same_pano.tolist() == [True, False, False]
    assert links.same_photograph is not None
    assert links.same_photograph[[0, 2]].all()
    assert links.similar_photograph is not None
    assert links.similar_photograph[[0, 2]].all()
    assert links.unseen_year is not None
    assert links.unseen_year.tolist() == [False, False, False]

    # A store of training locations knows the same, but of photographs only their bytes.
    stores.write(tmp_path / "train.h5", replace(store, splits=np.array([1, 0] * 4, dtype=np.int8)))
    there = training.training_of_store(tmp_path / "train.h5")
    assert there.ids == store.location_ids[::2]
    links = training.training_links(store, rows, there, traits)
    assert links.similar_photograph is None
    assert links.same_pano is not None
    assert links.same_pano.tolist() == [True, False, False]


def test_a_folder_that_is_not_there_names_its_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="with --train-data"):
        training.training_of_folder(tmp_path / "none", tmp_path, photographs=True, num_workers=0)
