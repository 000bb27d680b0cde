"""Distributions against closed forms and against what they draw."""

from math import degrees, log, pi, radians, sqrt

import numpy as np
import pytest

from trainer.synthetic.distributions import (
    HOURS,
    LOW,
    LOWEST,
    Categorical,
    Normal,
    SunPosition,
    bernoulli,
    categorical,
    sun,
)
from trainer.synthetic.generator import DAYS


def test_normal_density_and_draws() -> None:
    distribution = Normal(np.array([1.0, 3.0]), 0.5)
    assert distribution.log_prob(2.0) == pytest.approx([-2 - log(0.5 * sqrt(2 * pi))] * 2)
    random = np.random.default_rng(0)
    draws = [distribution.sample(random) for _ in range(2000)]
    assert np.mean(draws) == pytest.approx(1.0, abs=0.05)
    assert np.std(draws) == pytest.approx(0.5, abs=0.03)


def test_choice_density_and_draws() -> None:
    distribution = Categorical(("a", "b", "c"), np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]))
    assert distribution.log_prob("c") == pytest.approx([log(0.3), log(0.8)])
    random = np.random.default_rng(0)
    draws = [distribution.sample(random) for _ in range(2000)]
    shares = [draws.count(name) / 2000 for name in distribution.names]
    assert shares == pytest.approx([0.2, 0.5, 0.3], abs=0.03)


def test_no_name_is_impossible() -> None:
    distribution = categorical(("a", "b"), np.array([[1.0, 0.0]]), floor=0.1)
    assert distribution.probabilities == pytest.approx(np.array([[0.95, 0.05]]))
    assert bernoulli(np.array([0.0, 1.0])).probabilities.min() == pytest.approx(0.003)


def test_height_of_the_sun_at_noon() -> None:
    azimuth, elevation = sun(40.0, 81.0, 0.0)
    assert degrees(azimuth) == pytest.approx(180.0)
    assert degrees(elevation) == pytest.approx(50.0)
    assert sun(64.0, 172.0, 0.0)[1] < sun(20.0, 172.0, 0.0)[1]
    assert sun(40.0, 81.0, -0.9)[0] < radians(180) < sun(40.0, 81.0, 0.9)[0]


@pytest.mark.parametrize(
    ("season", "latitude"), [("spring", 21.0), ("summer", 40.0), ("autumn", 40.0), ("winter", 65.0)]
)
def test_the_density_of_the_sun_is_that_of_its_draws(season: str, latitude: float) -> None:
    """The density, summed over cells of azimuth and elevation, is the share of draws in them."""
    distribution = SunPosition(np.array([latitude]), DAYS[season])
    random = np.random.default_rng(1)
    days, hours = random.uniform(*DAYS[season], 8000), random.uniform(-HOURS, HOURS, 8000)
    draws = np.array([sun(latitude, *pair) for pair in zip(days, hours, strict=True)])
    low = draws[:, 1] < LOWEST
    assert np.exp(distribution.log_prob((1.0, LOW))[0]) == pytest.approx(low.mean(), abs=0.02)
    step = pi / 120
    azimuths = np.arange(60, 180) * step + step / 2
    elevations = np.arange(LOWEST + step / 2, pi / 2, step)
    density = np.array(
        [
            [
                np.exp(distribution.log_prob((float(azimuth), float(elevation)))[0])
                for azimuth in azimuths
            ]
            for elevation in elevations
        ]
    )
    drawn, *_ = np.histogram2d(
        draws[~low, 1],
        draws[~low, 0],
        bins=[
            np.append(elevations - step / 2, elevations[-1] + step / 2),
            np.append(azimuths - step / 2, azimuths[-1] + step / 2),
        ],
    )
    assert density.sum() * step**2 == pytest.approx(drawn.sum() / 8000, abs=0.04)
    for part in np.s_[:10, :], np.s_[10:25, :], np.s_[:, :50], np.s_[:, 50:70]:
        assert density[part].sum() * step**2 == pytest.approx(drawn[part].sum() / 8000, abs=0.04)
