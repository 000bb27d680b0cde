"""Controls know what their name says, and nothing else."""

from typing import Any, cast

import numpy as np
import pytest
from torch import Tensor

from tests.workbench.attribution.compute.models import pixels
from tests.workbench.attribution.compute.test_checks import WEIGHT, linear
from workbench.attribution.compute.batched_model import FrozenModel
from workbench.attribution.compute.control_maps import NOISE_IMAGES, model_controls
from workbench.attribution.compute.patches import edges
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.ground_truth.study import EDGES, NOISE, RANDOM_MODEL
from workbench.store import Store


class Explainer:
    """Has a linear model, whose first class is explained, and one location."""

    size = 8

    def __init__(self) -> None:
        self.model: FrozenModel = linear(WEIGHT)

    def pixels(self, location_id: str) -> Tensor:
        assert location_id == "Ohio/a"
        return pixels()


class OneRow:
    """A store of one location."""

    location_ids = ("Ohio/a",)
    labels = np.array([0])


@pytest.fixture
def controls() -> dict[Any, Any]:
    explainer = cast(StoreExplainer, Explainer())
    return model_controls(explainer, cast(Store, OneRow()), seed=3)


def test_edges_are_those_of_the_grey_photograph(controls: dict[Any, Any]) -> None:
    assert np.allclose(controls[EDGES](0), edges(pixels().mean(dim=1).numpy()))


def test_noise_shows_where_a_linear_model_has_its_weights(controls: dict[Any, Any]) -> None:
    noise = np.random.default_rng(3).random((NOISE_IMAGES, 4, 3, 8, 8), dtype=np.float32)
    expected = np.abs((noise * WEIGHT.numpy()).sum(axis=2)).mean(axis=0)
    assert np.allclose(controls[NOISE](0), expected, atol=1e-5)


def test_random_weights_are_not_the_learned_ones(controls: dict[Any, Any]) -> None:
    mean = np.array((0.3, 0.5, 0.6)).reshape(3, 1, 1)
    learned = (WEIGHT.numpy() * (pixels().numpy() - mean)).sum(axis=1)
    found = controls[RANDOM_MODEL](0)
    assert found.shape == learned.shape
    assert abs(np.corrcoef(found.ravel(), learned.ravel())[0, 1]) < 0.3
