"""Extraction killed, asked to end, short of disk, as one of several processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from common.resume_buffer import resume_directory
from tests.examples import folder, small_disk
from tests.interrupt_after import signal_in_pass
from tests.ranks import run_command
from workbench import store
from workbench.extract.__main__ import main

pytestmark = pytest.mark.xdist_group("ranks")

ROOT = Path(__file__).parents[3]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
LOCATIONS = 120  # Of a class.
PLACE: dict[str, Any] = {
    "cwd": ROOT,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
    "text": True,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of links to a few photographs, with two that cannot be read."""
    place = tmp_path_factory.mktemp("many")
    root = folder(place / "few", ("Alaska", "New Mexico"), 4)
    for name in ("Alaska", "New Mexico"):
        (place / "many" / name).mkdir(parents=True)
        photographs = sorted((root / name).glob("*.jpg"))
        for number in range(LOCATIONS):
            for view, degree in enumerate((0, 180, 270, 90)):
                link = place / "many" / name / f"2015_{number:04d}_{degree}.jpg"
                link.symlink_to(photographs[4 * (number % 4) + view])
    for number in (5, 77):
        bad = place / "many" / "Alaska" / f"2015_{number:04d}_90.jpg"
        bad.unlink()
        bad.write_bytes(b"nothing")
    return place / "many"


def options(trained: Path, data: Path, out: Path, *more: str) -> list[str]:
    return [
        *(str(trained), "--data", str(data), "--out", str(out)),
        *("--batch-size=4", "--num-workers=0", *more),
    ]


def command(trained: Path, data: Path, out: Path, *more: str) -> list[str]:
    return ["-m", "workbench.extract", *options(trained, data, out, *more)]


def interrupted_command(name: str, passes: int, words: Sequence[str]) -> list[str]:
    """Return a command that gets a signal in a pass through its model."""
    return ["-m", "tests.interrupt_after", name, str(passes), *words[1:]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, trained: Path, data: Path) -> Path:
    """Return the store that one process makes without being disturbed."""
    out = tmp_path_factory.mktemp("whole") / "whole.h5"
    assert main(options(trained, data, out)) == 0
    return out


def start(words: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, *words], start_new_session=True, **PLACE)


def finish(words: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, *words], check=False, **PLACE)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


STOPPED = os.WSTOPPED | os.WNOHANG | os.WNOWAIT


def wait_for(process: "subprocess.Popen[str]", done: Callable[[], bool]) -> None:
    while not done():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.001)


def buffered(out: Path) -> int:
    """Return the bytes of records that all processes have written."""
    return sum(path.stat().st_size for path in resume_directory(out).glob("process-*.records"))


def forward_all(path: Path) -> tuple[Mapping[str, bytes], Mapping[str, Any]]:
    """Return each dataset's bytes by name, and the provenance but for its time."""
    found: dict[str, bytes] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            values = item[:]
            assert values.dtype.kind != "O"
            found[name] = f"{values.dtype} {values.shape}".encode() + np.asarray(values).tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
        provenance = json.loads(file.attrs["provenance"])
    del provenance["created"]
    return found, provenance


def assert_same(one: Path, other: Path) -> None:
    (found, origin), (expected, other_origin) = forward_all(one), forward_all(other)
    assert origin == other_origin
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == values, name


