"""Conditions of `--where`: a mask of the locations, or a sentence with the place of the error."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.inputs import NAMES, fuzz, result_or_sentence
from tests.workbench.store.test_query import CLASSES, STORE, N
from workbench.store.query import NAMES as VARIABLES
from workbench.store.query import select

TOKENS = [
    *VARIABLES, "and", "or", "not", "in", "is", "==", "!=", "<", "<=", "(", ")", "[", "]", ",", "-",
    "probability", "probability('Ohio')", "True", "None", "lambda", ":", ":=", "*", "~", "'", '"',
    "\\", "\n", "\0", "\t", "#", "{", "}", "@", "if", "else", "for", "await", "...", "1e999", "-1",
    "0x1f", "1_0", "1j", "9" * 400, "b'x'", "f'{1}'", "'Ohio'", "é", "\ud800",
]  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(TOKENS),
    NAMES.map(repr),
    st.sampled_from(CLASSES).map(repr),
    st.floats().map(repr),
    st.text(max_size=5),
)


@fuzz(4)
@given(st.lists(PIECES, max_size=12), st.sampled_from(["", " "]))
def test_any_text(pieces: list[str], space: str) -> None:
    check(space.join(pieces))


COMPARISONS = st.one_of(
    st.builds(
        "{} {} {}".format,
        st.sampled_from(["confidence", "latitude", "rank", "year", "probability('Ohio')", "2.5"]),
        st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
        st.floats().map(repr) | st.integers().map(repr) | st.just("longitude"),
    ),
    st.builds(
        "{} {} {!r}".format,
        st.sampled_from(["state", "predicted", "id"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(CLASSES),
    ),
    st.builds("state {} {!r}".format, st.sampled_from(["in", "not in"]), st.just(CLASSES[:2])),
    st.just("correct"),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | inner.map("not {}".format)
    ),
    max_leaves=20,
)


@fuzz(2)
@given(CONDITIONS)
def test_conditions(text: str) -> None:
    check(text)


def check(text: str) -> None:
    """Hold a condition against its opposite."""
    mask = result_or_sentence(select, STORE, text)
    if mask is not None:
        assert mask.shape == (N,)
        assert mask.dtype == bool
        opposite = result_or_sentence(select, STORE, f"not ({text})")
        assert opposite is None or np.array_equal(opposite, ~mask)
