"""Locations as batches of tensors, decoded by worker processes."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from common.errors import InputError
from trainer.data.decode import read_views_into
from trainer.data.file_names import HEADINGS
from trainer.data.layout import Location
from trainer.data.worker_processes import no_action, worker_map

ORDER_STREAM = 1  # Random stream of a seed that orders locations.
SHA256_BYTES = 32


class Batch(NamedTuple):
    """B decoded locations.

    `rows` (B,) are their rows in the dataset, `views` (B, 4, 3, size, size) uint8 in channels-last
    memory format, `labels` (B,) int64. `errors` holds a message for each location that could not be
    read, whose views are black, and "" for the others. `sha256` (B, 4, 32) uint8 are the hashes of
    the files, undefined for unreadable locations; None without `with_sha256`.
    """

    rows: Tensor
    views: Tensor
    labels: Tensor
    errors: tuple[str, ...]
    sha256: Tensor | None = None


class LocationDataset(Dataset[Batch]):
    """Locations below one folder, read one batch at a time.

    An unreadable location does not raise here, in a worker: its error is part of the batch.
    """

    def __init__(
        self,
        root: Path,
        locations: Sequence[Location],
        class_names: Sequence[str],
        image_size: int,
        *,
        with_sha256: bool = False,
    ) -> None:
        """Take the folder and its locations; views are scaled to `image_size` pixels."""
        self.root = root
        self.locations = tuple(locations)
        self.image_size = image_size
        self.with_sha256 = with_sha256
        number = {name: label for label, name in enumerate(class_names)}
        self.labels = tuple(number[location.class_name] for location in self.locations)

    def __len__(self) -> int:
        return len(self.locations)

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        return self.read(rows, partial(torch.zeros, dtype=torch.uint8))

    def read(self, rows: Sequence[int], zeros: Callable[[tuple[int, ...]], Tensor]) -> Batch:
        """Return a batch whose views lie in what `zeros` returns, uint8, for a shape."""
        pixels = zeros((len(rows), len(HEADINGS), self.image_size, self.image_size, 3))
        sha256 = None
        if self.with_sha256:
            sha256 = torch.zeros((len(rows), len(HEADINGS), SHA256_BYTES), dtype=torch.uint8)
        errors = []
        for number, row in enumerate(rows):
            paths = [self.root / name for name in self.locations[row].images]
            try:
                read_views_into(paths, pixels[number], None if sha256 is None else sha256[number])
                errors.append("")
            except InputError as error:
                pixels[number] = 0
                errors.append(str(error))
        return Batch(
            torch.tensor(rows, dtype=torch.int64),
            pixels.permute(0, 1, 4, 2, 3),
            torch.tensor([self.labels[row] for row in rows], dtype=torch.int64),
            tuple(errors),
            sha256,
        )


def sequential_batches(locations: int, batch_size: int) -> Iterator[list[int]]:
    """Yield the rows of all locations in order, in batches; the last may be smaller."""
    for start in range(0, locations, batch_size):
        yield list(range(start, min(start + batch_size, locations)))


def shuffled_batches(
    locations: int, batch_size: int, seed: int, first_step: int, last_step: int
) -> Iterator[list[int]]:
    """Yield the rows of the steps `first_step` to `last_step` (exclusive), counted from 0.

    The order of an epoch depends only on the seed and its number, so a resumed run continues with
    the same batches.
    """
    per_epoch = steps_per_epoch(locations, batch_size)
    for epoch in range(first_step // per_epoch, -(-last_step // per_epoch)):
        order = np.random.default_rng((ORDER_STREAM, seed, epoch)).permutation(locations).tolist()
        for step in range(
            max(first_step, epoch * per_epoch), min(last_step, (epoch + 1) * per_epoch)
        ):
            start = (step - epoch * per_epoch) * batch_size
            yield order[start : start + batch_size]


def steps_per_epoch(locations: int, batch_size: int) -> int:
    """Return the number of full batches in an epoch, at least one.

    An epoch leaves out the locations that do not fill a batch, different ones each time.
    """
    return max(1, locations // batch_size)


@contextmanager
def batch_loader(
    locations: LocationDataset,
    batches: Iterable[list[int]],
    num_workers: int,
    on_wait: Callable[[], None] = no_action,
) -> Iterator[Iterator[Batch]]:
    """Yield an iterator over the batches with these rows, in order, as `worker_map` does.

    Their views are in pinned memory where there is a GPU.
    """
    if num_workers:
        read = partial(_read_in_worker, locations)
        with worker_map(read, batches, num_workers, on_wait=on_wait) as loaded:
            yield loaded
    else:
        yield map(_pin, map(locations.__getitems__, batches))


class _Shared(NamedTuple):
    """A batch of a worker: the views go through shared memory, the rest through a pipe."""

    batch: Batch

    def __reduce__(self) -> tuple[Any, ...]:
        rows, _, labels, errors, sha256 = self.batch
        small = (rows.numpy(), labels.numpy(), errors, None if sha256 is None else sha256.numpy())
        return _receive, (self.batch.views, *small)


def _receive(
    views: Tensor,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    errors: tuple[str, ...],
    sha256: NDArray[np.uint8] | None,
) -> Batch:
    """Return a batch, in a thread of the main process."""
    hashes = None if sha256 is None else torch.from_numpy(sha256)
    return _pin(Batch(torch.from_numpy(rows), views, torch.from_numpy(labels), errors, hashes))


def _pin(batch: Batch) -> Batch:
    return batch._replace(views=batch.views.pin_memory()) if torch.cuda.is_available() else batch


def _read_in_worker(locations: LocationDataset, rows: list[int]) -> Batch:
    torch.set_num_threads(1)
    shared = _Shared(locations.read(rows, _shared_pixels))
    return cast(Batch, shared)  # The main process receives a batch.


def _shared_pixels(shape: tuple[int, ...]) -> Tensor:
    """Return zeros, uint8, in memory that another process can map without a copy.

    PyTorch would put them into /dev/shm, of which a container has 64 MB. An anonymous file counts
    as memory of the process alone.
    """
    size = math.prod(shape)
    if not size or not hasattr(os, "memfd_create"):  # Only Linux has it.
        return torch.zeros(shape, dtype=torch.uint8)
    try:
        file = os.memfd_create("batch")
        try:
            os.ftruncate(file, size)
            storage = torch.UntypedStorage._new_shared_fd_cpu(file, size)  # type: ignore[attr-defined]
        finally:
            os.close(file)
    except OSError as error:
        raise MemoryError(error.strerror) from error
    pixels: Tensor = torch.empty(0, dtype=torch.uint8).set_(storage)
    return pixels.view(shape)
