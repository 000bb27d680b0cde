"""Conditions select what Python would, and whatever else is said is refused in a sentence."""

import re
from dataclasses import replace
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InputError
from workbench.evaluation import metrics
from workbench.store import SPLITS, Store
from workbench.store.query import MAX_DEPTH, MAX_LENGTH, NAMES, select

CLASSES = ("Ohio", "New Mexico", "Île d'Or")
N = 40


def example() -> Store:
    generator = np.random.default_rng(0)
    label = generator.integers(0, len(CLASSES), N)
    latitude = generator.uniform(20, 50, N).round(1)
    latitude[::7] = np.nan
    logit = generator.normal(size=(N, len(CLASSES))).astype(np.float32)
    logit[:4] = 1  # Equal ones: the first class is the guess.
    return Store(
        class_names=CLASSES,
        location_ids=tuple(
            f"{CLASSES[label[row]]}/{2000 + row}_p{row}" if row % 5 else f"{CLASSES[0]}/{row}"
            for row in range(N)
        ),
        labels=label,
        latitudes=latitude,
        longitudes=-latitude,
        image_paths=np.empty((N, 4), dtype=np.str_),
        logits=logit,
        features=np.zeros((N, 1), dtype=np.float32),
        provenance={},
        splits=generator.integers(0, len(SPLITS), N).astype(np.int8),
    )


STORE = example()
PROBABILITY = metrics.probabilities(STORE.logits)
RANKING = metrics.rank_classes(STORE.logits)


def row_of(row: int) -> dict[str, object]:
    """Return what the names stand for at one location, in plain Python."""
    guess, label = int(RANKING[row, 0]), int(STORE.labels[row])
    year = re.search(r"/(\d{4})_", STORE.location_ids[row])
    return {
        "id": STORE.location_ids[row],
        "state": CLASSES[label],
        "predicted": CLASSES[guess],
        "correct": guess == label,
        "confidence": float(PROBABILITY[row, guess]),
        "rank": 1 + RANKING[row].tolist().index(label),
        "latitude": float(STORE.latitudes[row]),
        "longitude": float(STORE.longitudes[row]),
        "split": SPLITS[int(STORE.splits[row])] if STORE.splits is not None else "",
        "year": float(year[1]) if year else float("nan"),
        "probability": lambda state: float(PROBABILITY[row, CLASSES.index(state)]),
    }


ROWS = [row_of(row) for row in range(N)]

states = st.sampled_from(CLASSES).map(repr)
numbers = st.one_of(
    st.integers(-60, 2050).map(str),
    st.floats(-60, 60, allow_nan=False).map(repr),
    st.just("-0.5"),
    st.just("1e3"),
)
# Where a place or a year is unknown nothing holds, not even that it differs: so `!=` and `not in`
# are left to names that are always known, and to the test below this one.
always = st.sampled_from(["confidence", "rank", "probability('Ohio')"])
sometimes = st.sampled_from(["latitude", "longitude", "year"])
orders = st.sampled_from(["<", "<=", ">", ">=", "=="])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        name = draw(st.sampled_from(["state", "predicted"]))
        return f"{name} {draw(st.sampled_from(['==', '!=']))} {draw(states)}"
    if kind == 1:
        listed = ", ".join(draw(st.lists(states, min_size=1, max_size=3)))
        return f"state {draw(st.sampled_from(['in', 'not in']))} ({listed},)"
    if kind == 2:
        return f"{draw(numbers)} {draw(orders)} {draw(sometimes)} {draw(orders)} {draw(numbers)}"
    if kind == 3:
        return f"{draw(always)} {draw(st.sampled_from(['!=', '<', '>=']))} {draw(numbers)}"
    if kind == 4:
        return draw(st.sampled_from(["correct", "state == predicted", "split != 'test'"]))
    return f"rank in [{draw(st.integers(1, 3))}, {draw(st.integers(1, 3))}]"


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda one: f"not ({one})"),
        inner.map(lambda one: f"( {one}\n)"),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(conditions)
def test_a_condition_selects_what_python_would(condition: str) -> None:
    flat = condition.replace("\n", " ")
    expected = [bool(eval(flat, {}, row)) for row in ROWS]
    assert select(STORE, condition).tolist() == expected


WORDS = "probability 'Ohio' 1 - ( ) [ , in not and or == < is if lambda . : ** { } ' \\ None ü f''"
TOKENS = st.sampled_from([*NAMES, *WORDS.split(), "\0", "\n"])


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(TOKENS, max_size=12).map(" ".join)))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    said, shape = "", (N,)
    try:
        shape = select(STORE, text).shape
    except InputError as error:
        said = str(error)
    assert shape == (N,)
    assert not said or (said.startswith("--where") and said.endswith("."))


