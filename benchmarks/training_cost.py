"""Cost of a step by depth, image size and batch size: `python -m benchmarks.training_cost`.

One of the three is changed at a time from a reference setting, each in a new process, so that peak
memory is measured separately. Seconds are the median of several steps over random pixels in memory;
memory is the peak above that of the process before its first step (on a GPU: of its tensors).
There is no peer; ratios are to the reference setting.
"""

import multiprocessing
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import torch
import tyro

from benchmarks.common import GPU, machine
from common.distributed import current_processes
from trainer.config import DEPTHS, Config, Depth, Fusion, Precision
from trainer.models.resnet import FourViewResNet
from trainer.step import TrainStep

CLASSES = 50


def peak() -> float:
    """Return the peak memory of this process so far, MiB."""
    if GPU:
        return torch.cuda.max_memory_allocated() / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def cost(config: Config, steps: int) -> tuple[float, float]:
    """Return seconds per step and peak memory in MiB."""
    torch.manual_seed(0)
    model = FourViewResNet(config.fusion, CLASSES, depth=config.depth)
    train_step = TrainStep(model, config, current_processes(), None, steps)
    shape = (config.batch_size, config.image_size, config.image_size, 3)
    views = torch.stack(
        [torch.randint(0, 256, shape, dtype=torch.uint8).permute(0, 3, 1, 2) for _ in range(4)], 1
    )
    label = torch.randint(0, CLASSES, (config.batch_size,))
    before, seconds = peak(), []
    for step in range(steps + 1):
        started = time.perf_counter()
        float(train_step(views, label, step, config.batch_size))
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]), peak() - before


def main(
    fusion: Fusion = "medium",
    precision: Precision = "bfloat16" if GPU else "float32",
    depth: Depth = 50,
    image_size: int = 256 if GPU else 64,
    batch_size: int = 28 if GPU else 8,
    steps: int = 20 if GPU else 3,
) -> None:
    """Measure `steps` steps of each setting."""
    reference = Config(
        fusion=fusion,
        precision=precision,
        depth=depth,
        image_size=image_size,
        batch_size=batch_size,
    )
    settings = [reference]
    settings += [replace(reference, depth=depth) for depth in DEPTHS]
    settings += [
        replace(reference, image_size=int(reference.image_size * factor)) for factor in (0.5, 2, 4)
    ]
    settings += [replace(reference, batch_size=int(reference.batch_size * f)) for f in (0.5, 2, 4)]
    print(f"{machine()}, {fusion}, {precision}")
    print("| depth | size, px | batch | s/step | locations/s | peak memory, MiB | time | memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    context = multiprocessing.get_context("spawn")
    first: tuple[float, float] | None = None
    for number, config in enumerate(settings):
        if number and config == reference:
            continue
        with ProcessPoolExecutor(1, mp_context=context) as process:
            try:
                seconds, memory = process.submit(cost, config, steps).result()
            except (torch.OutOfMemoryError, RuntimeError) as error:
                sizes = f"{config.depth} | {config.image_size} | {config.batch_size}"
                print(f"| {sizes} | {error!s:.60} |")
                continue
        first = first or (seconds, memory)
        print(
            f"| {config.depth} | {config.image_size} | {config.batch_size} | {seconds:.3f} | "
            f"{config.batch_size / seconds:.1f} | {memory:.0f} | {seconds / first[0]:.2f}x | "
            f"{memory / first[1]:.2f}x |",
            flush=True,
        )


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
