"""Read every photograph once before training on them: what is readable, and how bright it is."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from trainer import dataset
from trainer.config import Config
from trainer.dataset import Index, Location, LocationDataset, Skipped, Split
from trainer.errors import InputError
from trainer.progress import progress


@dataclass(frozen=True)
class Survey:
    """What reading every photograph once has shown.

    `mean` and `deviation` are those of the training part's channels, pixels in [0, 1].
    """

    split: Split
    skipped: tuple[Skipped, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def survey(split: Split, index: Index, config: Config) -> Survey:
    """Decode every photograph once: leave out what cannot be read, measure the channels.

    Raises InputError for a class of which too little can be read.
    """
    everything = split.training + split.validation
    photographs = LocationDataset(index.root, everything, index.class_name, config.size)
    skipped = list(index.skipped)
    unreadable: set[str] = set()
    total, square, count = torch.zeros(3, dtype=torch.float64), torch.zeros(3).double(), 0
    batches = dataset.loader(photographs, config.batch_size, config.workers)
    for rows, views, _, reasons in progress(batches, "Reading photographs"):
        for row, reason in zip(rows.tolist(), reasons, strict=True):
            if reason:
                unreadable.add(everything[row].id)
                skipped.append(Skipped(everything[row].id, reason))
        keep = [
            row < len(split.training) and not reason
            for row, reason in zip(rows.tolist(), reasons, strict=True)
        ]
        pixels = views[torch.tensor(keep)].double() / 255
        total += pixels.sum(dim=(0, 1, 3, 4))
        square += pixels.square().sum(dim=(0, 1, 3, 4))
        count += pixels.numel() // 3
    mean = total / max(count, 1)
    deviation = (square / max(count, 1) - mean.square()).clamp(min=1e-6).sqrt()
    readable = _without(split, unreadable)
    for name in index.class_name:
        for part in (readable.training, readable.validation):
            if not any(place.class_name == name for place in part):
                raise InputError(
                    f"{index.root / name}: too few photographs can be read to train and "
                    "validate; replace them or remove the folder."
                )
    return Survey(readable, tuple(skipped), tuple(mean.tolist()), tuple(deviation.tolist()))


def _without(split: Split, unreadable: set[str]) -> Split:
    def rest(part: Iterable[Location]) -> tuple[Location, ...]:
        return tuple(place for place in part if place.id not in unreadable)

    return Split(rest(split.training), rest(split.validation))
