"""The painted states as files, in the layout of 50States10K and 50States2K."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from common.errors import InputError
from trainer.synthetic import elements
from trainer.synthetic.camera import HEADINGS
from trainer.synthetic.plant import parse, plant
from trainer.synthetic.scene import scene
from trainer.synthetic.states import STATES, spread
from trainer.synthetic.view import views

SPLITS = ("train", "test")
MARKER = "painting-unfinished"
QUALITY = 88


@dataclass(frozen=True)
class Batch:
    """Some locations of one state and split, painted by one process in one go."""

    root: Path
    split: int
    state: int
    """Row of the table."""
    first: int
    last: int
    size: int
    seed: int
    plant: str
    """What lies over every view; "" for nothing."""


def paint(
    root: str | os.PathLike[str],
    states: int = 50,
    train: int = 30,
    test: int = 10,
    size: int = 256,
    seed: int = 0,
    workers: int | None = None,
    plants: Sequence[str] = (),
    progress: bool = False,
) -> Path:
    """Paint a data set of four-view locations into the folder ``root``, which must be new or empty.

    ``states`` 2..50; ``train`` and ``test`` are locations per state, at least 1; ``size`` is the
    side of a view in pixels, a multiple of 32; ``seed`` at least 0; ``workers`` are processes, by
    default one per core; ``plants`` are shortcuts such as "Ohio=border" (`plant.parse`), without
    which the scenes stay the same. The same seed gives the same bytes for any number of workers.
    Files are written into ``<root>.partial``, which takes its name when all are there. Raises
    InputError.
    """
    folder = Path(root).resolve()
    _check(folder)
    chosen = spread(states)
    planted = parse(plants, [state.name for state in chosen])
    partial = folder.with_name(folder.name + ".partial")
    _clear(partial)
    for split in SPLITS:
        for state in chosen:
            (partial / split / state.name).mkdir(parents=True)
            (partial / "mask" / split / state.name).mkdir(parents=True)
    (partial / "elements.csv").write_text(elements.table(planted), encoding="utf-8")
    batches = [
        Batch(
            partial,
            split,
            row,
            first,
            min(first + 5, count),
            size,
            seed,
            planted.get(state.name, ""),
        )
        for row, state in enumerate(STATES)
        if state in chosen
        for split, count in enumerate((train, test))
        for first in range(0, count, 5)
    ]
    lines: dict[tuple[int, int], list[str]] = {}
    total = len(chosen) * (train + test)
    with tqdm(total=total, unit="location", desc="painting", disable=not progress) as bar:
        for batch, written in zip(batches, _run(batches, workers), strict=True):
            lines.setdefault((batch.split, batch.state), []).extend(written)
            bar.update(len(written))
    for (split_number, row), written in lines.items():
        info = partial / SPLITS[split_number] / STATES[row].name / "info.txt"
        info.write_text("".join(written), encoding="utf-8", newline="\n")
    (partial / MARKER).unlink()
    if folder.exists():
        folder.rmdir()
    partial.rename(folder)
    return folder


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder that is new or empty.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name another folder, or remove it first.")


def _clear(partial: Path) -> None:
    """Make an empty folder for unfinished work, in place of what a killed run left."""
    if partial.exists():
        if not (partial / MARKER).is_file():
            raise InputError(
                f"{partial} is in the way and is no unfinished painting; remove or rename it."
            )
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    (partial / MARKER).write_text("A painting that was not finished; safe to remove.\n")


def _run(batches: list[Batch], workers: int | None) -> Iterator[list[str]]:
    count = min(workers or os.cpu_count() or 1, len(batches))
    if count == 1:
        yield from map(_paint_batch, batches)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield from pool.map(_paint_batch, batches)


def _paint_batch(batch: Batch) -> list[str]:
    """Paint the locations of a batch and return their lines of info.txt."""
    state = STATES[batch.state]
    split = SPLITS[batch.split]
    pictures_folder = batch.root / split / state.name
    masks_folder = batch.root / "mask" / split / state.name
    lines = []
    for index in range(batch.first, batch.last):
        here = scene(state, (batch.seed, batch.split, batch.state, index))
        pictures, masks = views(here, batch.size)
        if batch.plant:
            plant(batch.plant, pictures, masks)
        for heading, picture, mask in zip(HEADINGS, pictures, masks, strict=True):
            name = f"{here.name}_{heading}"
            Image.fromarray(picture).save(pictures_folder / f"{name}.jpg", quality=QUALITY)
            Image.fromarray(mask).save(masks_folder / f"{name}.png", compress_level=1)
        lines.append(f"{here.name} \r {here.latitude:.6f} {here.longitude:.6f} \n")
    return lines
