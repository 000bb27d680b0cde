"""What was kept comes back to the bit or not at all, whatever happens to the files."""

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.examples import small_disk
from tests.workbench.attribution.examples import FINGERPRINT, REQUEST, assert_same, example
from workbench.attribution import cache as module
from workbench.attribution.cache import AttributionCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import ALGORITHM, Fingerprint

ROOT = Path(__file__).parents[3]
PLENTY = 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept(folder: Path, made: Attribution) -> Attribution | None:
    return AttributionCache(folder, FINGERPRINT, PLENTY).get(made.location_id, made.request)


def put(folder: Path, *answers: Attribution) -> None:
    cache = AttributionCache(folder, FINGERPRINT, PLENTY)
    for made in answers:
        cache.put(made)


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize(
    "made",
    [
        example(),
        example(evidence=True),
        example(evidence=True, name="Ohio/../../x\0ü"),
        example(
            converged=False,
            reason="1,000 gradients – and not yet there",
            error_estimate=float("inf"),
        ),
        example(
            request=AttributionRequest(method="grad_cam", target="Ohio"),
            baseline_output=None,
            error_estimate=None,
            converged=None,
        ),
    ],
    ids=["plain", "with evidence", "any id", "not converged", "nothing to converge"],
)
def test_an_attribution_round_trips_bitwise(folder: Path, made: Attribution) -> None:
    assert kept(folder, made) is None
    put(folder, made)
    assert_same(kept(folder, made), made)


OTHER = {
    "method": "occlusion",
    "baseline": "location",
    "baseline_location": "Utah/2015_x",
    "output": "probability",
    "target": "Utah",
    "contrast_target": "Texas",
}


@pytest.mark.parametrize("field", [field.name for field in fields(AttributionRequest)])
def test_every_field_of_a_request_counts(folder: Path, field: str) -> None:
    put(folder, example())
    value: Any = OTHER.get(field) or getattr(REQUEST, field) * 2 + 1
    assert kept(folder, example(request=replace(REQUEST, **{field: value}))) is None


def test_numbers_count_by_their_value_and_not_by_their_kind(folder: Path) -> None:
    put(folder, example(request=replace(REQUEST, noise_std=1)))
    assert kept(folder, example(request=replace(REQUEST, noise_std=1.0))) is not None


def test_model_photographs_location_and_algorithm_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = example()
    put(folder, made)
    for fingerprint in (
        replace(FINGERPRINT, checkpoint_sha256="e"),
        replace(FINGERPRINT, data_sha256="e"),
    ):
        assert (
            AttributionCache(folder, fingerprint, PLENTY).get(made.location_id, made.request)
            is None
        )
    assert AttributionCache(folder, FINGERPRINT, PLENTY).get("Ohio/another", made.request) is None
    monkeypatch.setattr(module, "ALGORITHM", ALGORITHM + 1)
    assert kept(folder, made) is None


def test_checks_are_added_and_never_lost(folder: Path) -> None:
    plain, examined = example(), example(evidence=True)
    put(folder, plain)
    put(folder, examined)
    assert_same(kept(folder, plain), examined)
    assert len(list(folder.iterdir())) == 1
    put(folder, plain)
    assert_same(kept(folder, plain), examined)


def _cut(path: Path, generator: random.Random) -> None:
    os.truncate(path, generator.randrange(path.stat().st_size))


