"""Attributions of many locations of a store in one file, by one process or several."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common import distributed
from common.distributed import Processes, on_all_ranks
from common.earlier_result import is_finished
from common.errors import InputError, Interrupted
from common.files import check_writable, file_lock
from common.progress import ProgressCallback
from common.resume_buffer import RESUME, Results, ResumeBuffer, Writer
from common.signals import StopSignal, stop_signal
from trainer import checkpoint as checkpoints
from workbench.attribution import attribution_file
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.batch_request import BatchRequest
from workbench.attribution.explainer import Explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import (
    ALGORITHM,
    fingerprint,
    from_arrays,
    pack,
    request_to_json,
    to_arrays,
    unpack,
)
from workbench.store import Store
from workbench.store.query import select

MAP, CHECKS = 1, 2
"""Kinds of the buffer's records: an attribution without its checks, and these; keys are rows."""


class _Stopped(Exception):  # noqa: N818  Nothing went wrong.
    """Raised by the progress callback to leave the explainer."""


def run_batch_job(job: BatchRequest, store: Store, explainer: Explainer) -> AttributionFile:
    """Write the attribution file of a job, resuming an earlier start, and return it.

    A file of the same request is returned as it is.
    Results go into a resume buffer beside the file, and from there into the file at the end. The
    processes of `distributed.process_group` share the work. The file lists the locations that
    cannot be explained, with the reason. Raises InputError when no location can be explained or
    matches, the file exists and may not be overwritten, or the disk is full; Interrupted after a
    signal.
    """
    processes = distributed.current_processes()
    with ExitStack() as stack:
        work = on_all_ranks(processes, lambda: _BatchJob(job, store, explainer))
        start = on_all_ranks(processes, lambda: work.begin(processes, stack))
        finished, *done = processes.broadcast_flags(start)
        if finished:
            return attribution_file.read(job.out)
        with stop_signal() as stop:
            on_all_ranks(processes, lambda: work.run(done, processes, stop))
            if processes.any(stop.received):
                raise Interrupted(f"stopped; {work.count_done()}, {RESUME}.")
        on_all_ranks(processes, lambda: work.write() if processes.is_main else None)
        return attribution_file.read(job.out)


def select_rows(store: Store, where: str, limit: int | None) -> list[int]:
    """Return the rows of a store to explain; raises InputError if no location matches."""
    rows = np.flatnonzero(select(store, where)) if where else np.arange(len(store))
    if not len(rows):
        raise InputError(f"--where {where!r}: matches none of the {len(store)} locations.")
    if limit is not None and limit < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(np.int64)]
    selected: list[int] = rows.tolist()
    return selected


