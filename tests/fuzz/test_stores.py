"""Bytes and contents of stores and attribution files, each read by a process of its own.

What crashes HDF5 there, `workbench.store.probe` must find.
"""

import functools
import json
import multiprocessing
import os
import re
import shutil
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from common.text import print_text
from tests.examples import small_store
from tests.fuzz.inputs import JSON, SECONDS, damaged, fuzz, result_or_sentence
from tests.workbench.attribution.examples import example
from tests.workbench.attribution.test_attribution_file import write as write_attributions
from tests.workbench.store.test_reading_and_writing import complete
from workbench import store as stores
from workbench.attribution import attribution_file
from workbench.attribution.explainer import open_explainer
from workbench.attribution.serialization import fingerprint
from workbench.dashboard.page import describe_store
from workbench.store import hdf5
from workbench.store import provenance as record
from workbench.store.__main__ import main as inspect
from workbench.store.verification import verify

# Processes start from one that has imported everything.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.fuzz.test_stores"])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    path = folder / "store.h5"
    small_store(path, folder / "data", locations=3)
    stores.write(path, complete(stores.read(path)))
    return path


@pytest.fixture(scope="module")
def attributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = [example(seed, evidence=True, side=4) for seed in range(3)]
    return write_attributions(tmp_path_factory.mktemp("attributions") / "file.h5", *answers)


def read_store(path: Path) -> None:
    """Read all of a store and print it, as the commands do."""
    with Path(os.devnull).open("w") as null, redirect_stdout(null), redirect_stderr(null):
        store = result_or_sentence(stores.read, path)
        if store is not None:
            for rows in (store.features, store.image_paths, store.view_features):
                if rows is not None:
                    result_or_sentence(rows.__getitem__, slice(None))
        with suppress(SystemExit):  # After a sentence.
            inspect([str(path)])


def read_attributions(path: Path) -> None:
    """Read all of an attribution file."""
    file = result_or_sentence(attribution_file.read, path)
    for name in file.location_ids if file else ():
        result_or_sentence(file.at, name)


def run(read: Callable[[Path], None], path: Path) -> None:
    """Read a file, without the probe, and write down what goes wrong."""
    hdf5._known_files.add(hdf5._identity(path))
    try:
        read(path)
    except BaseException:
        path.with_suffix(".txt").write_text(traceback.format_exc())
        raise


def check(read: Callable[[Path], None], path: Path) -> None:
    """Read a file in a process; if HDF5 crashes or hangs, the probe must have found it."""
    report = path.with_suffix(".txt")
    report.unlink(missing_ok=True)
    process = CONTEXT.Process(target=run, args=(read, path))
    process.start()
    process.join(SECONDS)
    hangs = process.is_alive()
    process.kill()
    process.join()
    if hangs or (process.exitcode or 0) < 0:
        event("crash")
        assert hdf5.find_crash(path), "the probe does not find it"
    assert not report.exists(), report.read_text()


@pytest.fixture(autouse=True)
def short_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "_PROBE_SECONDS", 5)


@fuzz(2)
@given(data=st.data())
def test_bytes_of_a_store(
    tmp_path_factory: pytest.TempPathFactory, store: Path, data: st.DataObject
) -> None:
    path = store.with_name("damaged.h5")
    path.write_bytes(data.draw(damaged(store.read_bytes(), places(store))))
    check(read_store, path)


@fuzz()
@given(data=st.data())
def test_bytes_of_an_attribution_file(attributions: Path, data: st.DataObject) -> None:
    path = attributions.with_name("damaged.h5")
    path.write_bytes(data.draw(damaged(attributions.read_bytes(), places(attributions))))
    check(read_attributions, path)


@functools.cache
def places(path: Path) -> tuple[int, ...]:
    """Return the bytes of a file that are probably HDF5's own: those beside its signatures."""
    found = re.finditer(
        rb"TREE|HEAP|SNOD|OHDR|GCOL|\x89HDF|\x01\x00.\x00\x01\x00\x00\x00", path.read_bytes()
    )
    return tuple(place for match in found for place in range(match.start(), match.start() + 200))


VALUES = st.one_of(
    st.none(),
    JSON.map(lambda value: json.dumps(value)),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.binary(min_size=1, max_size=8).map(np.void),
    st.lists(st.integers(-2, 300), max_size=6).map(np.array),
    st.lists(st.floats(width=32), max_size=6).map(lambda row: np.array([row], np.float32)),
    st.just(h5py.Empty("f")),
    st.just(h5py.SoftLink("/feature")),
    st.just(h5py.ExternalLink("/etc/passwd", "/")),
)


@fuzz()
@given(data=st.data())
@pytest.mark.parametrize("kind", ["store", "attributions"])
def test_contents_of_another_form(
    kind: str, store: Path, attributions: Path, data: st.DataObject
) -> None:
    source, read = (store, read_store) if kind == "store" else (attributions, read_attributions)
    path = source.with_name("other.h5")
    shutil.copyfile(source, path)
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in data.draw(
            st.lists(st.sampled_from(["/", *sorted(names)]), min_size=1, max_size=4)
        ):
            if name != "/" and (
                name not in file or not isinstance(file.get(name, getlink=True), h5py.HardLink)
            ):
                continue
            item, value = file[name], data.draw(VALUES)
            known = sorted(item.attrs) or ["x"]
            if data.draw(st.booleans()) or name == "/":
                key = data.draw(st.sampled_from(known))
                if value is None:
                    item.attrs.pop(key, None)
                elif not isinstance(value, (h5py.SoftLink, h5py.ExternalLink)):
                    item.attrs[key] = value
                continue
            numbers = isinstance(item, h5py.Dataset) and item.shape and item.dtype.kind in "fiu"
            if numbers and len(item) and data.draw(st.booleans()):
                number = data.draw(st.sampled_from([0, 1, 100, -1, np.nan, np.inf]))
                if item.dtype.kind == "f" or number in (0, 1, 100):
                    item[data.draw(st.integers(0, len(item) - 1))] = number
                continue
            del file[name]
            if value is not None:
                file[name] = value
    check(read, path)


KEYS = ("run", "data", "checkpoint", "checkpoint_sha256", "data_sha256", "epoch", "split", "size")
PATHS = st.sampled_from(["", "a\0b", "x" * 5000, "\ud800", "/", "..", "/dev/null", "a/b"])


@fuzz()
@given(
    provenance=st.dictionaries(st.sampled_from(KEYS), JSON | PATHS, max_size=5),
    given=st.none() | PATHS.map(Path),
)
def test_provenance(store: Path, provenance: dict[str, Any], given: Path | None) -> None:
    """Whatever a store records of its run and photographs, the commands that use it go on."""
    changed = replace(
        stores.read(store), provenance=json.loads(json.dumps(provenance, allow_nan=True))
    )
    photographs = result_or_sentence(record.photographs, changed, given)
    if photographs is not None:
        result_or_sentence(photographs.paths, changed.location_ids[0])
    result_or_sentence(open_explainer, changed, None, given)
    print_text(describe_store(changed, "store.h5"))
    for item in result_or_sentence(lambda: list(verify(changed, given, given))):
        print_text(item.message)
    assert fingerprint(changed)
