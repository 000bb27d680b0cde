import pytest
import torch

from trainer.data.augmentation import COLOUR_RANGE, DRAWS, Augmentation


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.rand((3, 4, 3, 32, 32), generator=torch.Generator().manual_seed(0))


def test_no_strength_changes_nothing(pixels: torch.Tensor) -> None:
    assert Augmentation(0.0)(pixels, torch.rand(3, DRAWS)) is pixels


def test_the_numbers_depend_on_seed_and_step_alone() -> None:
    augmentation = Augmentation(1.0)
    assert torch.equal(augmentation.draw(5, 1, 2), augmentation.draw(5, 1, 2))
    assert not torch.equal(augmentation.draw(5, 1, 2), augmentation.draw(5, 1, 3))
    assert not torch.equal(augmentation.draw(5, 1, 2), augmentation.draw(5, 2, 2))


def test_what_is_left_stays_left(pixels: torch.Tensor) -> None:
    ramp = torch.linspace(0.2, 0.8, 32).expand(3, 4, 3, 32, 32)
    for seed in range(20):
        augmentation = Augmentation(1.0)
        seen = augmentation(ramp, augmentation.draw(3, seed, 0))
        assert (seen.diff(dim=4) >= -1e-6).all()
        assert (seen[..., -1] > seen[..., 0]).all()


def test_a_crop_of_a_ramp_is_a_part_of_it() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 4, 3, 64, 64)
    # Smallest crop, at the far left and in the middle of the height; colours as they are.
    seen = Augmentation(1.0)(ramp, torch.tensor([[1.0, 0.0, 0.5, 0.5, 0.5, 0.5]]))
    assert seen[0, 0, 0, 0, 0] == pytest.approx(0, abs=0.02)
    assert seen[0, 0, 0, 0, -1] == pytest.approx(0.5, abs=0.02)


def test_the_views_of_a_location_are_changed_alike_and_locations_are_not() -> None:
    one = torch.rand((1, 1, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    augmentation = Augmentation(0.7)
    seen = augmentation(one.expand(2, 4, 3, 32, 32), augmentation.draw(2, 0, 0))
    assert torch.equal(seen[0, 0], seen[0, 3])
    assert not torch.allclose(seen[0, 0], seen[1, 0], atol=0.01)


def test_brightness_is_a_factor(pixels: torch.Tensor) -> None:
    # The whole view, contrast and saturation unchanged, brightness at its lowest.
    draw = torch.tensor([[0.0, 0.5, 0.5, 0.0, 0.5, 0.5]]).expand(3, DRAWS)
    seen = Augmentation(1.0)(pixels, draw)
    assert torch.allclose(seen, pixels * (1 - COLOUR_RANGE), atol=1e-5)


def test_pixels_stay_pixels(pixels: torch.Tensor) -> None:
    for seed in range(10):
        augmentation = Augmentation(1.0)
        seen = augmentation(pixels, augmentation.draw(3, seed, 0))
        assert seen.shape == pixels.shape
        assert 0 <= seen.min() <= seen.max() <= 1
