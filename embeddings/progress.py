"""How slow functions say how far they have come: they call it with the fraction done, in [0, 1].

What it raises comes out of the function that called it, which is how a person stops one.
"""

from collections.abc import Callable, Mapping
from typing import Any

Progress = Callable[[float], None]


def silent(_: float) -> None:
    """Say nothing."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """Return the progress of a step that is the part from `start` to `end` of a longer way."""
    return lambda fraction: progress(start + (end - start) * fraction)


def of_epochs(progress: Progress) -> Mapping[str, Any]:
    """Return what makes UMAP's bar of epochs, its only sign of life, call `progress`."""
    # It has to be written at every epoch: otherwise a thread of tqdm's own may write it too, where
    # an exception would stop nothing.
    return {
        "file": _Bar(progress),
        "bar_format": "{n} {total}",
        "disable": False,
        "mininterval": 0,
        "miniters": 1,
    }


class _Bar:
    """A file for tqdm to write "done total" to."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        words = text.split()
        if len(words) == 2:  # Otherwise it clears or ends its line.
            self.progress(int(words[0]) / int(words[1]))

    def flush(self) -> None:
        pass
