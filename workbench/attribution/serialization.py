"""Attributions as flat, named arrays: what the cache and attribution files contain."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.request import BASELINE_TITLES, AttributionRequest
from workbench.attribution.result import ORDERS, Attribution, Checks, Cost, Curves
from workbench.store import HEADINGS, Store

ALGORITHM = 3
"""Increased whenever equal requests give other results than before."""
CURVES = {
    "mean_color": ("/evidence/deletion", "/evidence/insertion"),
    "inpainting": ("/evidence/inpainted_deletion", "/evidence/inpainted_insertion"),
}
"""The arrays of the curves by replacement; older versions have those of the mean colour alone."""

FIELDS: Mapping[str, type] = {
    name: type(value) for name, value in asdict(AttributionRequest()).items()
}
"""The fields of a request with their types."""

# Names and values in files of version 1.
_VERSION_1_NAMES = {
    "other": "baseline_location",
    "state": "target",
    "rather_than": "contrast_target",
    "most_gradients": "max_evaluations",
    "samples": "n_samples",
    "noise": "noise_std",
}
_VERSION_1_VALUES = {
    "integrated-gradients": "integrated_gradients",
    "smoothed-gradients": "smoothgrad",
    "expected-gradients": "expected_gradients",
    "grad-cam": "grad_cam",
    "input-x-gradient": "input_x_gradient",
    "log-probability": "log_probability",
}

Arrays = Mapping[str, NDArray[Any]]
"""By name, as in `docs/reference/attribution-file.md`, without the axis N."""


@dataclass(frozen=True)
class Fingerprint:
    """What attributions depend on besides the request: weights and photographs, as SHA-256."""

    checkpoint_sha256: str
    data_sha256: str


def fingerprint(store: Store) -> Fingerprint:
    """Return the fingerprint of a store.

    Older stores have no hash of their photographs; theirs is that of the folder and the ids.
    """
    checkpoint = str(store.provenance.get("checkpoint_sha256", ""))
    data = store.provenance.get("data_sha256")
    if not data:
        names = "\n".join((str(store.provenance.get("data")), *store.location_ids))
        data = hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()
    return Fingerprint(checkpoint, str(data))


def request_to_json(request: AttributionRequest) -> str:
    """Return a request as JSON; equal requests have equal texts."""
    values = asdict(request)
    return json.dumps({name: kind(values[name]) for name, kind in FIELDS.items()}, sort_keys=True)


def request_from_json(text: str) -> AttributionRequest:
    """Return the request of a text, also of version 1; raises ValueError for anything else."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not an attribution request")
    document = {_VERSION_1_NAMES.get(key, key): value for key, value in document.items()}
    if {key: type(value) for key, value in document.items()} != FIELDS:
        raise ValueError("not an attribution request")
    for key in ("method", "output"):
        document[key] = _VERSION_1_VALUES.get(document[key], document[key])
    return AttributionRequest(**document)


def to_arrays(attribution: Attribution) -> Arrays:
    """Return an attribution as arrays; None becomes NaN (`converged`: -1)."""
    converged = attribution.converged
    result = {
        "/location/id": np.array(attribution.location_id),
        "/question": np.array(request_to_json(attribution.request)),
        "/map": attribution.values,
        "/output": np.float64(attribution.output),
        "/baseline_output": _or_nan(attribution.baseline_output),
        "/probability": np.float64(attribution.probability),
        "/converged": np.int8(-1 if converged is None else converged),
        "/reason": np.array(attribution.reason),
        "/map_error": _or_nan(attribution.error_estimate),
        "/completeness_error": _or_nan(attribution.completeness_error),
        "/view_share": attribution.view_shares,
        **_cost_to_arrays("/cost", attribution.cost),
        **_checks_to_arrays(attribution.checks),
    }
    return {name: np.asarray(value) for name, value in result.items()}


