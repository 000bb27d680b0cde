"""Locations as batches of tensors, decoded by processes of their own."""

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

ORDER_STREAM = (
    1  # Of the streams of random numbers that a seed gives, the one that orders locations.
)
SHA256_BYTES = 32


class Batch(NamedTuple):
    """Decoded locations.

    `rows` (B,) says which of the dataset's; `views` is (B, 4, 3, size, size) uint8, its channels
    last in memory; `labels` (B,) int64. `errors` says in words why a location could not be read,
    in which case it is black; else it is empty. `sha256` (B, 4, 32) uint8 are the hashes of the
    files, of no meaning where a location could not be read, and None unless they were asked for.
    """

    rows: Tensor
    views: Tensor
    labels: Tensor
    errors: tuple[str, ...]
    sha256: Tensor | None = None


class LocationDataset(Dataset[Batch]):
    """Locations below one folder, read a batch at a time.

    A locations that cannot be read comes back with the reason, so that the process which counts and
    lists them is the one that reads on.
    """

    def __init__(
        self,
        root: Path,
        locations: Sequence[Location],
        class_names: Sequence[str],
        size: int,
        *,
        with_sha256: bool = False,
    ) -> None:
        """Take the folder and what is read in it; `with_sha256` batches have the files' SHA-256 too."""
        self.root = root
        self.locations = tuple(locations)
        self.image_size = size
        self.with_sha256 = with_sha256
        number = {name: label for label, name in enumerate(class_names)}
        self.labels = tuple(number[place.class_name] for place in self.locations)

    def __len__(self) -> int:
        return len(self.locations)

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        pixels = torch.zeros(
            (len(rows), len(HEADINGS), self.image_size, self.image_size, 3), dtype=torch.uint8
        )
        sha256 = None
        if self.with_sha256:
            sha256 = torch.zeros((len(rows), len(HEADINGS), SHA256_BYTES), dtype=torch.uint8)
        reasons = []
        for number, row in enumerate(rows):
            paths = [self.root / name for name in self.locations[row].images]
            try:
                read_views_into(paths, pixels[number], None if sha256 is None else sha256[number])
                reasons.append("")
            except InputError as error:
                pixels[number] = 0
                reasons.append(str(error))
        return Batch(
            torch.tensor(rows, dtype=torch.int64),
            pixels.permute(0, 1, 4, 2, 3),
            torch.tensor([self.labels[row] for row in rows], dtype=torch.int64),
            tuple(reasons),
            sha256,
        )


def sequential_batches(locations: int, batch_size: int) -> Iterator[list[int]]:
    """Yield the rows of all locations, a batch at a time; the last may be smaller."""
    for first in range(0, locations, batch_size):
        yield list(range(first, min(first + batch_size, locations)))


def shuffled_batches(
    locations: int, batch_size: int, seed: int, first_step: int, last_step: int
) -> Iterator[list[int]]:
    """Yield the rows of the steps from `first_step` up to `last_step`, counted from 0.

    An epoch is `steps_per_epoch` steps. Its order depends on the seed and its number alone, so a
    resumed run goes on with the same batches.
    """
    per_epoch = steps_per_epoch(locations, batch_size)
    for epoch in range(first_step // per_epoch, -(-last_step // per_epoch)):
        order = np.random.default_rng((ORDER_STREAM, seed, epoch)).permutation(locations).tolist()
        for step in range(
            max(first_step, epoch * per_epoch), min(last_step, (epoch + 1) * per_epoch)
        ):
            first = (step - epoch * per_epoch) * batch_size
            yield order[first : first + batch_size]


def steps_per_epoch(locations: int, batch_size: int) -> int:
    """Return the number of whole batches, at least one.

    What does not fill a batch is left out of an epoch, other locations in each.
    """
    return max(1, locations // batch_size)


def data_loader(
    photographs: LocationDataset, batches: Iterable[list[int]], workers: int
) -> DataLoader[Batch]:
    """Return the batches of these rows, in order; `workers` processes decode them ahead."""
    return DataLoader(
        photographs,
        batch_sampler=batches,
        collate_fn=_identity,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context=worker_context() if workers else None,
        worker_init_fn=_init_worker if workers else None,
    )


def _identity(batch: Any) -> Any:
    return batch


def _init_worker(_worker: int) -> None:
    exit_with_parent()
