"""Attributions of many locations in one file: each is computed once, whatever happens."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError, Interrupted
from common.progress import ProgressCallback, no_progress
from common.resume_buffer import resume_directory
from tests.examples import small_disk, small_store
from tests.workbench.attribution.examples import assert_same, example
from workbench import store as stores
from workbench.attribution import attribution_file
from workbench.attribution.batch_request import BatchRequest
from workbench.attribution.compute.batch_job import run_batch_job, select_rows
from workbench.attribution.explainer import PartialCallback, UnavailableExplainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.store import Store


class EndedError(Exception):
    pass


class Fake:
    """Answers by the location's name, counts, and ends after some answers."""

    def __init__(self, store: Store, *, gone: frozenset[str] = frozenset(), last: int = 10**6):
        self._resolver, self._gone, self._last = UnavailableExplainer(store), gone, last
        self.explained: list[str] = []
        self.examined: list[str] = []

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        return self._resolver.resolve(location_id, request)

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        if len(self.explained) == self._last:
            self.end()
        progress(0.5, "making up")
        if location_id in self._gone:
            raise InputError(f"{location_id}_90.jpg: the photograph is gone.")
        self.explained.append(location_id)
        return answer(location_id, request)

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        progress(0.0, "looking")
        self.examined.append(attribution.location_id)
        return answer(attribution.location_id, attribution.request, evidence=True)

    def end(self) -> None:
        raise EndedError


class Asked(Fake):
    """Is asked to end after some answers."""

    def end(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def answer(name: str, question: AttributionRequest, *, evidence: bool = False) -> Attribution:
    seed = sum(name.encode())
    return example(seed, name=name, evidence=evidence, request=question)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=4)
    return stores.read(tmp_path / "small.h5")


@pytest.fixture
def job(tmp_path: Path) -> BatchRequest:
    return BatchRequest(store=tmp_path / "small.h5", out=tmp_path / "out" / "some.h5")


@pytest.fixture(autouse=True)
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_locations_are_explained_and_only_the_file_is_left(
    store: Store, job: BatchRequest, out: Path
) -> None:
    fake = Fake(store)
    made = run_batch_job(job, store, fake)
    assert names(out) == ["some.h5"]
    assert made.location_ids == store.location_ids == tuple(fake.explained)
    for name in store.location_ids:
        assert_same(made.at(name), answer(name, fake.resolve(name, AttributionRequest())))
    assert made.provenance == store.provenance
    assert made.options["request"]["target"] == "predicted"


def test_it_resumes_after_sigterm(store: Store, job: BatchRequest, out: Path) -> None:
    whole = run_batch_job(replace(job, out=out / "whole.h5"), store, Fake(store))
    for _ in range(3):
        fake = Fake(store, last=5)
        with pytest.raises(EndedError):
            run_batch_job(job, store, fake)
        assert not job.out.exists()
    fake = Fake(store)
    made = run_batch_job(job, store, fake)
    assert len(fake.explained) == len(store) - 15
    for one, other in zip(made, whole, strict=True):
        assert_same(one, other)
    assert names(out) == ["some.h5", "whole.h5"]


def test_a_signal_ends_it_within_a_location_and_the_message_says_how_to_resume(
    store: Store, job: BatchRequest
) -> None:
    fake = Asked(store, last=3)
    with pytest.raises(
        Interrupted, match="3 of 20 locations are done, run the same command to resume"
    ):
        run_batch_job(job, store, fake)
    assert len(fake.explained) == 3
    assert len(run_batch_job(job, store, Fake(store))) == 20


def test_another_requests_file_is_overwritten_only_on_request(
    store: Store, job: BatchRequest, out: Path
) -> None:
    with pytest.raises(EndedError):
        run_batch_job(job, store, Fake(store, last=4))
    other = replace(job, request=AttributionRequest("grad_cam"))
    with pytest.raises(
        InputError, match=r"belongs to another request \(different attribution request\)"
    ):
        run_batch_job(other, store, Fake(store))
    later = Fake(store)
    assert len(run_batch_job(job, store, later)) == 20
    assert len(later.explained) == 16


def test_a_location_that_cannot_be_explained_is_named_and_the_others_go_on(
    store: Store, job: BatchRequest, out: Path
) -> None:
    gone = frozenset(store.location_ids[3:5])
    made = run_batch_job(job, store, Fake(store, gone=gone))
    assert made.failures == tuple(
        (name, f"{name}_90.jpg: the photograph is gone.") for name in sorted(gone)
    )
    assert made.location_ids == tuple(name for name in store.location_ids if name not in gone)
    assert names(out) == ["some.h5"]


def test_what_was_mended_since_is_tried_again(store: Store, job: BatchRequest) -> None:
    fake = Fake(store, gone=frozenset(store.location_ids[:2]), last=4)
    with pytest.raises(EndedError):
        run_batch_job(job, store, fake)
    assert not run_batch_job(job, store, Fake(store)).failures


