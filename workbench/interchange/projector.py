"""A store as a folder for TensorBoard's embedding projector."""

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

from common.earlier_result import Request, record_text
from common.files import atomic_directory
from workbench.interchange.frame import frame_rows, row_batches
from workbench.interchange.pictures import Pixels, ViewReader, tile
from workbench.store import Rows, Store

FILES = re.compile(
    r"(tensors|metadata|map-[a-z0-9-]+)\.tsv|sprite\.png|projector_config\.pbtxt|convert\.json"
)
"""Names of the files of such a folder."""

MAX_ROWS = 100_000
"""The projector requests no more rows: it would show the first ones only."""

MAX_SPRITE_SIZE = 8192  # Pixels on a side: the largest texture of many browsers.
TILE_SIZE = 64
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
# A tab or a line end would start another cell or row.
_ESCAPE = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def write(
    path: Path,
    store: Store,
    *,
    features: bool,
    read_views: ViewReader | None,
    request: Request | None = None,
) -> int:
    """Write tensors, metadata and projections as TSV files, and their configuration.

    The tensors are the principal components if the store has them and `features` is False, else all
    features; each projection is another tensor. Of more than `MAX_ROWS` locations a random sample
    (seed 0) is written. `request` goes into `convert.json`. Returns the number of locations
    written. Raises InputError when the disk is full or a photograph cannot be read.
    """
    chosen = sample_mask(len(store))
    components = None if features else store.components
    tensor: Rows = store.features if components is None else components.scores
    # The projector starts with the tensor that is first in alphabetical order.
    name = "features" if components is None else "components"
    tensors = {"tensors.tsv": (name, tensor)}
    for title, projection in store.projections.items():
        tensors[f"map-{title}.tsv"] = (f"map-{title}", _plane(projection.coordinates))
    with atomic_directory(path) as partial:
        _write_metadata(partial / "metadata.tsv", store, chosen)
        for file_name, (_, values) in tensors.items():
            _write_tensor(partial / file_name, store, values, chosen)
        side = _write_sprite(partial / "sprite.png", store, chosen, read_views) if read_views else 0
        (partial / "projector_config.pbtxt").write_text(
            "".join(_entry(name, file_name, side) for file_name, (name, _) in tensors.items()),
            "utf-8",
        )
        (partial / "convert.json").write_text(record_text(request or {}), "utf-8")
    return int(chosen.sum())


def sample_mask(count: int) -> NDArray[np.bool_]:
    """Return a mask (count,) of at most `MAX_ROWS` locations, sampled with seed 0."""
    chosen = np.ones(count, dtype=bool)
    if count > MAX_ROWS:
        left_out = np.random.default_rng(0).choice(count, count - MAX_ROWS, replace=False)
        chosen[left_out] = False
    return chosen


def _plane(coordinate: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return coordinates (N, 2) as (N, 3): the projector needs three dimensions."""
    return np.pad(coordinate, ((0, 0), (0, 1)))


def _entry(name: str, file_name: str, side: int) -> str:
    """Return the entry of a tensor in the configuration, in the text format of protocol buffers."""
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
        for rows in row_batches(store, "Writing metadata"):
            frame = frame_rows(store, rows).reset_index()[COLUMNS][chosen[rows]]
            for line in _lines(frame):
                print(line, file=file)


def _lines(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the rows of a table as lines, with "unknown" for missing values."""
    texts = [
        ["unknown" if missing else str(value).translate(_ESCAPE) for value, missing in cells]
        for cells in (
            zip(frame[name].tolist(), frame[name].isna().tolist(), strict=True) for name in COLUMNS
        )
    ]
    return map("\t".join, zip(*texts, strict=True))


def _write_tensor(path: Path, store: Store, values: Rows, chosen: NDArray[np.bool_]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for rows in row_batches(store, f"Writing {path.name}"):
            _write_numbers(file, np.asarray(values[rows], dtype=np.float32)[chosen[rows]])


def _write_numbers(file: TextIO, block: NDArray[np.float32]) -> None:
    pd.DataFrame(block).to_csv(file, sep="\t", header=False, index=False, lineterminator="\n")


def _write_sprite(
    path: Path, store: Store, chosen: NDArray[np.bool_], read_views: ViewReader
) -> int:
    """Write the pictures of all locations as one and return the size of each, in pixels."""
    names = [name for name, wanted in zip(store.location_ids, chosen, strict=True) if wanted]
    across = math.isqrt(len(names) - 1) + 1
    half = min(TILE_SIZE, MAX_SPRITE_SIZE // across) // 2
    side = 2 * half
    sprite: Pixels = np.zeros((across, side, across, side, 3), dtype=np.uint8)
    with tqdm(names, "Reading photographs", unit="location", delay=2, dynamic_ncols=True) as bar:
        for number, name in enumerate(bar):
            sprite[number // across, :, number % across] = tile(read_views(name, half))
    Image.fromarray(sprite.reshape(across * side, across * side, 3)).save(path)
    return side
