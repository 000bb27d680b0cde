"""Folder layouts: find the locations of a data folder by its file names.

There are two layouts. In the 50States layout, `<root>/<Class>/<year>_<panoid>_<heading>.jpg`, the
heading is 0, 90, 180 or 270 for N, E, S, W. In the layout of the course challenge, a table in the
root with the columns `image_north`, `image_east`, `image_south`, `image_west`, `state`,
`latitude` and `longitude` names the photographs `<sample>_<north|east|south|west>.jpg`, which are
beside it or in one folder below. Both may be inside a folder `test_data`, as in the 50States2K
archive.

Names of classes and locations are in NFC (`common.names`); paths are those of the files.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import InputError
from common.names import canonical_name, is_valid_name
from common.text import print_text
from trainer.data.coordinates import UNKNOWN, read_info
from trainer.data.file_names import DIRECTIONS, HEADINGS, SUFFIXES, parse_view_name
from trainer.data.table import COLUMNS, find_tables, read_headers, read_samples

WRAPPER = "test_data"
LAYOUT = "<folder>/<Class>/<year>_<panoid>_<0|90|180|270>.jpg"
OTHER_IMAGES = (".png", ".tif", ".tiff", ".webp", ".heic", ".bmp", ".gif")
_MAX_WARNINGS = 10
_MAX_SEARCHED = 1000  # Names in a folder that are looked at for a message.


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
    """The complete locations below `root`, sorted by class and name, and the skipped ones.

    `excluded_classes` are the names of classes that were left out because they are small
    (`trainer.data.split`). `warnings` are sentences about data that could not be matched.
    """

    root: Path
    locations: tuple[Location, ...]
    skipped: tuple[SkippedLocation, ...] = ()
    excluded_classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Sorted names of the classes that have a complete location."""
        return tuple(sorted({location.class_name for location in self.locations}))


def index_folder(root: Path) -> Index:
    """Index the locations of a data folder without opening its photographs.

    Raises InputError if the folder is missing, has no complete location, mixes tables or layouts,
    has two names with one canonical form, or coordinates out of range.
    """
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder of photographs; check --data.")
    if (root / WRAPPER).is_dir():
        for table in find_tables(root):
            raise _ambiguous(table, root / WRAPPER)
        root = root / WRAPPER
    files = _list_files(root)
    tables = find_tables(root)
    warnings: list[str] = []
    if tables:
        _check_single_layout(root, tables, files)
        locations, skipped = _read_table(tables[0], files)
    else:
        locations, skipped = _read_folders(root, files, warnings)
    if not locations:
        raise InputError(
            f"{root}: no location with four views was found; the folder has "
            f"{'; '.join(_contents(root, files, skipped)) or 'no photographs'}. Expected {LAYOUT}, "
            f"or a table with the columns {', '.join(COLUMNS)}."
        )
    return Index(root, tuple(locations), tuple(skipped), warnings=tuple(warnings))


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
            if not is_valid_name(entry.name):  # Skipped silently, a class would be missing.
                raise InputError(
                    f"{root}: the name of the folder {entry.name!r} has unprintable characters or "
                    "a backslash; rename or remove it."
                )
            with os.scandir(entry.path) as inner:
                # Sorted, so that of x_0.jpg and x_0.jpeg the same one is used on every machine.
                result[entry.name] = sorted(photograph.name for photograph in inner)
    return result


def _read_folders(
    root: Path, files: Mapping[str, Sequence[str]], warnings: list[str]
) -> tuple[list[Location], list[SkippedLocation]]:
    locations, skipped = [], []
    # Sorted by class, as in a table.
    folders = _by_canonical_name(root, filter(None, files))
    for class_name, folder in sorted(folders.items()):
        complete, incomplete = _read_folder(root / folder, class_name, files[folder], warnings)
        locations += complete
        skipped += incomplete
    return locations, skipped


