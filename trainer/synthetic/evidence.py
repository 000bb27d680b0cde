"""What each element of a location says about its state, in nats, and the best possible answer.

For an element with the values v the evidence for the state s is
log p(v | s) - log(mean over states of p(v | s')), where p(v | s) is the mean of the generator's
density over places of s. All elements together, integrated over the place, give the posterior of
the state: no observer of photographs can beat it on average.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trainer.synthetic import elements
from trainer.synthetic.country import Array, fields, grid
from trainer.synthetic.generator import (
    PRESENCE,
    SEASONS,
    Distributions,
    Places,
    Values,
    lacks,
    place_distributions,
    state_distributions,
)

PLACES = 128
"""Places of each state over which densities are averaged."""


@dataclass(frozen=True)
class Evidence:
    """What a location says about the state, if one knows how all of it came about."""

    nats: Mapping[int, float]
    """Element -> evidence for the location's state; elements that were not seen are left out."""
    posterior: Array
    """Probability of each state, given everything that was seen, (S,)."""


@dataclass
class Observer:
    """Knows the generator and S of its states, rows of `STATES`.

    `seasons` are weights of the seasons for each state, (S, 4).
    """

    states: Sequence[int]
    names: Sequence[str]
    """Names of all states, in the order of `STATES`."""
    seasons: Array | None = None
    _distributions: dict[str, Distributions] = field(default_factory=dict)
    _places: Places | None = None

    def _at(self, season: str) -> Distributions:
        """Return distributions of places (S * PLACES,) for land and of states (S,) for cues."""
        if season not in self._distributions:
            if self._places is None:
                points = [grid(self.names[state], PLACES) for state in self.states]
                latitude = np.concatenate([point[0] for point in points])
                longitude = np.concatenate([point[1] for point in points])
                self._places = Places(
                    fields(latitude, longitude), np.repeat(np.array(self.states), PLACES)
                )
            self._distributions[season] = {
                **place_distributions(self._places, season),
                **state_distributions(np.array(self.states)),
            }
        return self._distributions[season]

    def densities(self, season: str, values: Values, seen: Collection[int]) -> dict[int, Array]:
        """Return the log density of each element's values, (S, PLACES) or (S, 1) for cues.

        An element that the scene has, but that no view shows, is left out. One that the scene
        lacks counts by its absence alone.
        """
        result = {}
        for element, variables in self._at(season).items():
            if element == elements.LINE and elements.ROAD not in seen:
                continue
            if lacks(element, values):
                chosen = [PRESENCE[element][0]]
            elif element in seen:
                chosen = list(variables)
            else:
                continue
            total = sum(variables[name].log_prob(values[element][name]) for name in chosen)
            result[element] = np.asarray(total).reshape(len(self.states), -1)
        return result

    def evidence(
        self,
        state: int,
        season: str,
        values: Values,
        seen: Collection[int],
        marks: Mapping[int, Array] | None = None,
    ) -> Evidence:
        """Return the evidence of a location of the state with this row of `STATES`.

        `marks` are the log probabilities (S,) of planted shortcuts: element -> under each state.
        """
        row = list(self.states).index(state)
        densities = self.densities(season, values, seen)
        nats = {element: _ratio(_mean(value), row) for element, value in densities.items()}
        total = sum(densities.values(), np.zeros((len(self.states), 1)))
        joint = _mean(np.asarray(total))
        for element, value in (marks or {}).items():
            nats[element] = _ratio(value, row)
            joint = joint + value
        if self.seasons is not None:
            weights = np.log(self.seasons[:, list(SEASONS).index(season)])
            nats[elements.SEASON] = _ratio(weights, row)
            joint = joint + weights
        posterior = np.exp(joint - joint.max())
        return Evidence(nats, posterior / posterior.sum())


def _mean(log_densities: Array) -> Array:
    """Return the log of the mean density over the places, (S,)."""
    highest = log_densities.max(axis=1)
    return np.asarray(np.log(np.exp(log_densities - highest[:, None]).mean(axis=1)) + highest)


def _ratio(log_densities: Array, row: int) -> float:
    """Return the evidence for one of the states, from log densities (S,)."""
    highest = log_densities.max()
    return float(log_densities[row] - highest - np.log(np.exp(log_densities - highest).mean()))
