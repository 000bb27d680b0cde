"""Small photographs and stores for tests."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embeddings import quality
from embeddings.knn import build_knn_graph
from embeddings.knn_classifier import knn_accuracy
from embeddings.results import PROJECTION_TITLES, Projection
from trainer.config import Config
from workbench import store
from workbench.store import Store

DEGREES = (0, 90, 180, 270)

# The smallest training.
TINY = Config(depth=18, image_size=32, epochs=2, batch_size=4, learning_rate=1e-3, num_workers=0)


def photograph(path: Path, seed: int, size: int = 64) -> None:
    """Write a JPEG of a sky over a coloured ground."""
    generator = np.random.default_rng(seed)
    pixel = np.empty((size, size, 3), dtype=np.uint8)
    pixel[: size // 2] = (120, 170, 230)
    pixel[size // 2 :] = generator.integers(40, 200, 3)
    noisy = pixel + generator.integers(-12, 13, pixel.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def copy_run(run: Path, target: Path) -> Path:
    """Copy a run folder; tensor files are hard links, so replace them, never edit them."""

    def copy(source: str, destination: str) -> None:
        if source.endswith((".safetensors", ".pt")):
            os.link(source, destination)
        else:
            shutil.copyfile(source, destination)

    shutil.copytree(run, target, copy_function=copy)
    return target


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def folder(
    root: Path, classes: Sequence[str] = ("Ohio", "New Mexico"), locations: int = 4, size: int = 64
) -> Path:
    """Write a data folder in the 50States layout; each class has a ground of its own colour."""
    for index, name in enumerate(classes):
        lines = []
        for number in range(locations):
            location = f"2015_-A_b{index}{number:03d}"
            for degree in DEGREES:
                photograph(root / name / f"{location}_{degree}.jpg", seed=index, size=size)
            lines.append(f"{location} \r {30 + index + number / 100} {-90 - number / 100} \n")
        (root / name / "info.txt").write_bytes("".join(lines).encode())
    return root


def small_store(
    path: Path,
    data: Path,
    classes: Sequence[str] = ("Alaska", "Arizona", "Hawaii", "Illinois", "Ohio"),
    locations: int = 24,
    seed: int = 0,
) -> Store:
    """Write a store with clustered features, its three maps and its photographs."""
    generator = np.random.default_rng(seed)
    folder(data, classes, locations)
    count = len(classes) * locations
    label = np.repeat(np.arange(len(classes)), locations)
    centre = generator.normal(size=(len(classes), 32))
    feature = (centre[label] + 0.8 * generator.normal(size=(count, 32))).astype(np.float32)
    logit = (feature @ centre.T / 12 + generator.normal(size=(count, len(classes)))).astype(
        np.float32
    )
    stem = [
        f"{classes[row // locations]}/2015_-A_b{row // locations}{row % locations:03d}"
        for row in range(count)
    ]
    result = Store(
        class_names=tuple(classes),
        location_ids=tuple(stem),
        labels=label.astype(np.int64),
        latitudes=(30.0 + label).astype(np.float64),
        longitudes=(-90.0 - label).astype(np.float64),
        image_paths=np.array([[f"{name}_{degree}.jpg" for degree in DEGREES] for name in stem]),
        logits=logit,
        features=feature,
        provenance={"data": str(data), "checkpoint": "", "fusion": "medium", "size": 64},
        projections={
            method: Projection(
                method, feature[:, 2 * i : 2 * i + 2], {"scale": 1}, seed, "example 1.0"
            )
            for i, method in enumerate(PROJECTION_TITLES)
        },
    )
    store.write(path, result)
    return result


def with_quality(example: Store) -> Store:
    """Return a store with neighbours, quality and a second t-SNE projection."""
    feature = np.asarray(example.features)
    graph = build_knn_graph(feature, 20, seed=0)
    reference = quality.build_reference(feature, example.labels, graph, 0, n_neighbors=5)
    projection = {
        name: replace(item, quality=quality.measure_quality(reference, item.coordinates))
        for name, item in example.projections.items()
    }
    second_tsne = replace(
        example.projections["tsne"], coordinates=feature[:, 8:10], name="tsne-other"
    )
    return replace(
        example,
        neighbors=graph,
        knn_accuracy=knn_accuracy(graph, example.labels),
        projections={**projection, "tsne-other": second_tsne},
    )


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount a small disk, of a size such as "1m"; skip the test where that is not allowed."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
