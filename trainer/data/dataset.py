"""Locations as batches of tensors, decoded by worker processes."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from common.errors import InputError
from trainer.data.decode import read_views_into
from trainer.data.layout import HEADINGS, Location
from trainer.data.worker_processes import exit_with_parent, worker_context

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
        pixels = torch.zeros(
            (len(rows), len(HEADINGS), self.image_size, self.image_size, 3), dtype=torch.uint8
        )
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


def data_loader(
    locations: LocationDataset, batches: Iterable[list[int]], num_workers: int
) -> DataLoader[Batch]:
    """Return a loader of the batches with these rows, in order; `num_workers` decode them."""
    return DataLoader(
        locations,
        batch_sampler=batches,
        collate_fn=_identity,
        num_workers=num_workers,
        prefetch_factor=4 if num_workers else None,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context=worker_context() if num_workers else None,
        worker_init_fn=_init_worker if num_workers else None,
    )


def _identity(batch: Any) -> Any:
    return batch


def _init_worker(_worker: int) -> None:
    exit_with_parent()
