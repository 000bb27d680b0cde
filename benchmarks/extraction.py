"""Speed of extraction, of its limit and of a plain loop: `python -m benchmarks.extraction`.

In one run, in turns, over the same JPEG files and the same weights:

- ours: `workbench.extract` as a user runs it, from the files to the finished store. Timed is all
  after the first batches are in the resume buffer: reading, hashing, computing, buffering, and
  writing the store. Importing, indexing and starting the decoding processes are not;
- limit: the same prepared model on batches that are already in memory;
- plain: a DataLoader of PIL and torchvision's transforms, the model as it was trained, results
  appended batch by batch, and one HDF5 file at the end, timed from the same batch on.

It prints locations a second, and means and range of the rounds' ratios: ours / limit is the cost of
everything beside the forward pass (aim: at least 0.95), ours / plain the gain over a plain loop.
Then, for the forward pass alone, the gain of channels-last weights, folded batch normalisation,
bfloat16 and, on a GPU, torch.compile, each on top of the one before. On a GPU the defaults are
larger.
"""

import copy
import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, pairwise
from pathlib import Path

import h5py
import numpy as np
import torch
import tyro
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.common import GPU, alternate, print_ratio, synchronize
from benchmarks.training import LoopOptions, PlainDataset, photographs
from common.distributed import default_device
from common.resume_buffer import resume_directory
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import Config, Fusion
from trainer.data import dataset
from trainer.data.dataset import LocationDataset
from trainer.data.layout import Index
from trainer.models.inference import Inference, fold_batch_norm, folding_is_exact
from trainer.models.resnet import FourViewResNet, ModelOutput, to_pixels
from workbench.extract.extraction import run_extraction
from workbench.extract.request import ExtractionRequest
from workbench.extract.task import ExtractionTask

WARM_UP = 3  # Batches that are not timed.
MEMORY = 2**31  # Bytes for batches in memory.
WATCH = 0.002  # Seconds between two looks at the buffer.

Forward = Callable[[torch.Tensor], ModelOutput]
"""From views (B, 4, 3, H, W) uint8 to the model's output."""


@dataclass(frozen=True)
class Options(LoopOptions):
    image_size: int = 256
    batch_size: int = 128 if GPU else 8
    rounds: int = 4
    fusions: tuple[Fusion, ...] = ("early", "medium")
    batches: int = 150 if GPU else 15
    """timed batches a round"""


def ours(index: Index, run: Path, options: Options, folder: Path) -> float:
    """Return locations a second from the first batches in the buffer to the finished store."""
    out = folder / "ours.h5"
    request = ExtractionRequest(
        run=run,
        data=index.root,
        out=out,
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        precision=options.precision,
        overwrite=True,
    )
    task = ExtractionTask(request, default_device())
    warm_up_bytes = WARM_UP * options.batch_size * task.row_dtype.itemsize
    started: list[float] = []
    watching = threading.Thread(
        target=_watch, args=(resume_directory(out), warm_up_bytes, started), daemon=True
    )
    watching.start()
    store = run_extraction(request)
    ended = time.perf_counter()
    watching.join()
    return rate(len(store), options, ended - started[0])


def rate(locations: int, options: Options, seconds: float) -> float:
    """Return locations a second, those of the first batches not counted."""
    timed: int = locations - WARM_UP * options.batch_size
    return timed / seconds


def _watch(buffer: Path, size: int, started: list[float]) -> None:
    """Note when the records of a buffer have reached a size."""
    path = buffer / "process-0.records"
    while not path.exists() or path.stat().st_size < size:
        time.sleep(WATCH)
    started.append(time.perf_counter())


