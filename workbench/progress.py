"""Bars for work that only knows the fraction that is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

# Without tqdm's count of iterations, which a fraction has none of.
FORMAT = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"


@contextmanager
def stage(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar with the time left, and give what moves it: called with a fraction in [0, 1]."""
    with tqdm(total=1.0, desc=what, bar_format=FORMAT, dynamic_ncols=True, mininterval=0.2) as bar:

        def move(fraction: float) -> None:
            bar.update(max(0.0, min(fraction, 1.0) - bar.n))

        yield move
        move(1.0)
