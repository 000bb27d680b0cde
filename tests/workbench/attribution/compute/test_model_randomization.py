import copy

import pytest
import torch

from tests.workbench.attribution.compute.models import pixels, resnet
from trainer.config import FUSIONS
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute.batched_model import FrozenModel
from workbench.attribution.compute.model_randomization import STAGES, cascade


def changed(model: FourViewResNet, other: FourViewResNet) -> set[str]:
    """Return the stages, by the first words of their names, whose weights differ."""
    now = other.state_dict()
    names = {name for name, weight in model.state_dict().items() if not weight.equal(now[name])}
    return {name.removeprefix("trunk.").split(".")[0] for name in names}


def test_forgetting_goes_from_the_output_down_and_stays_in_its_stages() -> None:
    model = resnet("medium")
    before = copy.deepcopy(model.state_dict())
    expected: set[str] = set()
    for stage, forgetting in cascade(model, 0):
        expected |= {"conv1", "bn1"} if stage == "conv1" else {stage}
        assert changed(model, forgetting) == expected
    assert stage == STAGES[-1] == "conv1"
    assert all(weight.equal(before[name]) for name, weight in model.state_dict().items())


def test_no_parameter_is_left() -> None:
    model = FrozenModel(resnet("attention")).module
    # Attention that learned nothing has weights of zero, which have no deviation to draw with.
    torch.nn.init.normal_(model.map_attention.score.weight)
    torch.nn.init.normal_(model.view_attention.score.weight)
    *_, (_, forgetting) = cascade(model, 0)
    for name, weight in forgetting.named_parameters():
        assert not weight.equal(model.get_parameter(name)), name


@pytest.mark.real_resnet  # Its weights are enough for statistics.
def test_weights_keep_their_size() -> None:
    model = resnet("medium").requires_grad_(False)
    *_, (_, forgetting) = cascade(model, 0)
    learned, drawn = model.trunk.layer4[0].conv1.weight, forgetting.trunk.layer4[0].conv1.weight
    assert float(drawn.std()) == pytest.approx(float(learned.std()), rel=0.01)
    assert abs(float((learned * drawn).mean())) < 0.01 * float(learned.var())


def test_one_seed_gives_one_model_and_another_another() -> None:
    model = resnet("medium")
    one, same, other = (
        [forgetting.classifier.weight.clone() for _, forgetting in cascade(model, seed)][-1]
        for seed in (0, 0, 1)
    )
    assert one.equal(same)
    assert not one.equal(other)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_folded_model_stays_finite_with_random_weights(fusion: str) -> None:
    model = FrozenModel(resnet(fusion)).module
    learned = model(pixels()[None])
    for _, forgetting in cascade(model, 0):
        logit = forgetting(pixels()[None])
        assert logit.isfinite().all()
        assert 1e-3 * learned.std() < logit.std() < 1e3 * learned.std()