@pytest.mark.parametrize("condition", ["latitude != 1", "latitude not in (1, 2)", "latitude < 90"])
def test_what_is_unknown_compares_with_nothing(condition: str) -> None:
    assert select(STORE, condition).tolist() == (~np.isnan(STORE.latitudes)).tolist()


def test_a_literal_alone_holds_everywhere_or_nowhere() -> None:
    assert select(STORE, "1 < 2").all()
    assert not select(STORE, "'Ohio' == 'Utah'").any()


@pytest.mark.parametrize(
    ("condition", "position", "words"),
    [
        ("state == 'Ohoi'", 10, "there is no 'Ohoi' (did you mean 'Ohio'?)"),
        ("state in ('Ohio', 'Utah')", 19, "there is no 'Utah'"),
        ("predicted == state == 'Utah'", 23, "there is no 'Utah'"),
        ("split == 'train'", 10, "there is no 'train' (did you mean 'training'?)"),
        ("  'Îl' != state", 3, "there is no 'Îl'"),
        ("state != 'Île d\\'Or' and lat > 3", 26, "unknown name 'lat' (did you mean 'latitude'"),
        ("probability('Utah') > 0.5", 13, "there is no 'Utah'"),
        ("probability(state) > 0.5", 1, "not supported here"),
        ("probability > 0.5", 1, "unknown name 'probability'"),
        ("confidence > 'a'", 14, "a number cannot be compared with a string"),
        ("state > 'Ohio'", 9, "strings have no order"),
        ("correct == True", 12, "use `correct` or `not correct`"),
        ("correct == correct", 12, "a true/false value cannot be compared"),
        ("state is 'Ohio'", 10, "use `==` or `!=`"),
        ("state in 'Ohio'", 10, "`in` needs a list"),
        ("state in ()", 10, "`in` needs a list"),
        ("confidence", 1, "expected a true/false expression"),
        ("rank == 1j", 9, "not supported here"),
        ("rank == 1 + 1", 9, "not supported here"),
        ("rank == 'a\\0'", 9, "not supported here"),
        ("(lambda: 1)() == 1", 1, "not supported here"),
        ("id.__class__ == 'a'", 1, "not supported here"),
        ("__import__('os').system('true') == 0", 1, "not supported here"),
        ("[x for x in 'a'] == 1", 1, "not supported here"),
        ("f'{state}' == 'Ohio'", 1, "not supported here"),
        ("correct and", 12, "invalid syntax"),
        ("correct correct", 9, "invalid syntax"),
        ("not " * MAX_DEPTH + "correct", 201, "nested more than 50 levels"),
    ],
)
def test_what_cannot_be_said_is_refused_by_its_position(
    condition: str, position: int, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        select(STORE, condition)
    sentence = str(caught.value)
    assert sentence.startswith(f"--where, position {position}: ")
    assert words in sentence
    assert "compare id, state, predicted, correct" in sentence


def test_levels_up_to_the_limit_are_read() -> None:
    assert select(STORE, "not " * (MAX_DEPTH - 2) + "correct").any()


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("correct or " * MAX_LENGTH, f"has {11 * MAX_LENGTH:,} characters"),
        ("rank = 1", "position .*syntax"),
        ("state == 'Ohio", "position 10: unterminated string literal"),
        ("(" * 300 + "correct" + ")" * 300, "too many nested parentheses"),
        ("-" * (MAX_LENGTH - 1) + "1", "nested"),
    ],
)
def test_what_python_cannot_read_is_refused(condition: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        select(STORE, condition)


def test_classes_are_found_in_any_form() -> None:
    names = ("Le\u00f3n", "New\u00a0York", *CLASSES[2:])
    store = replace(STORE, class_names=names)
    for index, name in enumerate(("Leo\u0301n", "New\u00a0York")):
        assert np.array_equal(select(store, f"state == {name!r}"), STORE.labels == index)
        assert np.array_equal(
            select(store, f"probability({name!r}) > 0.5"), PROBABILITY[:, index] > 0.5
        )


def test_a_store_without_splits_says_so() -> None:
    with pytest.raises(InputError, match="the store does not record the split"):
        select(replace(STORE, splits=None), "split == 'test'")


def test_a_long_condition_over_many_classes_is_read() -> None:
    listed = ", ".join(["'Ohio'"] * 1000)
    assert select(STORE, f"state in ({listed})").sum() == (STORE.labels == 0).sum()


def test_the_help_names_all_that_can_be_compared() -> None:
    from workbench.attribution.batch_request import BatchRequest

    help_text = get_type_hints(BatchRequest, include_extras=True)["where"].__metadata__[0].help
    assert all(re.search(rf"\b{name}\b", help_text) for name in (*NAMES, "probability"))


def test_every_name_is_held_against_python() -> None:
    assert ROWS[0].keys() == {*NAMES, "probability"}
