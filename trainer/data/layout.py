"""Folder layouts: find the locations of a data folder by its file names.

There are two layouts. In the 50States layout, `<root>/<Class>/<year>_<panoid>_<heading>.jpg`, the
heading is 0, 90, 180 or 270 for N, E, S, W. In the layout of the course challenge, a CSV file in
the root with the columns `image_north`, `image_east`, `image_south`, `image_west`, `state`,
`latitude` and `longitude` names the photographs `<sample>_<north|east|south|west>.jpg`, which are
beside it or in one folder below. Both may be inside a folder `test_data`, as in the 50States2K
archive.
"""

import csv
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import InputError

HEADINGS = (0, 90, 180, 270)
DIRECTIONS = ("north", "east", "south", "west")
COLUMNS = (*(f"image_{direction}" for direction in DIRECTIONS), "state", "latitude", "longitude")
SUFFIXES = ("jpg", "jpeg")
WRAPPER = "test_data"
LAYOUT = "<folder>/<Class>/<year>_<panoid>_<0|90|180|270>.jpg"

_HEADING_OF = {str(degree): degree for degree in HEADINGS}

# Control characters, and bytes of a file name that are not UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Location:
    """One location with its four photographs.

    `id` is `<Class>/<year>_<panoid>`, or `<Class>/<sample>` in a table. `latitude` and `longitude`
    are in degrees, NaN if unknown. `images` are paths relative to the root of the index, in the
    order N, E, S, W.
    """

    id: str
    class_name: str
    latitude: float
    longitude: float
    images: tuple[str, str, str, str]


