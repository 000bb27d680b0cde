"""One process or several: who this one is, and what all of them have to agree on."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import torch
from torch import Tensor, distributed
from torch.distributed import ProcessGroup

from trainer.errors import InputError
from trainer.model import usable_device

# The others wait while the first process reads every photograph. Between steps nobody does.
PATIENCE = timedelta(hours=12)
# The processes talk about what to do beside the GPUs, which need not stop for it.
_talk: ProcessGroup | None = None


@dataclass(frozen=True)
class Processes:
    """This process (`rank` of `count`) and the device that it computes on."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Return whether this is the process that writes files and speaks."""
        return self.rank == 0

    def share(self, rows: Sequence[int]) -> list[int]:
        """Return this process's part of the rows of a step, possibly none."""
        return list(
            rows[len(rows) * self.rank // self.count : len(rows) * (self.rank + 1) // self.count]
        )

    def total(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def any(self, here: bool) -> bool:
        """Return whether something is so in one of the processes."""
        if self.count == 1:
            return here
        flag = torch.tensor([float(here)])
        distributed.all_reduce(flag, group=_talk)
        return bool(flag.item())

    def give(self, tensors: Iterable[Tensor]) -> None:
        """Give the first process's tensors to all others, in place."""
        if self.count > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.count > 1:
            distributed.barrier(group=_talk)

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process do this alone; the others follow when it is done."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()


def current() -> Processes:
    """Return this process as `joined` has set it up, else as the only one."""
    if not distributed.is_initialized():
        return Processes(0, 1, usable_device())
    return Processes(distributed.get_rank(), distributed.get_world_size(), _device())


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that `torchrun` has started, where it has.

    Raises InputError when a machine has more of them than GPUs.
    """
    global _talk
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    device = _device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    _talk = cast(ProcessGroup, distributed.new_group(backend="gloo", timeout=PATIENCE))
    yield
    # Not after an error: the others would be waited for, while they wait for this process. When it
    # ends instead, torchrun ends them.
    leave()


def leave() -> None:
    """Part from the other processes, where all of them do; a process that ends joined may abort."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _device() -> torch.device:
    """Return the GPU of this process's number on its machine, else the CPU."""
    usable = usable_device()
    if usable.type != "cuda":
        return usable
    number, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= gpus:
        raise InputError(f"There are {gpus} GPUs here; start as many processes a machine.")
    return torch.device("cuda", number)
