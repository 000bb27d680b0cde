"""A sample of a store, explained in several ways, and how far each way finds the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from workbench.attribution.explainer import Explainer
from workbench.attribution.ground_truth.masks import Element, Masks
from workbench.attribution.ground_truth.metrics import (
    NAN,
    Comparison,
    compare,
    mass_accuracy,
    pointing,
    rank_accuracy,
)
from workbench.attribution.request import BASELINE_METHODS, TRUE, AttributionRequest
from workbench.store import Store

MEASURES = {
    "mass accuracy": mass_accuracy,
    "rank accuracy": rank_accuracy,
    "pointing game": pointing,
}
PARTS = ("absolute", "positive")
"""What of a map is held against the truth: |map|, or what speaks for the state."""


@dataclass(frozen=True)
class Way:
    """A way to explain: a method and the baseline that it uses, "" for a method without one."""

    method: str
    baseline: str


LOWER_HALF = Way("lower half", "")
"""A control: a map that has never seen the model, and only knows where the ground is."""
NOISE = Way("noise pictures", "")
"""A control: a map that has never seen the location, and only knows where the model looks."""
CONTROLS = (LOWER_HALF, NOISE)

NoiseControl = Callable[[str], NDArray[np.float32]]
"""Gives for a state the mean |map| (4, H, W) of pictures of noise."""


@dataclass(frozen=True)
class Finding:
    """What one map says: `measure` by part and name, and the `share` of |map| on each element.

    `share` and `area`, that of the elements in the views, are (E,) and sum to 1; shares are NaN for
    a map of zeros.
    """

    measure: Mapping[tuple[str, str], float]
    share: NDArray[np.float64]
    area: NDArray[np.float64]
    converged: bool | None
    seconds: float


@dataclass(frozen=True)
class Agreement:
    """How far the maps of one way to explain agree with the truth.

    `measure` is by part and name (`PARTS`, `MEASURES`), against the area share of all that tells
    the state; `nothing` is the share of |map| on all that means nothing, against its area, and
    `element` that on each element, over the locations that show it. `unconverged` counts maps,
    None where there is nothing to converge; `seconds` is the mean time of a map.
    """

    way: Way
    measure: Mapping[tuple[str, str], Comparison]
    nothing: Comparison
    element: Mapping[str, Comparison]
    unconverged: int | None
    seconds: float


def ways(methods: Sequence[str], baselines: Sequence[str]) -> list[Way]:
    """Return every method with every baseline, and once a method that has none."""
    return [
        Way(method, baseline)
        for method in dict.fromkeys(methods)
        for baseline in (dict.fromkeys(baselines) if method in BASELINE_METHODS else ("",))
    ]


def sample(rows: NDArray[np.intp], count: int, seed: int) -> list[int]:
    """Return at most `count` of these numbers, drawn at random, rising."""
    drawn: list[int] = np.random.default_rng(seed).permutation(rows)[:count].tolist()
    return sorted(drawn)


def study(
    store: Store,
    rows: Sequence[int],
    ways: Sequence[Way],
    explainer: Explainer,
    masks: Masks,
    noise_control: NoiseControl,
    seed: int,
) -> list[Agreement]:
    """Explain the true state's logit at these rows in each way and hold the maps against the masks.

    The last are the `CONTROLS`: 1 below the horizon and 0 above it, and the `noise_control` of the
    true state. Where another location is the baseline, it is drawn from the other states. Raises
    InputError where there are none, and as the explainer and the masks do.
    """
    finding: dict[Way, list[Finding]] = {way: [] for way in (*ways, *CONTROLS)}
    total = len(rows) * len(ways)
    with tqdm(total=total, desc="Explaining", unit="map", dynamic_ncols=True) as bar:
        for row in rows:
            location = store.location_ids[row]
            made = []
            for way in ways:
                bar.set_postfix_str(f"{way.method} {way.baseline}".strip())
                made.append(explainer.explain(location, _question(way, store, row, seed)))
                bar.update()
            share = masks.shares(location, made[0].values.shape[-1])
            for way, one in zip(ways, made, strict=True):
                finding[way].append(
                    _find(one.values, share, masks.element, one.converged, one.cost.seconds)
                )
            controls = (_lower_half(share), noise_control(store.class_names[store.labels[row]]))
            for way, control in zip(CONTROLS, controls, strict=True):
                finding[way].append(_find(control, share, masks.element))
    return [_agreement(way, its, masks.element, seed) for way, its in finding.items()]


def _lower_half(share: NDArray[np.float32]) -> NDArray[np.float32]:
    result = np.zeros(share.shape[1:], dtype=np.float32)
    result[:, share.shape[2] // 2 :] = 1
    return result


def _question(way: Way, store: Store, row: int, seed: int) -> AttributionRequest:
    asked = AttributionRequest(method=way.method, target=TRUE, seed=seed)
    if way.baseline == "location":
        elsewhere = np.flatnonzero(store.labels != store.labels[row])
        if not len(elsewhere):
            raise InputError(
                "The store holds one state alone, so no other location can be the baseline; "
                "name other ones with --baseline."
            )
        chosen = np.random.default_rng((seed, row)).choice(elsewhere)
        asked = replace(asked, baseline_location=store.location_ids[chosen])
    return replace(asked, baseline=way.baseline) if way.baseline else asked


def _find(
    found: NDArray[np.float32],
    share: NDArray[np.float32],
    element: Sequence[Element],
    converged: bool | None = None,
    seconds: float = 0.0,
) -> Finding:
    """Hold a map against the shares (E, 4, H, W) of the elements in its places."""
    tells = np.array([one.tells_state for one in element])
    truth = share[tells].sum(axis=0)
    absolute = np.abs(found)
    weights = (absolute, np.maximum(found, 0))
    return Finding(
        measure={
            (part, name): measure(weight, truth)
            for part, weight in zip(PARTS, weights, strict=True)
            for name, measure in MEASURES.items()
        },
        share=np.array([mass_accuracy(absolute, one) for one in share]),
        area=share.mean(axis=(1, 2, 3), dtype=np.float64),
        converged=converged,
        seconds=seconds,
    )


def _agreement(
    way: Way, finding: Sequence[Finding], element: Sequence[Element], seed: int
) -> Agreement:
    tells = np.array([one.tells_state for one in element])
    share = np.stack([one.share for one in finding])
    area = np.stack([one.area for one in finding])
    told = area[:, tells].sum(axis=1)
    return Agreement(
        way,
        measure={
            key: compare(np.array([one.measure[key] for one in finding]), told, seed)
            for key in finding[0].measure
        },
        nothing=compare(share[:, ~tells].sum(axis=1), area[:, ~tells].sum(axis=1), seed),
        element={
            # Where an element is not in sight it cannot be found.
            one.name: compare(np.where(seen > 0, found, NAN), seen, seed)
            for one, found, seen in zip(element, share.T, area.T, strict=True)
        },
        unconverged=_unconverged(finding),
        seconds=float(np.mean([one.seconds for one in finding])),
    )


def _unconverged(finding: Sequence[Finding]) -> int | None:
    known = [one.converged for one in finding if one.converged is not None]
    return known.count(False) if known else None
