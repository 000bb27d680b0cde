"""A store says whether its checkpoint and photographs are still those it was made from."""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import photograph, small_store
from workbench import store as stores
from workbench.attribution.explainer import open_explainer
from workbench.attribution.serialization import fingerprint
from workbench.store import provenance
from workbench.store.__main__ import main
from workbench.store.verification import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store whose checkpoint and photographs are there, in `run` and `data`."""
    path = tmp_path / "small.h5"
    made = small_store(path, tmp_path / "data", ("Ohio", "Utah"), locations=2)
    run = tmp_path / "run"
    run.mkdir()
    (run / "weights-1.safetensors").write_bytes(b"weights")
    (run / "best.json").write_text(json.dumps({"weights": "weights-1.safetensors"}))
    digests = [
        [list(hashlib.sha256((tmp_path / "data" / name).read_bytes()).digest()) for name in row]
        for row in np.asarray(made.image_paths)
    ]
    record = {
        "run": str(run),
        "data": str(tmp_path / "data"),
        "checkpoint": "weights-1.safetensors",
        "checkpoint_sha256": hashlib.sha256(b"weights").hexdigest(),
    }
    stores.write(
        path,
        replace(made, provenance=record, image_sha256=np.array(digests, dtype=np.uint8)),
    )
    return path


def verified(
    path: Path, capsys: pytest.CaptureFixture[str], *options: str | Path
) -> tuple[int, str]:
    status = 2
    with suppress(SystemExit):
        status = main([str(path), "--verify", *map(str, options)])
    return status, capsys.readouterr().out


def test_what_is_still_the_same_is_said_so(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = verified(path, capsys)
    assert status == 0
    assert f"checkpoint: {path.parent / 'run' / 'weights-1.safetensors'} is the same" in printed
    assert "photographs: none of 16 photographs are missing or unreadable" in printed
    assert "photographs: none of 16 photographs have changed" in printed


def test_what_has_changed_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = path.parent / "data"
    (path.parent / "run" / "weights-1.safetensors").write_bytes(b"others")
    photograph(data / "Utah" / "2015_-A_b1001_90.jpg", seed=99)
    (data / "Ohio" / "2015_-A_b0000_0.jpg").unlink()
    status, printed = verified(path, capsys)
    assert status == 2
    assert "weights-1.safetensors has changed" in printed
    gone = data / "Ohio" / "2015_-A_b0000_0.jpg"
    assert f"1 of 16 photographs are missing or unreadable:\n  {gone}\n" in printed
    changed = data / "Utah" / "2015_-A_b1001_90.jpg"
    assert f"1 of 15 photographs have changed:\n  {changed}\n" in printed


def test_a_continued_run_is_recognised(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = path.parent / "run"
    (run / "weights-1.safetensors").rename(run / "weights-2.safetensors")
    (run / "best.json").write_text(json.dumps({"weights": "weights-2.safetensors"}))
    status, printed = verified(path, capsys)
    assert status == 2
    assert "the run's best checkpoint is weights-2.safetensors now: extract again" in printed


def test_moved_folders_are_given_by_options(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("run", "data"):
        (path.parent / name).rename(path.parent / f"new-{name}")
    status, printed = verified(path, capsys)
    assert status == 2
    assert "there is no such folder of photographs" in printed
    where = ("--run", path.parent / "new-run", "--data", path.parent / "new-data")
    assert verified(path, capsys, *where)[0] == 0


def test_a_store_without_hashes_cannot_be_verified(capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = verified(Path(__file__).parents[2] / "data" / "store-1.h5", capsys)
    assert status == 2
    assert "the store has no hashes of them; extract it again" in printed


@pytest.mark.parametrize("text", ["a\0b", "x" * 5000, "\ud800"], ids=["NUL", "long", "surrogate"])
def test_a_record_that_is_no_path_is_a_missing_folder(path: Path, text: str) -> None:
    store = stores.read(path)
    for key in ("run", "data", "checkpoint"):
        changed = replace(store, provenance={**store.provenance, key: text})
        messages = [result.message for result in verify(changed, None, None)]
        assert "checkpoint: " in messages[0]
        assert len(messages) == (2 if key == "data" else 3)
        assert fingerprint(replace(changed, provenance={"data": text})).data_sha256
    changed = replace(store, provenance={"run": text, "data": text})
    with pytest.raises(InputError, match="there is no such run folder"):
        open_explainer(changed, None)
    with pytest.raises(InputError, match="there is no such folder of photographs"):
        provenance.photographs(changed, None)
