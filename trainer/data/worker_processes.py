"""Worker processes that read photographs; they end with their parent."""

import multiprocessing
import os
import signal
import threading
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext

PRELOAD = ["trainer.data.dataset", "trainer.data.prepare.scan"]
# Only with sigwaitinfo can a worker tell whether its parent sent a signal.
HAS_SIGWAITINFO = hasattr(signal, "sigwaitinfo")
BLOCKED_SIGNALS = {signal.SIGINT, signal.SIGTERM} if HAS_SIGWAITINFO else {signal.SIGINT}


def worker_context() -> ForkServerContext:
    """Return the multiprocessing context that starts workers.

    Forking a process that runs threads can deadlock. The fork server has no threads and has already
    imported what workers need, so it forks safely and fast. Ctrl-C in a terminal and SIGTERM from
    `torchrun` or `timeout` reach every process of the group. Workers ignore both: their parent
    needs batches until it has saved, and then ends them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    resource_tracker.ensure_running()  # Starting it unblocks the signals again.
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
    return context


def exit_with_parent() -> None:
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
