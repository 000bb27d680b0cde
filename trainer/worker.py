"""Processes that read photographs for another one, and end with it."""

import multiprocessing
import os
import signal
import threading
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext

READING = ["trainer.dataset", "trainer.prepare.reading"]


def server() -> ForkServerContext:
    """Return what starts such processes.

    Forking a process that already runs threads can lock up. A server that has imported once what
    reads, and runs no threads, forks safely and at once. Ctrl-C, which reaches every process of a
    terminal, does not end what it forks: whether to go on is for the parent to say.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(READING)
    resource_tracker.ensure_running()  # At its start it lets the signal through again.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def end_with_parent() -> None:
    """Let this process end when its parent is killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
