"""What is known already is found, with its evidence where that is known anywhere."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from tests.workbench.attribution.examples import FINGERPRINT, REQUEST, assert_same, example
from tests.workbench.attribution.test_attribution_file import write
from workbench.attribution import attribution_file, layered_cache
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import UnavailableExplainer
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import Fingerprint, fingerprint
from workbench.store import Store

NAME = example().location_id


@pytest.fixture
def cache(tmp_path: Path) -> AttributionCache:
    return AttributionCache(tmp_path / "cache", FINGERPRINT, 10**9)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return small_store(tmp_path / "small.h5", tmp_path / "data", locations=2)


def test_files_come_first_and_new_attributions_go_into_the_cache(
    tmp_path: Path, cache: AttributionCache
) -> None:
    file = attribution_file.read(write(tmp_path / "some.h5", example(0, name=NAME)))
    both = LayeredCache([file], cache)
    assert_same(both.get(NAME, REQUEST), example(0, name=NAME))
    other = replace(REQUEST, output="probability")
    assert both.get(NAME, other) is None
    both.put(example(1, name=NAME, request=other))
    assert_same(both.get(NAME, other), example(1, name=NAME, request=other))
    assert cache.get(NAME, other) is not None


def test_checks_are_found_in_any_layer(tmp_path: Path, cache: AttributionCache) -> None:
    plain = attribution_file.read(write(tmp_path / "plain.h5", example()))
    examined = attribution_file.read(write(tmp_path / "examined.h5", example(evidence=True)))
    assert_same(LayeredCache([plain, examined], None).get(NAME, REQUEST), example(evidence=True))
    cache.put(example(evidence=True))
    assert_same(LayeredCache([plain], cache).get(NAME, REQUEST), example(evidence=True))


def test_without_a_cache_nothing_is_stored(tmp_path: Path) -> None:
    nothing = LayeredCache([], None)
    nothing.put(example())
    assert nothing.get(NAME, REQUEST) is None


def test_a_damaged_file_is_reported_and_skipped(
    tmp_path: Path, cache: AttributionCache, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "some.h5", example())
    with h5py.File(path, "r+") as file:
        del file["reason"]
        file["reason"] = np.array([b"\xff"], dtype=h5py.string_dtype("utf-8", 1))
    cache.put(example(1, name=NAME))
    found = LayeredCache([attribution_file.read(path)], cache).get(NAME, REQUEST)
    assert_same(found, example(1, name=NAME))
    assert f"{path}: is damaged" in capsys.readouterr().err


def test_a_file_of_another_store_is_refused(tmp_path: Path, store: Store) -> None:
    path = write(tmp_path / "some.h5", example())
    with pytest.raises(InputError, match="was computed with a different checkpoint"):
        layered_cache.open_files([path], store)
    mine = replace(store, provenance={"checkpoint_sha256": FINGERPRINT.checkpoint_sha256})
    with pytest.raises(InputError, match="was computed from different photographs"):
        layered_cache.open_files([path], mine)
    provenance = {
        "checkpoint_sha256": FINGERPRINT.checkpoint_sha256,
        "data_sha256": FINGERPRINT.data_sha256,
    }
    (file,) = layered_cache.open_files([path], replace(store, provenance=provenance))
    assert len(file) == 1


def test_the_fingerprint_of_an_old_store_is_that_of_its_folder_and_ids(store: Store) -> None:
    here = fingerprint(store)
    moved = replace(store, provenance={**store.provenance, "data": "elsewhere"})
    fewer = replace(store, location_ids=store.location_ids[1:])
    assert len({here, fingerprint(moved), fingerprint(fewer)}) == 3
    assert fingerprint(replace(store, provenance={"data_sha256": "d"})) == Fingerprint("", "d")


def test_without_a_model_requests_are_resolved_and_not_computed(store: Store) -> None:
    recorded = UnavailableExplainer(store)
    name = store.location_ids[0]
    predicted = store.class_names[int(store.logits[0].argmax())]
    assert recorded.resolve(name, AttributionRequest()).target == predicted
    with pytest.raises(InputError, match="no such class"):
        recorded.resolve(name, AttributionRequest(target="Ohoi"))
    with pytest.raises(KeyError):
        recorded.resolve("Ohio/unknown", AttributionRequest())
    with pytest.raises(InputError, match="cannot be computed"):
        recorded.explain(name, AttributionRequest())
    with pytest.raises(InputError, match="cannot be computed"):
        recorded.check(example())
