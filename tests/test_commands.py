"""Every command, in its own words: what it prints, and how it ends when something is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

import trainer.__main__
from tests.examples import copy_run, folder, small_store
from workbench import project, store
from workbench.export.__main__ import main as export_main
from workbench.extract.__main__ import main as extract_main

Main = Callable[[list[str]], int]


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must end with status 2 and one sentence; return the sentence."""

    def run(main: Main, *arguments: str | Path) -> str:
        try:
            status: object = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
        assert status == 2
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert sentence.startswith("python -m ")
        assert sentence.endswith(".")
        return sentence

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    return tmp_path / "small.h5"


def _missing(tmp_path: Path) -> Path:
    return tmp_path / "nowhere"


def _empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def _three_views(tmp_path: Path) -> Path:
    root = folder(tmp_path / "three", ("Ohio", "Utah"), 1)
    for name in ("Ohio/2015_-A_b0000_90.jpg", "Utah/2015_-A_b1000_90.jpg"):
        (root / name).unlink()
    return root


def _one_location(tmp_path: Path) -> Path:
    folder(tmp_path / "one", ("Ohio",), 3)
    return folder(tmp_path / "one", ("Utah",), 1)


def _all_damaged(tmp_path: Path) -> Path:
    root = folder(tmp_path / "damaged", ("Ohio", "Utah"), 2)
    for path in root.glob("Utah/*.jpg"):
        path.write_bytes(path.read_bytes()[:500])
    return root


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "nowhere: there is no such folder"),
        (_empty, "empty: no location with four views"),
        (_three_views, "three: no location with four views"),
        (_one_location, "these have fewer: Utah (1)."),
        (_all_damaged, "these have fewer: Utah (0; Utah/2015_-A_b1000: "),
    ],
)
def test_the_trainer_refuses_bad_folders_and_writes_nothing(
    tmp_path: Path, refuse: Callable[..., str], make: Callable[[Path], Path], message: str
) -> None:
    run = tmp_path / "run"
    data = make(tmp_path)
    assert message in refuse(
        trainer.__main__.main, run, "--data", data, "--image-size", "32", "--num-workers", "0"
    )
    assert not run.exists()


def test_the_trainer_refuses_bad_options(tmp_path: Path, refuse: Callable[..., str]) -> None:
    for options, message in (
        (("--epochs", "0"), "--epochs 0: must be at least 1."),
        (("--learning-rate", "nan"), "--learning-rate nan: must be at most"),
        (("--validation-fraction", "1"), "--validation-fraction 1.0: must be less than 1."),
    ):
        assert message in refuse(
            trainer.__main__.main, tmp_path / "run", "--data", tmp_path, *options
        )


def test_the_trainer_does_not_train_over_a_run(
    trained: Path, training_folder: Path, refuse: Callable[..., str]
) -> None:
    assert "continue it with --resume or choose another folder." in refuse(
        trainer.__main__.main, trained, "--data", training_folder
    )


def test_extraction_refuses_and_writes_nothing(
    tmp_path: Path, trained: Path, test_folder: Path, refuse: Callable[..., str]
) -> None:
    out = tmp_path / "store.h5"
    other = tmp_path / "other"
    copy_run(trained, other)
    (other / "best.json").write_text("{}")
    for run, data, message in (
        (tmp_path / "none", test_folder, "none/best.json: there is no such checkpoint"),
        (other, test_folder, "other/best.json: not a readable checkpoint"),
        (trained, tmp_path / "nowhere", "nowhere: there is no such folder"),
        (trained, _three_views(tmp_path), "three: no location with four views"),
    ):
        assert message in refuse(extract_main, run, "--data", data, "--out", out)
        assert not list(tmp_path.glob("*.h5"))
    assert "--batch-size" in refuse(
        extract_main, trained, "--data", test_folder, "--out", out, "--batch-size", "0"
    )


def test_extraction_does_not_overwrite_unasked(
    path: Path, trained: Path, test_folder: Path, refuse: Callable[..., str]
) -> None:
    before = path.read_bytes()
    arguments = (trained, "--data", test_folder, "--out", path)
    assert "--overwrite." in refuse(extract_main, *arguments)
    assert path.read_bytes() == before
    assert extract_main([*map(str, arguments), "--overwrite", "--num-workers", "0"]) == 0
    assert store.read(path).class_names == ("Alaska", "New Mexico")


def test_projection_and_export_refuse_what_is_no_store(
    tmp_path: Path, refuse: Callable[..., str]
) -> None:
    (tmp_path / "text.h5").write_text("text")
    for name, message in (("none.h5", "there is no such store"), ("text.h5", "not an HDF5 file")):
        assert message in refuse(project.main, tmp_path / name)
        assert message in refuse(export_main, tmp_path / name, "--out", tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_export_refuses_bad_widths_and_places(
    tmp_path: Path, path: Path, refuse: Callable[..., str]
) -> None:
    assert "--width-mm 3.0: must be at least 60" in refuse(
        export_main, path, "--out", tmp_path / "figures", "--width-mm", "3"
    )
    assert "this is a file" in refuse(export_main, path, "--out", path)
