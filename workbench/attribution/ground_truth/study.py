"""Explains a sample of a store with several methods and compares every map with the masks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from workbench.attribution.explainer import Explainer
from workbench.attribution.ground_truth.masks import Element, Masks
from workbench.attribution.ground_truth.metrics import NAN, Comparison, compare
from workbench.attribution.ground_truth.scores import MapScores, evaluate
from workbench.attribution.request import BASELINE_METHODS, TRUE, AttributionRequest
from workbench.attribution.verdict import verdict
from workbench.store import Store


@dataclass(frozen=True)
class MethodConfig:
    """A method and its baseline, "" for a method without one."""

    method: str
    baseline: str


LOWER_HALF = MethodConfig("lower half", "")
"""A control that knows neither model nor photograph, only where the ground is."""
CENTRE = MethodConfig("centre", "")
"""A control that is strong in the middle of each view."""
OTHER_MASK = MethodConfig("another location's mask", "")
"""A control that knows where what tells the state usually stands."""
EDGES = MethodConfig("edges", "")
"""A control that does not know the model: Sobel's gradient of the photograph."""
NOISE = MethodConfig("noise images", "")
"""A control that does not know the photograph, only where the model looks."""
RANDOM_MODEL = MethodConfig("random model", "")
"""A control that has learned nothing: a map of a model with random weights."""
CONTROLS = (LOWER_HALF, CENTRE, OTHER_MASK, EDGES, NOISE, RANDOM_MODEL)
POSITIONS = (LOWER_HALF, CENTRE, OTHER_MASK)
"""The controls that know neither the model nor the photograph."""
NATS = MethodConfig("nats", "")
"""No control but the ground truth as a map: what each element tells, spread over its pixels."""
REFERENCES = (*CONTROLS, NATS)
"""All that is in the tables beside the methods."""

ControlMap = Callable[[int], NDArray[np.float32]]
"""From a row of the store to a map (4, H, W)."""
Removal = Callable[[int, NDArray[np.float32]], NDArray[np.float64]]
"""From a row of the store and its shares (E, 4, H, W) to the change (2, E) of the output."""
Scores = Mapping[MethodConfig, Sequence[MapScores]]
"""The scores of each method's maps, of the same locations in the same order."""
Key = tuple[int, MethodConfig]
"""A row of the store and how it is explained."""


@dataclass(frozen=True)
class MethodResult:
    """How far the maps of one method agree with the masks.

    `metrics` are by part and name (`PARTS`, `METRICS`), each against its chance level. `irrelevant`
    is the share of |map| on everything that does not define the state, against its area; `elements`
    that on each element, over the locations that show it, and `matched` the same against what the
    element's rows would give it. `unconverged` counts maps, None for a method with nothing to
    converge; `seconds` is the mean time of a map.
    """

    config: MethodConfig
    metrics: Mapping[tuple[str, str], Comparison]
    irrelevant: Comparison
    elements: Mapping[str, Comparison]
    matched: Mapping[str, Comparison]
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
    """Return at most `count` of these rows in random order; it begins with any smaller sample."""
    chosen: list[int] = np.random.default_rng(seed).permutation(rows)[:count].tolist()
    return chosen


