"""A progress callback for UMAP, which only has a tqdm bar of epochs."""

from collections.abc import Mapping
from typing import Any

from tqdm.auto import tqdm  # The one that UMAP uses: it may have a lock of its own.

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
        self.done = -1

    def write(self, text: str) -> None:
        words = text.split()
        if len(words) != 2 or int(words[0]) == self.done:  # The bar is cleared, or closed.
            return
        self.done = int(words[0])
        try:
            self.progress(self.done / int(words[1]))
        except BaseException:
            # tqdm's `refresh`, which writes here, would keep it: bars of other threads would wait.
            tqdm.get_lock().release()  # type: ignore[no-untyped-call]
            raise

    def flush(self) -> None:
        pass
