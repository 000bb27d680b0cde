"""Numbers of each location by which pages colour, filter and sort."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.store import query

if TYPE_CHECKING:
    from workbench.evaluation.predictions import Predictions

N_NEAREST = 15
"""How many nearest neighbours in the features a page shows and counts."""
EARTH_RADIUS_KM = 6371.0088  # Mean radius (IUGG).


@dataclass(frozen=True)
class Column:
    """A number for each location, (N,) float32, NaN where it is unknown.

    `unit` is "share" for numbers in [0, 1] and empty for numbers without a unit. `diverges` marks a
    scale around 0.
    """

    values: NDArray[np.float32]
    title: str
    unit: str = ""
    diverges: bool = False


def limits(values: NDArray[np.float32], unit: str, diverges: bool) -> tuple[float, float]:
    """Return the ends of the colour scale of a column: of shares 0 and 1, else the finite ones."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if unit == "share":
        low, high = 0.0, 1.0
    if diverges:
        high = max(-low, high)
        low = -high
    return low, high


def columns(predictions: "Predictions") -> Mapping[str, Column]:
    """Return the columns that the store has data for, by name.

    `confidence`, `margin` and `entropy` are those of the probabilities; `true_margin` is the
    probability of the true class minus the greatest of the others, in [-1, 1]; `rank` the place of
    the true class, from 1; `kilometers` the distance to the centre of the predicted class; `year`
    the one in the id; `latitude` and `longitude` are in degrees; `disagreement` the share of the
    `N_NEAREST` neighbours of another true class; `preservation/<projection>` the share of a
    location's neighbours that a projection keeps.
    """
    store, summary = predictions.store, predictions.summary
    known = {
        "confidence": Column(_float32(summary.confidence), "Confidence", "share"),
        "margin": Column(_float32(summary.margin), "Margin", "share"),
        "true_margin": Column(
            _float32(summary.true_margin), "True class minus best other", diverges=True
        ),
        "entropy": Column(_float32(summary.entropy), "Entropy", "nats"),
        "rank": Column(_float32(predictions.true_ranks), "Rank of the true class"),
        "kilometers": Column(_float32(kilometers_off(predictions)), "Kilometres off", "km"),
        "year": Column(_float32(query.NAMES["year"](store).value), "Year"),
        "latitude": Column(_float32(store.latitudes), "Latitude", "°"),
        "longitude": Column(_float32(store.longitudes), "Longitude", "°"),
    }
    if store.neighbors is not None:
        nearest = store.labels[store.neighbors.indices[:, :N_NEAREST]]
        others = (nearest != store.labels[:, None]).mean(axis=1)
        known["disagreement"] = Column(_float32(others), "Neighbours of another class", "share")
    for name, projection in store.projections.items():
        if projection.quality:
            kept = _float32(projection.quality.preservation)
            known[f"preservation/{name}"] = Column(
                kept, f"Neighbours kept in {projection.title}", "share"
            )
    return {name: column for name, column in known.items() if np.isfinite(column.values).any()}


def kilometers_off(predictions: "Predictions") -> NDArray[np.float64]:
    """Return the distance in km from each location to its predicted class's centre, (N,).

    NaN for a location without coordinates and for a class without a centre.
    """
    store = predictions.store
    place = unit_vectors(store.latitudes, store.longitudes)
    return great_circle_km(place, class_centers(predictions)[predictions.predicted_labels])


def class_centers(predictions: "Predictions") -> NDArray[np.float64]:
    """Return the centre of each class, the mean direction of its locations, as unit vectors (S, 3).

    NaN for a class without coordinates.
    """
    store = predictions.store
    place = unit_vectors(store.latitudes, store.longitudes)
    center = np.full((len(store.class_names), 3), np.nan)
    for index in range(len(center)):
        members = place[store.labels == index]
        members = members[np.isfinite(members[:, 0])]
        if len(members):
            center[index] = members.mean(axis=0)
    center /= np.linalg.norm(center, axis=1, keepdims=True)
    return center


def unit_vectors(
    latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return points on the unit sphere, (N, 3), for degrees (N,)."""
    latitude, longitude = np.radians(latitudes), np.radians(longitudes)
    return np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )


def great_circle_km(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances (N,) in km between unit vectors (N, 3), on a sphere."""
    half_chord = np.linalg.norm(one - other, axis=1) / 2
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(half_chord, 1))
    return distance


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
