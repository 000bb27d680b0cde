import csv
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from tests.examples import TINY, copy_run, folder
from trainer import checkpoint as checkpoints
from trainer import dataset, loop
from trainer import run as run_folder
from trainer.checkpoint import load
from trainer.config import PRESETS, Config
from trainer.errors import InputError


def train(run: Path, data: Path, config: Config = TINY, resume: bool = False) -> None:
    loop.train(run, data, config, preset="demo", resume=resume)


def test_a_run_holds_what_it_made(trained: Path, training_folder: Path) -> None:
    model, checkpoint = load(trained)
    assert checkpoint.class_name == ("Alaska", "New Mexico")
    assert not set(checkpoint.split["training"]) & set(checkpoint.split["validation"])
    assert checkpoint.config == TINY
    assert checkpoint.versions["torch"] == torch.__version__
    with (trained / "epochs.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    assert [row["epoch"] for row in epochs] == [str(n + 1) for n in range(TINY.epochs)]
    assert checkpoint.metrics["validation_loss"] == min(
        float(row["validation_loss"]) for row in epochs
    )
    with (trained / "steps.csv").open(newline="") as file:
        steps = list(csv.DictReader(file))
    assert len(steps) == TINY.epochs * math.ceil(len(checkpoint.split["training"]) / 4)
    assert not model.training


def test_the_channel_statistics_are_those_of_the_training_part(trained: Path) -> None:
    model, checkpoint = load(trained)
    root = Path(checkpoint.data)
    index = dataset.index(root)
    training = set(checkpoint.split["training"])
    views = [
        dataset.views([root / name for name in place.image], TINY.size)
        for place in index.location
        if place.id in training
    ]
    pixels = torch.stack(views).double() / 255
    assert torch.allclose(model.mean.flatten().double(), pixels.mean(dim=(0, 1, 3, 4)), atol=1e-6)
    deviation = pixels.transpose(0, 2).flatten(1).std(dim=1, correction=0)
    assert torch.allclose(model.deviation.flatten().double(), deviation, atol=1e-6)


def test_one_seed_gives_one_model_bit_for_bit(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    train(tmp_path / "again", training_folder)
    one, other = load(trained)[0].state_dict(), load(tmp_path / "again")[0].state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    train(tmp_path / "other", training_folder, replace(TINY, seed=1))
    other = load(tmp_path / "other")[0].state_dict()
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])


def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, trained: Path, training_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = loop._epoch

    def killed(*arguments: object) -> float:
        if arguments[5] == 2:
            original(*arguments)  # type: ignore[arg-type]
            raise KeyboardInterrupt
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", training_folder)
    monkeypatch.undo()
    train(tmp_path / "run", training_folder, resume=True)
    one = load(trained, "last")[0].state_dict()
    other = load(tmp_path / "run", "last")[0].state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    for name in ("steps.csv", "epochs.csv"):
        # The last column is the time, which differs.
        rows = [
            [line.rpartition(",")[0] for line in (run / name).read_text().splitlines()]
            for run in (trained, tmp_path / "run")
        ]
        assert rows[0] == rows[1]


def test_a_run_is_not_overwritten(trained: Path, training_folder: Path) -> None:
    with pytest.raises(InputError, match="holds a run already"):
        train(trained, training_folder)


def test_a_run_is_not_resumed_with_other_options(trained: Path, training_folder: Path) -> None:
    with pytest.raises(InputError, match="was trained with fusion medium, not early"):
        train(trained, training_folder, replace(TINY, fusion="early"), resume=True)


def test_a_run_is_not_resumed_on_other_data(tmp_path: Path, trained: Path) -> None:
    run = tmp_path / "run"
    copy_run(trained, run)
    data = folder(tmp_path / "data", ("Alaska", "New Mexico"), 9)
    with pytest.raises(InputError, match="data folder has changed"):
        train(run, data, replace(TINY), resume=True)


