"""Runs a command in new processes, one or several as under torchrun, without importing torch anew.

`run_command` starts `python -m tests.ranks` once for all tests of a process. It imports the
libraries, which takes seconds of CPU time, and forks a process for each rank of each command. When
one rank fails, the others are asked to end, as torchrun does.
"""

import atexit
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PRELOAD = ("trainer.train", "workbench.extract.extraction", "workbench.attribution.compute.methods")
SECONDS = 120  # Until a command is killed.
OWN_END_SECONDS, GRACE_SECONDS = 3, 20  # After one has failed: to end unasked, and asked.


@dataclass(frozen=True)
class Completed:
    """How the ranks of a command ended: exit statuses, and what all of them wrote, rank by rank.

    A status is negative for a process that a signal ended.
    """

    statuses: list[int]
    stdout: str
    stderr: str


def run_command(
    module: str, words: Sequence[str], ranks: int = 1, interrupt: tuple[str, int] | None = None
) -> Completed:
    """Run `python -m MODULE WORDS...` in some ranks and wait for all of them.

    `interrupt` are the name of a signal that each rank gets, and the pass through its model in
    which it gets it, from 1.
    """
    from tests.examples import free_port

    request: dict[str, Any] = {"module": module, "words": list(words), "interrupt": interrupt}
    group = {"WORLD_SIZE": ranks, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        # The environment as this test has changed it.
        request |= {"folder": folder, "ranks": ranks, "environment": dict(os.environ)}
        request |= {"group": {name: str(value) for name, value in group.items()}}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        statuses = json.loads(server.stdout.readline())
        texts = [
            "".join((Path(folder) / f"{rank}.{name}").read_text() for rank in range(ranks))
            for name in ("stdout", "stderr")
        ]
    return Completed(statuses, *texts)


@cache
def _server() -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.ranks"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.communicate)  # It ends with its input.
    return server


def _serve() -> None:
    """Answer each request of stdin with the exit statuses, as JSON in lines."""
    for module in PRELOAD:
        import_module(module)
    answers = os.fdopen(os.dup(1), "w")
    while line := sys.stdin.readline():
        request = json.loads(line)
        processes = {}
        for rank in range(request["ranks"]):
            process = os.fork()
            if not process:
                _run(request, rank)
                return
            processes[process] = rank
        print(json.dumps(_wait(processes)), file=answers, flush=True)


def _run(request: dict[str, Any], rank: int) -> None:
    """Become a rank: run the command and let the interpreter end by it."""
    from tests.interrupt_after import signal_in_pass

    for number, name in enumerate(("stdout", "stderr"), 1):
        file = os.open(f"{request['folder']}/{rank}.{name}", os.O_CREAT | os.O_WRONLY)
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["ranks"] > 1:
        os.environ |= request["group"] | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    sys.argv = [request["module"], *request["words"]]
    with ExitStack() as stack:
        if request["interrupt"]:
            name, passes = request["interrupt"]
            stack.enter_context(signal_in_pass(signal.Signals[name], passes))
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def _wait(processes: dict[int, int]) -> list[int]:
    """Return the exit statuses by rank; after the first failure the others are asked to end."""
    statuses: dict[int, int] = {}
    end, first_failure, asked = time.monotonic() + SECONDS, math.inf, False
    while len(statuses) < len(processes):
        for process in processes.keys() - statuses.keys():
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                statuses[process] = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                os.kill(process, signal.SIGKILL)
        if any(statuses.values()):
            first_failure = min(first_failure, time.monotonic())
        if not asked and time.monotonic() > first_failure + OWN_END_SECONDS:
            asked, end = True, min(end, time.monotonic() + GRACE_SECONDS)
            for process in processes.keys() - statuses.keys():
                os.kill(process, signal.SIGTERM)
        time.sleep(0.005)
    return [statuses[process] for process in sorted(processes, key=lambda one: processes[one])]


if __name__ == "__main__":
    _serve()
