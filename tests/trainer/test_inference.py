import copy

import pytest
import torch
from torch import nn

from trainer.config import FUSIONS
from trainer.models import inference
from trainer.models.inference import Inference, fold_batch_norm, folding_is_exact
from trainer.models.resnet import FourViewResNet, to_pixels

CPU = torch.device("cpu")
VIEWS = torch.randint(
    0, 256, (3, 4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def model(fusion: str = "medium", depth: int = 18) -> FourViewResNet:
    """Return a model whose normalisations do something, as after a training."""
    torch.manual_seed(0)
    result = FourViewResNet(fusion, 5, depth=depth)
    for module in result.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    return result.eval()


def overflowing() -> FourViewResNet:
    """Return a model that answers finitely, with a normalisation that cannot be folded.

    One channel is always 0; what it is weighted with stays 0, until its weight is multiplied by
    the scale of the normalisation behind it, which gives more than float32 can hold.
    """
    result = model()
    block = result.trunk.layer1[0]
    with torch.no_grad():
        block.bn1.weight[0], block.bn1.bias[0], block.bn1.running_mean[0] = 0, -1, 0
        block.conv2.weight[0] = 0
        block.conv2.weight[0, 0] = 1e10
        block.bn2.weight[0] = 1e30
        block.bn2.running_mean[0] = 0
    return result


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_folded_model_has_no_normalisation_and_gives_the_same(fusion: str) -> None:
    plain = model(fusion)
    before = copy.deepcopy(plain.state_dict())
    joined = fold_batch_norm(plain)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in joined.modules())
    assert folding_is_exact(plain, joined, VIEWS)
    one, other = (Inference(each, CPU, "float32")(VIEWS) for each in (plain, joined))
    for name in ("features", "logits", "view_features", "view_logits"):
        expected, found = getattr(one, name), getattr(other, name)
        assert (expected is None) == (found is None)
        if expected is not None:
            assert (expected - found).abs().max() < 1e-4 * expected.std(), name
    assert all(torch.equal(plain.state_dict()[name], before[name]) for name in before)


def test_bottlenecks_and_shortcuts_are_folded_too() -> None:
    plain = model(depth=50)
    joined = fold_batch_norm(plain)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in joined.modules())
    assert folding_is_exact(plain, joined, VIEWS)


def test_what_cannot_be_folded_is_found_out() -> None:
    plain = overflowing()
    assert torch.isfinite(Inference(plain, CPU, "float32")(VIEWS).logits).all()
    assert not folding_is_exact(plain, fold_batch_norm(plain), VIEWS)


def test_the_tolerance_is_the_stated_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = model()
    other = copy.deepcopy(plain)
    deviation = plain(to_pixels(VIEWS, CPU)).std().item()
    for share, fits in ((0.9e-3, True), (1.1e-3, False)):
        with torch.no_grad():
            other.classifier.bias.copy_(plain.classifier.bias)
            other.classifier.bias[2] += share * deviation
        assert folding_is_exact(plain, other, VIEWS) is fits
    assert inference.FOLDING_TOLERANCE == 1e-3


def test_float32_is_what_the_model_says_and_bfloat16_is_close() -> None:
    plain = model()
    exact = Inference(plain, CPU, "float32")(VIEWS)
    with torch.inference_mode():
        own = plain(to_pixels(VIEWS, CPU))
    assert torch.allclose(exact.logits, own, atol=1e-5)
    half = Inference(plain, CPU, "bfloat16")(VIEWS)
    assert half.features.dtype == half.logits.dtype == torch.float32
    for one, other in ((exact.features, half.features), (exact.logits, half.logits)):
        difference = (one - other).abs().max() / one.std()
        assert 1e-4 < difference < 0.1
