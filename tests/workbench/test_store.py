import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.examples import small_store
from workbench import store as stores
from workbench.errors import InputError
from workbench.files import check_writable
from workbench.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "store.md"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    return tmp_path / "small.h5"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    read = stores.read(tmp_path / "small.h5")
    assert read.class_name == written.class_name
    assert read.location_id == written.location_id
    assert read.provenance == written.provenance
    for name in ("label", "latitude", "longitude", "image", "logit"):
        assert np.array_equal(getattr(read, name), getattr(written, name))
    for method, projection in written.projection.items():
        assert np.array_equal(read.projection[method].coordinate, projection.coordinate)
        assert read.projection[method].parameter == projection.parameter
    assert stores.read_feature(tmp_path / "small.h5").shape == (15, 32)


def _tree(path: Path) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            text = h5py.check_string_dtype(item.dtype) is not None
            found["/" + name] = (str(item.ndim), "string" if text else str(item.dtype))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def test_the_page_names_every_dataset_and_no_other(path: Path) -> None:
    rows = re.findall(r"^\| `(/[^`]+)` \| \(([^)]*)\) \| (\w+) \|", PAGE.read_text(), re.M)
    written = {}
    for name, shape, kind in rows:
        axes = [axis for axis in shape.split(",") if axis.strip()]
        for method in stores.METHOD_TITLES if "<method>" in name else ("",):
            written[name.replace("<method>", method)] = (str(len(axes)), kind)
    assert written == _tree(path)


def test_the_page_names_the_format_and_its_version() -> None:
    text = PAGE.read_text()
    assert f"`{stores.FORMAT}`" in text
    assert f"version {stores.VERSION}" in text


def test_a_store_of_version_1_stays_readable() -> None:
    store = stores.read(Path(__file__).parents[1] / "data" / "store-1.h5")
    assert store.class_name == ("Alaska", "New Mexico")
    assert store.location_id[0] == "Alaska/2015_-A_b0000"
    assert set(store.projection) == {"pca", "tsne", "umap"}
    assert store.logit[0].tolist() == [1.5, -0.5]


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _newer(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 99


def _foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = 1


def _without_logits(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["prediction/logit"]


def _fewer_labels(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["location/label"]
        file["location/label"] = [0]


def _group_for_array(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["location/label"]
        file.create_group("location/label")


def _text_for_numbers(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["prediction/logit"]
        file["prediction/logit"] = "logits"


def _attribute(place: str, name: str, value: object) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            file[place].attrs[name] = value

    return spoil


def _dtype(name: str, dtype: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            values = file[name][:].astype(dtype)
            del file[name]
            file[name] = values

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_attribute("/", "version", "one"), "damaged"),
        (_attribute("/", "provenance", "[]"), "an attribute is no JSON object"),
        (_attribute("/", "provenance", "[" * 100_000), "damaged"),
        (_attribute("projection/umap", "parameter", "null"), "an attribute is no JSON object"),
        (_dtype("location/label", "f8"), "/location/label is .* of kind iu"),
        (_dtype("prediction/logit", "c16"), "/prediction/logit is .* of kind f"),
        (_dtype("projection/pca/coordinate", "i4"), "/projection/pca/coordinate is .* of kind f"),
        (Path.unlink, "there is no such store"),
        (lambda path: path.write_text("text"), "no HDF5 file"),
        (_cut, "no HDF5 file, or one that was cut off"),
        (_foreign, "not a store of this workbench"),
        (_newer, "version 99"),
        (_without_logits, "damaged"),
        (_fewer_labels, r"/location/label is \(1,\) of int64 and should be \(15,\)"),
        (_group_for_array, "damaged"),
        (_text_for_numbers, "damaged"),
    ],
)
def test_a_bad_store_is_refused_in_one_sentence(path: Path, spoil: object, message: str) -> None:
    assert callable(spoil)
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        stores.read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def _write_again(path: Path, **change: object) -> Store:
    store = stores.read(path)
    changed = replace(store, **change)  # type: ignore[arg-type]
    stores.write(path, changed, stores.read_feature(path))
    return store


def test_predictions_that_are_not_finite_are_refused_and_the_old_file_stays(path: Path) -> None:
    before = path.read_bytes()
    logit = stores.read(path).logit.copy()
    logit[3, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        _write_again(path, logit=logit)
    assert path.read_bytes() == before


def test_ids_that_repeat_are_refused(path: Path) -> None:
    with pytest.raises(InputError, match="not unique"):
        _write_again(path, location_id=("Ohio/x",) * 15)


def test_maps_of_another_store_are_refused(path: Path) -> None:
    projection = stores.read(path).projection["umap"]
    short = replace(projection, coordinate=projection.coordinate[:3])
    with pytest.raises(InputError, match=r"the umap map is \(3, 2\)"):
        stores.write_projections(path, [short])


def test_a_write_that_fails_leaves_the_old_file_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match=f"{path}: No space left on device; make room"):
        stores.write_projections(path, list(stores.read(path).projection.values()))
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["data", "small.h5"]


def test_an_existing_file_is_not_overwritten_unasked(path: Path) -> None:
    with pytest.raises(InputError, match="--overwrite"):
        check_writable(path, overwrite=False)
    check_writable(path, overwrite=True)
    with pytest.raises(InputError, match="cannot be written here"):
        check_writable(path.parent / "missing" / "x.h5", overwrite=False)
