"""From photographs to a spool: reading, computing and writing at the same time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import NoReturn, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from common.distributed import Processes, on_all_ranks
from common.errors import InputError, Interrupted
from common.signals import StopSignal
from trainer.data import dataset
from trainer.data.dataset import Batch
from trainer.models.inference import Inference, fold_batch_norm, to_cpu_async
from trainer.models.resnet import ModelOutput
from workbench.extract.resume_buffer import GO_ON, Fields, Writer
from workbench.extract.task import Task


def gather(
    task: Task, whole: NDArray[np.bool_], processes: Processes, stop: StopSignal, *, fold: bool
) -> None:
    """Compute the batches that are not `whole` yet, and spool what they give.

    Batches are dealt to the processes as they are, and one with an unreadable location keeps its
    size: so what a location gives depends neither on the number of processes nor on where an
    earlier start was ended. Raises InputError in all processes alike, and Interrupted when one of them
    was asked to end; what was computed is spooled then.
    """
    left: list[int] = np.flatnonzero(~whole).tolist()
    if not left:
        return
    model = fold_batch_norm(task.model) if fold else task.model
    inference = Inference(model, task.device, task.request.precision)
    mine = [task.batches[number] for number in left[processes.rank :: processes.world_size]]
    with ExitStack() as stack:
        writer = on_all_ranks(
            processes, lambda: stack.enter_context(task.spool.writer(processes.rank))
        )
        share = _Share(task, mine, inference, writer)
        total = len(task.photographs)
        done = total - sum(len(task.batches[number]) for number in left)
        bar = stack.enter_context(_bar(done, total, processes))
        for first in range(0, len(left), processes.world_size):
            dealt = left[first : first + processes.world_size]
            on_all_ranks(processes, share.step if processes.rank < len(dealt) else _rest)
            many = sum(len(task.batches[number]) for number in dealt)
            done += many
            bar.update(many)
            if processes.any(stop.received):
                on_all_ranks(processes, writer.finish)
                raise Interrupted(f"asked to end; {done} of {total} locations are done, {GO_ON}.")
        on_all_ranks(processes, writer.finish)
        on_all_ranks(
            processes, lambda: task.spool.note_unreadable(processes.rank, share.unreadable)
        )


def readable(batch: Batch) -> list[int]:
    """Return which locations of a batch could be read, counted in it."""
    return [number for number, why in enumerate(batch.errors) if not why]


class _Share:
    """The batches of one process, and what could not be read in them, by row."""

    def __init__(
        self, task: Task, batches: Sequence[list[int]], inference: Inference, writer: Writer
    ) -> None:
        self._inference, self._writer, self._fields = inference, writer, tuple(task.fields)
        self._stream: Iterator[Batch] = iter(
            dataset.data_loader(task.photographs, batches, task.request.workers)
        )
        self.unreadable: dict[int, str] = {}

    def step(self) -> None:
        """Send the next batch through the model and hand what it gives to the writer."""
        try:
            batch = next(self._stream)
        except RuntimeError as error:
            raise InputError(
                "A process that decodes photographs was killed, perhaps for want of memory; "
                f"{GO_ON} with fewer --num-workers."
            ) from error
        rows = batch.rows.tolist()
        self.unreadable |= {row: why for row, why in zip(rows, batch.errors, strict=True) if why}
        if not readable(batch):
            return
        try:
            output = self._inference(batch.views)
        except torch.OutOfMemoryError as error:
            raise InputError("The GPU has too little memory; lower --batch-size.") from error
        self._writer.put(_arrays(batch, to_cpu_async(output), self._fields))


def _rest() -> None:
    """Do nothing: where batches run out, some processes have one less."""


def _arrays(
    batch: Batch, output: Callable[[], ModelOutput], fields: Sequence[str]
) -> Callable[[], Fields]:
    """Return what gives the arrays of a batch's readable locations once they are computed."""

    def arrays() -> Fields:
        arrived = output()
        tensors = {"row": batch.rows, "sha256": cast(Tensor, batch.sha256)}
        tensors |= {name: getattr(arrived, name) for name in fields}
        there = readable(batch)
        return {name: tensor.numpy()[there] for name, tensor in tensors.items()}

    return arrays


def _bar(done: int, total: int, processes: Processes) -> "tqdm[NoReturn]":
    return tqdm(
        desc="Extracting features",
        total=total,
        initial=done,
        unit="location",
        dynamic_ncols=True,
        mininterval=0.5,
        disable=not processes.is_main,
    )
