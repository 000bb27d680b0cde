"""Records of finished folders that somebody has changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.earlier_result import folder_is_finished, read_record, record_text
from common.errors import InputError

RECORD = json.loads(record_text({"width": 180.0}, ["a.pdf"]))


@pytest.mark.parametrize(
    "change",
    [
        {"files": 3}, {"files": [3]}, {"files": [["a"]]}, {"files": ["../a.pdf"]}, {"files": ["/"]},
        {"request": 3}, {"request": None}, {"finished": "yes"}, {"finished": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_record_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "export.json").write_text(json.dumps(RECORD))
    assert read_record(tmp_path, "export") == RECORD
    (tmp_path / "export.json").write_text(json.dumps(RECORD | change))
    assert read_record(tmp_path, "export") == {}
    (tmp_path / "a.pdf").touch()
    with pytest.raises(InputError, match=r"a\.pdf: already exists; choose another folder"):
        folder_is_finished(tmp_path, "export", {"width": 180.0}, ["a.pdf"], overwrite=False)
