import math

import pytest
import torch

from common.errors import InputError
from trainer.config import Config
from trainer.data.layout import Location
from trainer.soft_labels import EARTH_RADIUS_KM, class_centres, great_circle_distances, soft_labels


def place(name: str, latitude: float, longitude: float) -> Location:
    return Location(f"{name}/x", name, latitude, longitude, ("n", "e", "s", "w"))


NAMES = ("A", "B", "C")
# On the equator: A at 0, B at 1 degree, C at 3 degrees.
TRAINING = [place("A", 0, -0.5), place("A", 0, 0.5), place("B", 0, 1), place("C", 0, 3)]


def test_without_smoothing_there_are_no_soft_labels() -> None:
    assert soft_labels(Config(), NAMES, TRAINING) is None


def test_label_smoothing_is_that_of_torch() -> None:
    smooth = soft_labels(Config(label_smoothing=0.3), NAMES, TRAINING)
    assert smooth is not None
    logit, label = (
        torch.randn(5, 3, generator=torch.Generator().manual_seed(0)),
        torch.arange(5) % 3,
    )
    ours = torch.nn.functional.cross_entropy(logit, smooth[label])
    peer = torch.nn.functional.cross_entropy(logit, label, label_smoothing=0.3)
    assert ours.item() == pytest.approx(peer.item(), rel=1e-5)


def test_distances_are_great_circles() -> None:
    distance = great_circle_distances(class_centres(NAMES, TRAINING))
    degree = math.radians(1) * EARTH_RADIUS_KM
    assert distance[0] == pytest.approx([0, degree, 3 * degree], abs=1e-6)
    poles = great_circle_distances(
        class_centres(("N", "S"), [place("N", 90, 0), place("S", -90, 0)])
    )
    assert poles[0, 1] == pytest.approx(math.pi * EARTH_RADIUS_KM)


def test_neighbours_get_a_share_that_falls_with_distance() -> None:
    config = Config(neighbor_smoothing=0.2, neighbor_distance=200.0)
    smooth = soft_labels(config, NAMES, TRAINING)
    assert smooth is not None
    assert torch.allclose(smooth.sum(dim=1), torch.ones(3))
    assert smooth.diag().tolist() == pytest.approx([0.8] * 3)
    degree = math.radians(1) * EARTH_RADIUS_KM
    ratio = math.exp(-degree / 200) / math.exp(-3 * degree / 200)
    assert (smooth[0, 1] / smooth[0, 2]).item() == pytest.approx(ratio, rel=1e-4)


def test_a_class_far_from_all_others_keeps_its_share() -> None:
    far = [place("A", 0, 0), place("B", 0, 180)]
    smooth = soft_labels(Config(neighbor_smoothing=0.2, neighbor_distance=1.0), ("A", "B"), far)
    assert smooth is not None
    assert smooth[0].tolist() == pytest.approx([1, 0])


def test_a_class_without_coordinates_is_named() -> None:
    training = [*TRAINING, place("D", math.nan, math.nan)]
    with pytest.raises(InputError, match="D has no location with coordinates"):
        soft_labels(Config(neighbor_smoothing=0.1), (*NAMES, "D"), training)
