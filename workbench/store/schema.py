"""The datasets of a store as data (shown in `docs/reference/store-format.md`)."""

import re
from dataclasses import dataclass

FORMAT = "resnetbolt-store"
VERSION = 2

MAP_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""What a map may be called: it becomes part of a dataset's name, a link and a file name."""


@dataclass(frozen=True)
class Entry:
    """One dataset: its name, axes, dtype and unit, and whether every store has it.

    Equal letters among the axes of all entries mean equal lengths; a number is that length.
    `<map>` in a name stands for the name of any map. Entries of one `group` come together.
    """

    name: str
    axes: tuple[str | int, ...]
    dtype: str
    unit: str = ""
    needed: bool = True
    group: str = ""


ENTRIES = (
    Entry("/class/name", ("S",), "string"),
    Entry("/location/id", ("N",), "string"),
    Entry("/location/label", ("N",), "int64", "index into /class/name"),
    Entry("/location/latitude", ("N",), "float64", "degree"),
    Entry("/location/longitude", ("N",), "float64", "degree"),
    Entry("/location/image", ("N", 4), "string"),
    Entry("/location/image_sha256", ("N", 4, 32), "uint8", needed=False),
    Entry("/location/split", ("N",), "int8", needed=False),
    Entry("/prediction/logit", ("N", "S"), "float32", "nat"),
    Entry("/feature", ("N", "D"), "float32"),
    Entry("/view/feature", ("N", 4, "W"), "float32", needed=False),
    Entry("/view/logit", ("N", 4, "S"), "float32", "nat", needed=False),
    Entry("/component/mean", ("D",), "float32", needed=False, group="component"),
    Entry("/component/loading", ("C", "D"), "float32", needed=False, group="component"),
    Entry("/component/variance", ("C",), "float32", needed=False, group="component"),
    Entry("/component/variance_ratio", ("C",), "float32", needed=False, group="component"),
    Entry("/component/score", ("N", "C"), "float32", needed=False, group="component"),
    Entry("/neighbour/index", ("N", "k"), "int32", "row", needed=False, group="neighbour"),
    Entry("/neighbour/distance", ("N", "k"), "float32", needed=False, group="neighbour"),
    Entry("/projection/<map>/coordinate", ("N", 2), "float32", needed=False),
    Entry("/projection/<map>/preservation", ("N",), "float32", needed=False),
)
# What a group or dataset bears, and of what kind: "JSON" is the text of a JSON object.
# "/projection/<map>" is every map.
ATTRIBUTES = {
    "/": {"provenance": "JSON"},
    "/component": {"parameter": "JSON", "seed": "integer", "library": "string"},
    "/neighbour": {
        "accuracy": "JSON",
        "metric": "string",
        "exact": "boolean",
        "seed": "integer",
        "library": "string",
    },
    "/projection/<map>": {
        "method": "string",
        "parameter": "JSON",
        "seed": "integer",
        "library": "string",
    },
    "/location/latitude": {"unit": "string"},
    "/location/longitude": {"unit": "string"},
}
FILE_KEYS = {
    "n_neighbors": "neighbours",
    "n_components": "components",
    "min_dist": "minimum_distance",
}
"""Keys of the JSON attributes where they differ from the names in Python."""
PYTHON_KEYS = {file_key: key for key, file_key in FILE_KEYS.items()}
SINCE_VERSION_2 = ("method",)  # Version 1 used the method as the name.
RANGES = {
    "/location/latitude": (-90.0, 90.0),
    "/location/longitude": (-180.0, 180.0),
    "/component/variance_ratio": (0.0, 1.00001),  # Rounding may carry it beyond 1.
    "/neighbour/distance": (0.0, float("inf")),
    "/projection/<map>/preservation": (0.0, 1.0),
}
