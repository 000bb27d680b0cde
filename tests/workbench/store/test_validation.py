"""A file is compared with the specification; each difference is named in one sentence."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from tests.workbench.store.test_reading_and_writing import complete
from workbench import store as stores
from workbench.store.__main__ import main
from workbench.store.schema import ENTRIES
from workbench.store.validation import deviations, unknown_datasets

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "store-format.md"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    return tmp_path / "small.h5"


def test_the_page_and_the_specification_say_the_same() -> None:
    rows = re.findall(
        r"^\| `(/[^`]+)` \| \(([^)]*)\) \| (\w+) \| ([^|]*)\|", PAGE.read_text(), re.M
    )
    page = [(name, shape, kind, unit.strip()) for name, shape, kind, unit in rows]
    assert page == [
        (entry.name, ", ".join(map(str, entry.axes)), entry.dtype, entry.unit) for entry in ENTRIES
    ]


def test_a_complete_store_has_every_dataset_of_the_specification_and_no_other(
    path: Path,
) -> None:
    stores.write(path, complete(stores.read(path)))
    written = set()

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            written.add("/" + name)

    with h5py.File(path) as file:
        file.visititems(visit)
        assert list(deviations(file)) == []
        assert list(unknown_datasets(file)) == []
    assert {re.sub("/projection/[^/]+", "/projection/<map>", name) for name in written} == {
        entry.name for entry in ENTRIES
    }


def test_the_page_names_the_format_and_its_version() -> None:
    text = PAGE.read_text()
    assert f"`{stores.FORMAT}`" in text
    assert f"version {stores.VERSION}" in text


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


def _set(name: str, values: object) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file[name]
            file[name] = values

    return spoil


def _linked(name: str, kind: str) -> Callable[[Path], None]:
    """Let a dataset or group lie in another file, in one of the ways that HDF5 knows."""

    def spoil(path: Path) -> None:
        other = path.with_name("other.h5")
        other.write_bytes(path.read_bytes())
        with h5py.File(path, "r+") as file:
            old = file[name]
            shape = getattr(old, "shape", ())
            dtype = getattr(old, "dtype", None)
            del file[name]
            if kind == "external":
                file[name] = h5py.ExternalLink(str(other), name)
            elif kind == "soft":
                file[name] = h5py.SoftLink("/feature")
            elif kind == "virtual":
                layout = h5py.VirtualLayout(shape, dtype)
                layout[:] = h5py.VirtualSource(str(other), name, shape)
                file.create_virtual_dataset(name, layout)
            else:
                place = [(str(other), 0, h5py.h5f.UNLIMITED)]
                file.create_dataset(name, shape, dtype, external=place)

    return spoil


def _without(place: str, name: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file[place].attrs[name]

    return spoil


def _attribute_and_values(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["location/latitude"][0] = 4000.0


def _unknown_trust(path: Path) -> None:
    stores.write(path, complete(stores.read(path)))
    with h5py.File(path, "r+") as file:
        group = file["projection/tsne-4"]
        figures = json.loads(group.attrs["quality"])
        group.attrs["quality"] = json.dumps(figures | {"trustworthiness": None})


def _unfinite_loading(path: Path) -> None:
    stores.write(path, complete(stores.read(path)))
    with h5py.File(path, "r+") as file:
        file["component/loading"][0, 0] = np.nan


SPOILT: list[tuple[Callable[[Path], object], str]] = [
    (_attribute("/", "provenance", "[]"), "/ has no attribute provenance that is a JSON object"),
    (_attribute("/", "provenance", "[" * 100_000), "/ has no attribute provenance that is a JSON"),
    (_attribute("projection/umap", "parameter", "null"), "umap has no attribute parameter that is"),
    (_attribute("projection/umap", "seed", "x"), "umap has no attribute seed that is an integer"),
    (_attribute("projection/umap", "quality", '{"sample": 1}'), "umap has an attribute quality"),
    (_attribute("location/image", "heading", "NESW"), "/location/image has no attribute heading"),
    (_dtype("location/label", "f8"), r"/location/label is \(15,\) of float64 and should be \(N\)"),
    (_dtype("prediction/logit", "c16"), "/prediction/logit is .* of complex128 and should be"),
    (_dtype("projection/pca/coordinate", "i4"), "/projection/pca/coordinate is .* of int32"),
    (_without_logits, "/prediction/logit is missing"),
    (_fewer_labels, r"/location/label is \(1,\) and should be \(N\), where N is 15"),
    (_group_for_array, "/location/label is a group and should be a dataset"),
    (_text_for_numbers, r"/prediction/logit is \(\) of string and should be \(N, S\) of float32"),
    (_linked("location/latitude", "external"), "/location/latitude is a link or lies in another"),
    (_linked("location/latitude", "virtual"), "/location/latitude is a link or lies in another"),
    (_linked("location/latitude", "storage"), "/location/latitude is a link or lies in another"),
    (_linked("location", "external"), "/location/id is a link or lies in another"),
    (_linked("projection", "external"), "/projection is a link, which is not followed"),
    (_linked("projection/umap", "external"), "/projection/umap is a link, which is not followed"),
    (_linked("projection/umap/coordinate", "soft"), "umap/coordinate is a link or lies"),
    (_without("location/latitude", "unit"), "/location/latitude has no attribute unit that is"),
    (_without("projection/umap", "method"), "/projection/umap has no attribute method that is"),
    (_unknown_trust, "/projection/tsne-4 has an attribute quality without the required figures"),
    (_unfinite_loading, "/component/loading holds values that are not finite"),
    (_attribute_and_values, r"/location/latitude should lie in \[-90, 90\]"),
    (_set("location/id", ["Ohio/x"] * 15), "/location/id is not unique"),
    (_set("location/label", np.full(15, 5)), r"/location/label should lie in \[0, 5\)"),
    (_set("projection/umap/coordinate", np.full((15, 2), np.nan, "f4")), "umap.* not finite"),
    (_set("projection/umap/coordinate", np.zeros((15, 3), "f4")), r"umap/coordinate is \(15, 3\)"),
]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        *SPOILT,
        (_attribute("/", "version", "one"), "damaged"),
        (Path.unlink, "there is no such store"),
        (lambda path: path.write_text("text"), "not an HDF5 file"),
        (_cut, "not an HDF5 file, or is cut off"),
        (_foreign, "not a store of this workbench"),
        (_newer, "version 99"),
    ],
)
def test_a_bad_store_is_refused_in_one_sentence(
    path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        stores.read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_the_command_names_a_deviation_and_ends_with_2(
    path: Path,
    spoil: Callable[[Path], object],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(path)
    with pytest.raises(SystemExit) as ended:
        main([str(path)])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert re.search(f"^deviates: .*{message}", printed.out, re.M)
    assert f"{path}: deviates from docs/reference/store-format.md" in printed.err


def test_every_deviation_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _without_logits(path)
    _fewer_labels(path)
    _attribute("/", "provenance", "[]")(path)
    with pytest.raises(SystemExit):
        main([str(path)])
    assert capsys.readouterr().out.count("deviates: ") == 3


def test_what_is_no_part_of_a_store_is_noted_and_does_no_harm(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(path, "r+") as file:
        file["mine/own"] = 1
    assert main([str(path)]) == 0
    assert "note: /mine/own is not in the specification" in capsys.readouterr().out
    assert len(stores.read(path)) == 15


def test_extending_a_store_drops_unknown_links(path: Path) -> None:
    _linked("projection/umap", "external")(path)
    with h5py.File(path, "r+") as file:
        del file["projection/umap"]
        file["mine"] = h5py.ExternalLink(str(path.with_name("other.h5")), "/feature")
    stores.extend(path, [])
    with h5py.File(path) as file:
        assert "mine" not in file


def test_the_tree_shows_shapes_units_and_provenance_and_nothing_that_steers_a_terminal(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _attribute("/", "provenance", '{"fusion": "med\\u001b[31mium"}')(path)
    assert main([str(path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"feature +15 x 32 +float32 +1\.9 kB\n", printed)
    assert re.search(r"latitude +15 +float64 +120 B +\[degree\]\n", printed)
    assert "fusion: med\\x1b[31mium\n" in printed
    assert "\x1b" not in printed
    assert printed.endswith("meets the specification (features were not read: --verify does)\n")


def test_features_that_are_not_finite_are_found_when_they_are_looked_at(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(path, "r+") as file:
        file["feature"][14, 31] = np.nan
        file["\x1b[2Jx"] = 1
    assert main([str(path)]) == 0
    with pytest.raises(SystemExit):
        main([str(path), "--verify"])
    printed = capsys.readouterr().out
    assert "deviates: /feature holds values that are not finite" in printed
    assert "\x1b" not in printed


def test_groups_that_hold_each_other_are_shown_once(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(path, "r+") as file:
        for name in ("a/x", "a/y", "b/z"):
            file[name] = file["/"]
        file["a/b"] = file["b"]
        file["/".join("abcdefghijklmnop") + "/deep"] = 1.0
    assert main([str(path)]) == 0
    output = capsys.readouterr().out
    assert "  x/  a group above, not shown again\n" in output
    assert "deep" in output
    assert output.count("a group above") == 4
