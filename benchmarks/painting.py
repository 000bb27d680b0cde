"""How fast the painted states are painted: `python -m benchmarks.painting`.

Paints the same data set with one process and with one a core, and prints views a second, the
ratio, and how long 12,000 views of 256x256 take at that rate. There is no peer to compare with.
"""

import os
import tempfile
from functools import partial
from pathlib import Path

import tyro

from benchmarks.common import seconds
from trainer.synthetic import paint

STATES = 50


def main(locations: int = 5, image_size: int = 256) -> None:
    """Paint `locations` training locations a state, with views of `image_size` pixels."""
    views = STATES * (locations + 1) * 4
    slowest = 0.0
    for workers in sorted({1, os.cpu_count() or 1}):
        with tempfile.TemporaryDirectory() as folder:
            work = partial(
                paint,
                Path(folder) / "painted",
                states=STATES,
                train=locations,
                test=1,
                image_size=image_size,
                num_workers=workers,
            )
            duration = seconds(work)
        slowest = max(slowest, duration)
        rate = views / duration
        print(
            f"{workers:3d} processes: {duration:6.1f} s for {views} views, {rate:6.1f} views/s, "
            f"{slowest / duration:.2f}x, 12,000 views in {12_000 / rate:.0f} s"
        )


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
