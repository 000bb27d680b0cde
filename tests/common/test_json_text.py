"""JSON of damaged files."""

from pathlib import Path
from typing import Any

import pytest

from common.json_text import parse_object, read_object


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", "[" * 100_000, '{"a":' * 100_000, b"\xff", "9" * 5000, None, 3],
)
def test_anything_but_an_object_is_none(text: Any) -> None:
    assert parse_object(text) is None


def test_an_object_is_read_from_text_bytes_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1]}')
    assert parse_object('{"a": [1]}') == parse_object(path.read_bytes()) == read_object(path)
    assert read_object(path) == {"a": [1]}
    assert read_object(tmp_path) is None
    assert read_object(tmp_path / "none") is None
