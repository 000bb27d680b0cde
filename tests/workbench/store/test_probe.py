"""HDF5 may crash on a damaged file: a process of its own does, and the command says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from common.errors import InputError
from tests.examples import small_store
from tests.workbench.attribution.examples import example
from tests.workbench.attribution.test_attribution_file import write as write_attributions
from workbench import store as stores
from workbench.attribution import attribution_file
from workbench.store import hdf5, probe


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=2)
    # A copy: what this process has written is not read by another one.
    return Path(shutil.copyfile(tmp_path / "small.h5", tmp_path / "copy.h5"))


def use_probe(monkeypatch: pytest.MonkeyPatch, path: Path, line: str) -> None:
    """Let a line of Python, in place of the probe, read files."""
    path.write_text(f"import os, signal; {line}")
    monkeypatch.setattr(probe, "__file__", str(path))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("SIGSEGV", "is damaged (HDF5 crashes when it reads it); run `resnetbolt extract` again."),
        ("SIGABRT", "is damaged (HDF5 crashes when it reads it); run `resnetbolt extract` again."),
        ("SIGXCPU", "is damaged (HDF5 does not come to its end); run `resnetbolt extract` again."),
    ],
)
def test_a_crash_is_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: str, message: str
) -> None:
    line = f"os.kill(os.getpid(), signal.{number})"
    use_probe(monkeypatch, path.with_name("crash.py"), line)
    for _ in range(2):
        with pytest.raises(InputError) as error:
            stores.read(path)
        assert str(error.value) == f"{path}: {message}"


def test_attribution_files_are_tried_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write_attributions(tmp_path / "written.h5", example())
    path = Path(shutil.copyfile(written, tmp_path / "copy.h5"))
    use_probe(monkeypatch, tmp_path / "crash.py", "os.abort()")
    attribution_file.read(written)
    with pytest.raises(InputError, match="HDF5 crashes when it reads it"):
        attribution_file.read(path)


def test_a_file_is_read_once_by_another_process(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = path.with_name("log")
    use_probe(monkeypatch, path.with_name("log.py"), f"open({str(log)!r}, 'a').write('x')")
    stores.read(path)
    stores.read(path)
    stores.read(path.with_name("small.h5"))
    assert log.read_text() == "x"
    os.utime(path, (0, 0))  # Another program has written it.
    stores.read(path)
    assert log.read_text() == "xx"


def test_the_probe_reads_everything_and_prints_nothing(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["group/itself"] = file["/"]  # A cycle.
        file["group/link"] = h5py.ExternalLink("/etc/passwd", "/")
        file["group/empty"] = h5py.Empty("f")
        file["group/large"] = h5py.SoftLink("/nowhere")
        file.create_dataset("group/chunks", (2**14, 2**11), "f4", chunks=(64, 64))
    for name in (path, path.with_name("none"), Path(__file__)):
        command = [sys.executable, "-P", probe.__file__, str(name), "20"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert result.stdout == result.stderr == ""


@pytest.mark.slow
def test_a_file_that_never_ends_stops_the_probe(path: Path) -> None:
    code = f"from workbench.store import probe; probe.main({str(path)!r}, 1)\nwhile True: pass"
    status = subprocess.run([sys.executable, "-c", code], check=False).returncode
    assert status in (-number for number in hdf5._CRASHES)
