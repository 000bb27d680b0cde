"""numba and Matplotlib where no cache can be written."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from common.caches import use_writable_caches

ROOT = Path(__file__).parents[2]


_CHOICES = {"NUMBA_CACHE_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"}


@pytest.fixture
def without_caches(tmp_path: Path) -> dict[str, str]:
    """Return an environment without a home and two packages without a writable `__pycache__`.

    They stand for the real ones, which numba compiles for half a minute. A file in the place of
    `__pycache__` refuses everybody, root included, as a read-only disk does.
    """
    for name in ("pynndescent", "umap"):
        package = tmp_path / "site" / name
        package.mkdir(parents=True)
        (package / "__pycache__").touch()
        (package / "__init__.py").write_text(
            "import numba\n\n\n@numba.njit(cache=True)\ndef rdist(x):\n    return x\n"
        )
    (tmp_path / "temporary").mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in _CHOICES}
    return kept | {
        "HOME": f"{os.devnull}/home",
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(tmp_path / "temporary"),
    }


def _run(program: str, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr + done.stdout


@pytest.mark.spawn
def test_both_libraries_need_a_writable_cache(
    without_caches: dict[str, str], tmp_path: Path
) -> None:
    # Without our part: what the test below would not notice if it did not take the caches away.
    assert "no locator available" in _run("import pynndescent", without_caches, tmp_path)
    assert "temporary cache directory" in _run("import matplotlib", without_caches, tmp_path)


@pytest.mark.parametrize("package", ["embeddings", "workbench"])
@pytest.mark.spawn
def test_both_get_a_temporary_folder_and_say_nothing(
    without_caches: dict[str, str], tmp_path: Path, package: str
) -> None:
    program = f"import {package}, matplotlib, pynndescent; matplotlib.get_cachedir()"
    assert _run(program, without_caches, tmp_path) == ""
    (folder,) = (tmp_path / "temporary").glob("resnetbolt-cache-*")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "mplconfigdir").is_dir()
    assert any((folder / "numba_cache_dir").iterdir())


def test_folders_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", f"{os.devnull}/home")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    monkeypatch.setenv("MPLCONFIGDIR", "/here")
    use_writable_caches()
    assert os.environ["NUMBA_CACHE_DIR"] == "/elsewhere"
    assert os.environ["MPLCONFIGDIR"] == "/here"


def test_nothing_is_set_where_the_usual_caches_are_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    use_writable_caches()
    assert not {"NUMBA_CACHE_DIR", "MPLCONFIGDIR"} & set(os.environ)


def test_a_folder_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", f"{os.devnull}/home")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    planted = tmp_path / f"resnetbolt-cache-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    use_writable_caches()
    config = Path(os.environ["MPLCONFIGDIR"])
    assert config.parent.parent == tmp_path
    assert config.parent != planted
    monkeypatch.delenv("MPLCONFIGDIR")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
