"""`python -m tests.interrupt_after SIGNAL PASSES COMMAND ARGUMENTS...`: interrupt a command.

Runs `python -m COMMAND ARGUMENTS...` and sends it SIGNAL, such as SIGKILL, in the given pass
through its model, counted from 1. A signal from outside could come after the command has ended.
Under torchrun each process counts its own passes.
"""

import os
import runpy
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def signal_in_pass(number: signal.Signals, passes: int) -> Iterator[None]:
    """Send this process a signal in a pass through a ResNet inside the block."""
    from torch import nn
    from torch.nn.modules.module import register_module_forward_pre_hook

    remaining = passes

    def count(module: nn.Module, arguments: Any) -> None:
        nonlocal remaining
        if isinstance(module, nn.Conv2d) and module.kernel_size == (7, 7):  # The first layer.
            remaining -= 1
            if remaining == 0:
                os.kill(os.getpid(), number)

    hook = register_module_forward_pre_hook(count)
    try:
        yield
    finally:
        hook.remove()


def main(name: str, passes: str, command: str, *arguments: str) -> None:
    with signal_in_pass(signal.Signals[name], int(passes)):
        sys.argv = [command, *arguments]
        runpy.run_module(command, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
