"""The store's columns over HTTP: the browser gets them once and then selects and draws by itself.

`/columns/manifest` is JSON, `/columns/column/<name>` the values of one column in the store's order
of rows: little-endian arrays, or the ids as UTF-8, one a line.
"""

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import flask
import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.text import printable, shorten
from workbench.dashboard.projections import reference_density
from workbench.evaluation.census import DIVISIONS, divisions
from workbench.evaluation.columns import limits
from workbench.evaluation.predictions import Predictions
from workbench.figures.colors import class_colors, point_colors
from workbench.store import HEADINGS

_LABEL_COLUMNS = 22  # Width of the longest label, in columns of a terminal.
_GZIP_LEVEL = 1  # Coordinates hardly get smaller at higher levels, which take ten times as long.


@dataclass(frozen=True)
class ServedColumn:
    """A column; `values` is (N,), or (2N,) for x and y of each location, or the ids as text."""

    values: NDArray[Any] | str
    title: str
    unit: str = ""
    diverges: bool = False
    density: Mapping[str, Any] | None = None
    """Where the points of the map lie that a projection was placed into."""

    @property
    def dtype(self) -> str:
        """The type of the values: "float32", "uint8", "uint16", "uint32" or "utf-8"."""
        return "utf-8" if isinstance(self.values, str) else self.values.dtype.name

    def content(self) -> bytes:
        """Return the values as the browser gets them."""
        if isinstance(self.values, str):
            return self.values.encode(errors="replace")
        return self.values.astype(self.values.dtype.newbyteorder("<")).tobytes()

    def description(self, name: str) -> dict[str, Any]:
        """Return the manifest's entry; `min` and `max` are those of the finite numbers."""
        entry = {"name": name, "dtype": self.dtype, "title": self.title, "unit": self.unit}
        if isinstance(self.values, str) or self.dtype != "float32":
            return entry
        low, high = limits(self.values, self.unit, self.diverges)
        scale = {"min": low, "max": high, "diverges": self.diverges}
        more = {"density": self.density} if self.density else {}
        return entry | scale | {"length": len(self.values)} | more


def served_columns(predictions: Predictions) -> dict[str, ServedColumn]:
    """Return all columns of a store by name."""
    store, projections = predictions.store, predictions.store.projections
    smallest = np.min_scalar_type(max(len(store.class_names) - 1, 0))
    return {
        # An id with a line break would move all those after it.
        "id": ServedColumn(
            "\n".join(id_.replace("\n", "\ufffd") for id_ in store.location_ids), "Id"
        ),
        "label": ServedColumn(store.labels.astype(smallest), "True"),
        "prediction": ServedColumn(predictions.predicted_labels.astype(smallest), "Predicted"),
        "shuffled": ServedColumn(_places(predictions.drawing_order), "Place in the random order"),
        **{
            name: ServedColumn(column.values, column.title, column.unit, column.diverges)
            for name, column in predictions.columns.items()
        },
        **{
            f"projection/{name}": ServedColumn(
                _float32(one.coordinates).reshape(-1), one.title, density=reference_density(one)
            )
            for name, one in projections.items()
        },
    }


def manifest(
    predictions: Predictions, found: Mapping[str, ServedColumn], has_photographs: bool
) -> dict[str, Any]:
    """Return what the browser has to know about the columns.

    A class has a short `label`, the `auc` of its ROC curve over all locations, null without one,
    and the index of its Census division, null where not all classes are states. There are two
    palettes: the usual one, and one for people with colour vision deficiency.
    """
    names = predictions.class_names
    of_class = divisions(names)
    areas = [None if np.isnan(area) else area for area in predictions.ranked_scores().areas()]
    labels = shorten([printable(name) for name in names], _LABEL_COLUMNS)
    return {
        "length": len(predictions.store),
        "classes": [
            {
                "name": name,
                "label": label,
                "auc": area,
                "division": DIVISIONS.index(of_class[index]) if of_class else None,
            }
            for index, (name, label, area) in enumerate(zip(names, labels, areas, strict=True))
        ],
        "divisions": DIVISIONS if of_class else (),
        "palettes": {
            palette: point_colors(safe)
            | {
                "classes": list(class_colors(names, safe).values()),
                "divisions": list(class_colors(DIVISIONS, safe).values()),
            }
            for palette, safe in (("usual", False), ("safe", True))
        },
        "photographs": list(HEADINGS) if has_photographs else [],
        "columns": [column.description(name) for name, column in found.items()],
    }


@dataclass
class _Answer:
    """Bytes that are compressed when they are first asked for."""

    content: Callable[[], bytes]
    mimetype: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _compressed: bytes | None = None
    _etag: str = ""

    def response(self) -> flask.Response:
        with self._lock:
            if self._compressed is None:
                self._compressed = gzip.compress(self.content(), _GZIP_LEVEL, mtime=0)
                self._etag = hashlib.sha256(self._compressed).hexdigest()[:32]
        response: flask.Response = flask.current_app.response_class(
            self._compressed, mimetype=self.mimetype
        )
        if flask.request.accept_encodings.quality("gzip"):
            response.content_encoding = "gzip"
        else:
            response.data = gzip.decompress(self._compressed)
        response.vary.add("Accept-Encoding")
        response.cache_control.no_cache = True
        response.set_etag(self._etag)
        response.make_conditional(flask.request)
        return response


def register_routes(server: flask.Flask, predictions: Predictions, has_photographs: bool) -> None:
    """Serve manifest and columns; a name that the store does not have is 404."""
    found = served_columns(predictions)
    described = flask.json.dumps(manifest(predictions, found, has_photographs)).encode()
    overview = _Answer(lambda: described, "application/json")
    answers = {
        name: _Answer(
            column.content,
            "text/plain" if column.dtype == "utf-8" else "application/octet-stream",
        )
        for name, column in found.items()
    }

    @server.get("/columns/manifest")
    def columns_manifest() -> flask.Response:
        return overview.response()

    @server.get("/columns/column/<path:name>")
    def column(name: str) -> flask.Response:
        if name not in answers:
            flask.abort(404)
        return answers[name].response()


def _places(order: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the place of each row in an order of rows, (N,)."""
    result = np.empty(len(order), dtype=np.uint32)
    result[order] = np.arange(len(order), dtype=np.uint32)
    return result


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
