"""Maps against what a model uses: `python -m benchmarks.element_removal STORE.h5`.

A mask says what tells the state, not what a model looks at. So each element of a painted location
is removed from all views, by the mean colour and by inpainting, and the change of the true class's
logit says how much the model uses it. Prints Spearman's rank correlation over the elements of a
location, as the mean over the locations with its bootstrap interval:

- of that change with the element's nats: whether the model uses what tells;
- of that change with the sum of the map on the element: whether the map shows what the model uses.

Elements of less than 0.05 % of the area are left out, as in the graded metric. Edges, centre and
other maps without a sign count as positive.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import tyro
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor
from tyro.conf import Positional

from common.tables import to_markdown
from workbench import store as stores
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.control_maps import model_controls
from workbench.attribution.compute.inpainting import inpaint
from workbench.attribution.explainer import open_explainer
from workbench.attribution.ground_truth.__main__ import DEFAULT_BASELINES
from workbench.attribution.ground_truth.masks import Masks, mask_folder
from workbench.attribution.ground_truth.metrics import compare
from workbench.attribution.ground_truth.report import titles
from workbench.attribution.ground_truth.study import (
    method_configs,
    position_controls,
    sample,
)
from workbench.attribution.request import TRUE, AttributionRequest
from workbench.store import provenance
from workbench.store.query import select

METHODS = ("integrated_gradients", "grad_cam", "input_x_gradient")
MIN_AREA = 5e-4
Array = NDArray[np.float64]


def main(
    store: Positional[Path], /, locations: int = 14, where: str = "correct", seed: int = 0
) -> None:
    """Explain random locations of a store of painted states and remove their elements.

    Parameters
    ----------
    store : store of painted states
    locations : how many to draw
    where : draw only from locations that meet this condition
    seed : seed of the sample
    """
    table = stores.read(store)
    photographs = provenance.photographs(table, None)
    masks = Masks(mask_folder(photographs), photographs)
    explainer = open_explainer(table, photographs)
    model = BatchedModel(explainer.model)
    color, size = explainer.model.mean_color, explainer.size
    controls = {
        **position_controls(table, masks, size, seed),
        **model_controls(explainer, table, seed),
    }
    found: dict[tuple[str, str], list[list[float]]] = {}
    for row in sample(np.flatnonzero(select(table, where)), locations, seed):
        location = table.location_ids[row]
        shares = masks.shares(location, size)
        shown = np.flatnonzero(shares.mean(axis=(1, 2, 3)) >= MIN_AREA)
        shares, nats = shares[shown], np.nan_to_num(masks.nats(location)[shown])
        pixels = explainer.pixels(location)
        logits = model.logits(removed(pixels, torch.from_numpy(shares), color))
        output = logits[:, int(table.labels[row])].double().cpu().numpy()
        changes = output[0] - output[1:].reshape(2, -1)
        maps: dict[tuple[str, str], Array] = {("what tells, in nats", "–"): nats}
        for config in method_configs(METHODS, DEFAULT_BASELINES):
            fields: Mapping[str, str] = {"baseline": config.baseline} if config.baseline else {}
            request = AttributionRequest(
                method=config.method,  # type: ignore[arg-type]
                target=TRUE,
                map_tolerance=0.1,
                completeness_tolerance=0.05,
                **fields,  # type: ignore[arg-type]
            )
            maps[titles(config)] = sums(explainer.explain(location, request).values, shares)
        for config, control in controls.items():
            maps[titles(config)] = sums(control(row), shares)
        for name, relevance in maps.items():
            found.setdefault(name, []).append([correlation(relevance, one) for one in changes])
    print(report(found))


def removed(pixels: Tensor, shares: Tensor, color: Tensor) -> Tensor:
    """Return pixels (4, 3, H, W), then without each element of shares (E, 4, H, W), (1+2E, ...).

    First each by the mean colour, then each by inpainting.
    """
    shares = shares.to(pixels)[:, :, None]
    blank = pixels * (1 - shares) + color * shares
    return torch.cat([pixels[None], blank, inpaint(pixels, shares < 0.5, color)])


def sums(values: NDArray[np.float32], shares: NDArray[np.float32]) -> Array:
    """Return the sum (E,) of a map (4, H, W) on each element of shares (E, 4, H, W)."""
    return np.tensordot(shares.astype(np.float64), values.astype(np.float64), axes=3)


def correlation(relevance: Array, changes: Array) -> float:
    """Return the rank correlation of two arrays (E,); 0 where one is constant."""
    if not (np.ptp(relevance) and np.ptp(changes)):
        return 0.0
    return float(spearmanr(relevance, changes).statistic)


def report(found: Mapping[tuple[str, str], list[list[float]]]) -> str:
    """Return the table of correlations by method and baseline."""
    rows = []
    for name, pairs in found.items():
        intervals = [compare(one, np.zeros(len(one)), seed=0).value for one in np.array(pairs).T]
        cells = [f"{each.value:.2f} ({each.low:.2f}–{each.high:.2f})" for each in intervals]
        rows.append([*name, *cells, len(pairs)])
    columns = ["map", "baseline", "removed by mean colour", "by inpainting", "locations"]
    return to_markdown(pd.DataFrame(rows, columns=columns, dtype=object), columns[:2])


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
