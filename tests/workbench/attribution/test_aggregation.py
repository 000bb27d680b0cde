from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.attribution.aggregation import aggregate
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution, Cost


def attribution(
    name: str, made: NDArray[np.float64], question: AttributionRequest | None = None
) -> Attribution:
    return Attribution(
        location_id=name,
        request=question or AttributionRequest(target="Texas"),
        values=made.astype(np.float32),
        output=1.0,
        baseline_output=0.0,
        probability=0.5,
        converged=True,
        reason="",
        error_estimate=0.01,
        cost=Cost(8, 2, 0.1),
    )


def bright(view: int, row: int = 0, strength: float = 1.0) -> NDArray[np.float64]:
    """Return a map (4, 6, 5) with one bright row in one view."""
    made = np.zeros((4, 6, 5))
    made[view, row] = strength
    return made


def test_the_mean_is_signed_and_shares_count_every_location_alike() -> None:
    one = attribution("a", bright(0, row=1, strength=1.0))
    strong = attribution("b", bright(2, row=3, strength=-9.0))
    result = aggregate([one, strong])
    assert result.count == 2
    assert result.mean.dtype == np.float32
    assert np.allclose(result.mean, (one.values + strong.values) / 2)
    assert result.view_shares.tolist() == [0.5, 0, 0.5, 0]
    assert result.row_shares.tolist() == [0, 0.5, 0, 0.5, 0, 0]


def test_the_mean_of_complete_maps_is_complete() -> None:
    generator = np.random.default_rng(0)
    made = [attribution(str(index), generator.normal(size=(4, 6, 5))) for index in range(9)]
    whole = np.mean([float(one.values.sum()) for one in made])
    assert float(aggregate(made).mean.sum()) == pytest.approx(whole, abs=1e-4)


def test_the_most_typical_comes_first_and_the_odd_one_last() -> None:
    generator = np.random.default_rng(0)
    common = generator.normal(size=(4, 6, 5))
    noise = generator.normal(size=(6, 4, 6, 5))
    made = [
        attribution("far", common + 1.5 * noise[0]),
        attribution("opposite", -common),
        attribution("near", common + 0.1 * noise[1]),
        attribution("some", common + 0.6 * noise[2]),
        attribution("nothing", np.zeros((4, 6, 5))),
        attribution("farther", common + 4 * noise[3]),
        *(attribution(f"as near {index}", common + 0.1 * noise[index]) for index in (4, 5)),
    ]
    order = aggregate(made).prototypes
    assert set(order[:3]) == {"near", "as near 4", "as near 5"}
    assert order[3:] == ("some", "far", "farther", "nothing", "opposite")


def test_a_map_is_not_typical_by_its_own_weight() -> None:
    loud = attribution("loud", bright(3, strength=1000.0))
    quiet = [attribution(str(index), bright(1, strength=1.0)) for index in range(3)]
    assert aggregate([loud, *quiet]).prototypes[-1] == "loud"


def test_the_interval_is_that_of_a_mean_of_shares() -> None:
    # Shares of north are 0 or 1, so their mean is binomial.
    generator = np.random.default_rng(1)
    made = [
        attribution(str(index), bright(0 if generator.random() < 0.3 else 2))
        for index in range(400)
    ]
    result = aggregate(made)
    low, high = result.view_intervals[0]
    mean = result.view_shares[0]
    half = 1.96 * np.sqrt(mean * (1 - mean) / 400)
    assert low == pytest.approx(mean - half, abs=0.006)
    assert high == pytest.approx(mean + half, abs=0.006)
    assert result.view_intervals[1].tolist() == [0, 0]
    assert np.array_equal(aggregate(made).view_intervals, result.view_intervals)


def test_one_location_is_its_own_mean() -> None:
    result = aggregate([attribution("a", bright(1))])
    assert result.prototypes == ("a",)
    assert result.view_intervals.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]


def test_requests_may_be_about_several_classes() -> None:
    usual = AttributionRequest(target="Texas")
    other = replace(usual, target="Ohio", contrast_target="Utah")
    assert (
        aggregate([attribution("a", bright(0), usual), attribution("b", bright(0), other)]).count
        == 2
    )


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ([], "no map"),
        ([attribution("a", bright(0)), attribution("a", bright(1))], "twice"),
        ([attribution("a", bright(0)), attribution("b", np.zeros((4, 5, 5)))], "sizes"),
        (
            [
                attribution("a", bright(0), AttributionRequest(target="Ohio")),
                attribution("b", bright(0), AttributionRequest(target="Ohio", method="grad_cam")),
            ],
            "different requests",
        ),
    ],
)
def test_maps_that_do_not_fit_together_are_refused(made: list[Attribution], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        aggregate(made)
