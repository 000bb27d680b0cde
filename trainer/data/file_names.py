"""Names of photographs in the two folder layouts (`trainer.data.layout`)."""

from common.names import canonical_name, is_valid_name

HEADINGS = (0, 90, 180, 270)
DIRECTIONS = ("north", "east", "south", "west")
SUFFIXES = ("jpg", "jpeg")

_HEADING_OF = {str(degree): degree for degree in HEADINGS}


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
    """Return the pano id in a photograph's path, between the first and the last `_`, in NFC.

    None for the samples of a table, which have no pano ids.
    """
    view = parse_view_name(image.rpartition("/")[2])
    return (canonical_name(view[0]).partition("_")[2] or None) if view else None


def _stem(file_name: str) -> str:
    """Return the name of a photograph without its suffix; "" for another file."""
    stem, _, suffix = file_name.rpartition(".")
    # macOS writes a hidden file ._NAME beside NAME on disks of other systems.
    hidden = file_name.startswith("._")
    return stem if suffix.lower() in SUFFIXES and is_valid_name(stem) and not hidden else ""
