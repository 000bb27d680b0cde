import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from common.errors import InputError
from common.resume_buffer import ResumeBuffer, resume_directory

REQUEST = {"checkpoint": "abc", "batch size": 3}
DECISIONS = {"folded": True, "created": "now"}
ROWS = 1
SIZES = {0: 100, 1: 0, 2: 5000}
HEADER = 24  # Bytes before a payload.


def content(key: int, salt: int = 0) -> bytes:
    """Return a payload that says which key it is of."""
    return bytes((key * 7 + salt + number) % 256 for number in range(SIZES.get(key, 50)))


def buffer(place: Path, request: Mapping[str, object] = REQUEST) -> ResumeBuffer:
    return ResumeBuffer(place / "out.h5", request)


def put(target: ResumeBuffer, process: int, *keys: int, salt: int = 0) -> None:
    with target.writer(process) as writer:
        for key in keys:
            writer.put(key, ROWS, lambda key=key: content(key, salt))  # type: ignore[misc]
        writer.finish()


def recovered(target: ResumeBuffer) -> list[int]:
    return sorted(key for key, _ in target.recover())


def payloads(target: ResumeBuffer) -> dict[int, bytes]:
    results = target.results()
    return {key: bytes(results.payload(key, ROWS)) for key in results.keys(ROWS)}


@pytest.fixture
def begun(tmp_path: Path) -> ResumeBuffer:
    target = buffer(tmp_path)
    target.begin(DECISIONS)
    return target


def test_a_later_start_knows_the_decisions_of_the_first(
    tmp_path: Path, begun: ResumeBuffer
) -> None:
    assert buffer(tmp_path).load(overwrite=False) == DECISIONS
    assert begun.directory == resume_directory(tmp_path / "out.h5") == tmp_path / ".out.h5.resume"
    assert begun.recover() == set()
    assert payloads(begun) == {}


def test_without_a_state_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert buffer(tmp_path).load(overwrite=False) is None
    resume_directory(tmp_path / "out.h5").mkdir()
    assert buffer(tmp_path).load(overwrite=False) is None


def test_the_buffer_of_another_request_is_refused_and_can_be_overwritten(
    tmp_path: Path, begun: ResumeBuffer
) -> None:
    other = buffer(tmp_path, {"checkpoint": "abc", "batch size": 4})
    with pytest.raises(InputError, match=r"another request \(different batch size\); finish that"):
        other.load(overwrite=False)
    assert other.load(overwrite=True) is None
    assert begun.load(overwrite=True) == DECISIONS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"format": "resnetbolt-resume-buffer", "version": 1}),
        json.dumps(
            {"format": "resnetbolt-resume-buffer", "version": 1, "request": 1, "decisions": {}}
        ),
    ],
)
def test_a_damaged_state_is_refused(begun: ResumeBuffer, text: str) -> None:
    (begun.directory / "state.json").write_text(text)
    with pytest.raises(InputError, match=r"state\.json: cannot be resumed; remove the directory"):
        begun.load(overwrite=False)
    assert begun.load(overwrite=True) is None


def test_records_of_all_processes_come_back(begun: ResumeBuffer) -> None:
    put(begun, 1, 2, 0)
    put(begun, 0, 1)
    assert recovered(begun) == [0, 1, 2]
    assert payloads(begun) == {key: content(key) for key in range(3)}


def test_kinds_of_one_key_are_apart(begun: ResumeBuffer) -> None:
    with begun.writer(0) as writer:
        writer.put(5, 1, lambda: b"one")
        writer.put(5, 2, lambda: b"two")
        writer.finish()
    assert begun.recover() == {(5, 1), (5, 2)}
    results = begun.results()
    assert bytes(results.payload(5, 1)) + bytes(results.payload(5, 2)) == b"onetwo"
    with pytest.raises(KeyError):
        results.payload(5, 3)


def test_cut_off_anywhere_whole_records_stay(begun: ResumeBuffer) -> None:
    put(begun, 0, 1, 0, 5)
    path = begun.directory / "process-0.records"
    whole = path.read_bytes()
    ends = [HEADER, HEADER * 2 + 100, HEADER * 3 + 150]
    assert ends[-1] == len(whole)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        keys = [key for key, end in zip((1, 0, 5), ends, strict=True) if end <= size]
        assert recovered(begun) == sorted(keys), size
        assert path.stat().st_size == max([0, *(end for end in ends if end <= size)])
    put(begun, 0, 5, salt=1)
    assert payloads(begun) == {1: b"", 0: content(0), 5: content(5, 1)}


