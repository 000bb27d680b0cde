"""Locations a second of extraction, its limit and a plain loop: `python -m benchmarks.extraction`.

In one run, in turns, over the same JPEG files and the same weights:

- ours: `workbench.extract` as a user runs it, from the files to the finished store. Timed is all
  after the first batches are in the resume buffer: reading, hashing, computing, buffering, and
  writing the store. Importing, indexing and starting the decoding processes are not;
- limit: the same prepared model on batches that are already in memory;
- plain: a DataLoader of PIL and torchvision's transforms, the model as it was trained, results
  appended batch by batch, and one HDF5 file at the end, timed from the same batch on.

It prints locations a second and, of the rounds' ratios, the means and the range: ours / limit is
what everything beside the forward pass costs (aim: at least 0.95), ours / plain what the command is
worth. Then, of the forward pass alone, what channels-last weights, folded batch normalisation and
bfloat16 are worth, each on top of the one before. On a GPU the defaults grow.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.training import PlainDataset, linked, wait
from common.distributed import default_device
from common.resume_buffer import resume_directory
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import FUSIONS, PRECISIONS, Config, Fusion
from trainer.data import dataset, layout
from trainer.data.dataset import LocationDataset
from trainer.data.layout import Index
from trainer.models.inference import Inference, fold_batch_norm, folding_is_exact
from trainer.models.resnet import FourViewResNet, ModelOutput, to_pixels
from trainer.synthetic import paint
from workbench.extract.extraction import remove_buffer, run_extraction
from workbench.extract.request import ExtractionRequest
from workbench.extract.task import ExtractionTask

WARM_UP = 3  # Batches that are not timed.
MEMORY = 2**31  # Bytes for batches in memory.
WATCH = 0.002  # Seconds between two looks at the buffer.


def ours(index: Index, run: Path, options: argparse.Namespace, folder: Path) -> float:
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
    record = sum(int(np.prod(shape)) for shape in task.fields.values()) * 4 + 2 * 4 + 4 * 32
    started: list[float] = []
    watching = threading.Thread(
        target=_watch,
        args=(resume_directory(out), WARM_UP * options.batch_size * record, started),
        daemon=True,
    )
    watching.start()
    store = run_extraction(request)
    ended = time.perf_counter()
    watching.join()
    remove_buffer(out)
    return rate(len(store), options, ended - started[0])


def rate(locations: int, options: argparse.Namespace, seconds: float) -> float:
    """Return locations a second, those of the first batches not counted."""
    timed: int = locations - WARM_UP * options.batch_size
    return timed / seconds


def _watch(buffer: Path, size: int, started: list[float]) -> None:
    """Note when the records of a buffer have reached a size."""
    path = buffer / "process-0.records"
    while not path.exists() or path.stat().st_size < size:
        time.sleep(WATCH)
    started.append(time.perf_counter())


def in_memory(index: Index, options: argparse.Namespace) -> list[torch.Tensor]:
    """Return as many batches of views as memory allows, pinned where there is a GPU."""
    photographs = LocationDataset(
        index.root, index.locations, index.class_names, options.image_size
    )
    most = max(1, MEMORY // (options.batch_size * 4 * 3 * options.image_size**2))
    rows = [
        part
        for part in dataset.sequential_batches(len(photographs), options.batch_size)
        if len(part) == options.batch_size
    ]
    views = [photographs.__getitems__(part).views for part in rows[:most]]
    return [batch.pin_memory() for batch in views] if torch.cuda.is_available() else views


@torch.inference_mode()
def limit(
    forward: Callable[[torch.Tensor], ModelOutput], views: list[torch.Tensor], steps: int
) -> float:
    """Return locations a second of the forward pass alone."""
    for step in range(WARM_UP):
        forward(views[step % len(views)])
    wait()
    started = time.perf_counter()
    for step in range(steps):
        forward(views[step % len(views)])
    wait()
    return steps * len(views[0]) / (time.perf_counter() - started)


@torch.no_grad()
def plain(index: Index, model: FourViewResNet, options: argparse.Namespace, folder: Path) -> float:
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
    kept: list[ModelOutput] = []
    half = options.precision == "bfloat16"
    for step, (views, _) in enumerate(loader):
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            output = network.forward_all(views.to(device))
        kept.append(_in_float32(output))
        if step == WARM_UP - 1:
            started = time.perf_counter()
    with h5py.File(folder / "plain.h5", "w") as file:
        for name in ("feature", "logit", "view_feature", "view_logit"):
            parts = [getattr(output, name) for output in kept]
            if parts[0] is not None:
                file[name] = np.concatenate(parts)
    return rate(len(index.locations), options, time.perf_counter() - started)


def _in_float32(output: ModelOutput) -> ModelOutput:
    parts = (output.features, output.logits, output.view_features, output.view_logits)
    return ModelOutput(*(None if part is None else part.float().cpu() for part in parts))  # type: ignore[arg-type]


def parts(model: FourViewResNet, views: list[torch.Tensor], steps: int, rounds: int) -> None:
    """Print what each part of the preparation is worth, of the forward pass alone."""
    device = default_device()
    as_trained = model.to(device).eval()

    def unprepared(batch: torch.Tensor) -> ModelOutput:
        return as_trained.forward_all(to_pixels(batch, device))

    turns: dict[str, Callable[[torch.Tensor], ModelOutput]] = {
        "as trained": unprepared,
        "channels-last weights": Inference(_copy(model), device, "float32"),
        "folded": Inference(fold_batch_norm(model), device, "float32"),
        "bfloat16": Inference(fold_batch_norm(model), device, "bfloat16"),
    }
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(rounds):
        for name in list(turns) if number % 2 == 0 else reversed(list(turns)):
            rates[name].append(limit(turns[name], views, steps))
    before = ""
    for name, found in rates.items():
        print(f"forward pass, {name}: {statistics.median(found):.2f} locations/s", end="")
        if before:
            _tell(f", against {before}", found, rates[before])
        else:
            print()
        before = name


def _copy(model: FourViewResNet) -> FourViewResNet:
    result = FourViewResNet(model.fusion, model.classifier.out_features, depth=model.depth)
    result.load_state_dict(model.state_dict())
    return result


def _tell(what: str, one: list[float], other: list[float]) -> None:
    ratios = [mine / peer for mine, peer in zip(one, other, strict=True)]
    print(
        f"{what}: geometric mean {statistics.geometric_mean(ratios):.3f}, median "
        f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    )


def trained(fusion: Fusion, options: argparse.Namespace, index: Index, run: Path) -> FourViewResNet:
    """Write a checkpoint of a model that was not trained: its numbers cost as much as any."""
    torch.manual_seed(0)
    model = FourViewResNet(fusion, len(index.class_names), depth=options.depth)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            # As they are at the start, normalisations would do nothing.
            nn.init.uniform_(module.weight, 0.5, 1.0)
    config = Config(fusion=fusion, depth=options.depth, image_size=options.image_size)
    split: dict[str, list[str]] = {"training": [], "validation": []}
    checkpoint = Checkpoint(config, index.class_names, str(index.root), split, {}, epoch=0)
    run.mkdir()
    checkpoints.save(run, ("best", "last"), checkpoint, model, {})
    return model.eval()


def compare(fusion: Fusion, options: argparse.Namespace, index: Index, folder: Path) -> None:
    """Print the rounds of one fusion."""
    run = folder / fusion
    model = trained(fusion, options, index, run)
    views = in_memory(index, options)
    joined = fold_batch_norm(model)
    fits = folding_is_exact(model, joined, views[0][:4])
    prepared = Inference(joined if fits else model, default_device(), options.precision)
    print(f"{fusion}: {len(index.locations)} locations, {'folded' if fits else 'not folded'}")
    steps = len(index.locations) // options.batch_size - WARM_UP
    rates: list[list[float]] = [[], [], []]
    for number in range(options.rounds):
        # A machine that others use too drifts: each of the three comes early and late.
        turns = [
            lambda: ours(index, run, options, folder),
            lambda: limit(prepared, views, steps),
            lambda: plain(index, model, options, folder),
        ]
        for turn in (0, 1, 2) if number % 2 == 0 else (2, 1, 0):
            rates[turn].append(turns[turn]())
        mine, most, peer = (rate[-1] for rate in rates)
        print(
            f"round {number + 1}: ours {mine:.2f} locations/s, limit {most:.2f}, "
            f"plain {peer:.2f}: ours/limit {mine / most:.3f}, ours/plain {mine / peer:.2f}"
        )
    _tell("ours/limit", rates[0], rates[1])
    _tell("ours/plain", rates[0], rates[2])
    parts(model, views, max(1, steps // 2), options.rounds)


def reading(index: Index, options: argparse.Namespace) -> float:
    """Return locations a second that are decoded and hashed, were there nothing else."""
    photographs = LocationDataset(
        index.root, index.locations, index.class_names, options.image_size, with_sha256=True
    )
    rows = list(dataset.sequential_batches(len(photographs), options.batch_size))
    for step, _ in enumerate(dataset.data_loader(photographs, rows, options.num_workers)):
        if step == WARM_UP - 1:
            started = time.perf_counter()
    return rate(len(photographs), options, time.perf_counter() - started)


def parser() -> argparse.ArgumentParser:
    gpu = torch.cuda.is_available()
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--data", type=Path, help="photographs (default: some are painted)")
    result.add_argument("--fusion", choices=FUSIONS, nargs="+", default=["early", "medium"])
    result.add_argument("--depth", type=int, default=50)
    result.add_argument("--image-size", type=int, default=256)
    result.add_argument("--batch-size", type=int, default=128 if gpu else 8)
    result.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[gpu])
    result.add_argument("--num-workers", type=int, default=14 if gpu else 2)
    result.add_argument("--batches", type=int, default=150 if gpu else 15, help="timed, a round")
    result.add_argument("--rounds", type=int, default=4)
    return result


def main() -> None:
    options = parser().parse_args()
    device = default_device()
    threads = f"{torch.get_num_threads()} threads"
    name = torch.cuda.get_device_name() if device.type == "cuda" else threads
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = options.data or paint(folder / "painted", states=10, train=12, test=1) / "train"
        wanted = (WARM_UP + options.batches) * options.batch_size
        index = linked(layout.index_folder(data), folder / "linked", wanted)
        print(
            f"{device} ({name}), ResNet-{options.depth}, {options.image_size} px, batch "
            f"{options.batch_size}, {options.precision}, {options.num_workers} workers"
        )
        for fusion in options.fusion:
            compare(fusion, options, index, folder)
        print(f"reading alone: {reading(index, options):.0f} locations/s")


if __name__ == "__main__":
    main()
