"""One location before it is painted: what stands where.

Every element has a stream of random numbers of its own, so that another value of one leaves all
others as they are. What tells the state is drawn by `generator.py` and placed by `cues.py`; what
means nothing is drawn by `meaningless.py`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from trainer.synthetic import cues, generator
from trainer.synthetic import elements as e
from trainer.synthetic.country import place
from trainer.synthetic.distributions import LOW, LOWEST
from trainer.synthetic.generator import SEASONS, Distributions, Values
from trainer.synthetic.meaningless import chance
from trainer.synthetic.parts import Scene
from trainer.synthetic.states import State

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
VALUES, POSITIONS = 0, 1
PLACE, SEASON, NAME, WEATHER, ROADSIDE = 100, 101, 102, 103, 104


class _Streams:
    """A stream of random numbers for each purpose, from the seed of a location."""

    def __init__(self, seed: Sequence[int]) -> None:
        self._seed = seed

    def __call__(self, element: int, use: int) -> np.random.Generator:
        return np.random.default_rng((*self._seed, element, use))


def scene(state: State, seed: tuple[int, ...], seasons: Mapping[str, float] = SEASONS) -> Scene:
    """Draw the location that belongs to this seed, in this state.

    `seasons` are the shares of the seasons in its photographs, which sum to 1.
    """
    streams = _Streams(seed)
    latitude, longitude = place(state.name, streams(PLACE, VALUES))
    season = str(streams(SEASON, VALUES).choice(list(seasons), p=list(seasons.values())))
    of = distributions_at(state, latitude, longitude, season)
    values = {
        element: generator.draw(variables, streams(element, VALUES))
        for element, variables in of.items()
    }
    return build(seed, latitude, longitude, season, values)


def distributions_at(state: State, latitude: float, longitude: float, season: str) -> Distributions:
    """Return the distributions of all elements at a place in a state."""
    return generator.distributions(
        generator.at(generator.row_of(state), latitude, longitude), season
    )


def swapped(
    original: Scene,
    home: State,
    seed: tuple[int, ...],
    element: int,
    others: Sequence[State],
) -> tuple[Scene, State] | None:
    """Return the scene with a cue of another state, and that state; None if there is no such.

    `others` are the states to choose from. The new cue is likelier there than in the scene's own
    state `home`. Its position and size stay, and so does everything else. A scene that lacks the
    cue has nothing to swap.
    """
    if generator.lacks(element, original.values):
        return None
    random = _Streams(seed)(element, 2)
    at = (original.latitude, original.longitude)
    own = distributions_at(home, *at, original.season)[element]
    for _ in range(64):
        other = others[int(random.integers(len(others)))]
        distributions = distributions_at(other, *at, original.season)[element]
        drawn = generator.draw(distributions, random)
        values = {**original.values, element: drawn}
        gain = sum(
            float(distributions[name].log_prob(value)[0] - own[name].log_prob(value)[0])
            for name, value in drawn.items()
        )
        same = drawn == original.values[element]
        if gain > 0 and not same and not generator.lacks(element, values):
            return build(seed, *at, original.season, values), other
    return None


def build(
    seed: tuple[int, ...], latitude: float, longitude: float, season: str, values: Values
) -> Scene:
    """Place everything that was drawn."""
    streams = _Streams(seed)
    nothing = chance(streams(WEATHER, VALUES), streams(ROADSIDE, VALUES), season)
    position = values[e.SUN]["position"]
    assert isinstance(position, tuple)
    azimuth, elevation = position
    water = streams(e.WATER, POSITIONS)
    water_side = int(water.choice([-1, 1])) * (values[e.WATER]["there"] == "yes")
    water_distance = float(water.uniform(26, 60))
    pole = streams(e.POLE, POSITIONS)
    look = cues.look(values, season, spacing=float(pole.uniform(36, 62)))
    ground = streams(e.COVER, POSITIONS)
    trees = streams(e.TREE, POSITIONS)
    forest_waves = cues.waves(trees, 3, 30, 0.6)
    solid = [thing for thing in nothing.things if thing.element == e.HOUSE]
    landmarks = cues.landmark(values, streams(e.LANDMARK, POSITIONS))
    growing = [
        thing
        for thing in cues.trees(values, trees)
        + cues.shrubs(values, look, streams(e.SHRUB, POSITIONS))
        if thing.right * water_side < water_distance - 2
        and not any(
            abs(thing.right - other.right) < 7 and abs(thing.along - other.along) < 7
            for other in solid
        )
    ]
    return Scene(
        name=_name(streams(NAME, VALUES)), latitude=latitude, longitude=longitude, season=season,
        values=values, look=look, chance=nothing,
        sun_azimuth=float(azimuth),
        sun_elevation=LOWEST if elevation == LOW else min(float(elevation), 1.5),
        ridges=cues.ridges(values, streams(e.HILL, POSITIONS)), forest_waves=forest_waves,
        plots=streams(e.FIELD, POSITIONS).uniform(size=(16, 16)).astype(np.float32),
        offset=(float(ground.uniform(0, 4000)), float(ground.uniform(0, 4000))),
        water_side=water_side, water_distance=water_distance,
        pole_side=int(pole.choice([-1, 1])), pole_phase=float(pole.uniform()),
        things=(
            *growing, *nothing.things, *landmarks,
            *cues.markers(values, nothing.lane, streams(e.MARKER, POSITIONS)),
            *cues.posts(values, nothing.lane, streams(e.POST, POSITIONS)),
        ),
        ribbons=(
            *nothing.ribbons, *cues.barriers(values, nothing.lane, streams(e.BARRIER, POSITIONS)),
        ),
    )  # fmt: skip


def _name(random: np.random.Generator) -> str:
    year = int(random.integers(2007, 2019))
    letters = random.integers(0, 64, 22)
    return f"{year}_{''.join(ALPHABET[letter] for letter in letters)}"
