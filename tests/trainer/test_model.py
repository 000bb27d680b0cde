import pytest
import torch

from trainer.model import FourViewResNet, to_pixels


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("fusion", ["early", "medium"])
def test_shapes(fusion: str) -> None:
    model = FourViewResNet(fusion, 7).eval()
    pixels = torch.rand(2, 4, 3, 32, 32)
    features = model.features(pixels)
    assert features.shape == (2, 2048)
    assert torch.equal(model(pixels), model.head(features))
    assert model(pixels).shape == (2, 7)


def test_medium_is_the_mean_over_the_views() -> None:
    model = FourViewResNet("medium", 3, (0.4, 0.5, 0.6), (0.2, 0.2, 0.3)).eval()
    pixels = torch.rand(1, 4, 3, 64, 64)
    each = [model.trunk((pixels[:, view] - model.mean) / model.deviation) for view in range(4)]
    expected = torch.stack(each).mean(dim=0)
    assert torch.allclose(model.features(pixels), expected, rtol=1e-4, atol=1e-4)


def test_medium_does_not_see_the_order_of_the_views() -> None:
    model = FourViewResNet("medium", 3).eval()
    pixels = torch.rand(1, 4, 3, 64, 64)
    assert torch.allclose(model(pixels), model(pixels.roll(1, dims=1)), rtol=1e-4, atol=1e-4)


def test_early_lays_the_views_side_by_side() -> None:
    model = FourViewResNet("early", 3, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)).eval()
    pixels = torch.rand(1, 4, 3, 64, 64)
    wide = pixels[0].permute(1, 2, 0, 3).reshape(1, 3, 64, 256)
    assert torch.allclose(model.features(pixels), model.trunk(wide), rtol=1e-4, atol=1e-4)


def test_the_model_normalises() -> None:
    mean, deviation = (0.2, 0.4, 0.6), (0.1, 0.2, 0.3)
    own = FourViewResNet("medium", 3, mean, deviation).eval()
    bare = FourViewResNet("medium", 3, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)).eval()
    bare.load_state_dict(own.state_dict() | {"mean": bare.mean, "deviation": bare.deviation})
    pixels = torch.rand(1, 4, 3, 32, 32)
    normal = (pixels - own.mean) / own.deviation
    assert torch.allclose(own(pixels), bare(normal), rtol=1e-4, atol=1e-4)


def test_pixels_lie_between_0_and_1() -> None:
    views = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert to_pixels(views, torch.device("cpu")).tolist() == pytest.approx([0, 0.2, 1])


def test_zero_residual_blocks_start_as_the_identity() -> None:
    trunk = FourViewResNet("medium", 3, zero_residual=True).eval().trunk
    entered = torch.rand(1, 256, 8, 8)
    assert torch.equal(trunk.layer1[1](entered), entered)
    assert not torch.equal(FourViewResNet("medium", 3).eval().trunk.layer1[1](entered), entered)
