"""Everything that needs a GPU, in nine minutes at most: `python -m benchmarks.gpu`.

Stages, each a process of its own that is ended after a time, so that a run that is cut off still
tells; each line is printed as soon as it is known:

- checkpoint: paints the country and makes its checkpoint, as `make checkpoint` does;
- waiting: seconds to the first map of a location, to the converged map and to all its checks, and
  the memory for it;
- extraction: 25,000 locations (links to the test photographs) from the command to the store, then
  the forward pass alone, as trained and with each preparation: channels last, folded, bfloat16,
  torch.compile;
- gradients: gradients of a location a second, and memory, by batch size;
- training: the training loop against the same steps from memory and against a plain loop
  (`benchmarks.training`), one round.

Without a GPU it takes hours; `--stages` and the sizes make it small. Only the
stage `gradients` has run to its end on a GPU (docs/background/attribution.md).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import tyro

import workbench
from benchmarks import attribution, extraction, training
from benchmarks.common import GPU, machine, seconds
from benchmarks.training import linked
from trainer import checkpoint as checkpoints
from trainer.data import layout
from trainer.synthetic import checkpoint
from workbench.attribution.compute.batched_model import FrozenModel
from workbench.extract.extraction import run_extraction
from workbench.extract.request import ExtractionRequest


@dataclass(frozen=True)
class Options:
    folder: Path = Path("gpu")
    """folder for photographs, run, checkpoint and stores; what is finished there is used"""
    train: int = 300
    """training locations per state"""
    image_size: int = 128
    """side to which the model scales the views, pixels"""
    epochs: int = 13
    num_workers: int = 14 if GPU else 2
    extracted: int = 25_000
    """locations of the extraction"""
    batch_size: int = 128 if GPU else 8
    """locations in a batch of extraction"""
    steps: int = 60 if GPU else 20
    """steps of each training loop"""
    explained: int = 12
    """locations that are explained"""
    stages: tuple[str, ...] = ("checkpoint", "waiting", "extraction", "gradients", "training")
    stage: str = ""
    """run only this, in this process"""


def make_checkpoint(options: Options) -> None:
    """Paint, train and publish."""
    words = {
        "--data": options.folder / "country",
        "--run": options.folder / "run",
        "--out": options.folder / "checkpoint",
        "--train": options.train,
        "--image-size": options.image_size,
        "--epochs": options.epochs,
        "--num-workers": options.num_workers,
    }
    arguments = [str(word) for option in words.items() for word in option]
    elapsed = seconds(lambda: sys.exit(1) if checkpoint.main(arguments) else None)
    print(f"checkpoint: {elapsed:.0f} s in all")


def waiting(options: Options) -> None:
    """Extract the test locations and explain some of them."""
    store = options.folder / "test.h5"
    run = options.folder / "checkpoint"
    data = options.folder / "country" / "test"
    request = ExtractionRequest(
        run=run, data=data, out=store, num_workers=options.num_workers, overwrite=True
    )
    elapsed = seconds(lambda: run_extraction(request))
    bench = workbench.open(store)
    print(f"extraction of {len(bench):,} test locations, with its start: {elapsed:.1f} s")
    attribution.waiting_times(
        attribution.Options(store, run, data=data, waiting_times=options.explained), bench
    )
    print(f"memory: {_peak():,.0f} MiB")


def extract(options: Options) -> None:
    """Extract as many locations as the real test set has; then time the forward pass alone."""
    run = options.folder / "checkpoint"
    folder = options.folder / f"linked-{options.extracted}"
    index = layout.index_folder(options.folder / "country" / "test")
    if not folder.exists():
        linked(index, folder, options.extracted)
    for precision in ("float32", "bfloat16"):
        request = ExtractionRequest(
            run=run,
            data=folder,
            out=options.folder / "extracted.h5",
            batch_size=options.batch_size,
            num_workers=options.num_workers,
            precision=precision,
            overwrite=True,
        )
        started = time.perf_counter()
        count = len(run_extraction(request))
        elapsed = time.perf_counter() - started
        print(
            f"extraction, {precision}: {count:,} locations in {elapsed:.1f} s, "
            f"{count / elapsed:,.0f} a second, {_peak():,.0f} MiB",
            flush=True,
        )
    model, _ = checkpoints.load(run)
    sizes = extraction.Options(
        data=folder, image_size=options.image_size, batch_size=options.batch_size
    )
    views = extraction.in_memory(layout.index_folder(folder), sizes)[:8]
    for name, forward in extraction.forwards(model).items():
        rate = extraction.limit(forward, views, 20)
        print(f"forward pass, {name}: {rate:,.0f} locations a second", flush=True)


def gradients(options: Options) -> None:
    """Time gradients by batch size."""
    frozen_model = FrozenModel(checkpoints.load(options.folder / "checkpoint")[0])
    size = options.image_size
    for count in (1, 4, 16, 64, 256, 1024) if GPU else (1, 4, 16):
        if GPU:
            torch.cuda.reset_peak_memory_stats()
        pixels = torch.rand(count, 4, 3, size, size, device=frozen_model.device)
        attribution.gradient_rate(frozen_model.module, pixels, count)
        rate = attribution.gradient_rate(frozen_model.module, pixels, count)
        print(
            f"gradients, batches of {count}: {rate:,.0f} a second, {_peak():,.0f} MiB", flush=True
        )


def train(options: Options) -> None:
    """Compare the training loop with its limit and with a plain loop."""
    loop = training.Options(
        data=options.folder / "country" / "train",
        image_size=options.image_size,
        batch_size=64 if GPU else 8,
        num_workers=options.num_workers,
        rounds=1,
        steps=options.steps,
    )
    training.main(loop)


STAGES: dict[str, tuple[float, Callable[[Options], None]]] = {
    "checkpoint": (260, make_checkpoint),
    "waiting": (60, waiting),
    "extraction": (90, extract),
    "gradients": (30, gradients),
    "training": (90, train),
}
"""Seconds after which a stage is ended on a machine with a GPU, and what it does, by name."""


def _peak() -> float:
    """Return the most GPU memory that this process has used, MiB; 0 without a GPU."""
    return torch.cuda.max_memory_allocated() / 2**20 if GPU else 0.0


def run_stage(name: str) -> None:
    """Run a stage in a process of its own, and end it and its workers after its time."""
    limit = STAGES[name][0] if GPU else None
    print(f"== {name}" + (f", at most {limit:.0f} s" if limit else ""), flush=True)
    command = [sys.executable, "-m", "benchmarks.gpu", *sys.argv[1:], "--stage", name]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        print(f"{name}: ended after {limit:.0f} s", flush=True)
        status = 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status:
        print(f"{name}: failed with status {status}", flush=True)


def main(options: Options) -> None:
    if options.stage:
        STAGES[options.stage][1](options)
        return
    print(machine(), flush=True)
    for name in options.stages:
        elapsed = seconds(partial(run_stage, name))
        print(f"{name}: {elapsed:.0f} s with its start", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
