import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector import projector_plugin
from werkzeug.test import Client, TestResponse

from tests.workbench.interchange.examples import HOSTILE, hostile_store, photographed_store
from workbench.interchange import projector
from workbench.interchange.pictures import tile, view_reader
from workbench.store import Store
from workbench.store.photographs import Photographs


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return hostile_store(tmp_path / "store.h5")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small store be several blocks, the last one not full."""
    monkeypatch.setattr("workbench.interchange.frame.BATCH_ROWS", 7)


class Projector:
    """TensorBoard's own plugin, asked as its page asks it."""

    def __init__(self, folder: Path) -> None:
        multiplexer = plugin_event_multiplexer.EventMultiplexer()
        context = base_plugin.TBContext(
            data_provider=data_provider.MultiplexerDataProvider(multiplexer, str(folder)),
            logdir=str(folder),
        )
        self._apps = projector_plugin.ProjectorPlugin(context).get_plugin_apps()

    def ask(self, route: str, **query: str) -> TestResponse:
        answer = Client(self._apps[route]).get(query_string={"run": ".", **query})
        assert answer.status_code == 200, answer.text
        return answer

    def embeddings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/info").get_json()["embeddings"]
        return found

    def tensor(self, name: str, rows: int) -> Any:
        data = self.ask("/tensor", name=name, num_rows="100000").data
        return np.frombuffer(data, dtype=np.float32).reshape(rows, -1)

    def metadata(self, name: str) -> list[list[str]]:
        text = self.ask("/metadata", name=name, num_rows="100000").text
        return [line.split("\t") for line in text.removesuffix("\n").split("\n")]


def test_the_projector_shows_components_and_maps(tmp_path: Path, store: Store) -> None:
    assert projector.write(tmp_path / "out", store, features=False, read_views=None) == len(store)
    opened = Projector(tmp_path / "out")
    names = ["components", "map-pca", "map-tsne-50", "map-umap"]
    assert [found["tensorName"] for found in opened.embeddings()] == names == sorted(names)
    assert opened.embeddings()[0]["tensorShape"] == [len(store), 4]
    assert store.components is not None
    assert np.array_equal(opened.tensor(names[0], len(store)), store.components.scores)
    for title, made in store.projections.items():
        shown = opened.tensor(f"map-{title}", len(store))
        assert np.array_equal(shown[:, :2], made.coordinates)
        assert not shown[:, 2].any()


def test_names_break_neither_rows_nor_cells_of_the_projector(tmp_path: Path, store: Store) -> None:
    projector.write(tmp_path / "out", store, features=False, read_views=None)
    head, *rows = Projector(tmp_path / "out").metadata("map-umap")
    assert head == projector.COLUMNS
    assert len(rows) == len(store)
    assert {len(row) for row in rows} == {len(head)}
    shown = [row[1] for row in rows[::3]]
    known = (r"tab\there", r"line\nend", r"return\rhere", r"back\\slash")
    assert set(HOSTILE) - set(shown) == {"tab\there", "line\nend", "return\rhere", "back\\slash"}
    assert set(known) <= set(shown)
    assert rows[0][head.index("latitude")] == "unknown"
    assert rows[1][head.index("latitude")] == "30.0"
    assert {row[head.index("correct")] for row in rows} == {"True", "False"}


def test_the_projector_shows_features_where_asked(tmp_path: Path, store: Store) -> None:
    projector.write(tmp_path / "out", store, features=True, read_views=None)
    opened = Projector(tmp_path / "out")
    assert np.array_equal(opened.tensor("features", len(store)), store.features[:])


def test_a_sample_of_many_locations_keeps_rows_aligned(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "MAX_ROWS", 20)
    assert projector.write(tmp_path / "out", store, features=True, read_views=None) == 20
    opened = Projector(tmp_path / "out")
    _, *rows = opened.metadata("features")
    chosen = np.flatnonzero(projector.sample_mask(len(store)))
    assert len(rows) == len(chosen) == 20
    assert np.array_equal(opened.tensor("features", 20), store.features[chosen])
    plain = {store.location_ids[row] for row in chosen} & {row[0] for row in rows}
    assert len(plain) > 10


def test_every_location_has_its_place_in_the_sprite(tmp_path: Path) -> None:
    store = photographed_store(tmp_path / "store.h5", tmp_path / "data")
    views = view_reader(Photographs(tmp_path / "data", store))
    projector.write(tmp_path / "out", store, features=False, read_views=views)
    opened = Projector(tmp_path / "out")
    sprite = opened.embeddings()[0]["sprite"]
    assert sprite == {"imagePath": "sprite.png", "singleImageDim": [64, 64]}
    answer = opened.ask("/sprite_image", name="components")
    assert answer.content_type == "image/png"
    with Image.open(io.BytesIO(answer.data)) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (4 * 64, 4 * 64, 3)
    for number in (0, 6, 14):
        top, left = 64 * (number // 4), 64 * (number % 4)
        expected = tile(views(store.location_ids[number], 32))
        assert np.array_equal(pixels[top : top + 64, left : left + 64], expected)
    assert not pixels[3 * 64 :, 3 * 64 :].any()


def test_a_tile_has_north_and_east_above_south_and_west() -> None:
    views = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    assert tile(views)[::2, ::2, 0].tolist() == [[0, 1], [2, 3]]
