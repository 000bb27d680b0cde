"""How many inputs there are, what may become of one, and strategies that several kinds share."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from common.errors import InputError
from common.text import printable

EXAMPLES = int(os.environ.get("EXAMPLES", "1000"))
"""Inputs of a kind."""
SECONDS = 60
"""An input that takes longer hangs."""

# As people's systems write them, and those that steer or hide something.
_NAMES = [
    "Ohio", "New Mexico", "Å", "A\u030a", "é", "e\u0301", "\ufeffOhio", " Ohio", "Ohio ", "-1",
    "test_data", "info.txt", "1e5", "0", "a_0", "a_90", "=1+1", "a,b", '"', "'", "a\u2028b",
    "nan", "a\x85b", "a\xa0b", "a\x1fb", "a\u200bb", "\u202eb", "Ba$$in", "\ud800", "/", ".",
]  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(_NAMES),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.text(st.sampled_from("ab_09 -.,;\t"), min_size=1, max_size=12),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def fuzz(share: float = 1) -> Callable[[Any], Any]:
    """Return a decorator that gives a test its share of `EXAMPLES` inputs."""
    return settings(
        max_examples=max(10, round(EXAMPLES * share)),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def sentence(error: BaseException) -> str:
    """Return the message of an InputError, which must be one printable sentence."""
    text = printable(str(error))
    assert text.endswith("."), text
    assert len(text) > 20, text
    assert "Traceback" not in text
    return text


@contextmanager
def time_limit(seconds: int = SECONDS) -> Iterator[None]:
    """Raise TimeoutError in a block that hangs."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"an input takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def result_or_sentence(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns, None if it refuses its input with a sentence."""
    with time_limit():
        try:
            return function(*arguments)
        except InputError as error:
            sentence(error)
            return None


@st.composite
def damaged(draw: st.DrawFn, content: bytes, places: Sequence[int] = ()) -> bytes:
    """Return the bytes of a file with some of them changed, moved or cut off.

    Half of them are at `places`, if there are some.
    """
    data = bytearray(content)
    place = st.integers(0, len(data) - 1)
    if places:
        place = place | st.sampled_from(places).map(lambda at: min(at, len(content) - 1))
    for _ in range(draw(st.integers(1, 12))):
        at = draw(place)
        kinds = ["byte", "bit", "word", "copy", *(() if places else ("insert", "delete"))]
        kind = draw(st.sampled_from(kinds))
        length = draw(st.sampled_from([1, 2, 4, 8, 16, 64]))
        if kind == "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "bit":
            bit = 1 << draw(st.integers(0, 7))
            data[at : at + 1] = bytes(value ^ bit for value in data[at : at + 1])
        elif kind == "word":
            word = draw(st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\1\0\0\0"]))
            data[at : at + 4] = word
        elif kind == "copy":
            source = draw(place)
            data[at : at + length] = data[source : source + length]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=length))
        else:
            del data[at : at + length]
    if draw(st.integers(0, 9)) == 0:
        del data[draw(place) :]
    return bytes(data)
