"""Resuming an extraction from the buffer of an earlier start."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from common.resume_buffer import resume_directory
from tests.examples import copy_run
from tests.workbench.extract.test_extraction import command, run
from trainer import checkpoint as checkpoints
from trainer.checkpoint import load
from workbench import store
from workbench.extract.extraction import run_extraction
from workbench.extract.request import ExtractionRequest
from workbench.extract.task import ExtractionTask


class EndedError(Exception):
    pass


@pytest.fixture
def end_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the next extractions end where a store is written, before or behind it."""

    def choose(place: str) -> None:
        real = store.write

        def write(path: Path, made: store.Store) -> None:
            if place == "behind":
                real(path, made)
            raise EndedError

        monkeypatch.setattr(store, "write", write)

    return choose


@pytest.mark.slow
@pytest.mark.parametrize("place", ["before", "behind"])
def test_it_resumes_after_a_kill_while_writing_the_store(
    tmp_path: Path,
    trained: Path,
    test_folder: Path,
    end_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    whole = run(trained, test_folder, tmp_path / "whole.h5")
    out = tmp_path / "store.h5"
    end_in(place)
    with pytest.raises(EndedError):
        run(trained, test_folder, out)
    assert not out.exists()
    monkeypatch.undo()
    # Nothing is left to compute.
    monkeypatch.setattr("workbench.extract.pipeline.Inference", None)
    made = run(trained, test_folder, out)
    assert np.array_equal(made.logits, whole.logits)
    assert np.array_equal(made.features[:], whole.features[:])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store.h5", "whole.h5"]


def test_a_leftover_buffer_is_removed(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    """A kill between the last two steps leaves the buffer beside the finished store."""
    out = tmp_path / "store.h5"
    request = ExtractionRequest(run=trained, data=test_folder, out=out, batch_size=3, num_workers=0)
    run_extraction(request)
    before = out.read_bytes()
    ExtractionTask(request, torch.device("cpu")).buffer.begin({"folded": True})
    assert command(trained, "--data", test_folder, "--out", out, "--batch-size", "3") == 0
    assert out.read_bytes() == before
    assert not resume_directory(out).exists()


def test_the_beginning_of_another_extraction_is_refused_and_can_be_overwritten(
    tmp_path: Path,
    trained: Path,
    test_folder: Path,
    training_folder: Path,
    end_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "store.h5"
    end_in("before")
    with pytest.raises(EndedError):
        run(trained, test_folder, out)
    monkeypatch.undo()
    begun = {path.name: path.read_bytes() for path in resume_directory(out).iterdir()}
    other = copy_run(trained, tmp_path / "other")
    model, checkpoint = load(trained)
    with torch.no_grad():
        model.classifier.bias.add_(1)
    checkpoints.save(other, ("best", "last"), checkpoint, model, {})
    for words, what in (
        ((trained, "--data", test_folder), "batch size"),
        ((other, "--data", test_folder, "--batch-size", "3"), "checkpoint"),
        (
            (trained, "--data", training_folder, "--batch-size", "3"),
            "folder, locations",
        ),
        (
            (trained, "--data", test_folder, "--batch-size", "3", "--precision", "bfloat16"),
            "precision",
        ),
        (
            (trained, "--data", test_folder, "--batch-size", "3", "--no-view-features"),
            "view features",
        ),
    ):
        with pytest.raises(SystemExit, match="2"):
            command(*words, "--out", out)
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"belongs to another request (different {what}); finish that one," in said
    assert {path.name: path.read_bytes() for path in resume_directory(out).iterdir()} == begun
    assert command(trained, "--data", test_folder, "--out", out, "--overwrite") == 0
    assert store.read(out).provenance["batch_size"] == 32
    assert not resume_directory(out).exists()


def test_what_was_mended_since_is_tried_again(
    tmp_path: Path,
    trained: Path,
    test_folder: Path,
    end_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run(trained, test_folder, tmp_path / "whole.h5")
    data = tmp_path / "data"
    shutil.copytree(test_folder, data)
    bad = data / "Alaska" / "2015_-A_b0001_90.jpg"
    good = bad.read_bytes()
    bad.write_bytes(b"nothing")
    end_in("before")
    with pytest.raises(EndedError):
        run(trained, data, tmp_path / "store.h5")
    monkeypatch.undo()
    bad.write_bytes(good)
    made = run(trained, data, tmp_path / "store.h5")
    assert made.location_ids == whole.location_ids
    assert np.array_equal(made.logits, whole.logits)
    assert made.provenance["skipped"] == []


def test_a_damaged_beginning_is_named(
    tmp_path: Path, trained: Path, test_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "store.h5"
    resume_directory(out).mkdir()
    (resume_directory(out) / "state.json").write_text("{")
    words = (trained, "--data", test_folder, "--out", out)
    with pytest.raises(SystemExit, match="2"):
        command(*words)
    assert "cannot be resumed; remove the directory or pass --overwrite." in capsys.readouterr().err
    assert command(*words, "--overwrite") == 0
    assert len(store.read(out)) == 8
