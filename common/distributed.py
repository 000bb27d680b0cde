"""One process or several (`torchrun`): ranks, devices and collective operations."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
from torch import Tensor, distributed
from torch.distributed import ProcessGroup

from common.errors import InputError
from common.system_errors import explain, is_out_of_memory

# The other processes may wait for hours while the main process reads every photograph.
TIMEOUT = timedelta(hours=12)
# A second group on the CPU for control messages, which must not synchronise the GPUs.
_control_group: ProcessGroup | None = None

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process (`rank` of `world_size`) and the device that it computes on."""

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Return whether this is the process that writes files and prints."""
        return self.rank == 0

    def shard(self, rows: Sequence[int]) -> list[int]:
        """Return this process's part of the rows of a batch, possibly empty."""
        start, end = (len(rows) * rank // self.world_size for rank in (self.rank, self.rank + 1))
        return list(rows[start:end])

    def all_reduce(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes, in place."""
        if self.world_size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, condition: bool) -> bool:
        """Return whether a condition holds in one of the processes."""
        if self.world_size == 1:
            return condition
        flag = torch.tensor([float(condition)])
        distributed.all_reduce(flag, group=_control_group)
        return bool(flag.item())

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Copy the main process's tensors to all others, in place."""
        if self.world_size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def broadcast_flags(self, flags: Iterable[bool]) -> list[bool]:
        """Return the main process's flags, of which all processes have equally many."""
        tensor = torch.tensor(list(flags), dtype=torch.uint8, device=self.device)
        self.broadcast([tensor])
        return [bool(flag) for flag in tensor.tolist()]

    def barrier(self) -> None:
        """Wait until all processes have reached this call."""
        if self.world_size > 1:
            distributed.barrier(group=_control_group)

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Run the block in the main process first, then in the others."""
        if not self.is_main:
            self.barrier()
        yield
        if self.is_main:
            self.barrier()


def current_processes() -> Processes:
    """Return this process in its `process_group`, or as the only process."""
    if not distributed.is_initialized():
        return Processes(0, 1, default_device())
    return Processes(distributed.get_rank(), distributed.get_world_size(), _local_device())


@contextmanager
def process_group() -> Iterator[None]:
    """Initialise the process group if `torchrun` has started several processes.

    Raises InputError if a machine has more of them than GPUs.
    """
    global _control_group
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    device = _local_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    _control_group = cast(ProcessGroup, distributed.new_group(backend="gloo", timeout=TIMEOUT))
    yield
    # Not after an error: the processes would wait for each other. torchrun ends the others when
    # this process ends.
    leave_process_group()


def leave_process_group() -> None:
    """Leave the group, in all processes; a process that exits inside it may abort."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def on_all_ranks(processes: Processes, work: Callable[[], T]) -> T:
    """Run `work` in each process and continue only if it succeeded in all of them.

    Raises InputError in all processes if one of them raises InputError or OSError, or has too
    little memory, so that none waits for a process that has ended.
    """
    problem: Exception | None
    try:
        result, problem = work(), None
    except (InputError, BrokenPipeError) as error:
        problem = error
    except (OSError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not is_out_of_memory(error):
            raise
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        problem = InputError(f"{where}{explain(error)}.")
        problem.__cause__ = error
    if processes.any(problem is not None):
        leave_process_group()
        raise problem or InputError("another process failed; see its message.")
    return result


def default_device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _local_device() -> torch.device:
    """Return the GPU of this process's local rank, else the CPU."""
    device = default_device()
    if device.type != "cuda":
        return device
    number, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= gpus:
        raise InputError(f"This machine has {gpus} GPUs; start at most {gpus} processes on it.")
    return torch.device("cuda", number)
