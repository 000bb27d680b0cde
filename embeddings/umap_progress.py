"""A progress callback for UMAP, which only has a tqdm bar of epochs."""

from collections.abc import Mapping
from typing import Any

from common.progress import ProgressCallback


def umap_progress(progress: ProgressCallback) -> Mapping[str, Any]:
    """Return the `tqdm_kwds` that make UMAP's bar call `progress` at every epoch."""
    # Not less often: tqdm's monitor thread would write the bar, where an exception stops nothing.
    return {
        "file": _BarFile(progress),
        "bar_format": "{n} {total}",
        "disable": False,
        "mininterval": 0,
        "miniters": 1,
    }


class _BarFile:
    """A text stream to which tqdm writes "done total"."""

    def __init__(self, progress: ProgressCallback) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        words = text.split()
        if len(words) == 2:  # Not when the bar is cleared.
            self.progress(int(words[0]) / int(words[1]))

    def flush(self) -> None:
        pass
