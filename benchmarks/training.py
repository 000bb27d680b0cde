"""Speed of the training loop, of its limit and of a plain loop: `python -m benchmarks.training`.

In one run, alternating, over the same photographs and the same model:

- ours: `trainer.train` as a user runs it, reading JPEG files, timed by its own `steps.csv`;
- limit: the same steps with every batch in memory, so that only the network takes time;
- plain: a loop like torchvision's reference scripts for classification: PIL and float32 on the CPU,
  contiguous batches, an optimiser that is not fused, and the loss read after every step.

It prints locations per second, and mean and range of the rounds' ratios: ours / limit is the cost
of reading data (aim: at least 0.95), ours / plain the gain over a plain loop. It also prints how
many locations per second can be decoded without a network. On a GPU the defaults are the paper's
batch size and image size.
"""

import csv
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import functional as transforms

from benchmarks.common import GPU, alternate, machine, print_ratio, synchronize
from common.distributed import current_processes, default_device
from trainer.config import Config, Depth, Fusion, Precision
from trainer.data import dataset, file_names, layout
from trainer.data.dataset import LocationDataset
from trainer.data.layout import Index
from trainer.models.resnet import FourViewResNet
from trainer.step import TrainStep
from trainer.synthetic import paint
from trainer.train import LOG_INTERVAL, train

MEMORY = 2**32  # Bytes for batches in memory.
WARM_UP = LOG_INTERVAL  # Steps that are not timed; `steps.csv` has new times every so many steps.


@dataclass(frozen=True)
class LoopOptions:
    data: Path | None = None
    """photographs (default: some are painted)"""
    depth: Depth = 50
    image_size: int = 256 if GPU else 64
    batch_size: int = 28 if GPU else 8
    precision: Precision = "bfloat16" if GPU else "float32"
    num_workers: int = 14 if GPU else 2
    rounds: int = 6


class PlainDataset(Dataset[tuple[Tensor, int]]):
    """Locations as (4, 3, size, size) float32, normalised, one at a time."""

    def __init__(self, index: Index, size: int) -> None:
        self.index, self.size = index, size

    def __len__(self) -> int:
        return len(self.index.locations)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        location = self.index.locations[row]
        views = []
        for name in location.images:
            with Image.open(self.index.root / name) as file:
                image = transforms.resize(file.convert("RGB"), [self.size, self.size])
            views.append(transforms.normalize(transforms.to_tensor(image), [0.5] * 3, [0.25] * 3))
        return torch.stack(views), self.index.class_names.index(location.class_name)


