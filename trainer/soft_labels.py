"""What the model should say: one class, or one class with a share for others."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trainer.config import Config
from trainer.data.layout import Location
from trainer.errors import InvalidConfig

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
EARTH_RADIUS_KM = 6371.0088  # Mean radius, km (IUGG).


def soft_labels(
    config: Config, class_name: Sequence[str], training: Sequence[Location]
) -> Tensor | None:
    """Return for each class the distribution (S, S) that it should be answered with, rows sum to 1.

    None where every class is answered with itself alone. Label smoothing after Szegedy et al. 2016
    (arXiv 1512.00567), section 7; smoothing by distance after PIGEON (Haas et al. 2024, arXiv
    2307.05845), here between the centres of the classes' training locations. Raises InvalidConfig when
    smoothing by distance finds a class without coordinates.
    """
    if not (config.label_smoothing or config.neighbor_smoothing):
        return None
    classes = len(class_name)
    own = 1 - config.label_smoothing - config.neighbor_smoothing
    result = own * torch.eye(classes) + config.label_smoothing / classes
    if config.neighbor_smoothing:
        distance = torch.from_numpy(great_circle_distances(class_centres(class_name, training)))
        weight = torch.exp(-distance / config.neighbor_distance).fill_diagonal_(0)
        # A class far from all others keeps what it cannot give away.
        given = weight / weight.sum(dim=1, keepdim=True).clamp(min=1e-30)
        kept = 1 - given.sum(dim=1)
        result = result + config.neighbor_smoothing * (given + torch.diag(kept)).float()
    return result


def class_centres(class_name: Sequence[str], training: Sequence[Location]) -> Matrix:
    """Return the mean direction (S, 3) of each class's locations, a unit vector.

    Raises InvalidConfig for a class of which no location has coordinates.
    """
    number = {name: row for row, name in enumerate(class_name)}
    label = np.array([number[place.class_name] for place in training])
    degree = np.array([(place.latitude, place.longitude) for place in training])
    known = np.isfinite(degree).all(axis=1)
    for name, row in number.items():
        if not known[label == row].any():
            raise InvalidConfig(
                f"--neighbor-smoothing: {name} has no location with coordinates; add its info.txt "
                "or leave the option out."
            )
    latitude, longitude = np.radians(degree[known]).T
    direction = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )
    total = np.zeros((len(class_name), 3))
    np.add.at(total, label[known], direction)
    result: Matrix = total / np.linalg.norm(total, axis=1, keepdims=True)
    return result


def great_circle_distances(
    centre: Matrix,
) -> Matrix:
    """Return the great-circle distances (S, S) in km between unit vectors (S, 3)."""
    chord = np.linalg.norm(centre[:, None] - centre[None], axis=2)
    result: Matrix = 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    return result
