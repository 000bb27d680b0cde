"""Tables of the course challenge: the samples are those of the file, or a sentence says why not."""

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.names import canonical_name
from tests.challenge import HEADER, row, write_table
from tests.fuzz.inputs import NAMES, damaged, fuzz, result_or_sentence
from trainer.data.layout import index_folder
from trainer.data.table import COLUMNS, find_tables, read_samples

DIRECTIONS = ("north", "east", "south", "west")
STATES = NAMES.map(str.strip).filter(lambda name: "\ud800" not in name)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("challenge") / "train.csv"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("example") / "table.csv"
    write_table(path, [row(0, "Maine"), row(1, "New York"), row(2, "Maine")])
    return path.read_bytes()


@fuzz(2)
@given(data=st.data())
def test_any_bytes(path: Path, example: bytes, data: st.DataObject) -> None:
    path.write_bytes(data.draw(damaged(example) | st.binary(max_size=100)))
    for table in result_or_sentence(find_tables, path.parent):
        for sample in result_or_sentence(read_samples, table) or []:
            assert sample.class_name
            assert math.isnan(sample.latitude) or abs(sample.latitude) <= 90
    result_or_sentence(index_folder, path.parent)


Row = tuple[str, str, float | None, float | None]


@fuzz(2)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4).map("img {}".format) | NAMES,
            STATES,
            st.none() | st.floats(-90, 90),
            st.none() | st.floats(-180, 180),
        ),
        min_size=1,
        max_size=5,
    ),
    columns=st.permutations([*COLUMNS, "sample_id"]),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    case=st.sampled_from([str, str.upper, str.title, lambda name: name.replace("_", " ")]),
    comma=st.booleans(),
)
def test_a_table_of_a_program(
    path: Path,
    rows: list[Row],
    columns: list[str],
    delimiter: str,
    quoting: int,
    end: str,
    encoding: str,
    case: type[str],
    comma: bool,
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(map(case, columns))
    for name, state, *coordinates in rows:
        texts = ["" if value is None else repr(value) for value in coordinates]
        if comma:
            texts = [text.replace(".", ",") if "e" not in text else text for text in texts]
        cells = {f"image_{way}": f"{name}_{way}.jpg" for way in DIRECTIONS}
        cells |= {"state": state, "latitude": texts[0], "longitude": texts[1], "sample_id": "7"}
        writer.writerow([cells[column] for column in columns])
    path.write_bytes(file.getvalue().encode(encoding, "surrogatepass"))
    samples = result_or_sentence(read_samples, path)
    if samples is None:
        return
    assert len(samples) == len(rows)
    for sample, (name, state, latitude, longitude) in zip(samples, rows, strict=True):
        assert sample.id == f"{canonical_name(state)}/{canonical_name(name.lstrip())}"
        known = None not in (latitude, longitude)
        assert math.isnan(sample.latitude) == math.isnan(sample.longitude) == (not known)
        assert not known or (sample.latitude, sample.longitude) == (latitude, longitude)


def test_the_header_is_that_of_the_challenge() -> None:
    assert set(COLUMNS) <= set(HEADER)
