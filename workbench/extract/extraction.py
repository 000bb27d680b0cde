"""Extraction: one checkpoint, one folder of photographs, one store."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import distributed
from common.distributed import Processes, on_all_ranks
from common.earlier_result import is_finished
from common.errors import InputError
from common.files import check_writable, file_lock
from common.resume_buffer import OUTPUT, RESUME, Results
from common.signals import stop_signal
from common.system_errors import explain
from trainer.data import dataset, layout
from trainer.models.inference import fold_batch_norm, folding_is_exact
from workbench import store as stores
from workbench.extract.assembly import BATCH, ExtractedRows, assemble
from workbench.extract.pipeline import extract_batches, readable
from workbench.extract.request import ExtractionRequest
from workbench.extract.task import ExtractionTask
from workbench.store import Store

PROBE = 4  # Locations that decide whether batch normalisation is folded.


def extract(
    run: Path, data: Path, out: Path, *, batch_size: int = 32, num_workers: int = 2
) -> Store:
    """Run the best checkpoint of `run` over the photographs in `data` and write the store `out`.

    Raises as `run_extraction` does.
    """
    out = out.resolve()
    request = ExtractionRequest(
        run=run, data=data, out=out, batch_size=batch_size, num_workers=num_workers
    )
    return run_extraction(request)


def run_extraction(request: ExtractionRequest) -> Store:
    """Write the store of a request, resuming an earlier start, and return it.

    The resume buffer lies beside the store and is removed at the end. A store of the same request
    is returned as it is. The processes of `distributed.process_group` share the work. Locations
    that cannot be read are left out and listed in the store's provenance. Raises InputError when
    nothing can be read, a class is unknown to the checkpoint, the store or the buffer of another
    request exists and may not be overwritten, or the disk is full; Interrupted after a signal.
    """
    processes = distributed.current_processes()
    with ExitStack() as stack:
        task = on_all_ranks(processes, lambda: ExtractionTask(request, processes.device))
        start = on_all_ranks(processes, lambda: _begin(task, processes, stack))
        finished, fold, *done = processes.broadcast_flags(
            [start.finished, start.decisions.get("folded", False), *start.done]
        )
        if not finished:
            with _removing_empty_buffer(task, processes):
                with stop_signal() as stop:
                    extract_batches(task, done, processes, stop, fold=fold)
                on_all_ranks(processes, lambda: _write(task, start) if processes.is_main else None)
        return stores.read(request.out)


def recorded_request(out: Path) -> Mapping[str, Any] | None:
    """Return the request that the store at `out` answers, None if it does not say."""
    try:
        request = stores.read(out).provenance.get("request")
    except InputError:
        return None
    return request if isinstance(request, dict) else None


@dataclass(frozen=True)
class _Start:
    """Whether the store exists, which batches are done, and what the first start decided."""

    finished: bool
    done: list[bool]
    decisions: dict[str, Any]


def _begin(task: ExtractionTask, processes: Processes, stack: ExitStack) -> _Start:
    """Recover or begin the buffer in the main process, which holds the lock."""
    none = [False] * len(task.batches)
    if not processes.is_main:
        return _Start(False, none, {})
    out, overwrite = task.request.out, task.request.overwrite
    layout.print_warnings(task.index)
    stack.enter_context(file_lock(out))
    check_writable(out, overwrite=True)
    if out.exists() and not overwrite and is_finished(out, recorded_request(out), task.key):
        task.buffer.remove_finished()
        return _Start(True, none, {})
    if decisions := task.buffer.load(overwrite=overwrite):
        recovered = task.buffer.recover()
        return _Start(False, [(key, BATCH) in recovered for key in range(len(none))], decisions)
    decisions = {"folded": _can_fold(task), "created": datetime.now(UTC).isoformat()}
    task.buffer.begin(decisions)
    return _Start(False, none, decisions)


def _can_fold(task: ExtractionTask) -> bool:
    """Return whether batch normalisation can be folded, by the outputs of the first locations."""
    for rows in dataset.sequential_batches(len(task.dataset), PROBE):
        batch = task.dataset.__getitems__(rows)
        if positions := readable(batch):
            return folding_is_exact(task.model, fold_batch_norm(task.model), batch.views[positions])
    raise InputError(f"{task.root}: no photograph could be read; check the files.")


@contextmanager
def _removing_empty_buffer(task: ExtractionTask, processes: Processes) -> Iterator[None]:
    try:
        yield
    except InputError:
        if processes.is_main and not task.buffer.results().keys(BATCH):
            task.buffer.remove()
        raise


def _write(task: ExtractionTask, start: _Start) -> None:
    """Write the store from the buffer."""
    results = task.buffer.results()
    unreadable = _unreadable(results)
    extracted = ExtractedRows(results, task.row_dtype)
    missing = len(task.dataset) - len(extracted.rows) - len(unreadable)
    if missing:
        raise InputError(
            f"{task.buffer.directory}: {missing} locations are missing; start all processes where "
            "they share this directory."
        )
    if not len(extracted.rows):
        raise InputError(f"{task.root}: no photograph could be read; check the files.")
    locations = task.selection.locations
    skipped = [*task.selection.skipped]
    skipped += [(locations[row].id, reason) for row, reason in sorted(unreadable.items())]
    provenance = task.provenance() | start.decisions | {"skipped": skipped}
    store = assemble(extracted, task.selection, task.checkpoint.class_names, provenance)
    output = task.buffer.directory / OUTPUT
    try:
        stores.write(output, store)
        output.replace(task.request.out)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise InputError(
                f"{task.request.out}: {explain(error.__cause__, f'and {RESUME}')}."
            ) from error
        raise
    task.buffer.remove()


def _unreadable(results: Results) -> dict[int, str]:
    """Return the reasons why rows could not be read."""
    return {row: reason for text in results.failures().values() for row, reason in json.loads(text)}
