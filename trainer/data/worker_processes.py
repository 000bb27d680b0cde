"""Processes that read photographs for another one, and end with it."""

import multiprocessing
import os
import signal
import threading
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext

PRELOAD = ["trainer.data.dataset", "trainer.data.prepare.scan"]
# Only where a process can see who has sent a signal can it tell its parent from others.
HAS_SIGWAITINFO = hasattr(signal, "sigwaitinfo")
BLOCKED_SIGNALS = {signal.SIGINT, signal.SIGTERM} if HAS_SIGWAITINFO else {signal.SIGINT}


def worker_context() -> ForkServerContext:
    """Return what starts such processes.

    Forking a process that already runs threads can lock up. A server that has imported once what
    reads, and runs no threads, forks safely and at once. Ctrl-C in a terminal and SIGTERM from
    `torchrun` or `timeout` reach every process of a group; neither ends what is forked here, for
    whether to go on is the parent's to say, and it wants the batches until it has saved.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    resource_tracker.ensure_running()  # At its start it lets the signals through again.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def exit_with_parent() -> None:
    """Let this process end when its parent is killed, or asks it to."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    def listen() -> None:
        while True:
            if signal.sigwaitinfo({signal.SIGTERM}).si_pid == parent.pid:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if HAS_SIGWAITINFO:
        threading.Thread(target=listen, daemon=True).start()
