import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\x1b[2J", r"a\nb\x1b[2J"),
        ("abc\u202ecba", r"abc\u202ecba"),
        ("\udcff\uffff", r"\udcff\uffff"),
        ("北京 e\u0301 \u00a0 👩\u200d🔬 \\n", "北京 e\u0301 \u00a0 👩\u200d🔬 \\n"),
    ],
)
def test_control_characters_become_escapes_and_scripts_stay(name: str, shown: str) -> None:
    assert text.printable(name) == shown


@given(st.lists(st.text("ab北\u0301… ()2", max_size=12), unique=True), st.integers(8, 14))
def test_shortened_names_fit_and_stay_distinct(names: list[str], limit: int) -> None:
    shown = text.shorten(names, limit)
    assert len(set(shown)) == len(names)
    for name, short in zip(names, shown, strict=True):
        assert short == name if text.columns(name) <= limit else "…" in short
        assert text.columns(short) <= limit


def test_a_long_name_keeps_both_ends() -> None:
    names = ["Saint Helena and Tristan da Cunha", "Saint Helena or Tristan da Cunha", "Ohio"]
    assert text.shorten(names, 16) == ["Saint He…a Cunha", "Saint…Cunha (2)", "Ohio"]


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (-0.25, "+.0%", "−25%"),
        (-0.001, ".2f", "0.00"),
        (0.0001, "+.1f", "0.0"),
        (2.0, "+.1f", "+2.0"),
        (-1e-9, ".1g", "−1e−09"),
        (float("-inf"), ".1f", "−inf"),
    ],
)
def test_numbers_have_a_true_minus_and_zero_no_sign(value: float, form: str, shown: str) -> None:
    assert text.number(value, form) == shown


@given(st.text("=+-@＝＋－＠\t\r\n'a1", max_size=5))
def test_no_text_is_a_formula_and_all_can_be_read_back(name: str) -> None:
    escaped = text.escape_formula(name)
    assert not escaped.startswith(tuple("=+-@＝＋－＠\t\r\n"))
    assert text.unescape_formula(escaped) == name