def _by_canonical_name(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return canonical name -> name; raises InputError if two names have one canonical form."""
    result: dict[str, str] = {}
    for name in names:
        other = result.setdefault(canonical_name(name), name)
        if other != name:
            raise InputError(
                f"{folder}: {other!a} and {name!a} are the same name ({canonical_name(name)}), "
                "written with different characters; merge or rename one of them."
            )
    return result


def _read_folder(
    folder: Path, class_name: str, names: Sequence[str], warnings: list[str]
) -> tuple[list[Location], list[SkippedLocation]]:
    parsed = {name: view for name in names if (view := parse_view_name(name))}
    _by_canonical_name(folder, dict.fromkeys(name for name, _ in parsed.values()))
    views: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for file_name, (name, heading) in parsed.items():
        views[canonical_name(name)][heading] = f"{folder.name}/{file_name}"
    coordinates = _read_coordinates(folder / "info.txt", views, warnings)
    locations, skipped = [], []
    for file_name in names:
        if not is_valid_name(file_name):
            reason = "the name has unprintable characters or a backslash"
            skipped.append(SkippedLocation(f"{class_name}/{file_name!r}", reason))
    if not views:
        skipped.append(SkippedLocation(class_name, "the folder has no photograph in this layout"))
    for name, image in sorted(views.items()):
        identity = f"{class_name}/{name}"
        missing = [str(degree) for degree in HEADINGS if degree not in image]
        if missing:
            reason = f"no view at heading {', '.join(missing)}"
            skipped.append(SkippedLocation(identity, reason, tuple(image.values())))
            continue
        latitude, longitude = coordinates.get(name, UNKNOWN)
        north, east, south, west = (image[degree] for degree in HEADINGS)
        locations.append(
            Location(identity, class_name, latitude, longitude, (north, east, south, west))
        )
    return locations, skipped


def _read_coordinates(
    path: Path, views: Mapping[str, object], warnings: list[str]
) -> dict[str, tuple[float, float]]:
    """Return the coordinates in an info.txt by name; its names are of locations or of views."""
    if not path.is_file():
        return {}
    result: dict[str, tuple[float, float]] = {}
    unmatched, differing = [], []
    for name, coordinates in read_info(path).items():
        view = parse_view_name(name)
        location = view[0] if view else name
        if repr(result.setdefault(location, coordinates)) != repr(coordinates):  # NaN is NaN.
            differing.append(name)
        if location not in views:
            unmatched.append(name)
    if differing:
        warnings.append(
            f"{path}: views of a location with other coordinates than its first: {len(differing)}, "
            f"such as {differing[0]!r}; those of the first are used."
        )
    if unmatched:
        warnings.append(
            f"{path}: names without a photograph: {len(unmatched)} of {len(result)}, such as "
            f"{unmatched[0]!r}; correct them if coordinates are missing."
        )
    return result


def _contents(
    root: Path, files: Mapping[str, Sequence[str]], skipped: Sequence[SkippedLocation]
) -> list[str]:
    """Return phrases that say what a folder has instead of complete locations."""
    phrases = []
    incomplete = [item for item in skipped if item.images]
    if incomplete:
        example = incomplete[0]
        phrases.append(
            f"incomplete locations ({len(incomplete):,}), such as {example.id}: {example.reason}"
        )
    used = {image for item in incomplete for image in item.images}
    paths = [f"{folder}/{name}" if folder else name for folder in files for name in files[folder]]
    others = [path for path in paths if path not in used and not Path(path).name.startswith("._")]
    for what, suffixes in (
        ("JPEG files with other names", tuple(f".{suffix}" for suffix in SUFFIXES)),
        ("images that are not JPEG files", OTHER_IMAGES),
    ):
        found = [path for path in others if path.lower().endswith(suffixes)]
        if found:
            phrases.append(f"{what} ({len(found):,}), such as {found[0]}")
    for path, header in read_headers(root).items():
        missing = [name for name in COLUMNS if name not in header]
        if len(header) > 1 and missing:
            phrases.append(f"{path.name}, a table without the column {', '.join(missing)}")
    if not phrases:
        inner = (path for path in others[:_MAX_SEARCHED] if "/" in path and (root / path).is_dir())
        phrases += [f"folders inside its folders, such as {path}" for path in inner][:1]
    if not phrases and len(files) > 1:
        phrases.append(f"folders without photographs ({len(files) - 1:,})")
    return phrases


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


def _read_table(
    table: Path, files: Mapping[str, Sequence[str]]
) -> tuple[list[Location], list[SkippedLocation]]:
    samples = sorted(read_samples(table), key=lambda sample: sample.id)
    image_names = {name for sample in samples for name in sample.image_names}
    folder = _photograph_folder(table, image_names, files)
    photographs = (name for name in files[folder] if canonical_name(name) in image_names)
    available = _by_canonical_name(table.parent / folder, photographs)
    prefix = f"{folder}/" if folder else ""
    locations, skipped = [], []
    for sample in samples:
        images = tuple(
            f"{prefix}{available[name]}" for name in sample.image_names if name in available
        )
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
    folders = [
        folder
        for folder, names in files.items()
        if not wanted.isdisjoint(map(canonical_name, names))
    ]
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


def print_warnings(index: Index) -> None:
    """Print the warnings about a folder; of many, the first ones."""
    for warning in index.warnings[:_MAX_WARNINGS]:
        print_text(warning)
    more = len(index.warnings) - _MAX_WARNINGS
    if more > 0:
        print(f"and {more} more; the report of `resnetbolt prepare` has all")


def data_fingerprint(digests: Iterable[tuple[str, bytes]]) -> str:
    """Return a SHA-256 (hexadecimal) of locations' ids and of their photographs' hashes.

    The order of the locations does not matter.
    """
    result = hashlib.sha256()
    for location_id, digest in sorted(digests):
        result.update(f"{location_id}\n".encode())
        result.update(digest)
    return result.hexdigest()
