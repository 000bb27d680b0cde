"""An answer as flat, named arrays: what a cache and a file of many answers keep of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.request import (
    BASELINE_TITLES,
    Attribution,
    AttributionRequest,
    Cost,
    Evidence,
)
from workbench.store import HEADINGS, Store

ORDERS = {"map", "random", "edges"}
ALGORITHM = 2
"""Goes up when equal questions get other answers than before."""

KINDS: Mapping[str, type] = {
    name: type(value) for name, value in asdict(AttributionRequest()).items()
}
"""The fields of a question, and what they are."""

# Names and values in files of version 1.
_FORMER_NAMES = {
    "other": "baseline_location",
    "state": "target",
    "rather_than": "contrast_target",
    "most_gradients": "max_evaluations",
    "samples": "n_samples",
    "noise": "noise_std",
}
_FORMER_VALUES = {
    "integrated-gradients": "integrated_gradients",
    "smoothed-gradients": "smoothgrad",
    "expected-gradients": "expected_gradients",
    "grad-cam": "grad_cam",
    "input-x-gradient": "input_x_gradient",
    "log-probability": "log_probability",
}

Record = Mapping[str, NDArray[Any]]
"""By name, as `docs/attributions.md` lists them, without their axis N."""


@dataclass(frozen=True)
class Origin:
    """What answers are about besides a location's id: the weights and all photographs, SHA-256."""

    checkpoint_sha256: str
    data_sha256: str


def origin(store: Store) -> Origin:
    """Return what the answers about a store's locations are about.

    Older stores have no fingerprint of their photographs: there it is one of their folder and ids.
    """
    checkpoint = str(store.provenance.get("checkpoint_sha256", ""))
    data = store.provenance.get("data_sha256")
    if not data:
        names = "\n".join((str(store.provenance.get("data")), *store.location_ids))
        data = hashlib.sha256(names.encode()).hexdigest()
    return Origin(checkpoint, str(data))


def question_text(question: AttributionRequest) -> str:
    """Return a question as JSON; equal questions have equal texts."""
    asked = asdict(question)
    return json.dumps({name: kind(asked[name]) for name, kind in KINDS.items()}, sort_keys=True)


def question_of(text: str) -> AttributionRequest:
    """Return the request of a text, also of older files; raises ValueError for anything else."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not an attribution request")
    document = {_FORMER_NAMES.get(key, key): value for key, value in document.items()}
    if {key: type(document[key]) for key in document} != KINDS:
        raise ValueError("not an attribution request")
    for key in ("method", "output"):
        document[key] = _FORMER_VALUES.get(document[key], document[key])
    return AttributionRequest(**document)


def record(made: Attribution) -> Record:
    """Return an answer as arrays; what is unknown or promised by no method is NaN."""
    result = {
        "/location/id": np.array(made.location_id),
        "/question": np.array(question_text(made.request)),
        "/map": made.values,
        "/output": np.float64(made.output),
        "/baseline_output": _or_nan(made.baseline_output),
        "/probability": np.float64(made.probability),
        "/converged": np.int8(-1 if made.converged is None else made.converged),
        "/reason": np.array(made.reason),
        "/map_error": _or_nan(made.error_estimate),
        "/completeness_error": _or_nan(made.completeness_error),
        "/view_share": made.view_share,
        **_cost("/cost", made.cost),
    }
    return {name: np.asarray(value) for name, value in (result | _evidence(made.evidence)).items()}


def answer(record: Record) -> Attribution:
    """Return the answer of a record; raises KeyError or ValueError for a record of something else.

    The arrays of the record become its own.
    """
    converged = int(record["/converged"])
    made = record["/map"]
    if made.dtype != np.float32 or made.ndim != 3 or len(made) != len(HEADINGS) or not made.size:
        raise ValueError("a map that is none of four views")
    return Attribution(
        location_id=str(record["/location/id"]),
        request=question_of(str(record["/question"])),
        values=made,
        output=float(record["/output"]),
        baseline_output=_known(record["/baseline_output"]),
        probability=float(record["/probability"]),
        converged=None if converged < 0 else bool(converged),
        reason=str(record["/reason"]),
        error_estimate=_known(record["/map_error"]),
        cost=_cost_of("/cost", record),
        evidence=_evidence_of(record) if "/evidence/fraction" in record else None,
    )


def _evidence(evidence: Evidence | None) -> dict[str, Any]:
    if evidence is None:
        return {}
    order, baseline, layer = evidence.deletion, evidence.agreement, evidence.model_randomization
    return {
        "/evidence/fraction": evidence.fraction,
        "/evidence/order": np.array(list(order), dtype=np.str_),
        "/evidence/deletion": np.array([evidence.deletion[name] for name in order]),
        "/evidence/insertion": np.array([evidence.insertion[name] for name in order]),
        "/evidence/baseline": np.array(list(baseline), dtype=np.str_),
        "/evidence/agreement": np.array([baseline[name] for name in baseline], dtype=np.float64),
        "/evidence/stability": evidence.stability,
        "/evidence/layer": np.array(list(layer), dtype=np.str_),
        "/evidence/randomised": np.array([layer[name] for name in layer], dtype=np.float64),
        "/evidence/prior": np.float64(evidence.prior),
        "/evidence/view_effect": evidence.view_effect,
        "/evidence/turn_effect": evidence.turn_effect,
        **_cost("/evidence/cost", evidence.cost),
    }


def _evidence_of(record: Record) -> Evidence:
    def named(names: str, values: str) -> dict[str, Any]:
        return dict(zip(record[names].tolist(), record[values], strict=True))

    def numbers(names: str, values: str) -> dict[str, float]:
        return {name: float(value) for name, value in named(names, values).items()}

    if set(record["/evidence/order"].tolist()) != ORDERS:
        raise ValueError("deletion in other orders than those that are known")
    if not set(record["/evidence/baseline"].tolist()) <= set(BASELINE_TITLES):
        raise ValueError("a baseline that is not known")
    if not all(len(record[f"/evidence/{name}"]) for name in ("fraction", "stability", "layer")):
        raise ValueError("evidence without numbers")
    return Evidence(
        fraction=record["/evidence/fraction"],
        deletion=named("/evidence/order", "/evidence/deletion"),
        insertion=named("/evidence/order", "/evidence/insertion"),
        agreement=numbers("/evidence/baseline", "/evidence/agreement"),
        stability=record["/evidence/stability"],
        model_randomization=numbers("/evidence/layer", "/evidence/randomised"),
        prior=float(record["/evidence/prior"]),
        view_effect=record["/evidence/view_effect"],
        turn_effect=record["/evidence/turn_effect"],
        cost=_cost_of("/evidence/cost", record),
    )


def _cost(place: str, cost: Cost) -> dict[str, Any]:
    kinds = {"gradients": np.int64, "forwards": np.int64, "seconds": np.float64}
    return {f"{place}/{name}": kinds[name](value) for name, value in asdict(cost).items()}


def _cost_of(place: str, record: Record) -> Cost:
    return Cost(
        int(record[f"{place}/gradients"]),
        int(record[f"{place}/forwards"]),
        float(record[f"{place}/seconds"]),
    )


def _or_nan(value: float | None) -> np.float64:
    return np.float64(np.nan if value is None else value)


def _known(value: NDArray[Any]) -> float | None:
    return None if np.isnan(value) else float(value)
