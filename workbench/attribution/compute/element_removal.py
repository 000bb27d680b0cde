"""What a model uses of a painted location: the change of its output without each element."""

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.inpainting import inpaint
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.ground_truth.metrics import MIN_AREA
from workbench.attribution.ground_truth.study import Removal
from workbench.store import Store


def element_removal(explainer: StoreExplainer, store: Store) -> Removal:
    """Return a function that removes each element of a location from its four views.

    From a row of the store and the shares (E, 4, H, W) of the elements in its pixels it returns by
    how much the true class's logit falls, (2, E): first with the mean colour in the place of the
    element, then with what inpainting makes of its surroundings. NaN for elements of less than
    `MIN_AREA` of the views.
    """
    batched = BatchedModel(explainer.model)
    color = explainer.model.mean_color

    def changes(row: int, shares: NDArray[np.float32]) -> NDArray[np.float64]:
        pixels = explainer.pixels(store.location_ids[row])
        shown = shares.mean(axis=(1, 2, 3)) >= MIN_AREA
        there = torch.from_numpy(shares[shown]).to(pixels)[:, :, None]
        blank = pixels * (1 - there) + color * there
        images = torch.cat([pixels[None], blank, inpaint(pixels, there < 0.5, color)])
        logits = batched.logits(images)[:, int(store.labels[row])].double().cpu().numpy()
        result = np.full((2, len(shares)), np.nan)
        result[:, shown] = logits[0] - logits[1:].reshape(2, -1)
        return result

    return changes
