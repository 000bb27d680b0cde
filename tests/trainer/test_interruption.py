"""The trainer as a process of its own: killed, stopped by a signal, short of disk, one of several."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.examples import small_disk
from trainer import checkpoint as checkpoints
from trainer.checkpoint import load

ROOT = Path(__file__).parents[2]
OPTIONS = ("--depth=18", "--image-size=32", "--epochs=2", "--batch-size=4", "--learning-rate=1e-3")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
TORCHRUN += ["--nproc-per-node=2", "-m", "trainer"]
PLACE = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}


def command(run: Path, data: Path, *options: str) -> list[str]:
    trainer = [sys.executable, "-m", "trainer", str(run), "--data", str(data)]
    return [*trainer, *OPTIONS, "--num-workers=1", "--resume", *options]


def start(words: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(words, start_new_session=True, **PLACE)  # type: ignore[call-overload, no-any-return]


def finish(words: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, check=False, **PLACE)  # type: ignore[call-overload, no-any-return]


def wait_for(process: "subprocess.Popen[str]", done: Callable[[], bool]) -> None:
    while not done():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def saved_step(run: Path) -> int:
    return checkpoints.read(run, "last").step if (run / "last.json").exists() else 0


def same(one: Path, other: Path) -> bool:
    states = [load(run, "last")[0].state_dict() for run in (one, other)]
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


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
    done = finish(words)
    assert done.returncode == 0, done.stderr
    assert same(trained, run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("everybody", [False, True])
def test_asked_to_end_it_saves_and_ends(
    tmp_path: Path,
    trained: Path,
    training_folder: Path,
    number: signal.Signals,
    everybody: bool,
) -> None:
    run = tmp_path / "run"
    # It would not save by itself before the epoch is over.
    process = start(command(run, training_folder, "--save-interval=60"))
    wait_for(process, (run / "config.json").exists)
    # A terminal, torchrun and timeout ask every process of the group, a cluster only one.
    os.killpg(process.pid, number) if everybody else process.send_signal(number)
    sentence = process.communicate(timeout=120)[1].splitlines()[-1]
    assert process.returncode == 128 + signal.SIGTERM
    assert sentence.startswith("python -m trainer: stopped by a signal; step ")
    assert saved_step(run) < 6 or checkpoints.read(run, "last").epoch < 2
    done = finish(command(run, training_folder, "--save-interval=60"))
    assert done.returncode == 0, done.stderr
    assert same(trained, run)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of its own that holds one checkpoint of a ResNet-18, but not two."""
    with small_disk(tmp_path / "small", "200m") as place:
        yield place


def test_a_full_disk_ends_it_with_a_sentence_and_the_previous_checkpoint_whole(
    small: Path, trained: Path, training_folder: Path
) -> None:
    run = small / "run"
    done = finish(command(run, training_folder))
    assert done.returncode == 2
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith(f"python -m trainer: {run}: the checkpoint of step 6 could not be")
    assert sentence.endswith("free some space and resume from the previous save.")
    load(run)
    assert checkpoints.read(run, "last").step == 3
    assert not list(run.glob("*partial*"))
    subprocess.run(["mount", "-o", "remount,size=500m", str(small)], check=True)
    done = finish(command(run, training_folder))
    assert done.returncode == 0, done.stderr
    assert same(trained, run)


def test_a_disk_that_cannot_be_written_is_named(small: Path, training_folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    done = finish(command(small / "run", training_folder))
    assert done.returncode == 2
    assert str(small) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_processes_of_torchrun_save_when_asked_to_end(
    tmp_path: Path, training_folder: Path
) -> None:
    run = tmp_path / "run"
    words = [*TORCHRUN, *command(run, training_folder, "--epochs=50", "--save-interval=60")[3:]]
    process = start(words)
    wait_for(process, (run / "steps.csv").exists)
    process.terminate()
    said = process.communicate(timeout=120)[1]
    assert "stopped by a signal; step" in said
    assert saved_step(run) > 0
    load(run, "last")


def losses(run: Path) -> list[float]:
    with (run / "steps.csv").open(newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_two_processes_learn_what_one_does(tmp_path: Path, training_folder: Path) -> None:
    # Statistics of a batch would differ: each process sees its own half.
    options = ["--batch-norm=frozen", "--initialization=zero-residual", "--augmentation=0.5"]
    options += ["--ema-decay=0.9", "--optimizer=sgd", "--learning-rate=0.05"]
    one, two = tmp_path / "one", tmp_path / "two"
    for words in (
        command(one, training_folder, *options),
        [*TORCHRUN, *command(two, training_folder, *options, "--accumulation-steps=2")[3:]],
    ):
        done = finish(words)
        assert done.returncode == 0, done.stderr
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert len(losses(one)) == 6
    states = [load(run, "last")[0].state_dict() for run in (one, two)]
    for name, tensor in states[0].items():
        assert torch.allclose(states[1][name], tensor, rtol=1e-3, atol=1e-4), name
    metrics = [checkpoints.read(run, "last").metrics for run in (one, two)]
    assert metrics[1] == pytest.approx(metrics[0], rel=1e-3)
    assert checkpoints.read(one, "last").split == checkpoints.read(two, "last").split