def position_controls(
    store: Store, masks: Masks, size: int, seed: int
) -> dict[MethodConfig, ControlMap]:
    """Return the controls that know neither the model nor the photograph.

    The other mask is that of a random location of another class. Raises InputError where there is
    none, and as the masks do.
    """
    low = np.zeros((4, size, size), dtype=np.float32)
    low[:, size // 2 :] = 1
    bell = np.exp(-8 * np.linspace(-0.5, 0.5, size, dtype=np.float32) ** 2)
    centre = np.broadcast_to(bell * bell[:, None], low.shape)
    relevant = [element.tells_state for element in masks.elements]

    def other_mask(row: int) -> NDArray[np.float32]:
        other = store.location_ids[_other_class(store, row, (seed, row, 1))]
        mask: NDArray[np.float32] = masks.shares(other, size)[relevant].sum(axis=0)
        return mask

    return {LOWER_HALF: lambda _: low, CENTRE: lambda _: centre, OTHER_MASK: other_mask}


def nats_map(store: Store, masks: Masks, size: int) -> dict[MethodConfig, ControlMap]:
    """Return the reference `NATS`, nothing where the data set does not say what elements tell."""

    def of_row(row: int) -> NDArray[np.float32]:
        location_id = store.location_ids[row]
        shares = masks.shares(location_id, size)
        pixels = np.maximum(shares.sum(axis=(1, 2, 3)), 1)
        density = np.nan_to_num(masks.nats(location_id)) / pixels
        result: NDArray[np.float32] = np.tensordot(density.astype(np.float32), shares, axes=1)
        return result

    return {NATS: of_row} if masks.are_graded else {}


def study(
    store: Store,
    rows: Sequence[int],
    configs: Sequence[MethodConfig],
    explainer: Explainer,
    masks: Masks,
    controls: Mapping[MethodConfig, ControlMap],
    size: int,
    details: AttributionRequest,
    *,
    checks: bool = False,
    removal: Removal | None = None,
    known: Mapping[Key, MapScores] = MappingProxyType({}),
    on_scores: Callable[[Key, MapScores], None] = lambda _key, _scores: None,
) -> dict[MethodConfig, list[MapScores]]:
    """Explain the true class's logit at these rows with each method and evaluate the maps.

    The scores of a method ascend by row. The rows are explained in the order given: those that an
    interrupted start has explained of a random sample are one themselves.

    The maps are (4, size, size); `details` has their seed and all else but method, baseline and
    target. With `checks`, those of methods get a verdict; with a `removal`, all are compared with
    what it returns. What is `known` of
    an earlier start is not computed again; `on_scores` receives all else as soon as it is there.
    The baseline "location" is drawn from the other classes. Raises InputError where there are none,
    and as the explainer, the controls and the masks do.
    """
    every = (*configs, *controls)
    done = dict(known)
    total = len(rows) * len(every)
    with tqdm(total=total, desc="Explaining", unit="map", dynamic_ncols=True) as bar:
        bar.update(sum((row, config) in done for row in rows for config in every))
        for row in rows:
            location_id = store.location_ids[row]
            missing = [config for config in every if (row, config) not in done]
            shares = masks.shares(location_id, size) if missing else np.empty(0, np.float32)
            changes = removal(row, shares) if removal and missing else None
            for config in missing:
                bar.set_postfix_str(f"{config.method} {config.baseline}".strip())
                attribution = None
                if config in controls:
                    values = controls[config](row)
                else:
                    request = _request(config, store, row, details)
                    attribution = explainer.explain(location_id, request)
                    values = attribution.values
                nats = masks.nats(location_id)
                found = evaluate(values, shares, masks.elements, nats, changes)
                if attribution is not None:
                    found = replace(
                        found,
                        converged=attribution.converged,
                        seconds=attribution.cost.seconds,
                        label=verdict(explainer.check(attribution)).label if checks else "",
                    )
                done[row, config] = found
                on_scores((row, config), found)
                bar.update()
    return {config: [done[row, config] for row in sorted(rows)] for config in every}


def summarize(scores: Scores, elements: Sequence[Element], seed: int) -> list[MethodResult]:
    """Return the results of each method over its maps, with intervals."""
    return [_summarize(config, maps, elements, seed) for config, maps in scores.items()]


def _other_class(store: Store, row: int, seed: tuple[int, ...]) -> int:
    others = np.flatnonzero(store.labels != store.labels[row])
    if not len(others):
        raise InputError(
            "The store has locations of one class only, and the controls and the baseline "
            "'location' need another one; choose another store."
        )
    return int(np.random.default_rng(seed).choice(others))


def _request(
    config: MethodConfig, store: Store, row: int, details: AttributionRequest
) -> AttributionRequest:
    fields: dict[str, Any] = {"method": config.method, "target": TRUE}
    if config.baseline:
        fields["baseline"] = config.baseline
    if config.baseline == "location":
        other = _other_class(store, row, (details.seed, row))
        fields["baseline_location"] = store.location_ids[other]
    return replace(details, **fields)


def _summarize(
    config: MethodConfig, maps: Sequence[MapScores], elements: Sequence[Element], seed: int
) -> MethodResult:
    relevant = np.array([element.tells_state for element in elements])
    shares, areas, expected = (
        np.array([getattr(each, name) for each in maps]) for name in ("shares", "areas", "expected")
    )
    converged = [each.converged for each in maps if each.converged is not None]

    def of_elements(chances: NDArray[np.float64]) -> dict[str, Comparison]:
        return {
            # Only locations that show the element.
            element.name: compare(np.where(area > 0, share, NAN), chance, seed)
            for element, share, area, chance in zip(
                elements, shares.T, areas.T, chances.T, strict=True
            )
        }

    return MethodResult(
        config,
        metrics={
            key: compare(
                np.array([each.metrics[key][0] for each in maps]),
                np.array([each.metrics[key][1] for each in maps]),
                seed,
            )
            for key in maps[0].metrics
        },
        irrelevant=compare(shares[:, ~relevant].sum(axis=1), areas[:, ~relevant].sum(axis=1), seed),
        elements=of_elements(areas),
        matched=of_elements(expected),
        unconverged=converged.count(False) if converged else None,
        seconds=float(np.mean([each.seconds for each in maps])),
    )
