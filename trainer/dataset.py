"""From a folder of four-heading photographs to an index, and from the index to tensors.

The layout is `<root>/<Class>/<year>_<panoid>_<heading>.jpg`, heading 0, 90, 180, 270 for N, E,
S, W; a location is all four. `<root>/test_data/<Class>/...`, as the 50States2K archive unpacks,
is the same.
"""

import multiprocessing
import os
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainer.errors import InputError

DEGREES = (0, 90, 180, 270)
FORMATS = ("JPEG",)
WRAPPER = "test_data"
LAYOUT = "<folder>/<Class>/<year>_<panoid>_<0|90|180|270>.jpg"


@dataclass(frozen=True)
class Location:
    """One place: its id `<Class>/<year>_<panoid>`, class, coordinates and four photographs.

    `latitude` and `longitude` are in degrees, NaN where unknown; `image` are paths relative to
    the index's root, in the order N, E, S, W.
    """

    id: str
    class_name: str
    latitude: float
    longitude: float
    image: tuple[str, str, str, str]


@dataclass(frozen=True)
class Skipped:
    """A location that cannot be used, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Index:
    """The complete locations below `root`, by class and then by name, and those left out."""

    root: Path
    location: tuple[Location, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def class_name(self) -> tuple[str, ...]:
        """Names of the classes that have a complete location, sorted."""
        return tuple(sorted({location.class_name for location in self.location}))


def index(root: Path) -> Index:
    """Read the folder's names, not its photographs.

    Raises InputError when the folder is missing or holds no complete location.
    """
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder of photographs; check --data.")
    if (root / WRAPPER).is_dir():
        root = root / WRAPPER
    locations: list[Location] = []
    skipped: list[Skipped] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if not folder.name.isprintable():
            continue
        complete, incomplete = _class(folder)
        locations += complete
        skipped += incomplete
    if not locations:
        raise InputError(f"{root}: no location with four views was found; the layout is {LAYOUT}.")
    return Index(root, tuple(locations), tuple(skipped))


def view_of(file_name: str) -> tuple[str, int] | None:
    """Split `<year>_<panoid>_<heading>.jpg` into name and degrees; None for another file.

    The pano id may hold `_` and `-`: the heading follows the last `_`.
    """
    if not file_name.isprintable():  # Among others, what a file system holds that is no text.
        return None
    stem, _, ending = file_name.rpartition(".")
    name, _, degree = stem.rpartition("_")
    if not name or ending.lower() not in ("jpg", "jpeg") or degree not in map(str, DEGREES):
        return None
    return name, int(degree)


def _class(folder: Path) -> tuple[list[Location], list[Skipped]]:
    views: defaultdict[str, dict[int, str]] = defaultdict(dict)
    # Sorted, so that of x_0.jpg and x_0.jpeg the same one is taken everywhere.
    for path in sorted(folder.iterdir()):
        view = view_of(path.name)
        if view:
            name, degree = view
            views[name][degree] = f"{folder.name}/{path.name}"
    coordinates = _coordinates(folder / "info.txt")
    locations, skipped = [], []
    if not views:
        skipped.append(Skipped(folder.name, "the folder holds no photograph of this layout"))
    for name, image in sorted(views.items()):
        identity = f"{folder.name}/{name}"
        missing = [str(degree) for degree in DEGREES if degree not in image]
        if missing:
            skipped.append(Skipped(identity, f"no view at heading {', '.join(missing)}"))
            continue
        latitude, longitude = coordinates.get(name, (float("nan"), float("nan")))
        north, east, south, west = (image[degree] for degree in DEGREES)
        locations.append(
            Location(identity, folder.name, latitude, longitude, (north, east, south, west))
        )
    return locations, skipped


def _coordinates(path: Path) -> dict[str, tuple[float, float]]:
    r"""Read lines `<name> \r <latitude> <longitude>`, name being a location or one view of it."""
    if not path.is_file():
        return {}
    result = {}
    # Each line has a bare \r in its middle, which the default newline would split at.
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                name, latitude, longitude = line.split()
                place = (float(latitude), float(longitude))
            except ValueError:
                raise InputError(
                    f"{path}: line {number} is not '<name> <latitude> <longitude>'; "
                    "mend or remove the file."
                ) from None
            view = view_of(name)
            result[view[0] if view else name] = place
    return result


def decode(path: Path, size: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Return a photograph as (3, size, size) uint8, RGB, upright.

    Raises OSError, of which `UnidentifiedImageError` is one, when it is no whole image.
    """
    with Image.open(path, formats=FORMATS) as image:
        # A JPEG decodes at a half, a quarter or an eighth of its size for a fraction of the time.
        image.draft("RGB", (size, size))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    if upright.size != (size, size):
        upright = upright.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(upright).transpose(2, 0, 1)


