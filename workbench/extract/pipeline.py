"""From photographs to the resume buffer: decode, compute and write at the same time."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import NoReturn, cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from common.distributed import Processes, on_all_ranks
from common.errors import InputError, Interrupted
from common.resume_buffer import RESUME, Writer
from common.signals import StopSignal
from trainer.data import dataset
from trainer.data.dataset import Batch
from trainer.models.inference import Inference, fold_batch_norm, to_cpu_async
from trainer.models.resnet import ModelOutput
from workbench.extract.assembly import BATCH
from workbench.extract.task import ExtractionTask


def extract_batches(
    task: ExtractionTask,
    done: Sequence[bool],
    processes: Processes,
    stop: StopSignal,
    *,
    fold: bool,
) -> None:
    """Compute the batches that are not `done` and append them to the buffer.

    Whole batches are divided among the processes, and a batch with an unreadable location keeps its
    size: so the results depend neither on the number of processes nor on where an earlier start was
    stopped. Raises InputError in all processes alike, and Interrupted when one of them received a
    signal; what was computed is in the buffer then.
    """
    remaining = [number for number, is_done in enumerate(done) if not is_done]
    if not remaining:
        return
    model = fold_batch_norm(task.model) if fold else task.model
    inference = Inference(model, task.device, task.request.precision)
    with ExitStack() as stack:
        writer = on_all_ranks(
            processes, lambda: stack.enter_context(task.buffer.writer(processes.rank))
        )
        total = len(task.dataset)
        n_done = total - sum(len(task.batches[number]) for number in remaining)

        def finish() -> Interrupted:
            on_all_ranks(processes, writer.finish)
            return Interrupted(f"stopped; {n_done} of {total} locations are done, {RESUME}.")

        def stop_waiting() -> None:
            if stop.received and processes.world_size == 1:
                raise finish()

        rank_batches = remaining[processes.rank :: processes.world_size]
        loader = dataset.batch_loader(
            task.dataset,
            [task.batches[number] for number in rank_batches],
            task.request.num_workers,
            stop_waiting,
        )
        loaded = zip(rank_batches, stack.enter_context(loader), strict=True)
        worker = _BatchWorker(task, loaded, inference, writer)
        bar = stack.enter_context(_bar(n_done, total, processes))
        for start in range(0, len(remaining), processes.world_size):
            step = remaining[start : start + processes.world_size]
            on_all_ranks(processes, worker.step if processes.rank < len(step) else _skip_step)
            locations = sum(len(task.batches[number]) for number in step)
            n_done += locations
            bar.update(locations)
            if processes.any(stop.received):
                raise finish()
        on_all_ranks(processes, writer.finish)


def readable(batch: Batch) -> list[int]:
    """Return the positions of a batch's locations that could be read."""
    return [position for position, reason in enumerate(batch.errors) if not reason]


class _BatchWorker:
    """Computes the batches of one process in order."""

    def __init__(
        self,
        task: ExtractionTask,
        batches: Iterator[tuple[int, Batch]],
        inference: Inference,
        writer: Writer,
    ) -> None:
        """Take the batches with their numbers."""
        self._inference, self._writer, self._row_dtype = inference, writer, task.row_dtype
        self._batches = batches

    def step(self) -> None:
        """Send the next batch through the model and queue its rows for writing."""
        number, batch = next(self._batches)
        errors = zip(batch.rows.tolist(), batch.errors, strict=True)
        if unreadable := [(row, reason) for row, reason in errors if reason]:
            self._writer.put_failure(number, json.dumps(unreadable))
        if not readable(batch):
            return
        try:
            output = self._inference(batch.views)
        except torch.OutOfMemoryError as error:
            raise InputError("The GPU has too little memory; lower --batch-size.") from error
        self._writer.put(number, BATCH, _payload(batch, to_cpu_async(output), self._row_dtype))


def _skip_step() -> None:
    """Do nothing: in the last step there may be fewer batches than processes."""


def _payload(
    batch: Batch, wait: Callable[[], ModelOutput], dtype: "np.dtype[np.void]"
) -> Callable[[], bytes]:
    """Return a function that waits for the output and returns the readable rows as bytes."""

    def payload() -> bytes:
        output, positions = wait(), readable(batch)
        rows = np.empty(len(positions), dtype)
        for name in dtype.names or ():
            fields = {"row": batch.rows, "sha256": batch.sha256}
            tensor = cast(Tensor, fields[name] if name in fields else getattr(output, name))
            values = tensor.numpy()[positions]
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise InputError(
                    f"The model's {name.replace('_', ' ')} are not finite; the training diverged: "
                    "train with a smaller learning rate."
                )
            rows[name] = values
        return rows.tobytes()

    return payload


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