def from_arrays(arrays: Arrays) -> Attribution:
    """Return the attribution of arrays, without copying them.

    Raises KeyError or ValueError for arrays of something else.
    """
    converged, values = int(arrays["/converged"]), arrays["/map"]
    if values.dtype != np.float32 or values.ndim != 3 or len(values) != len(HEADINGS):
        raise ValueError("not a map of four views")
    if not values.size:
        raise ValueError("an empty map")
    return Attribution(
        location_id=str(arrays["/location/id"]),
        request=request_from_json(str(arrays["/question"])),
        values=values,
        output=float(arrays["/output"]),
        baseline_output=_or_none(arrays["/baseline_output"]),
        probability=float(arrays["/probability"]),
        converged=None if converged < 0 else bool(converged),
        reason=str(arrays["/reason"]),
        error_estimate=_or_none(arrays["/map_error"]),
        cost=_cost_from_arrays("/cost", arrays),
        checks=_checks_from_arrays(arrays) if "/evidence/fraction" in arrays else None,
    )


def pack(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as the bytes of an .npz file without pickles."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpack(content: bytes | memoryview) -> Arrays:
    """Return the arrays of `pack`; for other bytes, whatever numpy raises."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file.items())


def _checks_to_arrays(checks: Checks | None) -> dict[str, Any]:
    if checks is None:
        return {}
    agreement, randomization = checks.baseline_agreement, checks.model_randomization
    curves = {
        name: np.array([values[order] for order in ORDERS])
        for replacement, found in checks.curves.items()
        for name, values in zip(CURVES[replacement], (found.deletion, found.insertion), strict=True)
    }
    return {
        "/evidence/fraction": checks.fractions,
        "/evidence/order": np.array(ORDERS, dtype=np.str_),
        **curves,
        "/evidence/baseline": np.array(list(agreement), dtype=np.str_),
        "/evidence/agreement": np.array(list(agreement.values()), dtype=np.float64),
        "/evidence/stability": checks.noise_stability,
        "/evidence/layer": np.array(list(randomization), dtype=np.str_),
        "/evidence/randomised": np.array(list(randomization.values()), dtype=np.float64),
        "/evidence/prior": np.float64(checks.input_randomization),
        "/evidence/view_effect": checks.view_effects,
        "/evidence/turn_effect": checks.rotation_effects,
        **_cost_to_arrays("/evidence/cost", checks.cost),
    }


def _checks_from_arrays(arrays: Arrays) -> Checks:
    def by_order(name: str) -> dict[str, NDArray[np.float64]]:
        return dict(zip(arrays["/evidence/order"].tolist(), arrays[name], strict=True))

    def numbers(names: str, values: str) -> dict[str, float]:
        return dict(zip(arrays[names].tolist(), map(float, arrays[values]), strict=True))

    if set(arrays["/evidence/order"].tolist()) != set(ORDERS):
        raise ValueError("unknown orders of deletion")
    if not set(arrays["/evidence/baseline"].tolist()) <= set(BASELINE_TITLES):
        raise ValueError("an unknown baseline")
    if not all(len(arrays[f"/evidence/{name}"]) for name in ("fraction", "stability", "layer")):
        raise ValueError("checks without numbers")
    return Checks(
        fractions=arrays["/evidence/fraction"],
        curves={
            replacement: Curves(by_order(deletion), by_order(insertion))
            for replacement, (deletion, insertion) in CURVES.items()
            if replacement == "mean_color" or deletion in arrays
        },
        baseline_agreement=numbers("/evidence/baseline", "/evidence/agreement"),
        noise_stability=arrays["/evidence/stability"],
        model_randomization=numbers("/evidence/layer", "/evidence/randomised"),
        input_randomization=float(arrays["/evidence/prior"]),
        view_effects=arrays["/evidence/view_effect"],
        rotation_effects=arrays["/evidence/turn_effect"],
        cost=_cost_from_arrays("/evidence/cost", arrays),
    )


def _cost_to_arrays(group: str, cost: Cost) -> dict[str, Any]:
    return {
        f"{group}/gradients": np.int64(cost.gradients),
        f"{group}/forwards": np.int64(cost.forwards),
        f"{group}/seconds": np.float64(cost.seconds),
    }


def _cost_from_arrays(group: str, arrays: Arrays) -> Cost:
    return Cost(
        int(arrays[f"{group}/gradients"]),
        int(arrays[f"{group}/forwards"]),
        float(arrays[f"{group}/seconds"]),
    )


def _or_nan(value: float | None) -> np.float64:
    return np.float64(np.nan if value is None else value)


def _or_none(value: NDArray[Any]) -> float | None:
    return None if np.isnan(value) else float(value)
