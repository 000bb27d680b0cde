"""Progress callbacks and progress bars.

A slow function takes a `ProgressCallback` and calls it with the fraction done, in [0, 1], and
optionally the stage in words. An exception that the callback raises leaves the function: this is
how a caller cancels.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from tqdm import tqdm

from common.text import printable

T = TypeVar("T")

# Without the iteration count, which a fraction does not have.
_BAR_FORMAT = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"


class ProgressCallback(Protocol):
    """Receives the fraction done, in [0, 1], and the stage."""

    def __call__(self, fraction: float, stage: str = "", /) -> None:
        """Show progress; may raise to cancel."""
        ...


def no_progress(fraction: float, stage: str = "", /) -> None:
    """Ignore progress reports."""


def subrange(progress: ProgressCallback, start: float, end: float) -> ProgressCallback:
    """Return a callback for one step that covers `start` to `end` of a longer task."""

    def report(fraction: float, stage: str = "", /) -> None:
        progress(start + (end - start) * fraction, stage)

    return report


def batch_bar(
    batches: Iterable[T], description: str, *, total: int | None = None, disable: bool = False
) -> "tqdm[T]":
    """Return the batches under a progress bar with rate and time left."""
    return tqdm(
        batches,
        desc=printable(description),
        total=total,
        unit="batch",
        dynamic_ncols=True,
        mininterval=0.5,
        disable=disable,
    )


@contextmanager
def fraction_bar(description: str) -> Iterator[ProgressCallback]:
    """Show a progress bar with the time left and yield the callback that moves it."""
    with tqdm(
        total=1.0,
        desc=printable(description),
        bar_format=_BAR_FORMAT,
        dynamic_ncols=True,
        mininterval=0.2,
    ) as bar:

        def report(fraction: float, stage: str = "", /) -> None:
            bar.update(max(0.0, min(fraction, 1.0) - bar.n))

        yield report
        report(1.0)
