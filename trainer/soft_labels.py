"""Soft labels: label smoothing, uniform or by the distance between classes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trainer.config import Config
from trainer.data.layout import Location
from trainer.errors import TrainingError

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
EARTH_RADIUS_KM = 6371.0088  # Mean radius, km (IUGG).


def soft_labels(
    config: Config, class_names: Sequence[str], training: Sequence[Location]
) -> Tensor | None:
    """Return the target distribution of each class, (S, S) with rows that sum to 1.

    None without smoothing. Label smoothing follows Szegedy et al. 2016 (arXiv 1512.00567), section
    7; smoothing by distance follows PIGEON (Haas et al. 2024, arXiv 2307.05845), here with the
    distance between the centres of the classes' training locations. Raises TrainingError if it is
    asked for and a class has no coordinates.
    """
    if not (config.label_smoothing or config.neighbor_smoothing):
        return None
    classes = len(class_names)
    hard = 1 - config.label_smoothing - config.neighbor_smoothing
    result = hard * torch.eye(classes) + config.label_smoothing / classes
    if config.neighbor_smoothing:
        distance = torch.from_numpy(great_circle_distances(class_centres(class_names, training)))
        weight = torch.exp(-distance / config.neighbor_distance).fill_diagonal_(0)
        # A class far from all others keeps its share.
        spread = weight / weight.sum(dim=1, keepdim=True).clamp(min=1e-30)
        remainder = 1 - spread.sum(dim=1)
        result = result + config.neighbor_smoothing * (spread + torch.diag(remainder)).float()
    return result


def class_centres(class_names: Sequence[str], training: Sequence[Location]) -> Matrix:
    """Return the mean direction of each class's locations, unit vectors (S, 3).

    Raises TrainingError for a class without coordinates.
    """
    number = {name: row for row, name in enumerate(class_names)}
    label = np.array([number[location.class_name] for location in training])
    degree = np.array([(location.latitude, location.longitude) for location in training])
    has_coordinates = np.isfinite(degree).all(axis=1)
    for name, row in number.items():
        if not has_coordinates[label == row].any():
            raise TrainingError(
                f"--neighbor-smoothing: {name} has no location with coordinates; add its info.txt "
                "or omit the option."
            )
    latitude, longitude = np.radians(degree[has_coordinates]).T
    direction = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )
    total = np.zeros((len(class_names), 3))
    np.add.at(total, label[has_coordinates], direction)
    result: Matrix = total / np.linalg.norm(total, axis=1, keepdims=True)
    return result


def great_circle_distances(directions: Matrix) -> Matrix:
    """Return the great-circle distances (S, S) in km between unit vectors (S, 3)."""
    chord = np.linalg.norm(directions[:, None] - directions[None], axis=2)
    result: Matrix = 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    return result
