"""Small photographs and stores for tests."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw

from embeddings import quality
from embeddings.knn import build_knn_graph
from embeddings.knn_classifier import knn_accuracy
from embeddings.results import PROJECTION_TITLES, Projection
from trainer.config import Config
from workbench import store
from workbench.store import Store

DEGREES = (0, 90, 180, 270)

# How a camera that is held in each way stores an upright picture, by EXIF orientation.
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
# Photographs that are not square: landscape, portrait, very wide, very high; upright or not.
SHAPES: dict[str, dict[str, Any]] = {
    "landscape": {"size": (300, 150)},
    "portrait": {"size": (150, 300)},
    "very wide": {"size": (1200, 50)},
    "very high": {"size": (50, 900)},
    "turned": {"size": (300, 150), "orientation": 6},
    "mirrored": {"size": (150, 300), "orientation": 5},
    "turned by XMP": {"size": (300, 150), "orientation": 8, "xmp": True},
}

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


def stored_as(picture: Image.Image, orientation: int) -> Image.Image:
    """Return an upright picture as a file of an EXIF orientation, 1 to 8, stores it."""
    return picture if orientation == 1 else picture.transpose(STORED_AS[orientation])


def marked_photograph(
    path: Path,
    size: tuple[int, int],
    place: tuple[float, float],
    orientation: int = 1,
    xmp: bool = False,
) -> None:
    """Write a grey JPEG with a red mark at a place of its upright picture.

    `size` is the upright width and height, multiples of 50; `place` are fractions of them,
    multiples of 0.02. The mark has 16 % of both. The file stores the picture in an EXIF or XMP
    orientation.
    """
    width, height = size
    picture = Image.new("RGB", size, (128, 128, 128))
    left, top = (round((x - 0.08) * side) for x, side in zip(place, size, strict=True))
    box = (left, top, left + width * 4 // 25 - 1, top + height * 4 // 25 - 1)
    ImageDraw.Draw(picture).rectangle(box, fill=(230, 20, 30))
    exif = Image.Exif()
    if not xmp:
        exif[ExifTags.Base.Orientation] = orientation
    description = f'<rdf:Description tiff:Orientation="{orientation}"/>'.encode() if xmp else b""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = stored_as(picture, orientation)
    stored.save(path, quality=95, subsampling=0, exif=exif, xmp=description)


def mark_place(pixels: NDArray[np.integer[Any]]) -> tuple[float, float]:
    """Return where the centre of the red mark is in a picture (H, W, 3), as fractions, or NaN."""
    red = pixels[..., 0].astype(float) - pixels[..., 1:3].max(axis=-1) - 40
    weight = red.clip(0)
    total = weight.sum() or np.nan
    y, x = ((np.arange(side) + 0.5) / side for side in weight.shape)
    return float(weight.sum(axis=0) @ x / total), float(weight.sum(axis=1) @ y / total)


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
