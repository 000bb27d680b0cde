"""Masks of the painted states: the element that each pixel of a view shows."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import InputError
from common.photographs import (
    DECODE_ERRORS,
    describe_error,
    read_bytes,
    unusable_message,
    upright_size,
)
from common.system_errors import explain, is_system_error
from workbench.store import HEADINGS
from workbench.store.photographs import Photographs

ELEMENTS, EVIDENCE = "elements.csv", "evidence.csv"
NAN = float("nan")
AGAIN = "paint the data set again with `resnetbolt synthesize`"


@dataclass(frozen=True)
class Element:
    """A painted element: its value in the masks, and whether it defines the state."""

    value: int
    name: str
    tells_state: bool


def mask_folder(photographs: Photographs) -> Path:
    """Return where the masks of a painted data set lie, of which `photographs` are one split."""
    return photographs.root.parent / "mask"


class Masks:
    """The masks of a store's photographs."""

    def __init__(self, root: Path, photographs: Photographs) -> None:
        """Open the folder `mask` of a painted data set, of which `photographs` are one split.

        Raises InputError if it has no masks of that split, or no table of elements is beside it.
        """
        self._photographs = photographs
        self._root = root / photographs.root.name
        if not self._root.is_dir():
            raise InputError(
                f"{self._root}: no such folder; choose the folder `mask` of the painted data set "
                "with --mask."
            )
        self.elements = _elements(root.resolve().parent / ELEMENTS)
        self._nats = _evidence(root.resolve().parent / EVIDENCE)

    @classmethod
    def beside(cls, photographs: Photographs) -> "Masks | None":
        """Return the masks beside the photographs, None where there are none of this split.

        Raises InputError for a table of elements that cannot be read.
        """
        root = mask_folder(photographs)
        known = (root / photographs.root.name).is_dir() and (root.parent / ELEMENTS).is_file()
        return cls(root, photographs) if known else None

    @property
    def are_graded(self) -> bool:
        """Whether the data set says how much each element tells."""
        return self._nats is not None

    def nats(self, location_id: str) -> NDArray[np.float64]:
        """Return what each of E elements tells about the state of a location, in nats, (E,).

        Irrelevant elements tell nothing; NaN where that is unknown.
        """
        known = (self._nats or {}).get(location_id)
        return np.array(
            [
                NAN if known is None else known.get(each.name, NAN if each.tells_state else 0.0)
                for each in self.elements
            ]
        )

    def shares(self, location_id: str, size: int) -> NDArray[np.float32]:
        """Return the share of each of E elements in each pixel of the views, (E, 4, size, size).

        Shares are in [0, 1] and sum to 1 over the elements. A mask lies over the upright photograph
        and is scaled down by the same filter, so that elements thinner than a pixel count, too.
        Raises InputError for a mask that is missing or has an unknown value, and as
        `Photographs.path` does.
        """
        views = [self._view(location_id, heading, size) for heading in HEADINGS]
        return np.stack(views, axis=1)

    def _view(self, location_id: str, heading: str, size: int) -> NDArray[np.float32]:
        photograph = self._photographs.path(location_id, heading)
        path = (self._root / photograph.relative_to(self._photographs.root)).with_suffix(".png")
        mask = _read(path)
        _check_size(mask, path, photograph)
        unknown = set(np.unique(mask).tolist()) - {element.value for element in self.elements}
        if unknown:
            raise InputError(
                f"{path}: has the value {min(unknown)}, which is not an element; {AGAIN}."
            )
        scaled = [_scaled(mask == element.value, size) for element in self.elements]
        return np.stack(scaled)


def _check_size(mask: NDArray[np.uint8], path: Path, photograph: Path) -> None:
    try:
        size = upright_size(read_bytes(photograph))
    except DECODE_ERRORS as error:
        raise InputError(unusable_message(photograph, describe_error(error), AGAIN)) from error
    if mask.shape != size[::-1]:
        raise InputError(
            f"{path}: has {mask.shape[1]} x {mask.shape[0]} pixels and its photograph "
            f"{size[0]} x {size[1]}; {AGAIN}."
        )


def _scaled(mask: NDArray[np.bool_], size: int) -> NDArray[np.float32]:
    image = Image.fromarray(mask.astype(np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.mode == "L":
                return np.asarray(image)
    except FileNotFoundError as error:
        raise InputError(f"{path}: the mask is missing; {AGAIN}.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        raise InputError(f"{path}: the mask is damaged, or no PNG; {AGAIN}.") from error
    raise InputError(f"{path}: the mask is not an 8-bit image with one channel; {AGAIN}.")


def _evidence(path: Path) -> dict[str, dict[str, float]] | None:
    """Return nats by location and name of the element; None for a data set without the table.

    The columns `location`, `element` and `nats` are read, and `state` where the location is a name
    within its state. Raises InputError for a file that lacks them.
    """
    result: dict[str, dict[str, float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                location = row["location"]
                if "/" not in location:
                    location = f"{row['state']}/{location}"
                result.setdefault(location, {})[row["element"]] = float(row["nats"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: {explain(error)}.") from error
    except (AttributeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: this is not a table of evidence; {AGAIN}.") from error
    return result


def _elements(path: Path) -> tuple[Element, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = tuple(
                Element(int(row["id"]), row["name"], {"yes": True, "no": False}[row["tells_state"]])
                for row in csv.DictReader(file)
            )
    except FileNotFoundError as error:
        raise InputError(f"{path}: the table of elements is missing; {AGAIN}.") from error
    except OSError as error:
        raise InputError(f"{path}: {explain(error)}.") from error
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: this is not a table of elements; {AGAIN}.") from error
    unique = len({row.value for row in rows}) == len({row.name for row in rows}) == len(rows)
    in_range = all(0 <= row.value < 256 for row in rows)
    if not unique or not in_range or len({row.tells_state for row in rows}) < 2:
        raise InputError(
            f"{path}: ids or names are not unique, an id is above 255, or `tells_state` is the "
            f"same for all elements; {AGAIN}."
        )
    return rows
