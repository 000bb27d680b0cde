import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from workbench.extract.resume_buffer import Fields, Spool, State, checksums, folder_of, record_of

STATE = State({"checkpoint": "abc", "batch size": 3}, True, "now")
RECORD = record_of({"logits": (2,), "view_features": (4, 5)})
ROWS, BATCH = 8, 3


def batch(rows: Sequence[int], salt: float = 0.0) -> Fields:
    """Return what a batch gives; every number says which row it is of."""
    row = np.array(rows)
    number = (row + salt).astype(np.float32)
    return {
        "row": row,
        "sha256": np.broadcast_to(row.astype(np.uint8)[:, None, None], (len(row), 4, 32)),
        "logits": np.stack([number, -number], axis=1),
        "view_features": np.broadcast_to(number[:, None, None], (len(row), 4, 5)),
    }


def spool(place: Path) -> Spool:
    return Spool(place / "out.h5", RECORD, ROWS, BATCH)


def put(made: Spool, process: int, *batches: Sequence[int], salt: float = 0.0) -> None:
    with made.writer(process) as writer:
        for rows in batches:
            writer.put(lambda rows=rows: batch(rows, salt))  # type: ignore[misc]
        writer.finish()


@pytest.fixture
def begun(tmp_path: Path) -> Spool:
    made = spool(tmp_path)
    made.begin(STATE)
    return made


def test_what_was_begun_is_known_again(tmp_path: Path, begun: Spool) -> None:
    assert spool(tmp_path).state() == STATE
    assert begun.folder == folder_of(tmp_path / "out.h5") == tmp_path / ".out.h5.spool"
    assert begun.empty()
    assert begun.mend().tolist() == [False] * 3


def test_nothing_begun_is_no_state(tmp_path: Path) -> None:
    assert spool(tmp_path).state() is None
    folder_of(tmp_path / "out.h5").mkdir()
    assert spool(tmp_path).state() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"format": "resnetbolt-spool", "version": 2}),
        json.dumps(
            {"format": "resnetbolt-spool", "version": 1, "extraction": {}, "folded": 1}
            | {"created": ""}
        ),
    ],
)
def test_a_damaged_state_is_refused(begun: Spool, text: str) -> None:
    (begun.folder / "spool.json").write_text(text)
    with pytest.raises(InputError, match=r"spool\.json: cannot be gone on from; remove"):
        begun.state()


def test_rows_come_back_in_order_whoever_wrote_them(begun: Spool) -> None:
    put(begun, 1, [6, 7], [0, 1, 2])
    put(begun, 0, [3, 4, 5])
    assert begun.mend().tolist() == [True] * 3
    gathered = begun.gathered()
    assert gathered.row.tolist() == list(range(ROWS))
    assert gathered.names == RECORD.names
    expected = batch(range(ROWS))
    for name in ("sha256", "logits", "view_features"):
        field = gathered.field(name, gathered.row)
        assert field.shape == expected[name].shape
        assert len(field) == ROWS
        assert field.dtype == expected[name].dtype
        assert np.array_equal(field[:], expected[name])
        assert np.array_equal(field[2:7], expected[name][2:7])
        assert np.array_equal(field[np.array([1, 6])], expected[name][[1, 6]])
        assert np.array_equal(field[4], expected[name][4])


def test_some_rows_are_counted_from_the_first_of_them(begun: Spool) -> None:
    put(begun, 0, [0, 1, 2], [6, 7])
    gathered = begun.gathered()
    assert gathered.row.tolist() == [0, 1, 2, 6, 7]
    assert gathered.field("logits", gathered.row)[3:][:, 0].tolist() == [6, 7]


@pytest.mark.parametrize("cut", [1, RECORD.itemsize - 1, RECORD.itemsize, 2 * RECORD.itemsize + 7])
def test_a_batch_that_was_cut_off_is_gathered_again(begun: Spool, cut: int) -> None:
    put(begun, 0, [0, 1, 2], [3, 4, 5])
    path = begun.folder / "process-0.records"
    os.truncate(path, path.stat().st_size - cut)
    assert begun.mend().tolist() == [True, False, False]
    put(begun, 0, [3, 4, 5], [6, 7], salt=0.5)
    assert begun.mend().tolist() == [True] * 3
    gathered = begun.gathered()
    assert gathered.field("logits", gathered.row)[:][:, 0].tolist() == [
        0,
        1,
        2,
        3.5,
        4.5,
        5.5,
        6.5,
        7.5,
    ]


