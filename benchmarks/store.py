"""Layouts of features and ids in HDF5: `python -m benchmarks.store`.

Writes the same features (N, 2048) float32 contiguously, in chunks, and compressed, reads them
whole, single rows of them and a sample, and prints size, speed and time; and the same ids as text
of fixed length, plain and compressed, and of variable length. Everything is read from the system's
cache, as after an extraction. Features are generated like those of a network, sums of
rectified values, or those of a store (`--store`), repeated with noise. They grow with --rows.
"""

import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tyro
from numpy.typing import NDArray

from benchmarks.common import seconds
from workbench import store as stores

LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "contiguous": {},
    "chunks of 16 rows": {"chunks": (16, 2048)},
    "chunks of 64 rows": {"chunks": (64, 2048)},
    "64, shuffle, lzf": {"chunks": (64, 2048), "shuffle": True, "compression": "lzf"},
    "64, shuffle, gzip 1": {
        "chunks": (64, 2048),
        "shuffle": True,
        "compression": "gzip",
        "compression_opts": 1,
    },
}
BLOCK = 1024


def features(path: Path | None, rows: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(0)
    if path is None:
        hidden = generator.standard_normal((rows, 64), dtype=np.float32)
        mixed = hidden @ generator.standard_normal((64, 2048), dtype=np.float32) / 8
        return np.maximum(mixed + np.float32(0.5), 0)
    feature = stores.read(path).features[:]
    repeated = np.resize(feature, (rows, feature.shape[1]))
    noise = 1 + 0.1 * generator.standard_normal(repeated.shape, dtype=np.float32)
    return np.asarray(repeated * noise, dtype=np.float32)


def read(dataset: Any, selections: Iterable[Any]) -> None:
    for selection in selections:
        dataset[selection]


def texts(dataset: Any) -> list[str]:
    return [text.decode() for text in dataset[:].tolist()]


def of_features(feature: NDArray[np.float32], folder: Path) -> None:
    generator = np.random.default_rng(1)
    single = generator.integers(0, len(feature), 200).tolist()
    sample = np.sort(generator.choice(len(feature), 500, replace=False))
    megabytes = feature.nbytes / 1e6
    print(f"features {feature.shape}, {megabytes:.0f} MB")
    for name, layout in LAYOUTS.items():
        path = folder / "feature.h5"

        def write(path: Path = path, layout: Mapping[str, Any] = layout) -> None:
            with h5py.File(path, "w") as file:
                dataset = file.create_dataset("feature", feature.shape, "float32", **layout)
                for first in range(0, len(feature), BLOCK):
                    dataset[first : first + BLOCK] = feature[first : first + BLOCK]

        written = seconds(write)
        size = path.stat().st_size / feature.nbytes
        with h5py.File(path) as file:
            dataset = file["feature"]
            firsts = range(0, len(feature), BLOCK)
            whole = seconds(partial(read, dataset, [slice(f, f + BLOCK) for f in firsts]))
            single_row = seconds(partial(read, dataset, single)) / len(single)
            rows = seconds(partial(read, dataset, [sample]))
        print(
            f"  {name:<20} size {size:4.2f}, write {megabytes / written:6.0f} MB/s, read "
            f"{megabytes / whole:6.0f} MB/s, a row "
            f"{1e3 * single_row:6.3f} ms, 500 rows {rows:6.3f} s"
        )


def of_text(rows: int, folder: Path) -> None:
    ids = [f"New Hampshire/2015_-AQOXlx5fs1g{row:010d}" for row in range(rows)]
    fixed = h5py.string_dtype("utf-8", max(map(len, ids)))
    variable: Any = h5py.string_dtype()
    chunked = {"chunks": (min(rows, 8192),), "compression": "gzip", "compression_opts": 1}
    print(f"{rows:,} ids")
    for name, kind, layout in (
        ("variable length", variable, {}),
        ("fixed length", fixed, {}),
        ("fixed length, gzip 1", fixed, chunked),
    ):
        path = folder / "text.h5"
        data = np.array([text.encode() for text in ids]).astype(kind) if kind is fixed else ids
        with h5py.File(path, "w") as file:
            file.create_dataset("id", data=data, dtype=kind, **layout)
        with h5py.File(path) as file:
            duration = seconds(partial(texts, file["id"]))
        print(f"  {name:<24} {path.stat().st_size / 1e6:6.1f} MB, read in {duration:.2f} s")


def main(store: Path | None = None, rows: int = 25_000, ids: int = 500_000) -> None:
    """Compare layouts of `rows` features, those of `store` if there is one, and of `ids`."""
    with tempfile.TemporaryDirectory() as folder:
        of_features(features(store, rows), Path(folder))
        of_text(ids, Path(folder))


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