@dataclass(frozen=True)
class SkippedLocation:
    """A location that cannot be used, the reason, and its existing photographs."""

    id: str
    reason: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """The complete locations below `root`, sorted by class and name, and the skipped ones."""

    root: Path
    locations: tuple[Location, ...]
    skipped: tuple[SkippedLocation, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Sorted names of the classes that have a complete location."""
        return tuple(sorted({location.class_name for location in self.locations}))


def index_folder(root: Path) -> Index:
    """Index the locations of a data folder without opening its photographs.

    Raises InputError if the folder is missing, has no complete location, or mixes tables or
    layouts.
    """
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder of photographs; check --data.")
    if (root / WRAPPER).is_dir():
        for table in _find_tables(root):
            raise _ambiguous(table, root / WRAPPER)
        root = root / WRAPPER
    files = _list_files(root)
    tables = _find_tables(root)
    if tables:
        _check_single_layout(root, tables, files)
        locations, skipped = _read_table(tables[0], files)
    else:
        locations, skipped = _read_folders(root, files)
    if not locations:
        raise InputError(f"{root}: no location with four views was found; the layout is {LAYOUT}.")
    return Index(root, tuple(locations), tuple(skipped))


def parse_view_name(file_name: str) -> tuple[str, int] | None:
    """Split `<year>_<panoid>_<heading>.jpg` into name and heading; None for another file.

    The pano id may contain `_` and `-`: the heading follows the last `_`.
    """
    name, _, degree = _stem(file_name).rpartition("_")
    return (name, _HEADING_OF[degree]) if name and degree in _HEADING_OF else None


def parse_sample_name(file_name: str) -> tuple[str, str] | None:
    """Split `<sample>_<direction>.jpg` into sample and direction; None for another file."""
    name, _, direction = _stem(file_name).rpartition("_")
    return (name, direction) if name and direction in DIRECTIONS else None


def pano_id(image: str) -> str | None:
    """Return the pano id in a photograph's path, between the first and the last `_`.

    None for the samples of a table, which have no pano ids.
    """
    view = parse_view_name(image.rpartition("/")[2])
    return (view[0].partition("_")[2] or None) if view else None


def _stem(file_name: str) -> str:
    """Return the name of a photograph without its suffix; "" for another file."""
    stem, _, suffix = file_name.rpartition(".")
    return stem if suffix.lower() in SUFFIXES and is_printable(stem) else ""


def is_printable(name: str) -> bool:
    """Return whether a file name is valid text without control characters."""
    return not _UNPRINTABLE.search(name)


def _list_files(root: Path) -> dict[str, list[str]]:
    """Return the sorted file names in the root, under "", and in each folder below it.

    Names in the folders are not checked to be files, which would take minutes for a large data set.
    """
    result: dict[str, list[str]] = {"": []}
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                result[""].append(entry.name)
                continue
            if not is_printable(entry.name):  # Skipped silently, a class would be missing.
                raise InputError(
                    f"{root}: the name of the folder {entry.name!r} has unprintable characters; "
                    "rename or remove it."
                )
            with os.scandir(entry.path) as inner:
                # Sorted, so that of x_0.jpg and x_0.jpeg the same one is used on every machine.
                result[entry.name] = sorted(photograph.name for photograph in inner)
    return result


def _read_folders(
    root: Path, files: Mapping[str, Sequence[str]]
) -> tuple[list[Location], list[SkippedLocation]]:
    locations, skipped = [], []
    for folder, names in files.items():
        if folder:
            complete, incomplete = _read_folder(root / folder, names)
            locations += complete
            skipped += incomplete
    return locations, skipped


def _read_folder(
    folder: Path, names: Sequence[str]
) -> tuple[list[Location], list[SkippedLocation]]:
    views: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for file_name in names:
        view = parse_view_name(file_name)
        if view:
            views[view[0]][view[1]] = f"{folder.name}/{file_name}"
    coordinates = _read_coordinates(folder / "info.txt")
    locations, skipped = [], []
    for file_name in names:
        if not is_printable(file_name):
            reason = "the name has unprintable characters"
            skipped.append(SkippedLocation(f"{folder.name}/{file_name!r}", reason))
    if not views:
        skipped.append(SkippedLocation(folder.name, "the folder has no photograph in this layout"))
    for name, image in sorted(views.items()):
        identity = f"{folder.name}/{name}"
        missing = [str(degree) for degree in HEADINGS if degree not in image]
        if missing:
            reason = f"no view at heading {', '.join(missing)}"
            skipped.append(SkippedLocation(identity, reason, tuple(image.values())))
            continue
        latitude, longitude = coordinates.get(name, (float("nan"), float("nan")))
        north, east, south, west = (image[degree] for degree in HEADINGS)
        locations.append(
            Location(identity, folder.name, latitude, longitude, (north, east, south, west))
        )
    return locations, skipped


def _read_coordinates(path: Path) -> dict[str, tuple[float, float]]:
    r"""Read lines `<name> \r <latitude> <longitude>`; the name is of a location or a view."""
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
                coordinates = (float(latitude), float(longitude))
            except ValueError:
                raise InputError(
                    f"{path}: line {number} is not '<name> <latitude> <longitude>'; "
                    "correct or remove the file."
                ) from None
            view = parse_view_name(name)
            result[view[0] if view else name] = coordinates
    return result


def _find_tables(root: Path) -> list[Path]:
    """Return the CSV files in a folder that list photographs and their state."""
    result = []
    for path in sorted(root.glob("*.csv")):
        if is_printable(path.name) and path.is_file():
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                header = next(csv.reader([file.readline()]), [])
            if {"image_north", "state"} <= set(header):
                result.append(path)
    return result


def _check_single_layout(
    root: Path, tables: Sequence[Path], files: Mapping[str, Sequence[str]]
) -> None:
    folders = [root / folder for folder, names in files.items() if any(map(parse_view_name, names))]
    for path in [*tables[1:], *folders]:
        raise _ambiguous(tables[0], path)


def _ambiguous(first: Path, second: Path) -> InputError:
    return InputError(
        f"{first} and {second}: both could define the locations; move one of them away."
    )


@dataclass(frozen=True)
class _Sample:
    """A row of a table: location id, class, coordinates and file names."""

    id: str
    class_name: str
    latitude: float
    longitude: float
    image_names: tuple[str, ...]


def _read_table(
    table: Path, files: Mapping[str, Sequence[str]]
) -> tuple[list[Location], list[SkippedLocation]]:
    samples = sorted(_read_samples(table), key=lambda sample: sample.id)
    image_names = {name for sample in samples for name in sample.image_names}
    folder = _photograph_folder(table, image_names, files)
    available = image_names.intersection(files[folder])
    prefix = f"{folder}/" if folder else ""
    locations, skipped = [], []
    for sample in samples:
        images = tuple(f"{prefix}{name}" for name in sample.image_names if name in available)
        if len(images) == len(DIRECTIONS):
            north, east, south, west = images
            locations.append(
                Location(
                    sample.id,
                    sample.class_name,
                    sample.latitude,
                    sample.longitude,
                    (north, east, south, west),
                )
            )
        else:
            missing = ", ".join(name for name in sample.image_names if name not in available)
            skipped.append(SkippedLocation(sample.id, f"no photograph {missing}", images))
    return locations, skipped


def _photograph_folder(table: Path, wanted: set[str], files: Mapping[str, Sequence[str]]) -> str:
    """Return the folder with the photographs of a table; "" for the folder of the table.

    In the public archive `test_images` may have the same names as `train_images`: of several
    folders, the one that starts with the same word as the table is used.
    """
    folders = [folder for folder, names in files.items() if not wanted.isdisjoint(names)]
    if not folders:
        raise InputError(
            f"{table}: its photographs are not beside it or in a folder below; unpack them there."
        )
    first_word = table.stem.partition("_")[0]
    same_word = [folder for folder in folders if folder.partition("_")[0] == first_word]
    for candidates in (folders, same_word):
        if len(candidates) == 1:
            return candidates[0]
    raise _ambiguous(table.parent / folders[0], table.parent / folders[1])


def _read_samples(table: Path) -> list[_Sample]:
    """Read a table; raises InputError naming an invalid line."""
    result: dict[str, _Sample] = {}
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"has no column {', '.join(missing)}")
            for row in reader:
                name, sample = _parse_sample(row)
                if name in result:
                    raise ValueError(f"names {name} again")
                result[name] = sample
        except UnicodeDecodeError:
            raise InputError(f"{table}: not UTF-8 text; save it in UTF-8.") from None
        except (ValueError, csv.Error) as error:
            line = reader.reader.line_num
            raise InputError(f"{table}: line {line} {error}; correct the file.") from None
    return list(result.values())


def _parse_sample(row: Mapping[str | None, str | list[str] | None]) -> tuple[str, _Sample]:
    """Return the name and the sample of a row; raises ValueError with the rest of a sentence."""
    if None in row or None in row.values():
        raise ValueError("has more or fewer columns than the first")
    *images, state, latitude, longitude = (str(row[column]).strip() for column in COLUMNS)
    # File names from a table must not lead out of the folder.
    parts = [
        None if "/" in image or "\\" in image else parse_sample_name(image) for image in images
    ]
    names = {part[0] for part in parts if part}
    directions = tuple(part[1] for part in parts if part)
    if len(names) != 1 or directions != DIRECTIONS:
        raise ValueError("does not name <sample>_north.jpg and the same for east, south and west")
    if not state or not is_printable(state) or "/" in state or "\\" in state:
        raise ValueError(f"has an invalid state {state!r}")
    coordinates = (_parse_degrees(latitude, 90), _parse_degrees(longitude, 180))
    (name,) = names
    return name, _Sample(f"{state}/{name}", state, *coordinates, tuple(images))


def _parse_degrees(text: str, limit: float) -> float:
    """Return a coordinate, NaN for an empty one; raises ValueError outside [-limit, limit]."""
    try:
        value = float(text) if text else float("nan")
    except ValueError:
        value = float("inf")
    if abs(value) > limit:
        raise ValueError(
            f"has an invalid coordinate {text!r}, expected -{limit} to {limit} degrees"
        )
    return value


def data_fingerprint(digests: Iterable[tuple[str, bytes]]) -> str:
    """Return a SHA-256 (hexadecimal) of locations' ids and of their photographs' hashes.

    The order of the locations does not matter.
    """
    result = hashlib.sha256()
    for location_id, digest in sorted(digests):
        result.update(f"{location_id}\n".encode())
        result.update(digest)
    return result.hexdigest()
