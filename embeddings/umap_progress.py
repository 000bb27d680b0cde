"""UMAP's progress: it only has a tqdm bar of epochs."""

from collections.abc import Mapping
from typing import Any

from common.progress import ProgressCallback


def umap_progress(progress: ProgressCallback) -> Mapping[str, Any]:
    """Return the `tqdm_kwds` that make UMAP's bar call `progress` at every epoch."""
    # At every epoch: otherwise tqdm's monitor thread may write the bar too, where an exception
    # would stop nothing.
    return {
        "file": _BarFile(progress),
        "bar_format": "{n} {total}",
        "disable": False,
        "mininterval": 0,
        "miniters": 1,
    }


class _BarFile:
    """A file to which tqdm writes "done total"."""

    def __init__(self, progress: ProgressCallback) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        words = text.split()
        if len(words) == 2:  # Otherwise the bar is being cleared or ended.
            self.progress(int(words[0]) / int(words[1]))

    def flush(self) -> None:
        pass
