"""The change of a linear model's output without each element, by hand."""

from typing import cast

import numpy as np
import torch

from tests.workbench.attribution.compute.models import pixels
from tests.workbench.attribution.compute.test_checks import WEIGHT
from tests.workbench.attribution.compute.test_control_maps import Explainer, OneRow
from workbench.attribution.compute.element_removal import element_removal
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.store import Store


def test_removal_is_the_change_of_the_logit() -> None:
    """One element fills a view, one the rest, of a third there is nothing."""
    shares = np.zeros((3, 4, 8, 8), dtype=np.float32)
    shares[0, 0] = shares[1, 1:] = 1
    explainer = Explainer()
    removal = element_removal(cast(StoreExplainer, explainer), cast(Store, OneRow()))
    changes = removal(0, shares)
    assert changes.shape == (2, 3)
    assert np.isnan(changes[:, 2]).all()
    # Nothing is left in a view to inpaint it from, so it gets the mean colour, too.
    difference = (WEIGHT * (pixels() - explainer.model.mean_color)).sum(dim=1).numpy()
    for change in changes:
        assert np.allclose(change[:2], [difference[0].sum(), difference[1:].sum()], atol=1e-4)


def test_inpainting_keeps_what_the_surroundings_tell() -> None:
    """Half of an even view is removed: inpainted it is the same, with the mean colour it is not."""
    explainer = Explainer()
    even = torch.full_like(pixels(), 0.9)
    explainer.pixels = lambda location_id: even  # type: ignore[method-assign]
    shares = np.zeros((2, 4, 8, 8), dtype=np.float32)
    shares[0, :, :4] = 1
    shares[1, :, 4:] = 1
    by_color, inpainted = element_removal(cast(StoreExplainer, explainer), cast(Store, OneRow()))(
        0, shares
    )
    assert np.abs(inpainted).max() < 1e-4
    assert np.abs(by_color).min() > 0.1