def ours(index: Index, config: Config, folder: Path) -> float:
    """Return locations per second of the training loop."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        train(
            Path(run) / "run",
            index.root,
            config,
            preset="benchmark",
            resume=False,
            index=folder / "photographs.index.sqlite",
        )
        with (Path(run) / "run" / "steps.csv").open(newline="") as file:
            seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    steps = len(seconds) - len(seconds) % LOG_INTERVAL
    return (steps - WARM_UP) * config.batch_size / (seconds[steps - 1] - seconds[WARM_UP - 1])


def limit(index: Index, config: Config, steps: int) -> float:
    """Return locations per second of the same steps without reading files."""
    photographs = LocationDataset(index.root, index.locations, index.class_names, config.image_size)
    size = config.batch_size * 4 * 3 * config.image_size**2
    # As many different batches as memory allows: a few are soon memorised, and tiny gradients take
    # a different time.
    different = min(WARM_UP + steps, max(1, MEMORY // size))
    rows = list(dataset.shuffled_batches(len(photographs), config.batch_size, 0, 0, different))
    batches = [photographs.__getitems__(part) for part in rows]
    if GPU:  # Pinned like the loader's, for asynchronous copies.
        batches = [batch._replace(views=batch.views.pin_memory()) for batch in batches]
    torch.backends.cudnn.deterministic = config.deterministic
    train_step = TrainStep(model(index, config), config, current_processes(), None, steps)
    pending: list[Tensor] = []
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            synchronize()
            started = time.perf_counter()
        batch = batches[step % len(batches)]
        pending.append(train_step(batch.views, batch.labels, step, config.batch_size))
        if len(pending) == LOG_INTERVAL:
            torch.stack(pending).tolist()
            pending.clear()
    synchronize()
    return steps * config.batch_size / (time.perf_counter() - started)


def plain(index: Index, config: Config, steps: int) -> float:
    """Return locations per second of a plain loop, without the first steps."""
    device = default_device()
    torch.backends.cudnn.deterministic = False  # The default.
    network = model(index, config).to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=False)
    loader = DataLoader(
        PlainDataset(index, config.image_size),
        batch_size=config.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=config.num_workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="forkserver" if config.num_workers else None,
        persistent_workers=config.num_workers > 0,
    )
    step = 0
    while True:
        for views, label in loader:
            if step == WARM_UP:
                synchronize()
                started = time.perf_counter()
            if step == WARM_UP + steps:
                synchronize()
                return steps * config.batch_size / (time.perf_counter() - started)
            normal = views.to(device, non_blocking=True)
            # The model normalises once more, which takes negligible time.
            loss = nn.functional.cross_entropy(network(normal), label.to(device))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            loss.item()
            step += 1


def decoding(index: Index, config: Config, steps: int) -> float:
    """Return locations per second that the loader's processes decode without a network."""
    photographs = LocationDataset(index.root, index.locations, index.class_names, config.image_size)
    rows = dataset.shuffled_batches(len(photographs), config.batch_size, 0, 0, WARM_UP + steps)
    with dataset.batch_loader(photographs, rows, config.num_workers) as batches:
        for step, _ in enumerate(batches):
            if step == WARM_UP - 1:
                started = time.perf_counter()
    return steps * config.batch_size / (time.perf_counter() - started)


@contextmanager
def photographs(options: LoopOptions, n_batches: int) -> Iterator[tuple[Path, Index]]:
    """Yield a temporary folder and photographs for so many batches."""
    print(f"{machine()}\n{options}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = options.data or paint(folder / "painted", states=10, train=60, test=1) / "train"
        n_locations = n_batches * options.batch_size
        yield folder, linked(layout.index_folder(data), folder / "linked", n_locations)


def linked(index: Index, folder: Path, locations: int) -> Index:
    """Return a folder of links to locations, repeated to fill an epoch of so many."""
    classes = index.class_names[:50]
    for name in classes:
        (folder / name).mkdir(parents=True)
        members = [location for location in index.locations if location.class_name == name]
        for number in range(-(-locations // len(classes)) + 1):  # One is held out for validation.
            location = members[number % len(members)]
            for degree, image in zip(file_names.HEADINGS, location.images, strict=True):
                link = folder / name / f"2015_{number:06d}_{degree}.jpg"
                link.symlink_to((index.root / image).resolve())
    return layout.index_folder(folder)


def model(index: Index, config: Config) -> FourViewResNet:
    torch.manual_seed(0)
    return FourViewResNet(config.fusion, len(index.class_names), depth=config.depth)


@dataclass(frozen=True)
class Options(LoopOptions):
    fusion: Fusion = "medium"
    deterministic: bool = True
    steps: int = 200 if GPU else 20
    """steps a round"""


def main(options: Options) -> None:
    config = Config(
        fusion=options.fusion,
        depth=options.depth,
        image_size=options.image_size,
        batch_size=options.batch_size,
        precision=options.precision,
        num_workers=options.num_workers,
        deterministic=options.deterministic,
        epochs=1,
        validation_fraction=1e-6,
        learning_rate=1e-4,
        save_interval=1e6,
    )
    steps = -(-options.steps // LOG_INTERVAL) * LOG_INTERVAL
    with photographs(options, WARM_UP + steps) as (folder, index):
        turns = {
            "ours": lambda: ours(index, config, folder),
            "limit": lambda: limit(index, config, steps),
            "plain": lambda: plain(index, config, steps),
        }
        rates = alternate(turns, options.rounds)
        print(f"decoding alone: {decoding(index, config, steps):.0f} locations/s")
    print_ratio(rates, "ours", "limit")
    print_ratio(rates, "ours", "plain")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