def test_a_flipped_byte_of_a_payload_voids_its_record_alone(begun: ResumeBuffer) -> None:
    put(begun, 0, 3, 0, 4)
    path = begun.directory / "process-0.records"
    whole = path.read_bytes()
    for place in range(2 * HEADER + 50, 2 * HEADER + 150, 7):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        assert recovered(begun) == [3, 4], place
        assert set(payloads(begun)) == {3, 4}
        assert recovered(begun) == [3, 4]


def test_a_flipped_byte_of_a_header_ends_the_file_before_it(begun: ResumeBuffer) -> None:
    put(begun, 0, 3, 0, 4)
    path = begun.directory / "process-0.records"
    whole = path.read_bytes()
    for place in range(HEADER + 50, 2 * HEADER + 50):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        assert recovered(begun) == [3], place
        put(begun, 0, 4, salt=1)
        assert payloads(begun) == {3: content(3), 4: content(4, 1)}


def test_keys_with_a_failure_are_computed_again(begun: ResumeBuffer) -> None:
    put(begun, 0, 0, 3)
    with begun.writer(1) as writer:
        writer.put_failure(3, "gone")
        writer.put_failure(7, "not a JPEG")
        writer.finish()
    assert begun.results().failures() == {3: "gone", 7: "not a JPEG"}
    assert recovered(begun) == [0]
    assert begun.results().failures() == {}
    put(begun, 1, 3, salt=2)
    assert payloads(begun) == {0: content(0), 3: content(3, 2)}


def test_after_a_failure_to_write_whole_records_follow(begun: ResumeBuffer) -> None:
    def failing() -> bytes:
        raise InputError("no more")

    with begun.writer(0) as writer:
        writer.put(0, ROWS, lambda: content(0))
        writer.put(1, ROWS, failing)
        writer.put(2, ROWS, lambda: content(2))
        with pytest.raises(InputError, match="no more"):
            writer.finish()
    assert recovered(begun) == [0, 2]


def test_a_full_disk_in_the_middle_of_a_record_is_named_and_leaves_the_others(
    begun: ResumeBuffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(begun, 0, 0)
    write = os.pwrite
    calls = iter([True, False])

    def full(file: int, data: bytes, offset: int) -> int:
        if next(calls):
            return write(file, data[:30], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with begun.writer(0) as writer:
        writer.put(2, ROWS, lambda: content(2))
        with pytest.raises(InputError, match=r"process-0\.records: No space .*; free some space"):
            writer.finish()
    monkeypatch.undo()
    assert recovered(begun) == [0]
    put(begun, 0, 2)
    assert payloads(begun) == {0: content(0), 2: content(2)}


def test_beginning_anew_leaves_nothing(begun: ResumeBuffer) -> None:
    put(begun, 0, 0)
    (begun.directory / "output.h5").touch()
    begun.begin(DECISIONS)
    assert [path.name for path in begun.directory.iterdir()] == ["state.json"]


def test_nothing_of_a_removed_buffer_is_left(begun: ResumeBuffer) -> None:
    put(begun, 0, 0)
    begun.remove()
    assert not begun.directory.exists()


def test_a_half_written_output_is_removed(begun: ResumeBuffer) -> None:
    for name in ("output.h5", ".output.partial-1.h5", ".output.h5.lock"):
        (begun.directory / name).touch()
    begun.recover()
    assert [path.name for path in begun.directory.iterdir()] == ["state.json"]


@pytest.mark.parametrize("name", ["process-9.records", "state.json", "mine.txt", ".x"])
def test_files_of_others_are_not_touched(begun: ResumeBuffer, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(bytes(range(256)) * 7)
    before = victim.read_bytes()
    (begun.directory / name).unlink(missing_ok=True)
    (begun.directory / name).symlink_to(victim)
    for touch in (begun.recover, lambda: begun.begin(DECISIONS)):
        with pytest.raises(InputError, match="was not written by this command; move it away"):
            touch()
    assert victim.read_bytes() == before


def test_a_buffer_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = buffer(tmp_path)
    target.directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is not a directory of this command; move it away"):
        target.load(overwrite=True)
    with pytest.raises(InputError, match="is not a directory of this command; move it away"):
        target.begin(DECISIONS)
    target.directory.unlink()
    target.directory.write_text("mine")
    with pytest.raises(InputError, match="is not a directory of this command; move it away"):
        target.load(overwrite=False)


def test_what_a_start_left_at_its_end_goes_and_that_of_another_request_stays(
    tmp_path: Path,
) -> None:
    target = buffer(tmp_path)
    target.remove_finished()  # There is nothing to remove.
    target.begin({})
    buffer(tmp_path, {**REQUEST, "batch size": 4}).remove_finished()
    assert target.directory.exists()
    target.remove_finished()
    assert not target.directory.exists()
