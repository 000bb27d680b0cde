import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from virelay.model import Workspace
from virelay.server import Server
from werkzeug.test import Client

from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from tests.workbench.interchange.examples import HOSTILE, hostile_store, photographed_store
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution, Cost
from workbench.interchange import virelay
from workbench.interchange.frame import projection_from_frame
from workbench.interchange.pictures import tile, view_reader
from workbench.store import Store
from workbench.store.photographs import Photographs

SIZE = 64


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return hostile_store(tmp_path / "store.h5")


class Explained:
    """Maps that can be told apart: every pixel is the location's row, plus a tenth per view."""

    def __init__(self, store: Store) -> None:
        self._row = {name: row for row, name in enumerate(store.location_ids)}

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        return request.resolve("Ohio", "Ohio")

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        progress(1.0, "made up")
        view = np.arange(4, dtype=np.float32)[:, None, None] / 10
        relevance = (self._row[location_id] + np.tile(view, (1, SIZE, SIZE))).astype(np.float32)
        cost = Cost(1, 0, 0.1)
        return Attribution(location_id, request, relevance, 1.0, 0.0, 0.5, True, "", 0.0, cost)

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        return attribution


def _opened(folder: Path) -> tuple[Workspace, Client]:
    """Return what ViRelAy's own model makes of a project, and its server over it."""
    workspace = Workspace()
    workspace.add_project(str(folder / "project.yaml"))
    return workspace, Client(Server(workspace).app)


def test_virelay_shows_the_maps_of_each_class_and_of_all(tmp_path: Path, store: Store) -> None:
    virelay.write(tmp_path / "out", store, "a store", read_views=None, explainer=None)
    workspace, client = _opened(tmp_path / "out")
    shown = client.get("/api/projects/0").get_json()
    assert (shown["name"], shown["model"]) == ("a store", "medium fusion")
    (method,) = shown["analysisMethods"]
    assert method["embeddings"] == ["pca", "tsne-50", "umap"]
    assert method["clusterings"] == ["correct", "predicted-class", "true-class"]
    names = {entry["name"]: entry["humanReadableName"] for entry in method["categories"]}
    assert names.pop("all locations") == ""
    assert tuple(names.values()) == HOSTILE
    for category, rows in (("all locations", range(48)), ("class-0006", range(18, 21))):
        answer = client.get(
            f"/api/projects/0/analyses/{method['name']}",
            query_string={
                "category": category,
                "clustering": "predicted-class",
                "embedding": "tsne-50",
            },
        ).get_json()
        coordinate = store.projections["tsne-50"].coordinates
        assert answer["embedding"] == [
            {
                "attributionIndex": row,
                "cluster": int(store.logits[row].argmax()),
                "value": coordinate[row].tolist(),
            }
            for row in rows
        ]
    workspace.close()


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
def test_virelay_shows_pictures_and_attributions(tmp_path: Path) -> None:
    store = photographed_store(tmp_path / "store.h5", tmp_path / "data")
    views = view_reader(Photographs(tmp_path / "data", store))
    explainer = Explained(store)
    virelay.write(tmp_path / "out", store, "a store", read_views=views, explainer=explainer)
    workspace, client = _opened(tmp_path / "out")
    project = workspace.get_project("a store")
    sample = project.get_sample(4)
    assert [label.name for label in sample.labels] == [store.class_names[store.labels[4]]]
    assert np.array_equal(sample.data, tile(views(store.location_ids[4], SIZE)))
    attribution = project.get_attribution(4)
    expected = explainer.explain(store.location_ids[4], AttributionRequest(), no_progress).values
    assert np.array_equal(attribution.data.sum(axis=2), tile(expected[..., None])[..., 0])
    assert np.array_equal(attribution.prediction, store.logits[4])
    for mode in ("input", "overlay", "attribution"):
        query = {"indices": "4,7", "imageMode": mode}
        answer = client.get("/api/projects/0/attributions", query_string=query).get_json()
        assert [entry["index"] for entry in answer] == [4, 7]
        for address in answer[0]["urls"].values():  # One for each of ViRelAy's colour maps.
            picture = client.get(address)
            with Image.open(io.BytesIO(picture.data)) as image:
                assert image.size == (2 * SIZE, 2 * SIZE)
    workspace.close()


def test_without_attributions_virelay_has_maps_and_no_pictures(
    tmp_path: Path, store: Store
) -> None:
    virelay.write(tmp_path / "out", store, "a store", read_views=None, explainer=None)
    workspace, client = _opened(tmp_path / "out")
    assert not (tmp_path / "out" / "attribution.h5").exists()
    assert client.get("/api/projects/0/attributions?indices=1").status_code == 404
    workspace.close()


def test_any_name_of_a_store_can_be_a_projects(tmp_path: Path, store: Store) -> None:
    for number, name in enumerate(('a: "b" #c', "line\nend\x7f\u2028", "{ö: [🗾]}", "", "yes")):
        virelay.write(tmp_path / f"{number}", store, name, read_views=None, explainer=None)
        workspace, _ = _opened(tmp_path / f"{number}")
        (shown,) = workspace.get_project_names()
        assert shown == name.replace("\n", r"\n").replace("\x7f\u2028", r"\x7f\u2028")
        workspace.close()