@pytest.mark.spawn
def test_killed_it_ends_in_the_same_file(
    tmp_path: Path,
    trained: Path,
    data: Path,
    whole: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "store.h5"
    for passes, workers in ((7, 1), (30, 0)):
        words = options(trained, data, out, f"--num-workers={workers}")
        done = run_command("workbench.extract", words, interrupt=("SIGKILL", passes))
        assert done.statuses == [-signal.SIGKILL]
        assert buffered(out) > 0
        assert not out.exists()
    assert main(options(trained, data, out)) == 0
    assert "238 locations, 2 classes, 2 skipped" in capsys.readouterr().out
    assert_same(out, whole)
    assert not resume_directory(out).exists()
    assert store.read(out).provenance["skipped"][0][0] == "Alaska/2015_0005"


@pytest.mark.spawn
def test_several_processes_asked_to_end_make_the_file_that_one_makes(
    tmp_path: Path, trained: Path, data: Path, whole: Path
) -> None:
    out = tmp_path / "store.h5"
    words = command(trained, data, out)
    process = start([*TORCHRUN, *interrupted_command("SIGTERM", 10, words)])
    said = process.communicate(timeout=120)[1]
    assert "locations are done, run the same command to resume." in said
    assert not out.exists()
    assert buffered(out) > 0
    for line in (
        "238 locations, 2 classes, 2 skipped",
        "was finished by an earlier start of this command",
    ):
        done = run_command("workbench.extract", words[2:], ranks=2)
        assert done.statuses == [0, 0], done.stderr
        assert done.stdout.count(line) == 1
        assert_same(out, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["store.h5"]


@pytest.mark.spawn
def test_one_process_resumes_what_two_began(
    tmp_path: Path, trained: Path, data: Path, whole: Path
) -> None:
    out = tmp_path / "store.h5"
    words = options(trained, data, out)
    done = run_command("workbench.extract", words, ranks=2, interrupt=("SIGKILL", 10))
    assert -signal.SIGKILL in done.statuses
    assert len(list(resume_directory(out).glob("process-*.records"))) == 2
    assert not out.exists()
    assert main(options(trained, data, out)) == 0
    assert_same(out, whole)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_batch_and_the_message_says_how_to_resume(
    tmp_path: Path,
    trained: Path,
    data: Path,
    whole: Path,
    number: signal.Signals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "store.h5"
    words = options(trained, data, out)
    with signal_in_pass(number, 20), pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 128 + signal.SIGTERM
    assert "locations are done, run the same command to resume." in capsys.readouterr().err
    assert not out.exists()
    assert buffered(out) > 0
    assert main(words) == 0
    assert_same(out, whole)


@pytest.mark.spawn
def test_two_commands_do_not_write_one_file(
    tmp_path: Path, trained: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "store.h5"
    first = start(interrupted_command("SIGSTOP", 5, command(trained, data, out)))
    wait_for(first, lambda: os.waitid(os.P_PID, first.pid, STOPPED) is not None)
    with pytest.raises(SystemExit, match="2"):
        main(options(trained, data, out))
    said = capsys.readouterr().err
    assert f"{out}: another process is writing this file; wait or choose another file." in said
    first.send_signal(signal.SIGCONT)
    said = first.communicate()[1]
    assert first.returncode == 0, said
    assert len(store.read(out)) == 2 * LOCATIONS - 2


@pytest.mark.spawn
def test_what_one_of_several_processes_refuses_ends_them_all(
    tmp_path: Path, trained: Path, data: Path
) -> None:
    out = tmp_path / "store.h5"
    resume_directory(out).mkdir()
    (resume_directory(out) / "state.json").write_text("{")  # Only the first process looks at it.
    done = run_command("workbench.extract", options(trained, data, out), ranks=2)
    assert 2 in done.statuses
    assert set(done.statuses) <= {2, 128 + signal.SIGTERM, -signal.SIGTERM}
    assert "cannot be resumed; remove the directory or pass --overwrite." in done.stderr
    assert "another process failed" in done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of its own that can be made larger."""
    with small_disk(tmp_path / "small", "1m") as place:
        yield place


@pytest.mark.spawn
@pytest.mark.parametrize(
    ("size", "what"),
    [
        ("100k", ".store.h5.resume/process-0.records: No space left on device; free some space"),
        ("280k", "store.h5: No space left on device ("),
    ],
    ids=["while photographs are read", "while the store is written"],
)
def test_a_full_disk_leaves_the_old_store_and_loses_nothing(
    small: Path,
    trained: Path,
    data: Path,
    whole: Path,
    size: str,
    what: str,
) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(small)], check=True)
    out = small / "store.h5"
    out.write_bytes(b"old")
    # HDF5 may crash after it could not write: not in the process of the tests.
    done = run_command("workbench.extract", options(trained, data, out, "--overwrite"))
    said = done.stderr.splitlines()[-1]
    assert done.statuses == [2]
    assert said.startswith(f"python -m workbench.extract: {small / what}")
    assert "free some space and run the same command" in said
    assert out.read_bytes() == b"old"
    assert buffered(out) > 50_000
    subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
    assert main(options(trained, data, out, "--overwrite")) == 0
    assert_same(out, whole)
    assert [path.name for path in small.iterdir()] == ["store.h5"]
