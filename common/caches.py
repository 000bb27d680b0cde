"""Writable cache folders for numba and Matplotlib."""

import os
from importlib.util import find_spec
from pathlib import Path

_COMPILED = ("pynndescent", "umap")
"""Packages whose functions numba compiles and caches, beside their source where it can."""


def use_writable_caches() -> None:
    """Send numba's and Matplotlib's caches to a temporary folder where they cannot be written.

    In a read-only environment without a home directory, numba raises RuntimeError and Matplotlib
    warns. Call this before either is imported. NUMBA_CACHE_DIR and MPLCONFIGDIR stay as they are
    when they are set, and so they are inherited by child processes.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.expanduser raises without a home.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    is_writable = {
        "NUMBA_CACHE_DIR": _is_writable(cache / "numba") or _beside_source(),
        "MPLCONFIGDIR": _is_writable(cache / "matplotlib") and _is_writable(config / "matplotlib"),
    }
    variables = [name for name, fine in is_writable.items() if not (fine or os.environ.get(name))]
    if variables and (folder := _temporary_folder()):
        os.environ.update({name: str(folder / name.lower()) for name in variables})


def _beside_source() -> bool:
    """Return whether numba can write into the `__pycache__` of the packages that it compiles."""
    specs = [find_spec(name) for name in _COMPILED]
    return all(
        _is_writable(Path(folder) / "__pycache__")
        for spec in specs
        for folder in (spec and spec.submodule_search_locations) or ()
    )


def _is_writable(folder: Path) -> bool:
    """Return whether the folder, or the first parent that exists, can be written to."""
    if not folder.is_absolute():  # "~" where no home directory is known.
        return False
    parent = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    return parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)


def _temporary_folder() -> Path | None:
    """Return this user's folder below the system's temporary one, None if there is none.

    It is not deleted, because numba compiles for up to a minute. Its cache is code, so a folder
    that another user may have created is never used.
    """
    import atexit  # Not needed in most environments.
    import shutil
    import tempfile

    try:
        folder = Path(tempfile.gettempdir()) / f"resnetbolt-cache-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        private = status.st_uid == os.getuid() and not status.st_mode & 0o022
        if private and _is_writable(folder) and not folder.is_symlink():
            return folder
        folder = Path(tempfile.mkdtemp(prefix="resnetbolt-cache-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    except OSError:
        return None
