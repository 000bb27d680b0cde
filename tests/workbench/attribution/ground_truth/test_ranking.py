"""Methods are ranked where other locations would rank them alike, and no further."""

from collections.abc import Sequence

import numpy as np
import pytest

from workbench.attribution.ground_truth.ranking import holm, ranking
from workbench.attribution.ground_truth.scores import HEIGHT_MATCHED, MapScores
from workbench.attribution.ground_truth.study import MethodConfig

METHODS = tuple(MethodConfig(name, "") for name in "abcd")


def scores(
    ratios: Sequence[float], noise: float, seed: int = 0
) -> dict[MethodConfig, list[MapScores]]:
    """Return scores of 40 locations whose height-matched ratios vary by a factor."""
    generator = np.random.default_rng(seed)
    return {
        config: [
            MapScores({("absolute", HEIGHT_MATCHED): (ratio * value, 1.0)}, [], [], [], p_value=1.0)
            for value in np.exp(generator.normal(scale=noise, size=40))
        ]
        for config, ratio in zip(METHODS, ratios, strict=True)
    }


def test_clear_differences_are_a_ranking() -> None:
    a, b, c, d = METHODS
    found = ranking(scores([1, 4, 2, 8], 0.2), METHODS, seed=0)
    assert found is not None
    assert found.configs == (d, b, c, a)
    assert not any(found.equal.values())
    assert found.tau == 1
    assert found.is_stable


def test_methods_that_cannot_be_told_apart_are_named() -> None:
    a, b, c, d = METHODS
    found = ranking(scores([1, 4, 2, 4], 0.2, seed=1), METHODS, seed=0)
    assert found is not None
    assert set(found.configs[:2]) == {b, d}
    assert found.configs[2:] == (c, a)
    assert found.equal == {a: (), b: (d,), c: (), d: (b,)}
    assert 0.6 < found.tau < 0.9


def test_noise_is_no_ranking() -> None:
    found = ranking(scores([1, 1, 1, 1], 0.5), METHODS, seed=0)
    assert found is not None
    assert all(len(equal) == 3 for equal in found.equal.values())
    assert not found.is_stable
    assert abs(found.tau) < 0.5


def test_maps_of_zeros_count_for_nothing() -> None:
    known = scores([1, 4, 2, 4], 0.2)
    nothing = MapScores(
        {("absolute", HEIGHT_MATCHED): (np.nan, np.nan)}, [], [], [], p_value=np.nan
    )
    known[METHODS[2]][0] = nothing
    found = ranking(known, METHODS, seed=0)
    assert found is not None
    assert found.configs[2:] == (METHODS[2], METHODS[0])


def test_one_method_or_three_locations_are_no_ranking() -> None:
    known = scores([1, 4, 2, 4], 0.2)
    assert ranking(known, METHODS[:1], seed=0) is None
    few = {config: maps[:3] for config, maps in known.items()}
    assert ranking(few, METHODS, seed=0) is None


def test_p_values_are_corrected_by_holm() -> None:
    # The example of Holm 1979 with four tests.
    found = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
