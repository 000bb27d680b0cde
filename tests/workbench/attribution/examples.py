"""Example attributions and their comparison."""

from dataclasses import asdict, replace

import numpy as np

from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import (
    ORDERS,
    REPLACEMENT_TITLES,
    Attribution,
    Checks,
    Cost,
    Curves,
)
from workbench.attribution.serialization import Fingerprint

FINGERPRINT = Fingerprint("c" * 64, "d" * 64)
REQUEST = AttributionRequest(target="Île d'Or", contrast_target="Ohio")


def example(
    seed: int = 0, *, name: str = "", side: int = 16, evidence: bool = False, **fields: object
) -> Attribution:
    """Return an attribution that depends on the seed alone."""
    generator = np.random.default_rng(seed)
    made = Attribution(
        location_id=name or f"Île d'Or/2015_{seed}",
        request=REQUEST,
        values=generator.normal(size=(4, side, side)).astype(np.float32),
        output=float(generator.normal()),
        baseline_output=float(generator.normal()),
        probability=float(generator.random()),
        converged=True,
        reason="",
        error_estimate=0.01,
        cost=Cost(32, 7, 0.25),
        checks=_evidence(generator) if evidence else None,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def assert_same(one: Attribution | None, other: Attribution) -> None:
    """Compare two attributions bit for bit."""
    assert one is not None
    np.testing.assert_equal(asdict(one), asdict(other))
    assert one.values.dtype == np.float32


def _evidence(generator: np.random.Generator) -> Checks:
    return Checks(
        fractions=np.linspace(0, 1, 5),
        curves={
            replacement: Curves(
                {order: generator.random(5) for order in ORDERS},
                {order: generator.random(5) for order in ORDERS},
            )
            for replacement in REPLACEMENT_TITLES
        },
        baseline_agreement={"mean": 0.5, "blur": -0.25},
        noise_stability=generator.random(3),
        model_randomization={"classifier": 0.75, "stage 4": 0.125},
        view_effects=generator.normal(size=4),
        input_randomization=float(generator.normal()),
        rotation_effects=generator.normal(size=3),
        cost=Cost(10, 50, 1.5),
    )
