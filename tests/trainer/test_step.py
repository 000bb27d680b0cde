from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Literal
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor

from common.distributed import Processes
from common.errors import InputError
from tests.examples import TINY
from trainer.config import Config
from trainer.models.resnet import FourViewResNet, to_pixels
from trainer.step import Objective, TrainStep, build_optimizer, learning_rate

ALONE = Processes(0, 1, torch.device("cpu"))
FROZEN = replace(TINY, batch_norm="frozen", initialization="zero-residual")


def make_step(config: Config, weights_seed: int = 0) -> TrainStep:
    torch.manual_seed(weights_seed)
    zero = config.initialization == "zero-residual"
    model = FourViewResNet(config.fusion, 3, depth=18, zero_init_residual=zero)
    return TrainStep(model, config, ALONE, None, steps_per_epoch=5)


def batches(count: int, locations: int = 4) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    for _ in range(count):
        size = (locations, 4, 3, 32, 32)
        views = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator)
        yield views, torch.randint(0, 3, (locations,), generator=generator)


def trained(config: Config, steps: int = 3) -> tuple[TrainStep, list[float]]:
    train_step = make_step(config)
    losses = [
        float(train_step(views, label, number, len(label)))
        for number, (views, label) in enumerate(batches(steps))
    ]
    return train_step, losses


def same(one: TrainStep, other: TrainStep) -> bool:
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def test_the_one_cycle_rises_and_falls() -> None:
    config = Config(schedule="one-cycle", learning_rate=1.0, epochs=4)
    rates = [learning_rate(config, step, 25) for step in range(100)]
    assert max(rates) == rates[24] == pytest.approx(1.0)
    assert rates[:25] == sorted(rates[:25])
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert rates[-1] < 0.01


def test_the_cosine_rises_over_its_warm_up() -> None:
    config = Config(schedule="cosine", learning_rate=2.0, epochs=10, warmup_epochs=1.0)
    rates = [learning_rate(config, step, 10) for step in range(100)]
    assert rates[:10] == pytest.approx([2.0 * (step + 1) / 10 for step in range(10)])
    assert rates[10] == pytest.approx(2.0)
    assert rates[55] == pytest.approx(1.0)


def test_a_constant_rate_is_constant_after_its_warm_up() -> None:
    config = Config(learning_rate=0.5, warmup_epochs=0.5)
    assert [learning_rate(config, step, 4) for step in range(4)] == [0.25, 0.5, 0.5, 0.5]


