"""What `python -m workbench.attribution.ground_truth` refuses, before a model is loaded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common.files import file_lock
from workbench import store as stores
from workbench.attribution.ground_truth.__main__ import main
from workbench.store import Store


@pytest.fixture
def path(tmp_path: Path, store: Store) -> Path:
    stores.write(tmp_path / "painted.h5", store)
    return tmp_path / "painted.h5"


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*words: str | Path) -> str:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        assert stop.value.code == 2
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert sentence.startswith("python -m workbench.attribution.ground_truth: ")
        return sentence

    return run


def test_what_cannot_be_is_refused(tmp_path: Path, path: Path, refuse: Callable[..., str]) -> None:
    (tmp_path / "file").write_text("")
    for words, message in (
        ((tmp_path / "none.h5",), "none.h5: there is no such store"),
        ((path, "--locations", "1"), "--locations 1: must be at least 2"),
        ((path, "--seed", "-1"), "--seed -1: must be at least 0."),
        ((path, "--where", "state == 'Ohi'"), "Ohi"),
        (
            (path, "--where", "confidence > 2"),
            "0 locations meet the condition; at least two are needed.",
        ),
        ((path, "--out", tmp_path / "file"), "this is a file; choose a folder."),
        ((path, "--data", tmp_path / "none"), "there is no such folder of photographs"),
        ((path, "--mask", tmp_path), f"{tmp_path / 'test'}: no such folder"),
        ((path,), "gone"),
    ):
        assert message in refuse(*words), words


def test_an_unknown_method_is_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(path), "--method", "guess"])
    assert stop.value.code == 2
    assert "invalid choice 'guess' for argument '--method'" in capsys.readouterr().err


def test_two_commands_do_not_write_into_one_folder(
    tmp_path: Path, path: Path, refuse: Callable[..., str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with file_lock(out / "ground_truth.csv"):
        sentence = refuse(path, "--run", tmp_path, "--out", out)
    assert "out: another process is writing into this folder" in sentence
    assert not list(out.iterdir())
