"""Where the dashboard keeps its explanations, and which files of them it takes."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

import app
from common.cli import parse
from common.errors import InputError
from tests.examples import small_disk, small_store
from tests.workbench.attribution.examples import FINGERPRINT, example
from tests.workbench.attribution.test_attribution_file import write
from workbench import store
from workbench.attribution.explainer import UnavailableExplainer
from workbench.attribution.layered_cache import LayeredCache
from workbench.dashboard.access import Access
from workbench.store.companions import cache_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store that answers of `FINGERPRINT` are about; its model is nowhere."""
    path = tmp_path / "small.h5"
    made = small_store(path, tmp_path / "data", locations=2)
    known = {
        "checkpoint_sha256": FINGERPRINT.checkpoint_sha256,
        "data_sha256": FINGERPRINT.data_sha256,
    }
    store.write(path, replace(made, provenance={**made.provenance, **known}))
    return path


def cache_of(path: Path, *options: str) -> object:
    return app.find_cache(store.read(path), parse(app.Options, [str(path), *options], "app.py"))


def test_explanations_are_kept_beside_the_store_and_no_folder_is_made_before_there_is_one(
    path: Path,
) -> None:
    assert cache_folder(path) == path.with_name("small.h5.cache")
    assert cache_of(path) is not None
    assert not cache_folder(path).exists()


def test_where_they_cannot_be_kept_beside_it_the_users_caches_are_taken(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder(path) == tmp_path / "home" / ".cache" / "resnetbolt-workbench"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder(path) == tmp_path / "caches" / "resnetbolt-workbench"
    path.with_name("small.h5.cache").mkdir()  # It was made when the place could be written to.
    assert cache_folder(path) == path.with_name("small.h5.cache")


def test_a_read_only_disk_gets_another_cache_folder(path: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "100k") as place:
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert cache_folder(place / "small.h5").parent != place


@pytest.mark.parametrize("size", ["-1", "nan", "inf"])
def test_an_invalid_size_is_refused(path: Path, size: str) -> None:
    with pytest.raises(InputError, match=f"--cache-size {float(size)}: must be at"):
        cache_of(path, f"--cache-size={size}")
    assert cache_of(path, "--cache-size=0") is None


class StoppedError(Exception):
    pass


def wired(path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Sequence[object]:
    """Return what the dashboard is built from."""
    found: list[object] = []

    def dashboard(*arguments: object, **_: object) -> None:
        found.extend(arguments)
        raise StoppedError

    monkeypatch.setattr("workbench.dashboard.create_app", dashboard)
    monkeypatch.setattr(app, "listen", lambda host, port: nullcontext())
    monkeypatch.setattr(app, "find_access", lambda *_: Access())
    with pytest.raises(StoppedError):
        app.main([str(path), *options])
    return found


def test_files_of_explanations_are_shown_without_a_model(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(tmp_path / "one.h5", example(0))
    other = write(tmp_path / "other.h5", example(1))
    *_, explainer, _, remembered = wired(
        path, monkeypatch, "--attributions", str(one), "--attributions", str(other)
    )
    assert isinstance(explainer, UnavailableExplainer)
    assert isinstance(remembered, LayeredCache)
    for seed in range(2):
        made = example(seed)
        assert remembered.get(made.location_id, made.request) is not None


def test_without_files_and_model_nothing_explains(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, explainer, notes, _ = wired(path, monkeypatch)
    assert explainer is None
    assert notes


def test_files_of_another_store_are_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.h5"
    small_store(other, tmp_path / "data", locations=2)
    some = write(tmp_path / "some.h5", example())
    with pytest.raises(SystemExit, match="2"):
        app.main([str(other), "--attributions", str(some)])
    said = capsys.readouterr().err
    assert f"{some}: was computed with a different checkpoint; open it with" in said
