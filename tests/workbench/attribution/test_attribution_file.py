"""A file of answers: what goes in comes out, as the page says, and all else is refused."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_disk
from tests.workbench.attribution.examples import FINGERPRINT, REQUEST, assert_same, example
from workbench.attribution import attribution_file
from workbench.attribution.attribution_file import ENTRIES, FORMAT, VERSION
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.verdict import verdict

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "attribution-file.md"
FAILURES = (("Ohio/x", "Île d'Or/x_90.jpg: the photograph is gone."),)


def write(path: Path, *made: Attribution, failures: tuple[tuple[str, str], ...] = ()) -> Path:
    attribution_file.write(
        path, made, len(made), FINGERPRINT, {"where": ""}, {"size": 16}, failures
    )
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    answers = [example(seed, evidence=True) for seed in range(3)]
    return write(tmp_path / "some.h5", *answers, failures=FAILURES)


def test_attributions_round_trip_bitwise(path: Path) -> None:
    found = attribution_file.read(path)
    assert len(found) == 3
    assert found.location_ids == tuple(example(seed).location_id for seed in range(3))
    for seed, made in enumerate(found):
        assert_same(made, example(seed, evidence=True))
        assert_same(found.at(made.location_id), made)
        assert_same(found.get(made.location_id, REQUEST), made)
    assert (found.fingerprint, found.options, found.provenance) == (
        FINGERPRINT,
        {"where": ""},
        {"size": 16},
    )
    assert found.failures == FAILURES


def test_files_of_version_2_are_read_and_say_what_they_lack() -> None:
    file = attribution_file.read(Path(__file__).parents[2] / "data" / "attributions-2.h5")
    assert len(file) == 2
    for seed, found in enumerate(file):
        made = example(seed, side=4, evidence=True)
        assert np.array_equal(found.values, made.values)
        assert found.checks is not None
        assert list(found.checks.curves) == ["mean_color"]
        assert found.checks.curves["mean_color"].deletion["map"].shape == (5,)
        assert sum("one replacement alone" in one.text for one in verdict(found).reasons) == 2


def test_attributions_without_checks_round_trip_bitwise(tmp_path: Path) -> None:
    answers = [
        example(0),
        example(1, converged=False, reason="ä" * 300, error_estimate=float("inf")),
        example(2, converged=None, baseline_output=None, error_estimate=None),
    ]
    found = attribution_file.read(write(tmp_path / "plain.h5", *answers))
    for made, expected in zip(found, answers, strict=True):
        assert_same(made, expected)
    assert found.failures == ()


def test_only_an_equal_request_finds_the_attribution(path: Path) -> None:
    found = attribution_file.read(path)
    name = found.location_ids[0]
    assert found.get(name, AttributionRequest(target="Ohio")) is None
    assert found.get("Ohio/unknown", REQUEST) is None
    with pytest.raises(KeyError):
        found.at("Ohio/unknown")


def test_names_of_earlier_files_are_found_in_one_form(tmp_path: Path) -> None:
    request = replace(REQUEST, target="Leo\u0301n")
    old = replace(example(0), location_id="Leo\u0301n/x", request=request)
    found = attribution_file.read(write(tmp_path / "old.h5", old))
    request = replace(REQUEST, target="Le\u00f3n")
    (made,) = found
    assert (made.location_id, made.request) == ("Le\u00f3n/x", request)
    assert_same(found.get("Le\u00f3n/x", request) or old, made)


def test_columns_hold_what_follows_from_the_maps(path: Path) -> None:
    found = attribution_file.read(path)
    answers = [example(seed) for seed in range(3)]
    assert np.allclose(found.dataset("/view_share"), [made.view_shares for made in answers])
    errors = [made.completeness_error for made in answers]
    assert np.array_equal(found.dataset("/completeness_error"), np.array(errors, dtype=np.float64))


def test_the_page_and_the_specification_say_the_same() -> None:
    text = PAGE.read_text()
    rows = re.findall(r"^\| `(/[^`]+)` \| \(([^)]*)\) \| (\w+) \| ([^|]*)\|", text, re.M)
    assert [(name, shape, kind, unit.strip()) for name, shape, kind, unit in rows] == [
        (entry.name, ", ".join(map(str, entry.axes)), entry.dtype, entry.unit) for entry in ENTRIES
    ]
    assert f"version {VERSION} of the format `{FORMAT}`" in text


def test_the_page_has_every_word_of_a_condition() -> None:
    from workbench.store.query import NAMES

    page = PAGE.parents[1] / "how-to" / "attribute-many.md"
    table = page.read_text().split("## Conditions")[1].split("\n\n")[1]
    words = re.findall(
        r"`([a-z]+)(?:\('Ohio'\))?`", "".join(re.findall(r"^\| ([^|]*)\|", table, re.M))
    )
    assert set(words) - {"probability"} == set(NAMES)


def test_a_file_has_every_dataset_of_the_specification_and_no_other(path: Path) -> None:
    written = set()

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            written.add("/" + name)

    with h5py.File(path) as file:
        file.visititems(visit)
    assert written == {entry.name for entry in ENTRIES}


def _set(name: str, values: object) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        del file[name]
        file[name] = values

    return spoil


def _drop(name: str) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        del file[name]

    return spoil


def _attribute(name: str, value: object) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        file.attrs[name] = value

    return spoil


def _linked(file: h5py.File) -> None:
    del file["map"]
    file["map"] = h5py.ExternalLink("other.h5", "map")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_attribute("format", "x"), "not a file of attributions"),
        (_attribute("version", 99), "has version 99"),
        (_attribute("version", "x"), "is damaged"),
        (_attribute("provenance", "{"), "is damaged"),
        (_attribute("asked", 1), "lacks one of the attributes"),
        (_drop("map"), "/map is missing"),
        (_drop("evidence/order"), "/evidence/order is missing"),
        (_set("map", np.zeros((3, 3, 2, 2), np.float32)), r"/map is \(3, 3, 2, 2\) of float32"),
        (_set("map", np.zeros((2, 4, 2, 2), np.float32)), r"/map is \(2, 4, 2, 2\) of float32"),
        (_set("output", np.zeros(3, np.float32)), "/output is .* of float32"),
        (_set("question", np.zeros(3)), "/question is .* of float64"),
        (_set("cost", 1), "/cost/gradients is missing"),
        (_set("location/id", ["a", "b", "a"]), "/location/id is not unique"),
        (_linked, "/map is a link"),
    ],
)
def test_what_deviates_is_refused(
    path: Path, spoil: Callable[[h5py.File], None], words: str
) -> None:
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=words) as caught:
        attribution_file.read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_of_version_1_is_readable(tmp_path: Path) -> None:
    request = AttributionRequest("expected_gradients", output="log_probability", target="Ohio")
    path = write(tmp_path / "old.h5", example(request=request))
    # As version 1 wrote it.
    old = {
        "method": "expected-gradients", "baseline": "mean", "other": "",
        "output": "log-probability", "state": "Ohio", "rather_than": "",
        "completeness_tolerance": 0.01, "map_tolerance": 0.05,
        "most_gradients": 1000, "samples": 8, "noise": 0.1, "window": 0.25, "seed": 0,
    }  # fmt: skip
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 1
        _set("question", [json.dumps(old, sort_keys=True)])(file)
    (attribution,) = attribution_file.read(path)
    assert_same(attribution, example(request=request))
    found = attribution_file.read(path).get(attribution.location_id, request)
    assert found is not None


def test_other_files_are_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file of attributions"):
        attribution_file.read(tmp_path / "none.h5")
    whole = path.read_bytes()
    for content in (b"text", b"", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not an HDF5 file"):
            attribution_file.read(path)


@pytest.mark.parametrize("text", ["{}", "[]", "{", '"x"', "null"])
def test_an_invalid_request_in_a_file_is_refused(path: Path, text: str) -> None:
    with h5py.File(path, "r+") as file:
        _set("question", [text] * 3)(file)
    found = attribution_file.read(path)
    with pytest.raises(InputError, match="is damaged"):
        found.at(found.location_ids[0])


def test_attributions_with_and_without_checks_need_two_files(tmp_path: Path) -> None:
    path = tmp_path / "mixed.h5"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="nothing was written"):
        write(path, example(0), example(1, evidence=True))
    with pytest.raises(InputError, match="nothing was written"):
        write(path, example(0, name="a"), example(1, name="a"))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "200k") as place:
        yield place


def test_a_full_disk_leaves_the_old_file(small: Path) -> None:
    path = small / "some.h5"
    path.write_bytes(b"old")
    with pytest.raises(
        InputError,
        match=r"some\.h5: No space left on device \(.* needed, .* free\); free some space",
    ):
        write(path, *(example(seed, side=64) for seed in range(9)))
    assert path.read_bytes() == b"old"
    assert list(small.iterdir()) == [path]
