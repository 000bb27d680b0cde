"""Files and folders that belong to a store and lie beside it."""

import contextlib
import hashlib
import os
from pathlib import Path


def cache_folder(path: Path) -> Path:
    """Return the cache folder of a store: beside it, else among the user's caches.

    An existing folder beside the store is used even if it is read-only.
    """
    beside = path.with_name(f"{path.name}.cache")
    if not beside.is_dir() and not os.access(path.parent, os.W_OK):
        with contextlib.suppress(RuntimeError):  # A user without a home.
            caches = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
            return Path(caches) / "resnetbolt-workbench"
    return beside


def companion(path: Path, suffix: str) -> Path:
    """Return the file `FILE.h5.SUFFIX` of a store: beside it, else in its cache folder."""
    beside = path.with_name(f"{path.name}.{suffix}")
    folder = cache_folder(path)
    if beside.exists() or folder.parent == path.parent:
        return beside
    # Other stores share that folder.
    return folder / f"{path.name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}.{suffix}"
