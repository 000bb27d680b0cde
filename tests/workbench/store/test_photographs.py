"""Photographs are found by location and heading, and nothing outside their folder ever is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from tests.challenge import DIRECTIONS, challenge, row, write_table
from tests.examples import photograph, small_store
from trainer.data import layout
from workbench.store import Store
from workbench.store.photographs import Photographs


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    return small_store(folder / "small.h5", folder / "data", ("Maine", "New York"), 1)


def naming(store: Store, image: list[tuple[str, ...]]) -> Store:
    """Return a store whose locations, sample 0 and 1, have these photographs."""
    names = ("Maine/img_000000", "New York/img_000001")
    return replace(store, location_ids=names, image_paths=np.array(image))


def test_the_layout_of_the_challenge_is_served(tmp_path: Path, store: Store) -> None:
    root = challenge(tmp_path, samples=2)
    index = layout.index_folder(root)
    photographs = Photographs(root, naming(store, [place.images for place in index.locations]))
    for heading, direction in zip("NESW", DIRECTIONS, strict=True):
        path = photographs.path("New York/img_000001", heading)
        assert path == root / "train_images" / f"img_000001_{direction}.jpg"


def test_photographs_beside_their_table_are_served(tmp_path: Path, store: Store) -> None:
    rows = [row(0, "Maine"), row(1, "New York")]
    for line in rows:
        for name in line[1:5]:
            photograph(tmp_path / "test_data" / name, seed=1)
    write_table(tmp_path / "test_data" / "places.csv", rows)
    index = layout.index_folder(tmp_path)
    photographs = Photographs(tmp_path, naming(store, [place.images for place in index.locations]))
    assert photographs.paths("Maine/img_000000")[3] == index.root / "img_000000_west.jpg"


@pytest.mark.parametrize(
    "name",
    [
        "../img_000000_north.jpg",
        "/img_000000_north.jpg",
        "a/b/img_000000_north.jpg",
        "a\\..\\img_000000_north.jpg",
        "a/../img_000000_north.jpg",
        "train_images/img_000000_up.jpg",
        "train_images/img_000000_north.png",
        "train_images/img_000000_north.jpg/x",
        "train_images/notes.txt",
        "img_000000.jpg",
        "2015_x_90.jpg",
        "_north.jpg",
    ],
)
def test_no_other_file_is(tmp_path: Path, store: Store, name: str) -> None:
    fine = tuple(f"train_images/img_000001_{direction}.jpg" for direction in DIRECTIONS)
    photographs = Photographs(tmp_path, naming(store, [(name, *fine[1:]), fine]))
    with pytest.raises(InputError, match="the store names a photograph outside"):
        photographs.path("Maine/img_000000", "N")
