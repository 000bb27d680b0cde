"""Worker processes: they end with their parent, and a wait for them ends."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

from common.errors import InputError
from common.signals import blocked_signals

PRELOAD = ("trainer.data.dataset", "trainer.data.prepare.scan")
PREFETCH = 4
"""Results of each worker that wait for the consumer or are being computed."""
SILENCE_SECONDS = 30 * 60
"""After so long without a result from any worker they are killed: a slow disk needs less."""
POLL_SECONDS = 0.5
# Only with sigwaitinfo can a worker tell whether its parent sent a signal.
HAS_SIGWAITINFO = hasattr(signal, "sigwaitinfo")
BLOCKED_SIGNALS = {signal.SIGINT, signal.SIGTERM} if HAS_SIGWAITINFO else {signal.SIGINT}

Item = TypeVar("Item")
Result = TypeVar("Result")
_function: Callable[[Any], Any]  # Of a worker.


def no_action() -> None:
    """Do nothing."""


@contextmanager
def worker_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    num_workers: int,
    *,
    prefetch: int = PREFETCH,
    preload: Sequence[str] = PRELOAD,
    on_wait: Callable[[], None] = no_action,
) -> Iterator[Iterator[Result]]:
    """Yield an iterator over the results of `function`, in order, from `num_workers` processes.

    Each worker receives the function once; `preload` are modules that it needs. With 0 workers this
    process calls the function. At most `prefetch` results of each worker wait for the consumer.
    While the consumer waits, `on_wait` is called twice a second; it may raise to stop. When the
    block ends, so do the workers, at once if an error left it. The iterator raises InputError if a
    worker is killed, cannot be started, runs out of memory or disk, or if all are silent for
    `SILENCE_SECONDS`.
    """
    if not num_workers:
        yield map(function, items)
        return
    others = set(multiprocessing.active_children())
    try:
        pool = ProcessPoolExecutor(
            num_workers,
            mp_context=_worker_context(preload),
            initializer=_start_worker,
            initargs=(function,),
        )
    except OSError as error:  # Semaphores lie in /dev/shm.
        raise _failure(error) from error
    try:
        yield _results(pool, iter(items), prefetch * num_workers, on_wait)
    except BaseException:
        # They hold nothing that could be lost, and one of them may be why.
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _results(
    pool: ProcessPoolExecutor, items: Iterator[Any], limit: int, on_wait: Callable[[], None]
) -> Iterator[Any]:
    """Yield the results in order while up to `limit` are pending."""
    pending: list[Future[Any]] = []
    try:
        while True:
            pending += _submit(pool, islice(items, limit - len(pending)))
            if not pending:
                return
            _wait(pending, on_wait)
            yield pending.pop(0).result()
    except BrokenProcessPool as error:
        raise InputError(
            "A worker process was killed, perhaps because memory ran out; continue with fewer "
            "--num-workers (training: and --resume)."
        ) from error
    except (MemoryError, RuntimeError) as error:
        raise _failure(error) from error


def _submit(pool: ProcessPoolExecutor, items: Iterable[Any]) -> list[Future[Any]]:
    try:
        with blocked_signals():
            return [pool.submit(_call, item) for item in items]
    except OSError as error:
        raise _failure(error) from error


def _wait(pending: Sequence[Future[Any]], on_wait: Callable[[], None]) -> None:
    """Wait for the first; raises InputError when none of them is done for too long."""
    num_done, since = 0, time.monotonic()
    while not wait_for(pending[:1], POLL_SECONDS).done:
        on_wait()
        done = sum(future.done() for future in pending)
        if done > num_done:
            num_done, since = done, time.monotonic()
        elif time.monotonic() - since > SILENCE_SECONDS:
            raise InputError(
                f"The worker processes have been silent for {SILENCE_SECONDS / 60:.0f} minutes and "
                "were ended; check that the disk of the photographs answers, then continue "
                "(training: with --resume), perhaps with fewer --num-workers."
            )


def _failure(error: Exception) -> InputError:
    text = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
    return InputError(
        f"A worker process failed ({text or type(error).__name__}); make room in memory and in "
        "/dev/shm (containers: --shm-size), or continue with fewer --num-workers, 0 for none "
        "(training: and --resume)."
    )


def _worker_context(preload: Sequence[str]) -> ForkServerContext:
    """Return the multiprocessing context that starts workers.

    Forking a process that runs threads can deadlock. The fork server has no threads and has already
    imported what workers need, so it forks safely and fast. Ctrl-C in a terminal and SIGTERM from
    `torchrun` or `timeout` reach every process of the group. Workers ignore both: their parent
    needs batches until it has saved, and then ends them.
    """
    context = multiprocessing.get_context("forkserver")
    start_fork_server(preload)
    return context


def start_fork_server(preload: Sequence[str]) -> None:
    """Start the process from which workers are forked, which imports the modules `preload`.

    Later calls do nothing: a process that needs workers for several purposes starts the server with
    the modules of all. Otherwise each new worker imports what is missing, torch for example.
    """
    multiprocessing.set_forkserver_preload(list(preload))
    resource_tracker.ensure_running()  # Starting it unblocks the signals again.
    with blocked_signals(BLOCKED_SIGNALS):
        forkserver.ensure_running()


def _start_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    _exit_with_parent()


def _call(item: Any) -> Any:
    return _function(item)


def _exit_with_parent() -> None:
    """End this worker when its parent ends or sends SIGTERM."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch_parent() -> None:
        parent.join()
        os._exit(1)

    def wait_for_signal() -> None:
        while True:
            if signal.sigwaitinfo({signal.SIGTERM}).si_pid == parent.pid:
                os._exit(1)

    threading.Thread(target=watch_parent, daemon=True).start()
    if HAS_SIGWAITINFO:
        threading.Thread(target=wait_for_signal, daemon=True).start()