def test_a_resumed_run_keeps_to_the_photographs_that_it_was_started_on(tmp_path: Path) -> None:
    data, run = folder(tmp_path / "data", ("Ohio", "Utah"), 5), tmp_path / "run"
    mended = data / "Ohio" / "2015_-A_b0001_90.jpg"
    whole = mended.read_bytes()
    mended.write_bytes(b"nothing")
    train(run, data, replace(TINY, epochs=1))
    before = checkpoints.read(run).split
    mended.write_bytes(whole)
    train(run, data, replace(TINY, epochs=1), resume=True)
    assert checkpoints.read(run).split == before
    gone = before["training"][0]
    (data / f"{gone}_90.jpg").write_bytes(b"nothing")
    with pytest.raises(InputError, match=rf"cannot be read any more \({gone}\)"):
        train(run, data, replace(TINY, epochs=1), resume=True)


def test_unreadable_locations_are_left_out_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path / "data", ("Ohio", "Utah"), 5)
    (data / "Ohio" / "2015_-A_b0001_90.jpg").write_bytes(b"nothing")
    (data / "Utah" / "2015_-A_b1002_0.jpg").unlink()
    train(tmp_path / "run", data, replace(TINY, epochs=1))
    split = checkpoints.read(tmp_path / "run").split
    used = {*split["training"], *split["validation"]}
    assert len(used) == 8
    assert "Ohio/2015_-A_b0001" not in used
    with (tmp_path / "run" / "skipped.csv").open(newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == {
            "Ohio/2015_-A_b0001",
            "Utah/2015_-A_b1002",
        }
    assert "2 skipped" in capsys.readouterr().out


def test_the_one_cycle_rises_and_falls() -> None:
    config = Config(schedule="one-cycle", learning_rate=1.0)
    rates = [loop.learning_rate(config, step, 100) for step in range(100)]
    assert max(rates) == rates[24] == pytest.approx(1.0)
    assert rates[:25] == sorted(rates[:25])
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert rates[-1] < 0.01


def test_the_presets_are_table_1_of_the_paper() -> None:
    for name in ("paper-early", "paper-medium"):
        config = PRESETS[name]
        assert name == f"paper-{config.fusion}"
        assert (config.learning_rate, config.beta_1, config.beta_2) == (1e-5, 0.9, 0.999)
        assert (config.epsilon, config.weight_decay) == (1e-8, 1e-4)
        assert (config.epochs, config.batch_size, config.workers) == (10, 28, 2)
        assert (config.size, config.schedule) == (256, "constant")


def test_a_killed_run_leaves_no_process_and_resumes_to_the_same_model(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = tmp_path / "run"
    options = [f"--{name}={value}" for name, value in (("size", 32), ("epochs", 2))]
    options += ["--batch-size=4", "--learning-rate=1e-3", "--workers=1", "--resume"]
    command = [sys.executable, "-m", "trainer", str(run), "--data", str(training_folder), *options]
    place = {"cwd": Path(loop.__file__).parents[1], "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **place)  # type: ignore[call-overload]
    while not (run / "last.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    # Its workers and their server share its group; they notice within seconds.
    for _ in range(300):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("a worker outlived the trainer")
    assert subprocess.run(command, check=False, **place).returncode == 0  # type: ignore[call-overload]
    one, other = (load(folder, "last")[0].state_dict() for folder in (trained, run))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_two_trainers_do_not_share_a_run(tmp_path: Path, training_folder: Path) -> None:
    with run_folder.alone(tmp_path / "run"), pytest.raises(InputError, match="another trainer"):
        train(tmp_path / "run", training_folder)


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    copy_run(trained, run)
    model, checkpoint = load(run, "last")
    optimiser = torch.optim.Adam(model.parameters())
    before = sorted(path.name for path in run.iterdir())

    def full(*_: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(InputError, match=r"could not be written \(I/O error: No space left"):
        checkpoints.save(run, ("last",), replace(checkpoint, epoch=9), model, optimiser)
    assert sorted(path.name for path in run.iterdir()) == before
