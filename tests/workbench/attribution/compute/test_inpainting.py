"""Removed pixels get colours of those around them, and of nothing else."""

import pytest
import torch

from workbench.attribution.compute.inpainting import inpaint

COLOR = torch.tensor((0.3, 0.5, 0.6)).view(3, 1, 1)


def test_what_is_kept_stays_and_a_view_without_anything_gets_the_colour() -> None:
    pixels = torch.rand((4, 3, 13, 21), generator=torch.Generator().manual_seed(0))
    kept = torch.rand((2, 4, 1, 13, 21), generator=torch.Generator().manual_seed(1)) < 0.5
    kept[0, 2] = False
    kept[1] = True
    found = inpaint(pixels, kept, COLOR)
    assert found.shape == (2, 4, 3, 13, 21)
    assert torch.equal(torch.where(kept[0], found[0], 0), torch.where(kept[0], pixels, 0))
    assert torch.allclose(found[0, 2], COLOR.expand(3, 13, 21))
    assert torch.equal(found[1], pixels)


def test_a_view_is_filled_from_itself_within_its_range() -> None:
    # Each view has one colour, of which a single pixel is left.
    pixels = torch.arange(12.0).view(4, 3, 1, 1).expand(4, 3, 16, 16)
    kept = torch.zeros((1, 4, 1, 16, 16), dtype=torch.bool)
    kept[..., 3, 11] = True
    assert torch.allclose(inpaint(pixels, kept, COLOR)[0], pixels)


@pytest.mark.parametrize("axis", [2, 3])
def test_a_hole_in_a_ramp_is_bridged(axis: int) -> None:
    ramp = torch.linspace(0, 1, 32).view(32, 1) if axis == 2 else torch.linspace(0, 1, 32)
    pixels = ramp.expand(4, 3, 32, 32)
    kept = torch.ones((1, 4, 1, 32, 32), dtype=torch.bool)
    kept[..., 12:20, 12:20] = False
    found = inpaint(pixels, kept, COLOR)[0]
    assert (found - pixels).abs().max() < 0.13
    # Better than one colour for the whole hole, whose ends differ by a quarter.
    hole = (found - pixels)[..., 12:20, 12:20]
    assert hole.abs().mean() < 0.04
