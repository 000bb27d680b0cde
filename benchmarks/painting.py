"""How fast the painted states are painted: `python -m benchmarks.painting`.

Paints the same data set with one process and with one a core, and prints views a second, the
ratio, and how long 12,000 views of 256x256 take at that rate. There is no peer to compare with.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from trainer.synthetic import paint


def seconds(locations: int, size: int, workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        paint(
            Path(folder) / "painted",
            states=50,
            train=locations,
            test=1,
            image_size=size,
            seed=0,
            num_workers=workers,
        )
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locations", type=int, default=5, help="training locations per state")
    parser.add_argument("--image-size", type=int, default=256, help="side of a view, pixels")
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    views = 50 * (options.locations + 1) * 4
    slowest = 0.0
    for workers in sorted({1, cores}):
        took = seconds(options.locations, options.image_size, workers)
        slowest = max(slowest, took)
        rate = views / took
        print(
            f"{workers:3d} processes: {took:6.1f} s for {views} views, {rate:6.1f} views/s, "
            f"{slowest / took:.2f}x, 12,000 views in {12_000 / rate:.0f} s"
        )


if __name__ == "__main__":
    main()