def test_a_request_that_is_invalid_at_a_location_fails_only_there(
    store: Store, job: BatchRequest
) -> None:
    wrong = store.logits.argmax(axis=1) != store.labels
    asked = replace(job, request=AttributionRequest(target="true", contrast_target="predicted"))
    made = run_batch_job(asked, store, Fake(store))
    assert made.location_ids == tuple(np.array(store.location_ids)[wrong])
    assert all("choose two classes" in why for _, why in made.failures)
    name = made.location_ids[0]
    row = store.location_ids.index(name)
    assert made.at(name).request.target == store.class_names[store.labels[row]]


def test_where_nothing_can_be_explained_nothing_is_left(
    store: Store, job: BatchRequest, out: Path
) -> None:
    with pytest.raises(InputError, match=r"none of 20 locations was explained; .* is gone"):
        run_batch_job(job, store, Fake(store, gone=frozenset(store.location_ids)))
    assert names(out) == []


def test_checks_are_added_to_existing_maps(store: Store, job: BatchRequest) -> None:
    with pytest.raises(EndedError):
        run_batch_job(job, store, Fake(store, last=5))
    fake = Fake(store)
    made = run_batch_job(replace(job, checks=True), store, fake)
    assert len(fake.explained) == len(store) - 5
    assert tuple(fake.examined) == store.location_ids
    assert all(one.checks for one in made)


def test_checks_are_written_only_on_request(store: Store, job: BatchRequest) -> None:
    with pytest.raises(EndedError):
        run_batch_job(replace(job, checks=True), store, Fake(store, last=5))
    made = run_batch_job(job, store, Fake(store))
    assert not any(one.checks for one in made)


def test_where_and_limit_choose(store: Store, job: BatchRequest) -> None:
    ohio = run_batch_job(replace(job, where="state == 'Ohio'"), store, Fake(store))
    assert all(name.startswith("Ohio/") for name in ohio.location_ids)
    assert len(ohio) == 4
    spread = [store.location_ids[row] for row in select_rows(store, "", 5)]
    assert [name.partition("/")[0] for name in spread] == list(store.class_names)
    assert select_rows(store, "", 1) == [0]
    assert select_rows(store, "", 1000) == list(range(len(store)))
    with pytest.raises(InputError, match="matches none of the 20 locations"):
        select_rows(store, "confidence > 2", None)


def test_output_is_overwritten_only_on_request_and_the_store_never(
    store: Store, job: BatchRequest, tmp_path: Path
) -> None:
    job.out.write_bytes(b"old")
    with pytest.raises(InputError, match="--overwrite"):
        run_batch_job(job, store, Fake(store))
    assert job.out.read_bytes() == b"old"
    assert len(run_batch_job(replace(job, overwrite=True), store, Fake(store))) == 20
    before = (tmp_path / "small.h5").read_bytes()
    (tmp_path / "link.h5").symlink_to("small.h5")
    itself = replace(job, out=tmp_path / "link.h5", overwrite=True)
    with pytest.raises(InputError, match="is the store itself"):
        run_batch_job(itself, store, Fake(store))
    assert (tmp_path / "small.h5").read_bytes() == before


def test_files_of_others_in_the_buffer_are_refused_and_stay(
    store: Store, job: BatchRequest, out: Path
) -> None:
    directory = resume_directory(job.out)
    directory.mkdir()
    (directory / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"mine\.txt: was not written by this command; move it"):
        run_batch_job(job, store, Fake(store))
    assert names(directory) == ["mine.txt"]
    (directory / "mine.txt").unlink()
    directory.rmdir()
    directory.symlink_to(out.parent / "data")
    with pytest.raises(InputError, match="is not a directory of this command; move it away"):
        run_batch_job(job, store, Fake(store))


def test_a_result_that_was_damaged_meanwhile_is_computed_again(
    store: Store, job: BatchRequest
) -> None:
    with pytest.raises(EndedError):
        run_batch_job(job, store, Fake(store, last=5))
    path = resume_directory(job.out) / "process-0.records"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # In the payload of the third of five.
    path.write_bytes(content)
    fake = Fake(store)
    assert len(run_batch_job(job, store, fake)) == 20
    assert fake.explained == [store.location_ids[2], *store.location_ids[5:]]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small-disk", "100k") as place:
        yield place


def test_a_full_disk_ends_it_and_loses_nothing(
    store: Store, job: BatchRequest, small: Path
) -> None:
    here = replace(job, out=small / "some.h5")
    with pytest.raises(InputError, match=r"\.resume.*No space left on device"):
        run_batch_job(here, store, Fake(store))
    subprocess.run(["mount", "-o", "remount,size=280k", str(small)], check=True)
    fake = Fake(store)
    with pytest.raises(InputError, match=r"No space left on device \(.* needed, .* free\)"):
        run_batch_job(here, store, fake)
    assert 0 < len(fake.explained) < len(store)
    subprocess.run(["mount", "-o", "remount,size=2m", str(small)], check=True)
    last = Fake(store)
    assert len(run_batch_job(here, store, last)) == 20
    assert not last.explained
    assert names(small) == ["some.h5"]
    assert len(attribution_file.read(small / "some.h5")) == 20