def in_memory(index: Index, options: Options) -> list[torch.Tensor]:
    """Return as many batches of views as memory allows, pinned where there is a GPU."""
    photographs = LocationDataset(
        index.root, index.locations, index.class_names, options.image_size
    )
    most = max(1, MEMORY // (options.batch_size * 4 * 3 * options.image_size**2))
    batches = list(dataset.sequential_batches(len(photographs), options.batch_size))
    full = [rows for rows in batches if len(rows) == options.batch_size]
    views = [photographs.__getitems__(rows).views for rows in full[:most]]
    return [batch.pin_memory() for batch in views] if GPU else views


@torch.inference_mode()
def limit(forward: Forward, views: list[torch.Tensor], steps: int) -> float:
    """Return locations a second of the forward pass alone."""
    for step, batch in enumerate(islice(cycle(views), WARM_UP + steps)):
        if step == WARM_UP:
            synchronize()
            started = time.perf_counter()
        forward(batch)
    synchronize()
    return steps * len(views[0]) / (time.perf_counter() - started)


@torch.no_grad()
def plain(index: Index, model: FourViewResNet, options: Options, folder: Path) -> float:
    """Return locations a second of a plain loop, the first batches not counted."""
    device = default_device()
    network = model.to(device).eval()
    loader = DataLoader(
        PlainDataset(index, options.image_size),
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="forkserver" if options.num_workers else None,
    )
    outputs: list[dict[str, torch.Tensor]] = []
    half = options.precision == "bfloat16"
    for step, (views, _) in enumerate(loader):
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            output = network.forward_all(views.to(device))
        fields = dataclasses.asdict(output).items()
        outputs.append({name: part.float().cpu() for name, part in fields if part is not None})
        if step == WARM_UP - 1:
            started = time.perf_counter()
    with h5py.File(folder / "plain.h5", "w") as file:
        for name in outputs[0]:
            file[name] = np.concatenate([output[name] for output in outputs])
    return rate(len(index.locations), options, time.perf_counter() - started)


def forwards(model: FourViewResNet) -> dict[str, Forward]:
    """Return the forward pass as trained, then with each preparation on top of the one before."""
    device = default_device()
    as_trained = copy.deepcopy(model).to(device).eval()
    result: dict[str, Forward] = {
        "as trained": lambda batch: as_trained.forward_all(to_pixels(batch, device)),
        "channels-last weights": Inference(copy.deepcopy(model), device, "float32"),
        "folded": Inference(fold_batch_norm(model), device, "float32"),
        "bfloat16": Inference(fold_batch_norm(model), device, "bfloat16"),
    }
    if GPU:
        compiled = fold_batch_norm(model)
        setattr(compiled, "forward_all", torch.compile(compiled.forward_all))  # noqa: B010
        result["torch.compile"] = Inference(compiled, device, "bfloat16")
    return result


def parts(model: FourViewResNet, views: list[torch.Tensor], steps: int, rounds: int) -> None:
    """Print the gain of each part of the preparation, for the forward pass alone."""
    turns = {
        name: partial(limit, forward, views, steps) for name, forward in forwards(model).items()
    }
    rates = alternate(turns, rounds)
    for before, name in pairwise(rates):
        print_ratio(rates, name, before)


def trained(fusion: Fusion, options: Options, index: Index, run: Path) -> FourViewResNet:
    """Write and return a model that is not trained, which takes the same time."""
    torch.manual_seed(0)
    model = FourViewResNet(fusion, len(index.class_names), depth=options.depth)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            # As initialised, normalisation would do nothing.
            nn.init.uniform_(module.weight, 0.5, 1.0)
    config = Config(fusion=fusion, depth=options.depth, image_size=options.image_size)
    split: dict[str, list[str]] = {"training": [], "validation": []}
    checkpoint = Checkpoint(config, index.class_names, str(index.root), split, {}, epoch=0)
    run.mkdir()
    checkpoints.save(run, ("best", "last"), checkpoint, model, {})
    return model.eval()


def compare(fusion: Fusion, options: Options, index: Index, folder: Path) -> None:
    """Compare the three for one fusion."""
    run = folder / fusion
    model = trained(fusion, options, index, run)
    views = in_memory(index, options)
    folded = fold_batch_norm(model)
    is_exact = folding_is_exact(model, folded, views[0][:4])
    prepared = Inference(folded if is_exact else model, default_device(), options.precision)
    print(f"{fusion}: {len(index.locations)} locations, {'folded' if is_exact else 'not folded'}")
    steps = len(index.locations) // options.batch_size - WARM_UP
    turns = {
        "ours": lambda: ours(index, run, options, folder),
        "limit": lambda: limit(prepared, views, steps),
        "plain": lambda: plain(index, model, options, folder),
    }
    rates = alternate(turns, options.rounds)
    print_ratio(rates, "ours", "limit")
    print_ratio(rates, "ours", "plain")
    parts(model, views, max(1, steps // 2), options.rounds)


def reading(index: Index, options: Options) -> float:
    """Return locations a second that are decoded and hashed, without a network."""
    photographs = LocationDataset(
        index.root, index.locations, index.class_names, options.image_size, with_sha256=True
    )
    rows = list(dataset.sequential_batches(len(photographs), options.batch_size))
    with dataset.batch_loader(photographs, rows, options.num_workers) as batches:
        for step, _ in enumerate(batches):
            if step == WARM_UP - 1:
                started = time.perf_counter()
    return rate(len(photographs), options, time.perf_counter() - started)


def main(options: Options) -> None:
    with photographs(options, WARM_UP + options.batches) as (folder, index):
        for fusion in options.fusions:
            compare(fusion, options, index, folder)
        print(f"reading alone: {reading(index, options):.0f} locations/s")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
