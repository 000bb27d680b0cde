"""`python -m trainer.data.prepare` as a process: killed, doubled, without room."""

import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.examples import folder
from tests.trainer.test_prepare import change_unseen, rows
from trainer.data.prepare import database
from trainer.data.prepare.__main__ import main
from trainer.data.prepare.photograph_index import index_file, prepare

LOCATIONS = 120
PHOTOGRAPHS = 2 * 4 * LOCATIONS


def command(data: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "trainer.data.prepare", str(data), "--out", str(out), *options]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that takes a while: one large photograph under many names."""
    root = tmp_path_factory.mktemp("many")
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(root / "original", "JPEG")
    for name in ("Ohio", "Utah"):
        (root / name).mkdir()
        for number in range(LOCATIONS):
            for degree in (0, 90, 180, 270):
                os.link(root / "original", root / name / f"2015_{number:04d}_{degree}.jpg")
    return root


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("what was waited for did not happen")


def start_and_kill(data: Path, out: Path, *options: str) -> int:
    """Start the command, kill it once it has remembered something, return its process group."""
    process = subprocess.Popen(
        command(data, out, *options), stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stderr
    seen = b""
    while not re.search(rb" [1-9]\d*/%d " % PHOTOGRAPHS, seen):
        piece = os.read(process.stderr.fileno(), 4096)
        assert piece, seen.decode()
        seen += piece
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return process.pid


def is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.spawn
def test_it_continues_after_a_kill(
    tmp_path: Path, many: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = start_and_kill(many, tmp_path, "--num-workers", "2")
    wait_until(lambda: is_empty(group))  # The workers end with their parent.
    index = index_file(tmp_path, many)
    remembered = rows(index)
    assert 0 < len(remembered) < PHOTOGRAPHS
    assert not any("report" in path.name for path in tmp_path.iterdir())

    known, unknown = next(iter(remembered)), "Utah/2015_0119_270.jpg"
    assert unknown not in remembered
    change_unseen(many / known)
    change_unseen(many / unknown)
    assert main([str(many), "--out", str(tmp_path), "--num-workers", "0"]) == 0
    assert (
        f"{PHOTOGRAPHS} photographs, {PHOTOGRAPHS - len(remembered)} read now"
        in capsys.readouterr().out
    )
    complete = rows(index)
    assert {path: complete[path] for path in remembered} == remembered
    assert len(complete) == PHOTOGRAPHS
    original = complete["Ohio/2015_0100_0.jpg"][6]
    assert complete[known][6] == original  # Not read again: its change went unseen.
    assert complete[unknown][6] != original  # Read only now.
    assert not [path.name for path in tmp_path.iterdir() if "journal" in path.name]
    for name in (known, unknown):
        (many / name).unlink()
        os.link(many / "original", many / name)


@pytest.mark.spawn
def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    prepare(root, index_file(tmp_path, root), num_workers=0)
    with database.open_database(index_file(tmp_path, root)) as connection:
        process = subprocess.Popen(
            command(root, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr
        assert "another process uses this file; waiting" in process.stderr.readline()
        assert process.poll() is None
        database.delete_others(connection, tmp_path, ["Ohio/2015_-A_b0000_0.jpg"])
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "8 photographs, 7 read now" in out


@pytest.mark.spawn
def test_two_at_once_share_the_work(tmp_path: Path, many: Path) -> None:
    both = [
        subprocess.Popen(command(many, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    words = [process.communicate()[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(int(re.findall(r"(\d+) read now", text)[0]) for text in words) == [0, PHOTOGRAPHS]
    assert len(rows(index_file(tmp_path, many))) == PHOTOGRAPHS


@pytest.mark.spawn
def test_a_full_disk_ends_it_with_a_message_and_it_continues_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 80, size=8)
    out = tmp_path / "out"
    done = subprocess.run(
        command(root, out, "--num-workers", "0"),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )
    assert done.returncode == 2
    # Not the last line where coverage is measured, whose own file is cut off, too.
    assert "disk I/O error, as on a full disk; free some space" in done.stderr
    kept = len(rows(index_file(out, root)))
    assert 0 < kept < 320
    assert main([str(root), "--out", str(out), "--num-workers", "0"]) == 0
    assert f"{320 - kept} read now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere"], "nowhere: there is no such folder of photographs; check --data."),
        (["data", "--num-workers", "-1"], "--num-workers -1: must be at least 0."),
        (["data", "--test", "data"], "data: is the folder to compare with; name another --test."),
        (["data", "--test", "nowhere"], "nowhere: there is no such folder of photographs"),
        (["data", "--out", "data/Ohio/info.txt"], "data/Ohio/info.txt: "),
    ],
)
def test_it_refuses_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "data", ("Ohio",), 1)
    with pytest.raises(SystemExit) as stop:
        main([*options, *([] if "--num-workers" in options else ["--num-workers", "0"])])
    assert stop.value.code == 2
    assert f"python -m trainer.data.prepare: {message}" in capsys.readouterr().err.splitlines()[-1]


def test_a_foreign_file_in_the_way_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    connection = sqlite3.connect(index_file(tmp_path, root))
    connection.execute("CREATE TABLE letter (text TEXT)")
    connection.close()
    before = index_file(tmp_path, root).read_bytes()
    with pytest.raises(SystemExit) as stop:
        main([str(root), "--out", str(tmp_path)])
    assert stop.value.code == 2
    assert "remove it or choose another folder." in capsys.readouterr().err
    assert index_file(tmp_path, root).read_bytes() == before
