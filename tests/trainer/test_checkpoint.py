import json
from pathlib import Path

import pytest

from common.errors import InputError
from common.files import atomic_write
from tests.examples import copy_run
from trainer.checkpoint import load, read
from trainer.config import Config


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
    assert [name for name in names if name.startswith("state")] == [f"state-{last.step:07d}.pt"]
    assert not [name for name in names if "partial" in name]


def test_the_json_is_readable(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    assert document["class_names"] == ["Alaska", "New Mexico"]
    assert document["config"]["fusion"] == "medium"


def _no_json(run: Path) -> None:
    (run / "best.json").write_text("{")


def _foreign(run: Path) -> None:
    (run / "best.json").write_text('{"format": "another"}')


def _newer(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    (run / "best.json").write_text(json.dumps(document | {"version": 99}))


def _edit_classes(run: Path, names: object) -> None:
    document = json.loads((run / "best.json").read_text())
    (run / "best.json").write_text(json.dumps(document | {"class_names": names}))


def _without_classes(run: Path) -> None:
    _edit_classes(run, [])


def _one_class_twice(run: Path) -> None:
    _edit_classes(run, ["Alaska", "Alaska"])


def _a_word_for_classes(run: Path) -> None:
    _edit_classes(run, "AK")  # Two letters are not two classes.


def _early(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    document["class_names"] = ["Alaska", "New Mexico", "Ohio"]
    (run / "best.json").write_text(json.dumps(document))


def _outside(run: Path) -> None:
    document = json.loads((run / "best.json").read_text())
    document["weights"] = "/etc/passwd"
    (run / "best.json").write_text(json.dumps(document))


def _other_weights(run: Path) -> None:
    replace_weights(run, b"x" * 100)


def _edit(run: Path, **changes: object) -> None:
    document = json.loads((run / "best.json").read_text())
    document["config"] |= changes
    (run / "best.json").write_text(json.dumps(document))


def _other_fusion(run: Path) -> None:
    # Weights of the same shapes, which would load.
    _edit(run, fusion="early")


def _other_depth(run: Path) -> None:
    _edit(run, depth=34)


def _other_option(run: Path) -> None:
    _edit(run, optimizer=3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "best.json").unlink(), "best.json: there is no such checkpoint"),
        (_no_json, "best.json: not a readable checkpoint"),
        (_foreign, "best.json: not a readable checkpoint"),
        (_without_classes, "best.json: not a readable checkpoint"),
        (_one_class_twice, "best.json: not a readable checkpoint"),
        (_a_word_for_classes, "best.json: not a readable checkpoint"),
        (_newer, "best.json: the checkpoint has version 99"),
        (_early, "not the weights of a ResNet-18 with medium fusion and 3 classes"),
        (_outside, "run/passwd: the weights that best.json names are missing"),
        (lambda run: weights(run).unlink(), "the weights that best.json names are missing"),
        (_other_weights, "the weights are damaged or cut off"),
        (_other_fusion, "not the weights of a ResNet-18 with early fusion"),
        (_other_depth, "not the weights of a ResNet-34"),
        (_other_option, r"best.json: --optimizer 3: choose|best.json: --optimizer 3: must be"),
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

    def fail() -> None:
        with atomic_write(path) as partial:
            partial.write_text("half")
            raise OSError("disk full")

    with pytest.raises(InputError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_of_version_1_is_still_read(run: Path) -> None:
    weights_file = read(run).weights
    (run / "best.json").write_text(
        json.dumps(
            {
                "format": "resnetbolt-checkpoint",
                "version": 1,
                "config": {
                    "fusion": "medium",
                    "initialisation": "he",
                    "size": 48,
                    "epochs": 2,
                    "batch_size": 16,
                    "learning_rate": 0.001,
                    "beta_1": 0.9,
                    "beta_2": 0.999,
                    "epsilon": 1e-08,
                    "weight_decay": 0.0001,
                    "schedule": "one-cycle",
                    "validation_share": 0.1,
                    "workers": 2,
                    "seed": 0,
                },
                "class_name": ["Alaska", "New Mexico"],
                "data": "data/painted/train",
                "split": {"training": ["Alaska/a"], "validation": ["Alaska/b"]},
                "metrics": {
                    "training_loss": 3.5,
                    "validation_loss": 3.25,
                    "top_1": 0.5,
                    "top_5": 0.75,
                },
                "epoch": 2,
                "preset": "demo",
                "versions": {"torch": "2.11.0"},
                "commit": "",
                "weights": weights_file,
                "sha256": "",
            }
        )
    )
    checkpoint = read(run)
    assert checkpoint.config == Config(
        image_size=48, epochs=2, batch_size=16, learning_rate=1e-3, schedule="one-cycle"
    )
    assert (checkpoint.epoch, checkpoint.step, checkpoint.metrics["top_5"]) == (2, 0, 0.75)


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 1.5},
        {"step": -1},
        {"epoch": True},
        {"seconds": float("inf")},
        {"loss_sum": float("nan")},
        {"metrics": {"training_loss": 1, "validation_loss": 1, "top_1": 10**400, "top_5": 1}},
        {"per_class_top_1": {"Alaska": "all"}},
        {"version": -1},
        {"version": float("nan")},
    ],
)
def test_odd_numbers_are_no_checkpoint(run: Path, changes: dict[str, object]) -> None:
    document = json.loads((run / "best.json").read_text())
    (run / "best.json").write_text(json.dumps(document | changes))
    with pytest.raises(InputError, match=r"best.json: not a readable checkpoint"):
        read(run)
