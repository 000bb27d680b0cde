"""Tables of other programs: CSV, TSV and Parquet files with columns for a store."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import small_store
from tests.fuzz.inputs import NAMES, damaged, fuzz, result_or_sentence
from workbench.interchange import table
from workbench.interchange.frame import projection_from_frame
from workbench.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    return small_store(folder / "store.h5", folder / "data", locations=3)


@pytest.fixture(scope="module")
def files(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("tables")
    table.write_csv(folder / "a.csv", store, logits=False)
    table.write_parquet(folder / "a.parquet", store, logits=False, features=False, read_views=None)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def read(path: Path, store: Store) -> None:
    """Read columns as the command does."""
    columns = ("latitude", "longitude")
    frame = result_or_sentence(table.read_table, path, columns)
    if frame is not None:
        projection = result_or_sentence(projection_from_frame, frame, store, *columns, path.name)
        assert projection is None or np.isfinite(projection.coordinates).all()


@fuzz()
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_any_bytes(
    suffix: str, store: Store, files: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / f"a{suffix}"
    content = files.get(suffix, files[".csv"])
    path.write_bytes(data.draw(damaged(content) | st.binary(max_size=80)))
    read(path, store)
    result_or_sentence(table.recorded_request, path)


@fuzz()
@given(
    rows=st.lists(
        st.tuples(NAMES, st.floats().map(str) | NAMES, st.integers().map(str)), max_size=4
    ),
    separator=st.sampled_from(",;\t"),
    known=st.booleans(),
)
def test_a_table_of_a_program(
    store: Store, tmp_path: Path, rows: list[tuple[str, str, str]], separator: str, known: bool
) -> None:
    path = tmp_path / "a.csv"
    lines = [("id", "latitude", "longitude"), *rows]
    if known:
        lines += [(name, "1.5", "2") for name in store.location_ids]
    text = "\n".join(separator.join(line) for line in lines)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read(path, store)