def views(paths: Sequence[Path], size: int) -> Tensor:
    """Return a location's photographs as (4, 3, size, size) uint8, RGB, N, E, S, W.

    Raises InputError naming the file that is no whole photograph.
    """
    result = torch.empty((len(paths), 3, size, size), dtype=torch.uint8)
    for number, path in enumerate(paths):
        try:
            result[number] = torch.from_numpy(decode(path, size).copy())
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            what = "no JPEG" if isinstance(error, UnidentifiedImageError) else "cut off or damaged"
            if isinstance(error, FileNotFoundError):
                what = "gone"
            raise InputError(
                f"{path}: the photograph is {what}; replace it or remove the location."
            ) from error
    return result


class LocationDataset(Dataset[tuple[int, Tensor, int, str]]):
    """Decoded locations: (row, views, label, reason).

    `views` is (4, 3, size, size) uint8. A location that cannot be read comes back black with the
    reason in words, so that the process which counts and lists them is the one that reads on.
    """

    def __init__(
        self, root: Path, location: Sequence[Location], class_name: Sequence[str], size: int
    ) -> None:
        self.root = root
        self.location = tuple(location)
        self.size = size
        number = {name: label for label, name in enumerate(class_name)}
        self.label = tuple(number[place.class_name] for place in self.location)

    def __len__(self) -> int:
        return len(self.location)

    def __getitem__(self, row: int) -> tuple[int, Tensor, int, str]:
        paths = [self.root / name for name in self.location[row].image]
        try:
            return row, views(paths, self.size), self.label[row], ""
        except InputError as error:
            black = torch.zeros((len(DEGREES), 3, self.size, self.size), dtype=torch.uint8)
            return row, black, self.label[row], str(error)


def _end_with(trainer: int, _worker: int) -> None:
    """Let this worker end when the process that it decodes for is killed.

    Torch watches the parent, which is the fork server, and that lives as long as its workers do.
    """

    def watch() -> None:
        while True:
            time.sleep(1)
            try:
                os.kill(trainer, 0)
            except OSError:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def loader(
    photographs: LocationDataset,
    batch_size: int,
    workers: int,
    *,
    shuffle_seed: int | None = None,
) -> DataLoader[tuple[int, Tensor, int, str]]:
    """Return batches in order, or shuffled by a seed; `workers` processes decode them."""
    generator = None
    if shuffle_seed is not None:
        generator = torch.Generator().manual_seed(shuffle_seed)
    # Forking a process that already runs threads can lock up. A server that has imported this
    # module once, and runs none, forks workers safely and at once.
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    return DataLoader(
        photographs,
        batch_size=batch_size,
        shuffle=generator is not None,
        generator=generator,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context=server if workers else None,
        worker_init_fn=partial(_end_with, os.getpid()) if workers else None,
    )


@dataclass(frozen=True)
class Split:
    """Training and validation locations; no location is in both."""

    training: tuple[Location, ...]
    validation: tuple[Location, ...]


def split(index: Index, validation_share: float, seed: int) -> Split:
    """Split each class by location: `validation_share` of it, at least one, goes to validation.

    Raises InputError for a class with fewer than two locations, or when there is one class only.
    """
    generator = np.random.default_rng(seed)
    training: list[Location] = []
    validation: list[Location] = []
    by_class: defaultdict[str, list[Location]] = defaultdict(list)
    for location in index.location:
        by_class[location.class_name].append(location)
    if len(by_class) < 2:
        raise InputError(f"{index.root}: one class is not enough to train; add another folder.")
    for name, members in sorted(by_class.items()):
        if len(members) < 2:
            raise InputError(
                f"{index.root / name}: one complete location cannot be both trained on and "
                "validated; add photographs or remove the folder."
            )
        held = max(1, round(validation_share * len(members)))
        order = generator.permutation(len(members))
        validation += [members[row] for row in sorted(order[:held])]
        training += [members[row] for row in sorted(order[held:])]
    return Split(tuple(training), tuple(validation))
