"""A store as the folder that TensorBoard's embedding projector opens."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from common.files import atomic_directory
from workbench.interchange.frame import blocks, part
from workbench.interchange.pictures import Pixels, Views, tile
from workbench.store import Rows, Store

OWN = re.compile(r"(tensors|metadata|map-[a-z0-9-]+)\.tsv|sprite\.png|projector_config\.pbtxt")
"""The files of such a folder."""

MOST = 100_000
"""As many rows as the projector asks its server for; of more it would show the first ones only."""

# The projector takes no larger sprite: so wide and high is the largest texture of many browsers.
SPRITE = 8192
TILE = 64
COLUMNS = [
    "id",
    "state",
    "predicted",
    "correct",
    "confidence",
    "rank",
    "split",
    "latitude",
    "longitude",
]
# A tab or a line end would begin another cell or row; a backslash says what stood there.
_ESCAPE = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def write(path: Path, store: Store, *, features: bool, views: Views | None) -> int:
    """Write tensors, metadata and maps as TSV, and the configuration that names them.

    The tensors are the scores of the principal components where the store has them, or all
    features where `features` asks for these; each map is a tensor of its own. Of more than `MOST`
    locations a sample, drawn with seed 0, is written. Returns the number of locations written.
    Raises InputError when the disk refuses or a photograph cannot be read.
    """
    chosen = sample(len(store))
    components = None if features else store.components
    tensor: Rows = store.features if components is None else components.scores
    # The projector begins with the first in the alphabet.
    name = "features" if components is None else "components"
    tensors = {"tensors.tsv": (name, tensor)}
    for title, made in store.projections.items():
        tensors[f"map-{title}.tsv"] = (f"map-{title}", _plane(made.coordinates))
    with atomic_directory(path) as partial:
        _write_metadata(partial / "metadata.tsv", store, chosen)
        for file_name, (_, values) in tensors.items():
            _write_tensor(partial / file_name, store, values, chosen)
        side = _write_sprite(partial / "sprite.png", store, chosen, views) if views else 0
        (partial / "projector_config.pbtxt").write_text(
            "".join(_entry(name, file_name, side) for file_name, (name, _) in tensors.items()),
            "utf-8",
        )
    return int(chosen.sum())


def sample(count: int) -> NDArray[np.bool_]:
    """Return which of `count` locations are written, (count) bool: `MOST`, drawn with seed 0."""
    chosen = np.ones(count, dtype=bool)
    if count > MOST:
        left_out = np.random.default_rng(0).choice(count, count - MOST, replace=False)
        chosen[left_out] = False
    return chosen


def _plane(coordinate: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a map (N, 2) as a plane in space, (N, 3): the projector shows nothing of less."""
    return np.pad(coordinate, ((0, 0), (0, 1)))


def _entry(name: str, file_name: str, side: int) -> str:
    """Return a tensor's entry in the configuration: protocol buffers in their text format."""
    lines = [
        f'tensor_name: "{name}"',
        f'tensor_path: "{file_name}"',
        'metadata_path: "metadata.tsv"',
    ]
    if side:
        lines.append(
            'sprite {\n    image_path: "sprite.png"\n'
            f"    single_image_dim: {side}\n    single_image_dim: {side}\n  }}"
        )
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _write_metadata(path: Path, store: Store, chosen: NDArray[np.bool_]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        print("\t".join(COLUMNS), file=file)
        for rows in blocks(store, "Writing metadata"):
            frame = part(store, rows).reset_index()[COLUMNS][chosen[rows]]
            for line in _lines(frame):
                print(line, file=file)


def _lines(frame: pd.DataFrame) -> Iterator[str]:
    """Yield a table's rows, a line each; the projector knows no missing number, so say so."""
    texts = [
        ["unknown" if missing else str(value).translate(_ESCAPE) for value, missing in cells]
        for cells in (
            zip(frame[name].tolist(), frame[name].isna().tolist(), strict=True) for name in COLUMNS
        )
    ]
    return map("\t".join, zip(*texts, strict=True))


def _write_tensor(path: Path, store: Store, values: Rows, chosen: NDArray[np.bool_]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for rows in blocks(store, f"Writing {path.name}"):
            _write_numbers(file, np.asarray(values[rows], dtype=np.float32)[chosen[rows]])


def _write_numbers(file: TextIO, block: NDArray[np.float32]) -> None:
    pd.DataFrame(block).to_csv(file, sep="\t", header=False, index=False, lineterminator="\n")


def _write_sprite(path: Path, store: Store, chosen: NDArray[np.bool_], views: Views) -> int:
    """Write the locations' pictures as one, row by row; return the pixels on each side of one."""
    names = [name for name, wanted in zip(store.location_ids, chosen, strict=True) if wanted]
    across = math.isqrt(len(names) - 1) + 1
    half = min(TILE, SPRITE // across) // 2
    side = 2 * half
    sprite: Pixels = np.zeros((across, side, across, side, 3), dtype=np.uint8)
    with tqdm(names, "Reading photographs", unit="location", delay=2, dynamic_ncols=True) as bar:
        for number, name in enumerate(bar):
            sprite[number // across, :, number % across] = tile(views(name, half))
    Image.fromarray(sprite.reshape(across * side, across * side, 3)).save(path)
    return side
