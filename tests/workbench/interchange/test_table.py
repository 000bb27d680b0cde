import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from common.errors import InputError
from tests.workbench.interchange.examples import hostile_store, photographed_store
from workbench.interchange import table
from workbench.interchange.frame import projection_from_frame, to_frame
from workbench.interchange.pictures import view_reader
from workbench.store import Store
from workbench.store.photographs import Photographs


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return hostile_store(tmp_path / "store.h5")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small store be several blocks, the last one not full."""
    monkeypatch.setattr("workbench.interchange.frame.BATCH_ROWS", 7)


def _write(path: Path, store: Store) -> None:
    if path.suffix == ".csv":
        table.write_csv(path, store, logits=False)
    else:
        table.write_parquet(path, store, logits=False, features=False, read_views=None)


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_csv_says_what_the_frame_says(tmp_path: Path, store: Store) -> None:
    table.write_csv(tmp_path / "out.csv", store, logits=True)
    head, *rows = _csv(tmp_path / "out.csv")
    frame = to_frame(store, logits=True)
    assert head == ["id", *frame.columns]
    assert len(rows) == len(store)
    for row, (name, expected) in zip(rows, frame.iterrows(), strict=True):
        cell = dict(zip(head, row, strict=True))
        assert cell["id"] in (name, f"'{name}")
        assert cell["state"] in (expected["state"], f"'{expected['state']}")
        assert cell["image_W"] in (expected["image_W"], f"'{expected['image_W']}")
        assert np.float32(cell["confidence"]) == expected["confidence"]
        assert np.float32(cell["umap_x"]) == expected["umap_x"]
        assert np.float32(cell["logit_NA"]) == expected["logit_NA"]
        assert cell["correct"] == str(expected["correct"])
    assert dict(zip(head, rows[0], strict=True))["latitude"] == ""
    assert b"\r\n" in (tmp_path / "out.csv").read_bytes()


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, store: Store) -> None:
    table.write_csv(tmp_path / "out.csv", store, logits=True)
    head, *rows = _csv(tmp_path / "out.csv")
    texts = {"id", "split", "state", "predicted", *(f"image_{heading}" for heading in "NESW")}
    cells = [
        cell
        for row in [head, *rows]
        for name, cell in zip(head, row, strict=True)
        if name in texts or row is head
    ]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")]
    assert '\'=HYPERLINK("http://example.com";"Ohio")' in cells
    assert "''=both" in cells
    assert "NA" in cells


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_map_comes_back_out_of_the_file_that_it_was_written_to(
    tmp_path: Path, store: Store, name: str
) -> None:
    path = tmp_path / name
    _write(path, store)
    read = table.read_table(path, ("tsne-50_x", "tsne-50_y"))
    made = projection_from_frame(read, store, "tsne-50_x", "tsne-50_y", name)
    assert np.array_equal(made.coordinates, store.projections["tsne-50"].coordinates)


def test_a_map_is_read_out_of_what_pandas_writes(tmp_path: Path, store: Store) -> None:
    frame = to_frame(store)[["umap_x", "umap_y"]].sample(frac=1, random_state=0)
    frame.to_parquet(tmp_path / "pandas.parquet")
    frame.to_csv(tmp_path / "pandas.tsv", sep="\t", lineterminator="\r\n")
    frame.to_csv(tmp_path / "bom.csv", encoding="utf-8-sig", lineterminator="\r\n")
    frame.to_csv(tmp_path / "semicolon.csv", sep=";", encoding="utf-16", lineterminator="\r\n")
    for name in ("pandas.parquet", "pandas.tsv", "bom.csv", "semicolon.csv"):
        # Here an apostrophe was not added, so that it is taken from a name that has one itself.
        read = table.read_table(tmp_path / name, ("umap_x", "umap_y"))
        read = read.rename(
            index={"=both/0": "'=both/0", "=both/1": "'=both/1", "=both/2": "'=both/2"}
        )
        made = projection_from_frame(read, store, "umap_x", "umap_y", name)
        assert np.array_equal(made.coordinates, store.projections["umap"].coordinates)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no such table"),
        ("table.xlsx", b"PK", "is not a .csv, .tsv or .parquet file"),
        ("empty.csv", b"", "cannot be read"),
        ("ragged.csv", b"id,x,y\nOhio/1,1,2\nOhio/2,1,2,3\n", "cannot be read"),
        ("wide.csv", b"id,x,y\nOhio/1,1,2,3\nOhio/2,1,2,3\n", "cannot be read"),
        ("latin.csv", b"id,x,y\n\xff,1,2\n", "cannot be read"),
        ("nameless.csv", b"place,x,y\nOhio/1,1,2\n", "no column 'id'"),
        ("twice.csv", b"id,x,x\nOhio/1,1,2\n", "two columns 'x'"),
        ("text.parquet", b"id,x,y\n", "cannot be read"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        table.read_table(path, ("x", "y"))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_parquet_file_without_ids_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"place": ["Ohio/1"], "x": [1.0]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no column 'id'"):
        table.read_table(tmp_path / "a.parquet", ("x", "y"))


def test_a_parquet_file_with_damaged_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"id": ["Ohio/1"], "x": [1.0]}), path, compression="none")
    path.write_bytes(path.read_bytes().replace(b"Ohio/1", b"Oh\xffo/1"))
    with pytest.raises(InputError, match=r"a\.parquet: cannot be read \(.*UTF8"):
        table.read_table(path, ("x",))


def test_parquet_has_row_groups_and_one_row_for_each_location(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "out.parquet"
    table.write_parquet(path, store, logits=True, features=True, read_views=None)
    assert parquet.ParquetFile(path).num_row_groups == 7
    read = pd.read_parquet(path).set_index("id")
    expected = to_frame(store, logits=True)
    text = expected.astype(dict.fromkeys(("split", "state", "predicted"), "str"))
    pd.testing.assert_frame_equal(read[expected.columns], text, check_dtype=False)
    assert np.array_equal(np.stack(list(read["feature"])), store.features[:])


def test_embedding_atlas_can_colour_by_state(tmp_path: Path, store: Store) -> None:
    # It knows what to do with DuckDB's VARCHAR, not with its ENUM.
    path = tmp_path / "out.parquet"
    older = replace(store, splits=None)
    table.write_parquet(path, older, logits=False, features=False, read_views=None)
    frame = pd.read_parquet(path)  # Which DuckDB takes its columns from.
    described = duckdb.sql("describe select * from frame")
    assert described is not None
    kinds = {row[0]: row[1] for row in described.fetchall()}
    assert (kinds["state"], kinds["predicted"]) == ("VARCHAR", "VARCHAR")
    assert frame["split"].isna().all()


def test_duckdb_reads_the_parquet_file(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "out.parquet"
    table.write_parquet(path, store, logits=False, features=True, read_views=None)
    found = duckdb.sql(
        f"select id, neighbors.ids[1], neighbors.distances[3], len(feature) from '{path}'"
    )
    assert found is not None
    assert store.neighbors is not None
    first, last = store.neighbors.indices[:, 0], store.neighbors.distances[:, 2]
    assert found.fetchall() == [
        (name, int(first[at]), pytest.approx(float(last[at])), 8)
        for at, name in enumerate(store.location_ids)
    ]


@pytest.mark.spawn
def test_embedding_atlas_opens_the_parquet_file(tmp_path: Path) -> None:
    store = photographed_store(tmp_path / "store.h5", tmp_path / "data")
    views = view_reader(Photographs(tmp_path / "data", store))
    path = tmp_path / "out.parquet"
    table.write_parquet(path, store, logits=False, features=True, read_views=views)
    (tmp_path / "static").mkdir()
    subprocess.run(
        [
            *(sys.executable, "-m", "embedding_atlas.cli", str(path)),
            *("--x", "umap_x", "--y", "umap_y", "--neighbors", "neighbors"),
            *("--image", "panorama", "--degree", "--pagerank", "importance"),
            *("--static", str(tmp_path / "static")),
            *("--export-application", str(tmp_path / "atlas")),
        ],
        check=True,
        env=os.environ | {"HOME": str(tmp_path)},  # Where it keeps a cache.
    )
    shown = json.loads((tmp_path / "atlas" / "data" / "metadata.json").read_text())["props"]["data"]
    assert shown["projection"] == {"x": "umap_x", "y": "umap_y"}
    assert (shown["neighbors"], shown["image"]) == ("neighbors", "panorama")
    read = pd.read_parquet(tmp_path / "atlas" / "data" / "dataset.parquet")
    assert read["id"].tolist() == list(store.location_ids)
    assert read[shown["id"]].tolist() == list(range(len(store)))
    # Everybody is the neighbour of three, and has three.
    assert read["degree"].tolist() == [6] * len(store)


def test_a_panorama_is_a_jpeg_of_the_four_views(tmp_path: Path) -> None:
    store = photographed_store(tmp_path / "store.h5", tmp_path / "data")
    views = view_reader(Photographs(tmp_path / "data", store))
    table.write_parquet(
        tmp_path / "a.parquet", store, logits=False, features=False, read_views=views
    )
    file = tmp_path / "first.jpg"
    file.write_bytes(pd.read_parquet(tmp_path / "a.parquet")["panorama"].iloc[0])
    with Image.open(file) as image:
        assert (image.format, image.size) == ("JPEG", (4 * table.PICTURE_SIZE, table.PICTURE_SIZE))


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_failed_disk_keeps_the_old_file(
    tmp_path: Path, store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match=f"{path}: No space left on device; free some space"):
        _write(path, store)
    assert path.read_text() == "old"
    assert sorted(item.name for item in tmp_path.iterdir()) == [name, "store.h5"]