def test_a_store_without_maps_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match="has no projections"):
        virelay.write(
            tmp_path / "out", replace(store, projections={}), "x", read_views=None, explainer=None
        )
    assert not (tmp_path / "out").exists()


def _analysis(path: Path, index: object, values: object) -> Path:
    """Write an analysis in the form that ViRelAy reads, as another program might."""
    with h5py.File(path, "w") as file:
        file["all locations/index"] = np.asarray(index, dtype=np.uint32)
        file["all locations/embedding/spectral"] = np.asarray(values, dtype=np.float32)
        file["all locations/embedding/spectral"].attrs["eigenvalue"] = np.ones(3)
        file["all locations/cluster/kmeans-2"] = np.zeros(len(np.asarray(index)), np.int32)
    return path


@pytest.fixture
def folder(tmp_path: Path, store: Store) -> Path:
    virelay.write(tmp_path / "out", store, "a store", read_views=None, explainer=None)
    return tmp_path / "out"


def test_an_embedding_of_an_analysis_becomes_a_map_by_its_index(folder: Path, store: Store) -> None:
    order = np.random.default_rng(3).permutation(len(store))
    values = np.random.default_rng(4).normal(size=(len(store), 3)).astype(np.float32)
    path = _analysis(folder / "other.h5", order, values[order])
    frame = virelay.read_embedding(path, folder / "dataset.h5", store, "all locations", None)
    made = projection_from_frame(frame, store, *virelay.AXES, "other.h5")
    assert np.array_equal(made.coordinates, values[:, :2])


def test_the_maps_that_were_written_come_back(folder: Path, store: Store) -> None:
    frame = virelay.read_embedding(
        folder / "analysis.h5", folder / "dataset.h5", store, "all locations", "umap"
    )
    made = projection_from_frame(frame, store, *virelay.AXES, "analysis.h5")
    assert np.array_equal(made.coordinates, store.projections["umap"].coordinates)


def _linked(path: Path) -> None:
    with h5py.File(path.with_name("secret.h5"), "w") as file:
        file["x"] = np.zeros((48, 2), np.float32)
    with h5py.File(path, "r+") as file:
        del file["all locations/embedding/spectral"]
        file["all locations/embedding/spectral"] = h5py.ExternalLink("secret.h5", "x")


def _elsewhere(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["all locations/embedding/spectral"]
        external = [("/etc/passwd", 0, 48 * 2)]
        file["all locations/embedding"].create_dataset(
            "spectral", (48, 2), np.uint8, external=external
        )


def _other_category(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.move("all locations", "n01440764")


def _second(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["all locations/embedding/tsne"] = np.zeros((48, 2))


def _no_index(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["all locations/index"]


@pytest.mark.parametrize(
    ("index", "values", "spoil", "message"),
    [
        (range(48), np.zeros((48, 2)), _linked, "is a link"),
        (range(48), np.zeros((48, 2)), _elsewhere, "which is not followed"),
        (range(48), np.zeros((48, 2)), _other_category, "no category 'all loc.*'n01440764'"),
        (range(48), np.zeros((48, 2)), _second, "--embedding: 'spectral', 'tsne'"),
        (range(48), np.zeros((48, 2)), _no_index, "no 'all locations/index'"),
        (range(48), np.zeros((48, 2)), Path.unlink, "no such file"),
        (range(48), np.zeros((48, 2)), lambda path: path.write_text("x"), "cannot be read as"),
        (range(48), np.zeros((48, 1)), None, r"\(48, 1\)"),
        (range(47), np.zeros((48, 2)), None, r"\(47,\)"),
        (range(1, 49), np.zeros((48, 2)), None, "rows that .* does not have"),
        (range(49), np.zeros((49, 2)), None, "its index does not fit"),
    ],
)
def test_a_bad_analysis_is_refused_in_one_sentence(
    folder: Path,
    store: Store,
    index: object,
    values: object,
    spoil: Callable[[Path], object] | None,
    message: str,
) -> None:
    path = _analysis(folder / "other.h5", index, values)
    if spoil:
        spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        virelay.read_embedding(path, folder / "dataset.h5", store, "all locations", None)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_analysis_of_one_class_is_no_map_of_all(folder: Path, store: Store) -> None:
    frame = virelay.read_embedding(
        folder / "analysis.h5", folder / "dataset.h5", store, "class-0003", "umap"
    )
    with pytest.raises(InputError, match="45 of 48 locations are missing"):
        projection_from_frame(frame, store, *virelay.AXES, "analysis.h5")


def test_a_dataset_of_another_store_is_refused(tmp_path: Path, folder: Path) -> None:
    other = hostile_store(tmp_path / "other.h5", locations=2)
    path = _analysis(folder / "other.h5", range(48), np.zeros((48, 2)))
    with pytest.raises(InputError, match=r"48.* ids and the store 32 locations"):
        virelay.read_embedding(path, folder / "dataset.h5", other, "all locations", None)
    with h5py.File(folder / "dataset.h5", "r+") as file:
        del file["id"]
    with pytest.raises(InputError, match="has no ids"):
        virelay.read_embedding(path, folder / "dataset.h5", other, "all locations", None)
