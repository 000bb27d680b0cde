"""Workers that are killed, stopped or short of memory: a wait for them ends with a sentence."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from common.errors import InputError
from tests.examples import folder
from trainer.__main__ import main
from trainer.checkpoint import read
from trainer.data import worker_processes
from trainer.data.worker_processes import worker_map
from trainer.step import TrainStep
from trainer.train import _Trainer

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.spawn


@pytest.fixture(autouse=True)
def no_worker_stays() -> Iterator[None]:
    yield
    assert active_children() == []


@pytest.mark.parametrize(
    ("function", "item", "message"),
    [
        (signal.raise_signal, signal.SIGKILL, "was killed, perhaps because memory ran out"),
        (signal.raise_signal, signal.SIGSTOP, "have been silent for"),
        (bytearray, 2**62, r"failed \(MemoryError\); make room in memory and in /dev/shm"),
    ],
    ids=["killed", "silent", "out of memory"],
)
def test_a_worker_without_a_result_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], Any], item: Any, message: str
) -> None:
    if item is signal.SIGSTOP:
        monkeypatch.setattr(worker_processes, "SILENCE_SECONDS", 0.2)
    with pytest.raises(InputError, match=message), worker_map(function, [item], 1) as results:
        list(results)


def test_results_are_computed_ahead_up_to_the_limit_and_the_consumer_may_stop() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield -number

    with worker_map(abs, items(), 2, prefetch=3) as results:
        assert [next(results), next(results)] == [0, 1]
    assert taken == list(range(7))


def test_a_signal_while_workers_are_silent_saves_the_run(
    tmp_path: Path,
    training_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    step, stop_waiting = TrainStep.__call__, _Trainer._stop_waiting
    silent = []

    def stop_workers(self: TrainStep, *arguments: Any) -> Any:
        for worker in active_children():
            assert worker.pid
            os.kill(worker.pid, signal.SIGSTOP)
        silent.append(True)
        return step(self, *arguments)

    def signal_now(self: _Trainer) -> None:
        if silent:
            signal.raise_signal(signal.SIGTERM)
        stop_waiting(self)

    monkeypatch.setattr(TrainStep, "__call__", stop_workers)
    monkeypatch.setattr(_Trainer, "_stop_waiting", signal_now)
    run = tmp_path / "run"
    words = [str(run), "--data", str(training_folder), "--depth=18", "--image-size=32"]
    words += ["--batch-size=2", "--epochs=1", "--num-workers=1"]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 128 + signal.SIGTERM
    saved = read(run, "last").step
    assert 0 < saved < 7
    assert f"stopped by a signal; step {saved} is saved" in capsys.readouterr().err


LOAD = """
import sys
from pathlib import Path
from trainer.data import dataset, layout
index = layout.index_folder(Path(sys.argv[1]))
photographs = dataset.LocationDataset(index.root, index.locations, index.class_names, 256)
with dataset.batch_loader(photographs, [[0], [1]] * 2, 1) as batches:
    print(*(int(batch.views.any()) for batch in batches))
"""
START = """
from common.cli import cli_errors
from trainer.data.worker_processes import worker_map
open("/dev/shm/file", "wb", buffering=0).write(bytes(2**20))
with cli_errors("map"), worker_map(abs, [1], 1, preload=()):
    pass
"""


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a disk")
@pytest.mark.parametrize(
    ("program", "status", "output"),
    [
        (LOAD, 0, "1 1 1 1\n"),  # A batch takes 768 kB.
        (START, 2, "map: A worker process failed (No space left on device); make room in memory"),
    ],
    ids=["small", "full"],
)
def test_batches_need_no_shared_memory(
    tmp_path: Path, program: str, status: int, output: str
) -> None:
    data = folder(tmp_path, locations=1)
    mount = 'mount -t tmpfs -o size=256k tmpfs /dev/shm || exit 77; exec "$@"'
    command = ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", program, str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    if done.returncode == 77:
        pytest.skip("may not mount")
    assert done.returncode == status, done.stderr
    assert (done.stdout or done.stderr).startswith(output)


def test_workers_have_the_modules_that_the_fork_server_started_with() -> None:
    """Also those of a second pool that asks for others: none of them imports torch by itself."""
    program = """
from trainer.data.worker_processes import start_fork_server, worker_map
start_fork_server(["plistlib", "wave"])
with worker_map(eval, ["'wave' in __import__('sys').modules"], 1, preload=["plistlib"]) as known:
    print(*known)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr
