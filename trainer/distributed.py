"""One process or several: who this one is, and what all of them have to agree on."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from trainer.model import usable_device

# The others wait while the first process reads every photograph.
PATIENCE = timedelta(hours=12)


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
        return bool(self.total(torch.tensor([float(here)], device=self.device)).item())

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.count > 1:
            distributed.barrier()

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
    """Join the processes that `torchrun` has started, where it has."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    device = _device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _device() -> torch.device:
    """Return the GPU of this process's number on its machine, else the CPU."""
    usable = usable_device()
    if usable.type == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return usable
