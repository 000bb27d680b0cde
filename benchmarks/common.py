"""What the benchmarks share: timing, turns on a shared machine, and the locations of a store."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from common.distributed import default_device
from workbench.attribution.result import MIN_OUTPUT_DIFFERENCE
from workbench.bench import Bench

GPU = torch.cuda.is_available()


def machine() -> str:
    """Return the hardware in words."""
    name = torch.cuda.get_device_name() if GPU else platform.machine()
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} threads"
    return f"{default_device()} ({name}), {threads}, torch {torch.__version__}"


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def synchronize() -> None:
    """Wait until the GPU, if there is one, has finished."""
    if GPU:
        torch.cuda.synchronize()


def alternate(turns: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return the rates (R) of each turn, and print them round by round.

    The speed of a shared machine drifts, so every second round goes backwards.
    """
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(rounds):
        for name in list(turns)[:: -1 if number % 2 else 1]:
            rates[name].append(turns[name]())
        latest = ", ".join(f"{name} {values[-1]:.2f}" for name, values in rates.items())
        print(f"round {number + 1}, a second: {latest}", flush=True)
    return rates


def print_ratio(rates: Mapping[str, Sequence[float]], name: str, peer: str) -> None:
    """Print the ratios of two turns' rates, round by round."""
    ratios = [rate / other for rate, other in zip(rates[name], rates[peer], strict=True)]
    print(
        f"{name}/{peer}: geometric mean {statistics.geometric_mean(ratios):.3f}, median "
        f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    )


def sample(bench: Bench, count: int) -> "tqdm[str]":
    """Return the ids of `count` random locations, the same ones every time."""
    rows = np.random.default_rng(0).permutation(len(bench))[:count]
    return tqdm([bench.location_ids[row] for row in rows], desc="locations")


def map_errors(map_: Tensor, exact: Tensor, difference: float) -> tuple[float, float]:
    """Return the errors of completeness and of the map (L1 over L1), as fractions."""
    completeness = abs(float(map_.double().sum()) - difference)
    return (
        completeness / max(abs(difference), MIN_OUTPUT_DIFFERENCE),
        float((map_ - exact).abs().sum() / exact.abs().sum()),
    )
