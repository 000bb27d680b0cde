"""One checkpoint over the photographs of one folder, into one store."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from common import distributed
from common.distributed import Processes, on_all_ranks
from common.errors import InputError
from common.files import check_writable, error_text, file_lock
from common.signals import stop_signal
from trainer.data import dataset
from trainer.models.inference import fold_batch_norm, folding_is_exact
from workbench import store as stores
from workbench.extract import resume_buffer as spools
from workbench.extract.assembly import assemble
from workbench.extract.pipeline import gather, readable
from workbench.extract.resume_buffer import GO_ON, MADE, State
from workbench.extract.task import Request, Task
from workbench.store import Store

PROBE = 4  # Locations that decide whether a model can be folded.


def extract(run: Path, data: Path, out: Path, *, batch_size: int, workers: int) -> Store:
    """Run the best checkpoint of `run` over the photographs in `data` and write the store `out`.

    Raises as `extracted` does.
    """
    out = out.resolve()
    store = extracted(Request(run, data, out, batch_size, workers))
    tidy(out)
    return store


def extracted(request: Request) -> Store:
    """Write the store that is asked for, going on where an earlier start was ended, and return it.

    What a start has done lies in a folder beside the store. At the end its records are removed, and
    the rest by `tidy`, so that a command that makes several stores knows which it has finished.
    Processes that `distributed.process_group` has joined share the work. Locations that cannot be read are
    left out, counted and named in the store's provenance. Raises InputError when nothing can be
    read, a class is unknown to the checkpoint, the store is there, or begun with other options, and
    not to be overwritten, or the disk is full, and Stopped when it was asked to end.
    """
    processes = distributed.current_processes()
    with ExitStack() as stack:
        task = on_all_ranks(processes, lambda: Task(request, processes.device))
        start = _given(on_all_ranks(processes, lambda: _begin(task, processes, stack)), processes)
        if not start.finished:
            with _nothing_left(task, processes):
                with stop_signal() as stop:
                    gather(task, start.whole, processes, stop, fold=start.folded)
                on_all_ranks(processes, lambda: _write(task, start, processes))
        return stores.read(request.out)


def tidy(out: Path) -> None:
    """Remove what was kept beside a store until all stores of a command are made."""
    if distributed.current_processes().is_main:
        spools.remove(spools.folder_of(out))


@dataclass(frozen=True)
class _Start:
    """Whether the store is there already, which batches are, and what was decided at the start."""

    finished: bool
    folded: bool
    created: str
    whole: NDArray[np.bool_]


def _begin(task: Task, processes: Processes, stack: ExitStack) -> _Start:
    """Take up the spool, or begin one; the first process does it and holds the lock."""
    none = np.zeros(len(task.batches), dtype=np.bool_)
    if not processes.is_main:
        return _Start(False, False, "", none)
    out, overwrite = task.request.out, task.request.overwrite
    stack.enter_context(file_lock(out))
    state = _state(task)
    if state is None:
        check_writable(out, overwrite=overwrite)
        created = datetime.now(UTC).isoformat()
        state = State(task.description(), _folds(task), created)
        task.spool.begin(state)
        return _Start(False, state.folded, created, none)
    if _is_of(out, state) and overwrite:
        # Whoever wants it replaced does not want the one that an earlier start has finished.
        state = replace(state, created=datetime.now(UTC).isoformat())
        task.spool.begin(state)
        return _Start(False, state.folded, state.created, none)
    if _is_of(out, state):
        print(f"{out}: was finished by an earlier start of this command.")
        return _Start(True, state.folded, state.created, none)
    check_writable(out, overwrite=overwrite)
    return _Start(False, state.folded, state.created, task.spool.mend())


def _state(task: Task) -> State | None:
    """Return what an earlier start of this extraction began, None where there is nothing of use.

    Raises InputError where it was another extraction that is not to be overwritten.
    """
    try:
        state = task.spool.state()
        if state is None or state.extraction == task.description():
            return state
        wanted = task.description()
        other = [name for name, value in wanted.items() if state.extraction.get(name) != value]
        raise InputError(
            f"{task.spool.folder}: holds the beginning of another extraction (its "
            f"{', its '.join(other)}); finish that one, name another file, or say --overwrite."
        )
    except InputError:
        if task.request.overwrite:
            return None
        raise


def _is_of(out: Path, state: State) -> bool:
    """Return whether a store was made of this spool, and only its removal is missing."""
    try:
        return out.is_file() and stores.read(out).provenance.get("created") == state.created
    except InputError:
        return False


def _folds(task: Task) -> bool:
    """Return whether the model can be folded, by what it makes of the first locations."""
    for rows in dataset.sequential_batches(len(task.photographs), PROBE):
        batch = task.photographs.__getitems__(rows)
        if readable(batch):
            return folding_is_exact(
                task.model, fold_batch_norm(task.model), batch.views[readable(batch)]
            )
    raise InputError(f"{task.root}: no photograph could be read; check the files.")


def _given(start: _Start, processes: Processes) -> _Start:
    """Return what the first process knows of the start, to all."""
    flags = [start.finished, start.folded, *start.whole.tolist()]
    given = torch.tensor(flags, dtype=torch.uint8, device=processes.device)
    processes.broadcast([given])
    finished, fold, *whole = given.bool().tolist()
    return _Start(finished, fold, start.created, np.array(whole, dtype=np.bool_))


@contextmanager
def _nothing_left(task: Task, processes: Processes) -> Iterator[None]:
    """Leave no folder behind when nothing came of it."""
    try:
        yield
    except InputError:
        if processes.is_main and task.spool.empty():
            spools.remove(task.spool.folder)
        raise


def _write(task: Task, start: _Start, processes: Processes) -> None:
    """Make the store of the spool; the first process does."""
    if not processes.is_main:
        return
    unreadable, gathered = task.spool.unreadable(), task.spool.gathered()
    missing = len(task.photographs) - len(gathered.row) - len(unreadable)
    if missing:
        raise InputError(
            f"{task.spool.folder}: {missing} locations are missing; start all processes where they "
            "share this folder."
        )
    if not len(gathered.row):
        raise InputError(f"{task.root}: no photograph could be read; check the files.")
    location = task.selection.location
    skipped = [*task.selection.skipped]
    skipped += [(location[row].id, why) for row, why in unreadable.items()]
    more = {"folded": start.folded, "created": start.created, "skipped": skipped}
    store = assemble(
        gathered, task.selection, task.checkpoint.class_names, task.provenance() | more
    )
    made = task.spool.folder / MADE
    try:
        stores.write(made, store)
        made.replace(task.request.out)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise InputError(
                f"{task.request.out}: {error_text(error.__cause__)}; make room and {GO_ON}."
            ) from error
        raise
    task.spool.drop_records()
