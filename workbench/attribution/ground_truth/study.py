"""Explains a sample of a store with several methods and compares every map with the masks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
    pointing_game,
    rank_accuracy,
)
from workbench.attribution.request import BASELINE_METHODS, TRUE, AttributionRequest
from workbench.store import Store

METRICS = {
    "mass accuracy": mass_accuracy,
    "rank accuracy": rank_accuracy,
    "pointing game": pointing_game,
}
PARTS = ("absolute", "positive")
"""Which part of a map is compared: |map|, or the values that raise the output."""


@dataclass(frozen=True)
class MethodConfig:
    """A method and its baseline, "" for a method without one."""

    method: str
    baseline: str


LOWER_HALF = MethodConfig("lower half", "")
"""A control that knows neither model nor photograph, only where the ground is."""
NOISE = MethodConfig("noise images", "")
"""A control that does not know the photograph, only where the model looks."""
CONTROLS = (LOWER_HALF, NOISE)

NoiseControl = Callable[[str], NDArray[np.float32]]
"""From a class to its mean |map| (4, H, W) over images of noise."""


@dataclass(frozen=True)
class _MapResult:
    """Metrics of one map, by part and name, and the share of |map| on each of E elements.

    `shares` and `areas`, the elements' shares of the views, are (E,) and sum to 1; `shares` is NaN
    for a map of zeros.
    """

    metrics: Mapping[tuple[str, str], float]
    shares: NDArray[np.float64]
    areas: NDArray[np.float64]
    converged: bool | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class MethodResult:
    """How far the maps of one method agree with the masks.

    `metrics` are by part and name (`PARTS`, `METRICS`), against the area share of everything that
    defines the state. `irrelevant` is the share of |map| on everything else, against its area;
    `elements` that on each element, over the locations that show it. `unconverged` counts maps,
    None for a method with nothing to converge; `seconds` is the mean time of a map.
    """

    config: MethodConfig
    metrics: Mapping[tuple[str, str], Comparison]
    irrelevant: Comparison
    elements: Mapping[str, Comparison]
    unconverged: int | None
    seconds: float


def method_configs(methods: Sequence[str], baselines: Sequence[str]) -> list[MethodConfig]:
    """Return every method with every baseline, and once a method without baselines."""
    return [
        MethodConfig(method, baseline)
        for method in dict.fromkeys(methods)
        for baseline in (dict.fromkeys(baselines) if method in BASELINE_METHODS else ("",))
    ]


def sample(rows: NDArray[np.intp], count: int, seed: int) -> list[int]:
    """Return at most `count` of these rows, drawn at random, ascending."""
    chosen: list[int] = np.random.default_rng(seed).permutation(rows)[:count].tolist()
    return sorted(chosen)


def study(
    store: Store,
    rows: Sequence[int],
    configs: Sequence[MethodConfig],
    explainer: Explainer,
    masks: Masks,
    noise_control: NoiseControl,
    seed: int,
) -> list[MethodResult]:
    """Explain the true class's logit at these rows with each method and evaluate the maps.

    The last results are those of the `CONTROLS`: 1 below the horizon and 0 above it, and the
    `noise_control` of the true class. The baseline "location" is drawn from the other classes.
    Raises InputError where there are none, and as the explainer and the masks do.
    """
    results: dict[MethodConfig, list[_MapResult]] = {config: [] for config in (*configs, *CONTROLS)}
    total = len(rows) * len(configs)
    with tqdm(total=total, desc="Explaining", unit="map", dynamic_ncols=True) as bar:
        for row in rows:
            location_id = store.location_ids[row]
            attributions = []
            for config in configs:
                bar.set_postfix_str(f"{config.method} {config.baseline}".strip())
                request = _request(config, store, row, seed)
                attributions.append(explainer.explain(location_id, request))
                bar.update()
            shares = masks.shares(location_id, attributions[0].values.shape[-1])
            for config, attribution in zip(configs, attributions, strict=True):
                result = _evaluate(attribution.values, shares, masks.elements)
                seconds = attribution.cost.seconds
                results[config].append(
                    replace(result, converged=attribution.converged, seconds=seconds)
                )
            controls = (_lower_half(shares), noise_control(store.class_names[store.labels[row]]))
            for config, control in zip(CONTROLS, controls, strict=True):
                results[config].append(_evaluate(control, shares, masks.elements))
    return [_summarize(config, maps, masks.elements, seed) for config, maps in results.items()]


def _lower_half(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    result = np.zeros(shares.shape[1:], dtype=np.float32)
    result[:, shares.shape[2] // 2 :] = 1
    return result


def _request(config: MethodConfig, store: Store, row: int, seed: int) -> AttributionRequest:
    fields: dict[str, Any] = {"method": config.method, "target": TRUE, "seed": seed}
    if config.baseline:
        fields["baseline"] = config.baseline
    if config.baseline == "location":
        others = np.flatnonzero(store.labels != store.labels[row])
        if not len(others):
            raise InputError(
                "The store has locations of one class only, so no other location can be the "
                "baseline; choose other baselines with --baseline."
            )
        chosen = np.random.default_rng((seed, row)).choice(others)
        fields["baseline_location"] = store.location_ids[chosen]
    return AttributionRequest(**fields)


def _evaluate(
    values: NDArray[np.float32],
    shares: NDArray[np.float32],
    elements: Sequence[Element],
) -> _MapResult:
    """Compare a map with the shares (E, 4, H, W) of the elements in its pixels."""
    relevant = np.array([element.tells_state for element in elements])
    mask = shares[relevant].sum(axis=0)
    absolute = np.abs(values)
    weights = (absolute, np.maximum(values, 0))
    return _MapResult(
        metrics={
            (part, name): metric(weight, mask)
            for part, weight in zip(PARTS, weights, strict=True)
            for name, metric in METRICS.items()
        },
        shares=np.array([mass_accuracy(absolute, share) for share in shares]),
        areas=shares.mean(axis=(1, 2, 3), dtype=np.float64),
    )


def _summarize(
    config: MethodConfig, maps: Sequence[_MapResult], elements: Sequence[Element], seed: int
) -> MethodResult:
    relevant = np.array([element.tells_state for element in elements])
    shares = np.stack([result.shares for result in maps])
    areas = np.stack([result.areas for result in maps])
    relevant_area = areas[:, relevant].sum(axis=1)
    converged = [result.converged for result in maps if result.converged is not None]
    return MethodResult(
        config,
        metrics={
            key: compare(np.array([result.metrics[key] for result in maps]), relevant_area, seed)
            for key in maps[0].metrics
        },
        irrelevant=compare(shares[:, ~relevant].sum(axis=1), areas[:, ~relevant].sum(axis=1), seed),
        elements={
            # Only locations that show the element.
            element.name: compare(np.where(area > 0, share, NAN), area, seed)
            for element, share, area in zip(elements, shares.T, areas.T, strict=True)
        },
        unconverged=converged.count(False) if converged else None,
        seconds=float(np.mean([result.seconds for result in maps])),
    )
