"""Write the painted states as files in the layout of 50States10K and 50States2K."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from common.earlier_result import Request, is_finished, read_record, record_text
from common.errors import InputError
from common.files import atomic_directory
from trainer.data.worker_processes import worker_map
from trainer.synthetic import elements
from trainer.synthetic.camera import HEADINGS
from trainer.synthetic.scene import scene
from trainer.synthetic.shortcut import paint_shortcut, parse_shortcuts
from trainer.synthetic.states import STATES, spread
from trainer.synthetic.view import views

COMMAND = "synthesize"
SPLITS = ("train", "test")
QUALITY = 88


@dataclass(frozen=True)
class _Batch:
    """Some locations of one state and split, painted by one process."""

    split: int
    state: int
    """Row in `STATES`."""
    first: int
    last: int
    size: int
    seed: int
    shortcut: str
    """Painted over every view; "" for none."""


def paint(
    root: str | os.PathLike[str],
    states: int = 50,
    train: int = 30,
    test: int = 10,
    image_size: int = 256,
    seed: int = 0,
    num_workers: int | None = None,
    shortcuts: Sequence[str] = (),
    progress: bool = False,
) -> Path:
    """Paint a data set of four-view locations into the new or empty folder `root`; return it.

    A folder that holds the same painting stays as it is.
    `states` is the number of states, 2 to 50; `train` and `test` are locations per state, at least
    1; `image_size` is the side of a view in pixels, a multiple of 32; `num_workers` processes
    paint, by default one per core. `shortcuts` are such as "Ohio=border" (`parse_shortcuts`) and do
    not change the scenes. The same `seed`, at least 0, gives the same bytes for any number of
    workers. Raises InputError.
    """
    folder = Path(root).resolve()
    request = {
        "states": states,
        "train": train,
        "test": test,
        "image size": image_size,
        "seed": seed,
        "shortcuts": list(shortcuts),
    }
    if _is_finished(folder, request):
        return folder
    chosen = spread(states)
    shortcut_of = parse_shortcuts(shortcuts, [state.name for state in chosen])
    batches = [
        _Batch(
            split,
            row,
            first,
            min(first + 5, count),
            image_size,
            seed,
            shortcut_of.get(state.name, ""),
        )
        for row, state in enumerate(STATES)
        if state in chosen
        for split, count in enumerate((train, test))
        for first in range(0, count, 5)
    ]
    folder.parent.mkdir(parents=True, exist_ok=True)
    lines: dict[tuple[int, int], list[str]] = {}
    total = len(chosen) * (train + test)
    count = min(num_workers or os.cpu_count() or 1, len(batches))
    with (
        atomic_directory(folder) as unfinished,
        worker_map(
            partial(_paint_batch, unfinished),
            batches,
            count if count > 1 else 0,
            preload=[__name__],
        ) as painted,
        tqdm(total=total, unit="location", desc="painting", disable=not progress) as bar,
    ):
        for split in SPLITS:
            for state in chosen:
                (unfinished / split / state.name).mkdir(parents=True)
                (unfinished / "mask" / split / state.name).mkdir(parents=True)
        (unfinished / "elements.csv").write_text(elements.table(shortcut_of), encoding="utf-8")
        for batch, text in zip(batches, painted, strict=True):
            lines.setdefault((batch.split, batch.state), []).extend(text)
            bar.update(len(text))
        for (split_number, row), texts in lines.items():
            info = unfinished / SPLITS[split_number] / STATES[row].name / "info.txt"
            info.write_text("".join(texts), encoding="utf-8", newline="\n")
        (unfinished / f"{COMMAND}.json").write_text(record_text(request), encoding="utf-8")
    return folder


def _is_finished(folder: Path, request: Request) -> bool:
    """Return whether the folder holds this painting; raises InputError for anything else in it."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; choose a new or empty folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return False
    if not (record := read_record(folder, COMMAND)):
        raise InputError(f"{folder} is not empty; choose another folder, or remove it first.")
    remedy = "choose another folder, or remove it first"
    return is_finished(folder, record.get("request"), request, remedy)


def _paint_batch(root: Path, batch: _Batch) -> list[str]:
    """Paint the locations of a batch and return their lines of info.txt."""
    state = STATES[batch.state]
    split = SPLITS[batch.split]
    pictures_folder = root / split / state.name
    masks_folder = root / "mask" / split / state.name
    lines = []
    for index in range(batch.first, batch.last):
        location = scene(state, (batch.seed, batch.split, batch.state, index))
        pictures, masks = views(location, batch.size)
        if batch.shortcut:
            paint_shortcut(batch.shortcut, pictures, masks)
        for heading, picture, mask in zip(HEADINGS, pictures, masks, strict=True):
            name = f"{location.name}_{heading}"
            Image.fromarray(picture).save(pictures_folder / f"{name}.jpg", quality=QUALITY)
            Image.fromarray(mask).save(masks_folder / f"{name}.png", compress_level=1)
        lines.append(f"{location.name} \r {location.latitude:.6f} {location.longitude:.6f} \n")
    return lines