def _flip(path: Path, generator: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    path.write_bytes(content)


def _lengthen(path: Path, generator: random.Random) -> None:
    path.write_bytes(path.read_bytes() + generator.randbytes(generator.randrange(1, 9)))


def _replace_by_noise(path: Path, generator: random.Random) -> None:
    path.write_bytes(generator.randbytes(generator.randrange(5000)))


def _signed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def _sign_noise(path: Path, generator: random.Random) -> None:
    path.write_bytes(_signed(generator.randbytes(generator.randrange(5000))))


@pytest.mark.parametrize("damage", [_cut, _flip, _lengthen, _replace_by_noise, _sign_noise])
@pytest.mark.parametrize("evidence", [False, True])
def test_a_damaged_file_is_removed_and_written_again(
    folder: Path, damage: Callable[[Path, random.Random], None], evidence: bool
) -> None:
    generator = random.Random(0)
    made = example(evidence=evidence)
    for _ in range(60):
        put(folder, made)
        damage(only_file(folder), generator)
        assert kept(folder, made) is None
        assert not list(folder.iterdir())
    put(folder, made)
    assert_same(kept(folder, made), made)


def test_with_damaged_checks_the_map_is_still_found(folder: Path) -> None:
    put(folder, example(evidence=True))
    examined = only_file(folder)
    content = examined.read_bytes()
    examined.unlink()
    put(folder, example())
    examined.write_bytes(content[:-1])
    assert_same(kept(folder, example()), example())


def test_an_attribution_for_another_request_is_not_used(folder: Path) -> None:
    put(folder, example(1))
    stray = only_file(folder)
    put(folder, example(2))
    (path,) = set(folder.iterdir()) - {stray}
    stray.replace(path)
    assert kept(folder, example(2)) is None
    assert not path.exists()


class Trap:
    """Something that leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def test_nothing_is_unpickled(folder: Path, tmp_path: Path) -> None:
    put(folder, example())
    path = only_file(folder)
    file = io.BytesIO()
    np.savez(file, key=np.array([Trap(tmp_path / "trace")], dtype=object))
    path.write_bytes(_signed(file.getvalue()))
    assert kept(folder, example()) is None
    assert not (tmp_path / "trace").exists()


def test_an_npz_of_something_else_is_dropped(folder: Path) -> None:
    put(folder, example())
    path = only_file(folder)
    with np.load(io.BytesIO(path.read_bytes()[module.CHECKSUM :])) as found:
        arrays: dict[str, Any] = dict(found.items())
    for name, value in (("/map", None), ("/question", "{}"), ("/question", "[]"), ("key", "x")):
        other = {key: array for key, array in arrays.items() if key != name}
        file = io.BytesIO()
        np.savez(file, **(other | ({name: np.array(value)} if value else {})))
        path.write_bytes(_signed(file.getvalue()))
        assert kept(folder, example()) is None, name


def test_what_somebody_else_has_put_there_stays(folder: Path) -> None:
    folder.mkdir()
    target = folder.parent / "target"
    target.write_text("mine")
    strangers = [folder / name for name in ("notes.txt", "a" * 64, ".x.partial.unchecked")]
    for path in strangers:
        path.write_text("mine")
    link = folder / f"{'b' * 64}.unchecked"
    link.symlink_to(target)
    (folder / f"{'c' * 64}.unchecked").mkdir()
    before = set(folder.iterdir())
    cache = AttributionCache(folder, FINGERPRINT, 12_000)  # For one answer and no other.
    for seed in range(3):
        cache.put(example(seed))
    assert len(set(folder.iterdir()) - before) == 1
    assert before < set(folder.iterdir())
    assert target.read_text() == "mine"


def test_a_folder_with_the_name_of_a_file_is_no_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = example()
    put(folder, made)
    path = only_file(folder)
    path.unlink()
    path.mkdir()
    assert kept(folder, made) is None
    put(folder, made)
    assert "Not all explanations are cached." in capsys.readouterr().err


def test_the_least_recently_used_go_first(folder: Path) -> None:
    put(folder, example(0))
    size = only_file(folder).stat().st_size
    cache = AttributionCache(folder, FINGERPRINT, 3 * size + size // 2)
    first, second, third, fourth, fifth = (example(seed) for seed in range(5))
    for made in (first, second, third):
        cache.put(made)
        _age(folder)
    cache.get(first.location_id, first.request)
    _age(folder)
    cache.put(fourth)
    assert [kept(folder, made) is not None for made in (first, second, third, fourth)] == [
        True,
        False,
        True,
        True,
    ]
    # The limit is that of the folder, whosever the answers are.
    other = AttributionCache(folder, Fingerprint("x", "y"), size)
    other.put(fifth)
    assert len(list(folder.iterdir())) == 1
    assert_same(other.get(fifth.location_id, fifth.request), fifth)


def _age(folder: Path) -> None:
    """Let a second go by for all files."""
    for path in folder.iterdir():
        before = path.stat().st_mtime_ns
        os.utime(path, ns=(before - 10**9, before - 10**9))


def test_an_attribution_above_the_limit_evicts_nothing(folder: Path) -> None:
    put(folder, example(0))
    AttributionCache(folder, FINGERPRINT, 10_000).put(example(1, side=64))
    assert kept(folder, example(0)) is not None
    assert kept(folder, example(1)) is None


def test_a_folder_that_cannot_be_created_is_reported_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    cache = AttributionCache(tmp_path / "file" / "cache", FINGERPRINT, PLENTY)
    for seed in range(3):
        cache.put(example(seed))
        assert cache.get(example(seed).location_id, REQUEST) is None
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("Not all explanations are cached. ")
    assert "Not a directory" in said[0]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "200k") as place:
        yield place


def test_a_full_disk_is_no_error(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = AttributionCache(small / "cache", FINGERPRINT, PLENTY)
    answers = [example(seed, side=64) for seed in range(6)]  # Some 70 kB each.
    for made in answers:
        cache.put(made)
    found = [kept(small / "cache", made) for made in answers]
    assert found[0] is not None
    assert found[-1] is None
    for one, made in zip(found, answers, strict=True):
        if one:
            assert_same(one, made)
    said = capsys.readouterr().err
    assert said.count("No space left on device") == 1
    assert not list((small / "cache").glob(".*"))
    subprocess.run(["mount", "-o", "remount,size=2m", str(small)], check=True)
    cache.put(answers[-1])
    assert_same(kept(small / "cache", answers[-1]), answers[-1])


def test_a_disk_that_can_only_be_read_still_gives(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(small / "cache", example(0))
    damaged = example(2)
    put(small / "cache", damaged)
    newest = max((small / "cache").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(b"damaged")
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    assert_same(kept(small / "cache", example(0)), example(0))
    assert kept(small / "cache", damaged) is None
    put(small / "cache", example(1), example(3))
    assert capsys.readouterr().err.count("Read-only file system") == 1


WRITER = """
import sys
from pathlib import Path
from tests.workbench.attribution.examples import FINGERPRINT, assert_same, example
from workbench.attribution.cache import AttributionCache
cache = AttributionCache(Path(sys.argv[1]), FINGERPRINT, int(sys.argv[2]))
for number in range(int(sys.argv[3])):
    made = example(number % 7, side=128, evidence=bool(number % 3))
    cache.put(made)
    found = cache.get(made.location_id, made.request)
    if found is not None:
        assert_same(found, example(number % 7, side=128, evidence=found.checks is not None))
    print(number, flush=True)
"""


def writer(folder: Path, limit: int, times: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(limit), str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.spawn
def test_the_cache_is_usable_after_a_kill_at_any_moment(folder: Path) -> None:
    generator = random.Random(0)
    there = 0
    for _ in range(6):
        process = writer(folder, PLENTY, 10**6)
        assert process.stdout
        process.stdout.readline()
        time.sleep(generator.random() / 20)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for seed in range(7):
            found = kept(folder, example(seed))
            there += found is not None
            if found:
                examined = found.checks is not None
                assert_same(found, example(seed, side=128, evidence=examined))
        assert all(path.suffix in (".unchecked", ".checked") for path in folder.iterdir())
    assert there
    put(folder, example())
    assert not list(folder.glob(".*"))


@pytest.mark.spawn
def test_two_processes_share_a_folder(folder: Path) -> None:
    limit = 700_000  # For two answers and no third.
    processes = [writer(folder, limit, 60) for _ in range(2)]
    for process in processes:
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
        assert not said
    assert sum(path.stat().st_size for path in folder.iterdir()) <= limit
    assert list(folder.iterdir())
    assert not list(folder.glob(".*"))