def test_the_trunk_may_learn_slower_and_norms_are_spared_the_decay() -> None:
    model = FourViewResNet("attention", 3, depth=18)
    config = Config(optimizer="adamw", trunk_lr_scale=0.1, weight_decay=0.05, depth=18)
    groups = build_optimizer(model, config).param_groups
    of = {id(p): (g["share"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert of[id(model.trunk.conv1.weight)] == (0.1, 0.05)
    assert of[id(model.trunk.bn1.weight)] == (0.1, 0.0)
    assert of[id(model.classifier.weight)] == (1.0, 0.05)
    assert of[id(model.classifier.bias)] == (1.0, 0.0)
    assert len(of) == len(list(model.parameters()))


def test_adam_of_the_paper_decays_everything() -> None:
    groups = build_optimizer(FourViewResNet("medium", 3, depth=18), Config()).param_groups
    assert [(g["share"], g["weight_decay"]) for g in groups] == [(1.0, 1e-4)]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_every_optimiser_lowers_the_loss(name: Literal["adam", "adamw", "sgd"]) -> None:
    rate = 0.02 if name == "sgd" else 1e-3
    train_step = make_step(replace(TINY, optimizer=name, learning_rate=rate, weight_decay=0.0))
    views, label = next(batches(1))
    losses = [float(train_step(views, label, 0, 4)) for _ in range(8)]
    assert losses[-1] < 0.7 * losses[0]


def test_parts_of_a_batch_add_up_to_the_whole() -> None:
    one, losses = trained(FROZEN)
    parts, other = trained(replace(FROZEN, accumulation_steps=3))
    assert other == pytest.approx(losses, rel=1e-4)
    # Adam makes full steps of the smallest gradients, so the weights only stay close.
    difference = one.model.classifier.weight - parts.model.classifier.weight
    assert difference.abs().max() < 1e-4


def test_a_single_model_learns_from_each_view() -> None:
    model = FourViewResNet("single", 3, depth=18).eval()
    views, label = next(batches(1))
    pixels = to_pixels(views, torch.device("cpu"))
    each = [
        torch.nn.functional.cross_entropy(model.view_logits(pixels)[:, view], label)
        for view in range(4)
    ]
    ours = Objective(model, None)(pixels, label) / 4
    assert ours.item() == pytest.approx(torch.stack(each).mean().item(), rel=1e-5)
    soft = torch.full((3, 3), 0.1) + 0.7 * torch.eye(3)
    assert Objective(model, soft)(pixels, label).item() != pytest.approx(ours.item() * 4)


def test_frozen_statistics_stay_and_others_move() -> None:
    moved, still = trained(TINY)[0], trained(FROZEN)[0]
    assert moved.model.trunk.bn1.running_mean.abs().max() > 0
    assert not still.model.trunk.bn1.running_mean.any()
    assert still.model.trunk.bn1.weight.grad is None


def test_the_average_follows_the_weights() -> None:
    train_step = make_step(replace(TINY, ema_decay=0.5))
    assert train_step.eval_model is not train_step.model
    average = None
    for number, (views, label) in enumerate(batches(4)):
        train_step(views, label, number, 4)
        weight = train_step.model.classifier.weight.detach()
        decay = min(0.5, (1 + number) / (10 + number))
        average = weight.clone() if average is None else torch.lerp(average, weight, 1 - decay)
        assert torch.allclose(train_step.eval_model.classifier.weight, average, atol=1e-7)
    assert not torch.equal(
        train_step.eval_model.classifier.weight, train_step.model.classifier.weight
    )
    # Statistics are not averaged: they belong to the weights as they are.
    assert torch.equal(
        train_step.eval_model.trunk.bn1.running_mean, train_step.model.trunk.bn1.running_mean
    )


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_a_step_resumes_from_its_state(ema_decay: float) -> None:
    config = replace(TINY, ema_decay=ema_decay, augmentation=0.5)
    whole, _ = trained(config, 4)
    half, _ = trained(config, 2)
    other = make_step(config, weights_seed=9)
    other.load_state_dict(half.eval_model, half.state_dict())
    for number, (views, label) in enumerate(batches(4)):
        if number >= 2:
            other(views, label, number, 4)
    assert same(whole, other)
    assert torch.equal(whole.eval_model.classifier.weight, other.eval_model.classifier.weight)


def test_the_state_of_another_model_is_refused() -> None:
    half, _ = trained(TINY, 1)
    with pytest.raises(InputError, match="is of another model"):
        make_step(replace(TINY, ema_decay=0.9)).load_state_dict(half.eval_model, half.state_dict())


def test_bfloat16_computes_nearly_the_same_and_keeps_whole_weights() -> None:
    exact, losses = trained(FROZEN)
    rough, near = trained(replace(FROZEN, precision="bfloat16"))
    assert near == pytest.approx(losses, rel=0.05)
    assert near != losses
    assert rough.model.classifier.weight.dtype == exact.model.classifier.weight.dtype
    assert rough.model.classifier.weight.dtype == torch.float32


@pytest.mark.slow
def test_a_compiled_model_learns_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # Traced and differentiated, but not translated to C++, which takes half a minute.
    traced = Mock(side_effect=partial(torch.compile, backend="aot_eager"))
    monkeypatch.setattr(torch, "compile", traced)
    plain, losses = trained(FROZEN, 2)
    compiled, near = trained(replace(FROZEN, compile=True), 2)
    assert traced.call_count == 1
    assert near == pytest.approx(losses, rel=1e-5)
    weights = [train_step.model.classifier.weight for train_step in (plain, compiled)]
    assert torch.allclose(weights[0], weights[1], atol=1e-5)