class _BatchJob:
    """A job with `requests`, the resolved request of each row that can be explained."""

    def __init__(self, job: BatchRequest, store: Store, explainer: Explainer) -> None:
        job = replace(job, request=job.request.match_names(store.class_names, store.location_ids))
        self._job, self._store, self._explainer = job, store, explainer
        self._buffer = ResumeBuffer(
            job.out,
            {
                "attribution request": request_to_json(job.request),
                "store": asdict(fingerprint(store)),
                "algorithm": ALGORITHM,
            },
        )
        self._key = {
            "request": asdict(job.request),
            "where": job.where,
            "limit": job.limit,
            "checks": job.checks,
            "algorithm": ALGORITHM,
            "store": asdict(fingerprint(store)),
        }
        self.requests: dict[int, AttributionRequest] = {}
        self._failures: dict[int, str] = {}
        job.request.validate(store.class_names)
        baseline = job.request.baseline_location
        if baseline and baseline not in store.location_ids:
            raise InputError(
                f"--baseline-location {baseline!r}: the store has no such location; check its id."
            )
        for row in select_rows(store, job.where, job.limit):
            try:
                self.requests[row] = explainer.resolve(store.location_ids[row], job.request)
            except InputError as error:
                self._failures[row] = str(error)

    def begin(self, processes: Processes, stack: ExitStack) -> list[bool]:
        """Recover or begin the buffer in the main process.

        Returns whether the file is finished, and for each location whether it is done.
        """
        if not processes.is_main:
            return [False] * (1 + len(self.requests))
        out, overwrite = self._job.out, self._job.overwrite
        if out.resolve() == self._job.store.resolve():
            raise InputError(f"{out}: is the store itself; choose another file.")
        stack.enter_context(file_lock(out))
        check_writable(out, overwrite=True)
        if out.exists() and not overwrite and is_finished(out, _recorded_request(out), self._key):
            self._buffer.remove_finished()
            return [True] + [False] * len(self.requests)
        recovered: set[tuple[int, int]] = set()
        if self._buffer.load(overwrite=overwrite) is None:
            self._buffer.begin({})
        else:
            recovered = self._buffer.recover()
        return [False] + [(row, self._last_kind) in recovered for row in self.requests]

    def run(self, done: Sequence[bool], processes: Processes, stop: StopSignal) -> None:
        """Explain this process's share of the locations until a signal is received."""
        share = slice(processes.rank, None, processes.world_size)
        rows = list(zip(self.requests, done, strict=True))[share]
        todo = [row for row, is_done in rows if not is_done]
        earlier = self._buffer.results()
        maps = set(earlier.keys(MAP))
        with (
            self._buffer.writer(processes.rank) as writer,
            _bar(len(rows) - len(todo), len(rows), processes) as bar,
        ):

            def progress(_fraction: float, stage: str = "", /) -> None:
                if stop.received:
                    raise _Stopped
                bar.set_postfix_str(stage, refresh=False)
                bar.update(0)

            for row in todo:
                known = _load(earlier, row, MAP) if row in maps else None
                with suppress(_Stopped):
                    self._explain(row, known, writer, progress)
                    bar.update()
                if stop.received:
                    return

    def count_done(self) -> str:
        """Say how many locations all processes have finished."""
        keys = set(self._buffer.results().keys(self._last_kind))
        return f"{len(keys & self.requests.keys())} of {len(self.requests)} locations are done"

    def write(self) -> None:
        """Write the attribution file and remove the buffer."""
        results = self._buffer.results()
        failures = self._failures | results.failures()
        rows = [row for row in self.requests if row not in failures]
        missing = len(set(rows).difference(results.keys(self._last_kind)))
        if missing:
            raise InputError(
                f"{self._buffer.directory}: {missing} locations are missing; start all processes "
                f"where they share this directory, and {RESUME}."
            )
        reasons = [(self._store.location_ids[row], reason) for row, reason in failures.items()]
        if rows:
            job = self._job
            options = self._key | {
                "created": datetime.now(UTC).isoformat(),
                "versions": checkpoints.versions(),
            }
            attribution_file.write(
                job.out,
                (_load(results, row, self._last_kind) for row in rows),
                len(rows),
                fingerprint(self._store),
                options,
                self._store.provenance,
                reasons,
            )
        self._buffer.remove()
        if not rows:
            location_id, reason = reasons[0]
            raise InputError(
                f"none of {len(reasons)} locations was explained; {location_id}: {reason}"
            )

    @property
    def _last_kind(self) -> int:
        return CHECKS if self._job.checks else MAP

    def _explain(
        self, row: int, known: Attribution | None, writer: Writer, progress: ProgressCallback
    ) -> None:
        """Put the results of a location into the buffer, or the reason why there are none."""
        steps = self._steps(row, known, progress)
        while True:
            try:
                kind, attribution = next(steps)
            except StopIteration:
                return
            except InputError as error:
                writer.put_failure(row, str(error))
            else:
                writer.put(row, kind, partial(_dump, attribution, kind))
            writer.finish()

    def _steps(
        self, row: int, attribution: Attribution | None, progress: ProgressCallback
    ) -> Iterator[tuple[int, Attribution]]:
        """Yield the attribution unless it is known, and again with checks if these are wanted."""
        if attribution is None:
            location_id, request = self._store.location_ids[row], self.requests[row]
            attribution = self._explainer.explain(location_id, request, progress)
            yield MAP, attribution
        if self._job.checks:
            yield CHECKS, self._explainer.check(attribution, progress)


def _recorded_request(out: Path) -> Mapping[str, Any] | None:
    """Return the request that the file at `out` answers, None if it is no attribution file."""
    try:
        return attribution_file.read(out).options
    except InputError:
        return None


def _dump(attribution: Attribution, kind: int) -> bytes:
    """Return an .npz file of the checks of an attribution, or of all other arrays."""
    arrays = to_arrays(attribution).items()
    in_checks = kind == CHECKS
    return pack({name: a for name, a in arrays if name.startswith("/evidence/") == in_checks})


def _load(results: Results, row: int, last_kind: int) -> Attribution:
    """Return an attribution with the arrays of all kinds up to the last one."""
    arrays: dict[str, NDArray[Any]] = {}
    for kind in range(MAP, last_kind + 1):
        arrays |= unpack(results.payload(row, kind))
    return from_arrays(arrays)


def _bar(done: int, total: int, processes: Processes) -> "tqdm[NoReturn]":
    many = f" (process 1 of {processes.world_size})" if processes.world_size > 1 else ""
    return tqdm(
        desc=f"Explaining locations{many}",
        total=total,
        initial=done,
        unit="location",
        dynamic_ncols=True,
        mininterval=0.5,
        miniters=0,  # Show the stages within a location;
        smoothing=0,  # otherwise these would count as fast locations.
        disable=not processes.is_main,
    )
