"""The trainer killed, stopped by a signal, short of disk, as one of several processes."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.examples import small_disk
from tests.ranks import run_command
from trainer import checkpoint as checkpoints
from trainer.__main__ import main
from trainer.checkpoint import load
from trainer.step import TrainStep

ROOT = Path(__file__).parents[2]
OPTIONS = ("--depth=18", "--image-size=32", "--epochs=2", "--batch-size=4", "--learning-rate=1e-3")
PLACE = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}


def command(run: Path, data: Path, *options: str) -> list[str]:
    trainer = [sys.executable, "-m", "trainer", str(run), "--data", str(data)]
    return [*trainer, *OPTIONS, "--num-workers=1", "--resume", *options]


def start(words: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(words, start_new_session=True, **PLACE)  # type: ignore[call-overload, no-any-return]


def wait_for(process: "subprocess.Popen[str]", done: Callable[[], bool]) -> None:
    while not done():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def saved_step(run: Path) -> int:
    return checkpoints.read(run, "last").step if (run / "last.json").exists() else 0


def same(one: Path, other: Path) -> bool:
    states = [load(run, "last")[0].state_dict() for run in (one, other)]
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.spawn
def test_killed_in_the_middle_of_an_epoch_it_leaves_no_process_and_resumes_to_the_same_model(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = tmp_path / "run"
    words = command(run, training_folder, "--save-interval=0")
    process = start(words)
    wait_for(process, lambda: saved_step(run) >= 2)
    process.kill()
    process.communicate()
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
    assert main(words[3:]) == 0
    assert same(trained, run)


@pytest.mark.spawn
@pytest.mark.parametrize(
    ("number", "everybody"),
    [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)],
)
def test_a_signal_saves_and_stops_the_run(
    tmp_path: Path,
    trained: Path,
    training_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    everybody: bool,
) -> None:
    run = tmp_path / "run"
    step = TrainStep.__call__

    def signal_after_step(self: TrainStep, *arguments: Any) -> Tensor:
        # A terminal, torchrun and timeout ask every process of the group, a cluster only one.
        for worker in active_children() if everybody else ():
            assert worker.pid
            os.kill(worker.pid, number)
        signal.raise_signal(number)
        return step(self, *arguments)

    # It would not save by itself before the epoch is over.
    words = command(run, training_folder, "--save-interval=60")[3:]
    with monkeypatch.context() as patch:
        patch.setattr(TrainStep, "__call__", signal_after_step)
        with pytest.raises(SystemExit) as stop:
            main(words)
    assert stop.value.code == 128 + signal.SIGTERM
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence.startswith("python -m trainer: stopped by a signal; step 1 is saved")
    assert saved_step(run) == 1
    assert main(words) == 0
    assert same(trained, run)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of its own that holds one checkpoint of the tiny model, but not two."""
    with small_disk(tmp_path / "small", "700k") as place:
        yield place


@pytest.mark.spawn
def test_a_full_disk_ends_it_with_a_sentence_and_the_previous_checkpoint_whole(
    small: Path, trained: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = small / "run"
    words = command(run, training_folder)[3:]
    with pytest.raises(SystemExit, match="2"):
        main(words)
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence.startswith(f"python -m trainer: {run}: the checkpoint of step 6 could not be")
    assert sentence.endswith("free some space and resume from the previous save.")
    load(run)
    assert checkpoints.read(run, "last").step == 3
    assert not list(run.glob("*partial*"))
    subprocess.run(["mount", "-o", "remount,size=5m", str(small)], check=True)
    assert main(words) == 0
    assert same(trained, run)


@pytest.mark.spawn
def test_a_disk_that_cannot_be_written_is_named(
    small: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    with pytest.raises(SystemExit, match="2"):
        main(command(small / "run", training_folder)[3:])
    assert str(small) in capsys.readouterr().err.splitlines()[-1]


def losses(run: Path) -> list[float]:
    with (run / "steps.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.xdist_group("ranks")
@pytest.mark.spawn
def test_two_processes_stopped_and_resumed_learn_what_one_does(
    tmp_path: Path, training_folder: Path
) -> None:
    # Statistics of a batch would differ: each process sees its own half.
    options = ["--batch-norm=frozen", "--initialization=zero-residual", "--augmentation=0.5"]
    options += ["--ema-decay=0.9", "--optimizer=sgd", "--learning-rate=0.05", "--epochs=10"]
    options += ["--save-interval=60"]
    one, two = tmp_path / "one", tmp_path / "two"
    options += ["--num-workers=0"]
    assert main(command(one, training_folder, *options)[3:]) == 0
    words = command(two, training_folder, *options, "--accumulation-steps=2")[3:]
    done = run_command("trainer", words, ranks=2, interrupt=("SIGTERM", 20))
    # Whoever takes seconds to end is asked once more.
    assert set(done.statuses) <= {128 + signal.SIGTERM, -signal.SIGTERM}, done.stderr
    assert done.stderr.count("stopped by a signal; step") == 2
    assert 0 < saved_step(two) < 30
    load(two, "last")
    done = run_command("trainer", words, ranks=2)
    assert done.statuses == [0, 0], done.stderr
    again = run_command("trainer", words, ranks=2)
    assert again.statuses == [0, 0], again.stderr
    assert again.stdout.count("was finished by an earlier start of this command") == 1
    assert losses(two) == pytest.approx(losses(one), rel=1e-3)
    assert len(losses(one)) == 30
    states = [load(run, "last")[0].state_dict() for run in (one, two)]
    for name, tensor in states[0].items():
        assert torch.allclose(states[1][name], tensor, rtol=1e-3, atol=1e-4), name
    metrics = [checkpoints.read(run, "last").metrics for run in (one, two)]
    assert metrics[1] == pytest.approx(metrics[0], rel=1e-3)
    assert checkpoints.read(one, "last").split == checkpoints.read(two, "last").split