def test_every_flipped_byte_voids_its_batch_alone(begun: Spool) -> None:
    put(begun, 0, [0, 1, 2], [3, 4, 5])
    path = begun.folder / "process-0.records"
    whole = path.read_bytes()
    for place in range(3 * RECORD.itemsize, len(whole), 17):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        assert begun.mend().tolist() == [True, False, False], place
        assert begun.gathered().row.tolist() == [0, 1, 2]


def test_a_batch_with_an_unreadable_row_is_tried_again(begun: Spool) -> None:
    put(begun, 0, [0, 2], [3, 4, 5])
    begun.note_unreadable(0, {1: "gone"})
    begun.note_unreadable(1, {7: "no JPEG", 6: "gone"})
    assert begun.unreadable() == {1: "gone", 6: "gone", 7: "no JPEG"}
    assert begun.mend().tolist() == [False, True, False]
    assert begun.unreadable() == {}
    put(begun, 0, [0, 1, 2], salt=0.25)
    gathered = begun.gathered()
    assert gathered.field("logits", gathered.row)[:][:, 0].tolist() == [0.25, 1.25, 2.25, 3, 4, 5]


def test_records_of_rows_that_there_are_not_do_not_count(begun: Spool) -> None:
    put(begun, 0, [0, 1, 2], [3, 4, 500])
    assert begun.mend().tolist() == [True, False, False]
    assert begun.gathered().row.tolist() == [0, 1, 2]


def test_what_is_not_finite_is_refused(begun: Spool) -> None:
    broken = {**batch([0, 1, 2])}
    broken["view_features"] = np.full((3, 4, 5), np.nan, dtype=np.float32)
    with begun.writer(0) as writer:
        writer.put(lambda: broken)
        with pytest.raises(InputError, match="view feature is not finite; the training diverged"):
            writer.finish()
    assert begun.empty()


def test_after_a_failure_nothing_follows_half_a_record(begun: Spool) -> None:
    def failing() -> Fields:
        raise InputError("no more")

    with begun.writer(0) as writer:
        writer.put(lambda: batch([0, 1, 2]))
        writer.put(failing)
        writer.put(lambda: batch([6, 7]))
        with pytest.raises(InputError, match="no more"):
            writer.finish()
    assert begun.mend().tolist() == [True, False, True]


def test_beginning_anew_leaves_nothing(begun: Spool) -> None:
    put(begun, 0, [0, 1, 2])
    (begun.folder / "store.h5").touch()
    begun.begin(STATE)
    assert [path.name for path in begun.folder.iterdir()] == ["spool.json"]


def test_what_a_kill_left_half_made_is_swept(begun: Spool) -> None:
    for name in ("store.h5", ".store.partial-1.h5", ".store.h5.lock"):
        (begun.folder / name).touch()
    begun.mend()
    assert [path.name for path in begun.folder.iterdir()] == ["spool.json"]


def test_a_checksum_covers_all_but_itself() -> None:
    records = np.zeros(2, dtype=RECORD)
    records["crc32"] = [1, 2]
    assert checksums(records)[0] == checksums(records)[1]
    records["row"][1] = 1
    assert checksums(records)[0] != checksums(records)[1]


@pytest.mark.parametrize("name", ["process-9.records", "spool.json", "mine.txt", ".x"])
def test_nothing_but_a_spools_own_files_is_touched(begun: Spool, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(bytes(range(256)) * 7)
    before = victim.read_bytes()
    (begun.folder / name).unlink(missing_ok=True)
    (begun.folder / name).symlink_to(victim)
    for touch in (begun.mend, lambda: begun.begin(STATE)):
        with pytest.raises(InputError, match="is nothing that an extraction has left; move it"):
            touch()
    assert victim.read_bytes() == before


def test_a_spool_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder_of(tmp_path / "out.h5").symlink_to(tmp_path / "elsewhere")
    for touch in (spool(tmp_path).state, lambda: spool(tmp_path).begin(STATE)):
        with pytest.raises(InputError, match="is no folder of an extraction; move it away"):
            touch()
    folder_of(tmp_path / "out.h5").unlink()
    folder_of(tmp_path / "out.h5").write_text("mine")
    with pytest.raises(InputError, match="is no folder of an extraction; move it away"):
        spool(tmp_path).state()
