"""Batches that fit, and what is counted."""

import pytest
import torch
from torch import Tensor

from common.errors import InputError
from tests.workbench.attribution.compute.models import batched_model, pixels, weight
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.target import Target

LOGIT = Target("logit", 0)


def many(count: int) -> Tensor:
    return torch.stack([pixels(seed) for seed in range(count)])


class Small:
    """A model for more than `room` locations of which there is no memory."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.seen: list[int] = []

    def __call__(self, batch: Tensor) -> Tensor:
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append(len(batch))
        return (batch * weight()).flatten(1).sum(dim=1)


def test_a_batch_without_memory_is_halved_and_nothing_is_lost_or_done_twice() -> None:
    small = Small(room=3)
    model = batched_model(small)
    value, gradient = model.gradients(many(20), LOGIT)
    assert torch.allclose(value, (many(20) * weight()).flatten(1).sum(dim=1), atol=1e-4)
    assert torch.equal(gradient, weight().expand_as(gradient))
    assert sum(small.seen) == 20
    assert max(small.seen) <= 3
    assert model.cost.gradients == 20
    small.seen.clear()
    model.logits(many(20))
    assert max(small.seen) <= 3  # What was learned about the memory is kept.


def test_too_little_memory_for_one_location_is_an_error() -> None:
    with pytest.raises(InputError, match="no memory for a single location"):
        batched_model(Small(room=0)).logits(many(2))


def test_the_batch_size_suits_the_device() -> None:
    small = Small(room=100)
    model = batched_model(small)
    model.model.max_batch_pixels = 4 * 8 * 8 * 6
    model.logits(many(15))
    assert small.seen == [6, 6, 3]
    assert model.batch_size(pixels()) == 6


def test_costs_are_counted_by_location_and_for_one_request() -> None:
    model = batched_model(Small(room=100))
    model.logits(many(5))
    model.gradients(many(3), LOGIT)
    assert (model.cost.forwards, model.cost.gradients) == (5, 3)
    assert model.cost.seconds > 0
    assert BatchedModel(model.model).cost.forwards == 0


@pytest.mark.parametrize("target", [LOGIT, Target("probability", 0), Target("probability", 0, 1)])
def test_a_targets_sensitivity_is_the_length_of_its_gradient(target: Target) -> None:
    logit = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    step = 1e-3
    slopes = [(target(logit + step * torch.eye(2)[axis]) - target(logit)) / step for axis in (0, 1)]
    exact = torch.stack(slopes, dim=1).norm(dim=1)
    assert torch.allclose(target.sensitivity(logit), exact, atol=2e-3)
    assert target.is_linear == (target.output == "logit")
