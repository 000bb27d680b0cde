import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.errors import InputError
from tests.workbench.interchange.examples import HOSTILE, hostile_store
from workbench.evaluation.metrics import probabilities
from workbench.interchange.frame import projection_from_frame, to_frame
from workbench.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return hostile_store(tmp_path / "store.h5")


def _map(store: Store) -> pd.DataFrame:
    return pd.DataFrame(
        {"x": np.arange(len(store)) / 7, "y": -np.arange(len(store)) / 3},
        index=pd.Index(store.location_ids, name="id"),
    )


def test_each_row_says_of_one_location_what_the_store_says(store: Store) -> None:
    frame = to_frame(store)
    assert tuple(frame.index) == store.location_ids
    assert frame.index.name == "id"
    row = frame.loc["tab\there/1"]
    at = store.location_ids.index("tab\there/1")
    assert (row["state"], row["split"]) == ("tab\there", "test")
    assert row["predicted"] == HOSTILE[store.logits[at].argmax()]
    assert row["correct"] == (row["predicted"] == row["state"])
    assert row["confidence"] == pytest.approx(probabilities(store.logits[[at]]).max())
    better = (store.logits[at] > store.logits[at, store.labels[at]]).sum()
    assert row["rank"] == better + 1
    assert (row["latitude"], row["longitude"]) == (36.0, -96.0)
    assert row["image_E"] == "tab\there/1_90.jpg"
    made = store.projections["tsne-50"]
    assert made.quality is not None
    assert [row["tsne-50_x"], row["tsne-50_y"]] == made.coordinates[at].tolist()
    assert row["tsne-50_preservation"] == made.quality.preservation[at]
    assert np.isnan(frame["latitude"].iloc[0])


def test_states_are_categories_in_the_order_of_the_classes(store: Store) -> None:
    frame = to_frame(store)
    for name in ("state", "predicted"):
        assert tuple(frame[name].cat.categories) == HOSTILE


def test_the_columns_are_those_that_the_page_names(store: Store) -> None:
    named = [
        *["split", "state", "predicted", "correct", "confidence", "rank", "latitude", "longitude"],
        *["image_N", "image_E", "image_S", "image_W"],
        *["pca_x", "pca_y", "tsne-50_x", "tsne-50_y", "umap_x", "umap_y"],
        *["pca_preservation", "tsne-50_preservation", "umap_preservation"],
    ]
    assert list(to_frame(store).columns) == named
    everything = to_frame(store, logits=True, neighbors=True, features=True)
    assert list(everything.columns) == [
        *named,
        *(f"logit_{name}" for name in HOSTILE),
        *("neighbor_id", "neighbor_distance"),
        *(f"feature_{number}" for number in range(8)),
    ]
    assert np.array_equal(everything["logit_NA"], store.logits[:, HOSTILE.index("NA")])
    assert np.array_equal(everything["feature_3"], store.features[:][:, 3])
    assert everything["neighbor_id"].iloc[0] == list(store.location_ids[1:4])
    assert store.neighbors is not None
    assert everything["neighbor_distance"].iloc[5] == store.neighbors.distances[5].tolist()


def test_what_a_store_does_not_know_is_missing_or_refused(store: Store) -> None:
    older = replace(store, splits=None, neighbors=None)
    assert to_frame(older)["split"].isna().all()
    with pytest.raises(InputError, match="has no neighbours"):
        to_frame(older, neighbors=True)


def test_a_class_and_a_map_that_would_share_a_column_are_refused(store: Store) -> None:
    made = store.projections["umap"]
    awkward = replace(
        store,
        class_names=("a_x", *store.class_names[1:]),
        projections={"logit_a": replace(made, name="logit_a")},
    )
    with pytest.raises(InputError, match="'logit_a_x' would be two columns"):
        to_frame(awkward, logits=True)


def test_a_map_is_matched_by_id_and_not_by_order(store: Store) -> None:
    table = _map(store)
    made = projection_from_frame(table.iloc[::-1], store, "x", "y", "table.csv")
    assert np.array_equal(made.coordinates, table.to_numpy(np.float32))
    assert made.method == "imported"
    assert made.parameters == {"table": "table.csv", "x": "x", "y": "y"}


def test_ids_are_matched_in_any_form(store: Store) -> None:
    store = replace(store, location_ids=("Le\u00f3n/0", *store.location_ids[1:]))
    table = _map(store).rename(index={"Le\u00f3n/0": "Leo\u0301n/0"})
    made = projection_from_frame(table, store, "x", "y", "table.csv")
    assert np.array_equal(made.coordinates, table.to_numpy(np.float32))


def test_the_table_of_a_store_gives_its_maps_back(store: Store) -> None:
    made = projection_from_frame(to_frame(store), store, "umap_x", "umap_y", "frame")
    assert np.array_equal(made.coordinates, store.projections["umap"].coordinates)


def test_maps_that_are_not_of_every_location_are_refused(store: Store) -> None:
    table = _map(store)
    for spoilt, message in (
        (table.iloc[1:], "1 of 48 locations are missing, among them '=HYPERLINK"),
        (table.rename(index={"NA/0": "Oslo/0"}), "1 of 48 locations are missing, .* 'NA/0'"),
        (
            pd.concat([table, table.rename(index="X{}".format)]),
            "48 rows are not of the store, .* .X",
        ),
        (pd.concat([table, table.iloc[3:4]]), "'\\+1/0' twice"),
        (table.drop(columns="y"), "no column 'y', but 'x'"),
    ):
        with pytest.raises(InputError, match=f"^table.csv: .*{message}") as caught:
            projection_from_frame(spoilt, store, "x", "y", "table.csv")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39, None, "west", "", "1,5", pd.NA])
def test_coordinates_that_are_no_finite_numbers_are_refused(store: Store, value: object) -> None:
    table = _map(store)
    column = [value if name == "NA/2" else 0.5 for name in table.index]
    table["y"] = pd.Series(column, index=table.index, dtype="object")
    with pytest.raises(InputError, match=r"table\.csv: y of 'NA/2' is .*not a finite number"):
        projection_from_frame(table, store, "x", "y", "table.csv")


def test_the_page_has_the_columns_and_their_kinds(store: Store) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "interchange.md").read_text("utf-8")
    table = page.partition("## pandas")[2].partition("## CSV")[0]
    named = {}
    for cells, kind in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", table, re.M):
        for column in re.findall(r"`([^`]+)`", cells):
            named[column] = kind
    assert named.pop("id") == "string, the index"
    frame = to_frame(store, logits=True, neighbors=True, features=True)
    found = {}
    for name, column in frame.items():
        general = re.sub(r"^(pca|tsne-50|umap)_", "<map>_", str(name))
        general = re.sub(r"^logit_.*", "logit_<class>", general, flags=re.DOTALL)
        general = re.sub(r"^feature_\d+", "feature_<d>", general)
        text = "list" if general.startswith("neighbor") else "string"
        kind = str(column.dtype)
        found[general] = text if kind in ("object", "str") else kind
    assert found == named
