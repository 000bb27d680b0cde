import json
from pathlib import Path

import pytest

from tests.examples import copy_run
from trainer.checkpoint import load, read, write_whole
from trainer.errors import InputError


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> Path:
    copy_run(trained, tmp_path / "run")
    return tmp_path / "run"


def weights(run: Path) -> Path:
    return run / read(run).weights


def replace_weights(run: Path, content: bytes) -> None:
    path = weights(run)
    path.unlink()
    path.write_bytes(content)


def test_nothing_but_named_files_is_kept(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    best, last = read(run, "best"), read(run, "last")
    assert {name for name in names if name.startswith("weights")} == {best.weights, last.weights}
    assert [name for name in names if name.startswith("optimiser")] == [
        f"optimiser-{last.epoch:04d}.pt"
    ]
    assert not [name for name in names if "partial" in name]


def test_the_json_is_readable(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    assert document["class_name"] == ["Alaska", "New Mexico"]
    assert document["config"]["fusion"] == "medium"


def _no_json(run: Path) -> None:
    (run / "best.json").write_text("{")


def _foreign(run: Path) -> None:
    (run / "best.json").write_text('{"format": "another"}')


def _newer(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    (run / "best.json").write_text(json.dumps(document | {"version": 99}))


def _early(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    document["class_name"] = ["Alaska", "New Mexico", "Ohio"]
    (run / "best.json").write_text(json.dumps(document))


def _outside(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    document["weights"] = "/etc/passwd"
    (run / "best.json").write_text(json.dumps(document))


def _other_weights(run: Path) -> None:
    replace_weights(run, b"x" * 100)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "best.json").unlink(), "best.json: there is no such checkpoint"),
        (_no_json, "best.json: this is no readable checkpoint"),
        (_foreign, "best.json: this is no readable checkpoint"),
        (_newer, "best.json: the checkpoint has version 99"),
        (_early, "not the weights of a ResNet-50 with medium fusion and 3 classes"),
        (_outside, "run/passwd: the weights that best.json names are gone"),
        (lambda run: weights(run).unlink(), "the weights that best.json names are gone"),
        (_other_weights, "not the weights of a ResNet-50"),
    ],
)
def test_a_bad_checkpoint_is_refused_in_one_sentence(
    run: Path, spoil: object, message: str
) -> None:
    assert callable(spoil)
    spoil(run)
    with pytest.raises(InputError, match=message) as caught:
        load(run)
    assert "\n" not in str(caught.value)


def test_changed_weights_are_noticed(run: Path) -> None:
    content = bytearray(weights(run).read_bytes())
    content[-2] ^= 1
    replace_weights(run, bytes(content))
    with pytest.raises(InputError, match="the weights have changed"):
        load(run)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
