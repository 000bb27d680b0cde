"""Lines of `info.txt`: the coordinates are those of the file, or a sentence says why not."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.names import canonical_name
from tests.fuzz.inputs import NAMES, damaged, fuzz, result_or_sentence
from trainer.data.coordinates import read_info

LINES = b"2015_-A_b0000 \r 40.0 -90.1 \n2015_-A_b0001 \r 41.5 -91.2 \n2015_-A_b0002 \r 0 0 \n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
Degrees = tuple[float, str]
Row = tuple[str, Degrees, Degrees, str, str]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class") / "info.txt"


@fuzz()
@given(data=st.binary(max_size=200) | damaged(LINES))
def test_any_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    for latitude, longitude in (result_or_sentence(read_info, path) or {}).values():
        assert math.isnan(latitude) == math.isnan(longitude)
        assert math.isnan(latitude) or (abs(latitude) <= 90 and abs(longitude) <= 180)


@st.composite
def degrees(draw: st.DrawFn) -> Degrees:
    """Return a number and how a program may write it."""
    value = draw(st.integers(-90, 90) | st.floats(-90, 90).map(lambda number: round(number, 6)))
    form = draw(st.sampled_from(["{}", "{:.6f}", "{:+}", "{:e}", "{:.15g}"]))
    text = form.format(value)
    if draw(st.booleans()) and "." in text and "e" not in text:
        text = text.replace(".", ",")
    return float(text.replace(",", ".")), text


@fuzz(2)
@given(
    rows=st.lists(
        st.tuples(
            NAMES.filter(lambda name: name.splitlines() == [name] and "\ud800" not in name),
            degrees(),
            degrees(),
            st.sampled_from([" ", "\t", "  ", " \r ", "\n"]),
            st.sampled_from(["\n", "\r\n", "\r", " \n", "\n\n"]),
        ),
        max_size=6,
    ),
    encoding=st.sampled_from(ENCODINGS),
)
def test_lines_of_a_program(path: Path, rows: list[Row], encoding: str) -> None:
    lines = [f"{name}{space}{a[1]} {b[1]}{end}" for name, a, b, space, end in rows]
    path.write_bytes("".join(lines).encode(encoding))
    read = result_or_sentence(read_info, path)
    if read is not None:
        expected: dict[str, tuple[float, float]] = {}
        for text, (latitude, _), (longitude, _), _, _ in rows:
            name = canonical_name(text.removeprefix("\ufeff").strip())
            assert expected.setdefault(name, (latitude, longitude)) == (latitude, longitude)
        assert read == expected
