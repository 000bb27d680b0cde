"""Distributions for what a painted place shows: draws, and the density of what was drawn.

A distribution holds its parameters for N places at once, so that one call gives the density of a
value at every place of a grid.
"""

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Value = float | str | tuple[float, float]

TILT = radians(23.44)
LOWEST = radians(5.0)
"""Elevation of the sun below which a photograph shows it at this height all the same."""
HOURS = 0.95
"""Hour angles are within this many radians of noon."""
LOW = -1.0
"""The elevation that stands for a sun below `LOWEST`."""


class Distribution(Protocol):
    """How a variable falls at N places."""

    def sample(self, random: np.random.Generator) -> Value:
        """Draw a value at the first place."""
        ...

    def log_prob(self, value: Value) -> Array:
        """Return the logarithm of the density, or probability, of a value at each place, (N,)."""
        ...


@dataclass(frozen=True)
class Normal:
    """A normal distribution with mean (N,) and one standard deviation."""

    mean: Array
    scale: float

    def sample(self, random: np.random.Generator) -> float:
        """Draw a value at the first place."""
        return float(random.normal(self.mean[0], self.scale))

    def log_prob(self, value: Value) -> Array:
        """Return the log density of a value at each place, (N,)."""
        assert isinstance(value, float)
        standard = (value - self.mean) / self.scale
        return np.asarray(-0.5 * standard * standard - np.log(self.scale * np.sqrt(2 * pi)))


@dataclass(frozen=True)
class Categorical:
    """One of C names, with probabilities (N, C) that sum to 1 over the names."""

    names: tuple[str, ...]
    probabilities: Array

    def sample(self, random: np.random.Generator) -> str:
        """Draw a name at the first place."""
        limits = np.cumsum(self.probabilities[0])
        number = int(np.searchsorted(limits, random.uniform() * limits[-1], side="right"))
        return self.names[min(number, len(self.names) - 1)]

    def log_prob(self, value: Value) -> Array:
        """Return the log probability of a name at each place, (N,)."""
        assert isinstance(value, str)
        return np.asarray(np.log(self.probabilities[:, self.names.index(value)]))


def categorical(names: tuple[str, ...], weights: Array, floor: float = 0.01) -> Categorical:
    """Return a choice by weights (N, C), of which no name has a probability below `floor` / C."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    return Categorical(names, shares * (1 - floor) + floor / len(names))


def bernoulli(probability: Array) -> Categorical:
    """Return a choice between "yes", with this probability (N,), and "no"."""
    chance = np.clip(probability, 0.003, 0.997)
    return Categorical(("yes", "no"), np.stack([chance, 1 - chance], axis=1))


@dataclass(frozen=True)
class SunPosition:
    """Where the sun stands on a random day and hour at latitudes (N,), degrees.

    The day is uniform in `days` (first, last), the hour angle within `HOURS` of noon. A value is
    azimuth from north and elevation, radians; elevations below `LOWEST` are not told apart.
    """

    latitude: Array
    days: tuple[int, int]

    def sample(self, random: np.random.Generator) -> tuple[float, float]:
        """Draw a position at the first place."""
        day, hour = random.uniform(*self.days), random.uniform(-HOURS, HOURS)
        azimuth, elevation = sun(float(self.latitude[0]), float(day), float(hour))
        return (azimuth, elevation) if elevation >= LOWEST else (azimuth, LOW)

    def log_prob(self, value: Value) -> Array:
        """Return the log density of a position at each latitude, (N,), by change of variables.

        Hour angle and declination follow from the position, and the declination of a uniform day
        has a closed form; a low sun has a probability instead, summed over days and hours.
        """
        assert isinstance(value, tuple)
        azimuth, elevation = value
        north = np.radians(self.latitude)
        if elevation == LOW:
            return np.log(self._low(north))
        sine = np.sin(north) * sin(elevation) + np.cos(north) * cos(elevation) * cos(azimuth)
        declination = np.arcsin(np.clip(sine, -1, 1))
        hour = np.arctan2(
            -sin(azimuth) * cos(elevation),
            np.cos(north) * sin(elevation) - np.sin(north) * cos(elevation) * cos(azimuth),
        )
        density = _day_density(declination, self.days) / (2 * HOURS) * (np.abs(hour) < HOURS)
        density = density * cos(elevation) / np.cos(declination)
        # A little of everything keeps one position from excluding a place altogether.
        return np.asarray(np.log(0.98 * density + 0.02 / (2 * pi)))

    def _low(self, north: Array) -> Array:
        day = np.linspace(*self.days, 24)[:, None]
        hour = np.linspace(-HOURS, HOURS, 24)[None, :]
        tilt = _declination(day)
        latitudes, place = np.unique(np.round(north, 3), return_inverse=True)
        height = np.sin(latitudes)[:, None, None] * np.sin(tilt)
        height = height + np.cos(latitudes)[:, None, None] * np.cos(tilt) * np.cos(hour)
        return np.asarray(
            0.98 * (height < sin(LOWEST)).mean(axis=(1, 2))[place] + 0.02 * LOWEST / pi
        )


def _declination(day: Array) -> Array:
    return TILT * np.sin(2 * pi * (day - 81) / 365)


def _day_density(declination: Array, days: tuple[int, int]) -> Array:
    """Return the density of the declination, radians, of a uniform day between two days."""
    inside = np.clip(declination / TILT, -0.9999, 0.9999)
    phase = np.arcsin(inside)
    count = np.zeros_like(declination)
    for turn in (0.0, 2 * pi):
        for angle in (phase + turn, pi - phase + turn):
            day = 81 + 365 * angle / (2 * pi)
            count += (day >= days[0]) & (day <= days[1])
    slope = TILT * np.sqrt(1 - inside * inside) * 2 * pi / 365
    density = count / (days[1] - days[0]) / slope
    return np.where(np.abs(declination) < TILT, density, 0.0)


def sun(latitude: float, day: float, hour_angle: float) -> tuple[float, float]:
    """Where the sun stands: azimuth from north and elevation, radians.

    `latitude` in degrees, `day` of the year, `hour_angle` in radians from noon. Spherical astronomy
    (Meeus, Astronomical Algorithms, chapter 13).
    """
    tilt = TILT * sin(2 * pi * (day - 81) / 365)
    north = radians(latitude)
    height = asin(sin(north) * sin(tilt) + cos(north) * cos(tilt) * cos(hour_angle))
    azimuth = degrees(
        atan2(
            -cos(tilt) * sin(hour_angle),
            sin(tilt) * cos(north) - cos(tilt) * cos(hour_angle) * sin(north),
        )
    )
    return radians(azimuth % 360), height
