"""The land: real outlines, and fields that neither jump at borders nor are alike everywhere."""

import numpy as np
import pytest

from trainer.synthetic.country import CROPS, TREES, fields, grid, inside, outlines, place
from trainer.synthetic.states import MARKERS, NAMES, STATES, spread


def land(name: str) -> dict[str, float]:
    there = fields(*grid(name, 64))
    return {
        word: float(getattr(there, word).mean())
        for word in ("january", "july", "rain", "relief", "forest", "cropland")
    }


def test_all_tables_have_the_fifty_states() -> None:
    assert len(NAMES) == 50
    assert list(NAMES) == sorted(NAMES)
    assert set(outlines()) == set(NAMES)
    for state in STATES:
        assert state.landmarks
        assert state.marker in MARKERS


@pytest.mark.parametrize(
    ("state", "latitude", "longitude"),
    [
        ("Colorado", 39.74, -104.99), ("Michigan", 46.4, -87.8), ("Michigan", 42.73, -84.56),
        ("Hawaii", 19.6, -155.5), ("Hawaii", 21.45, -158.0), ("Rhode Island", 41.8, -71.5),
        ("Alaska", 64.8, -147.7), ("Florida", 28.5, -81.4), ("Maine", 44.8, -68.8),
    ],
)  # fmt: skip
def test_cities_lie_in_one_state(state: str, latitude: float, longitude: float) -> None:
    at = np.array([latitude]), np.array([longitude])
    assert [name for name in NAMES if inside(name, *at)[0]] == [state]


@pytest.mark.parametrize("state", ["Texas", "Hawaii", "Delaware", "Alaska", "Michigan"])
def test_places_are_drawn_evenly_from_the_area(state: str) -> None:
    random = np.random.default_rng(0)
    drawn = np.array([place(state, random) for _ in range(400)])
    assert inside(state, *drawn.T).all()
    even = np.stack(grid(state, 400), axis=1)
    assert inside(state, *even.T).all()
    spread_of = drawn.std(axis=0)
    assert np.abs(drawn.mean(axis=0) - even.mean(axis=0)) / spread_of == pytest.approx(0, abs=0.25)


def test_areas_are_those_of_the_states() -> None:
    """Texas has 2.6 times the area of Colorado, which has 2.5 times that of Ohio (Census)."""

    def area(name: str) -> float:
        rings = outlines()[name]
        total = 0.0
        for ring in rings:
            x, y = np.radians(ring[:, 1]), np.sin(np.radians(ring[:, 0]))
            total += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        return total * 6371.0**2

    assert area("Colorado") == pytest.approx(269_601, rel=0.02)
    assert area("Ohio") == pytest.approx(106_000, rel=0.1)
    assert area("Texas") == pytest.approx(690_000, rel=0.05)


def test_the_table_has_the_geography_of_the_country() -> None:
    alaska, florida, arizona = land("Alaska"), land("Florida"), land("Arizona")
    iowa, west_virginia, nevada = land("Iowa"), land("West Virginia"), land("Nevada")
    assert alaska["january"] < -10 < 10 < florida["january"]
    assert arizona["rain"] < 400 < 1200 < florida["rain"]
    assert nevada["rain"] < 400
    assert florida["relief"] < 1 < 5 < west_virginia["relief"]
    assert iowa["cropland"] > 0.6
    assert west_virginia["forest"] > 0.7
    there = fields(*grid("Arizona", 64))
    assert there.trees[:, TREES.index("saguaro")].max() > 0.4
    assert fields(*grid("Iowa", 64)).crops.mean(axis=0).argmax() == CROPS.index("corn")


def test_neighbours_are_alike_across_a_border_and_a_state_varies() -> None:
    """Ten kilometres on both sides of 80 degrees 31 minutes west: Ohio and Pennsylvania."""
    latitude = np.linspace(40.7, 41.9, 9)
    west, east = (fields(latitude, np.full(9, -80.52 + side * 0.12)) for side in (-1, 1))
    assert inside("Ohio", latitude, np.full(9, -80.64)).all()
    assert inside("Pennsylvania", latitude, np.full(9, -80.40)).all()
    for word in ("forest", "cropland", "soil", "january"):
        one, other = getattr(west, word), getattr(east, word)
        within = np.ptp(getattr(fields(*grid("Pennsylvania", 64)), word), axis=0).max()
        assert np.abs(one - other).max() < 0.2 * within


def test_weights_sum_to_one() -> None:
    there = fields(*grid("Kansas", 8))
    for weights in (there.ridges, there.trees, there.shrubs, there.crops):
        assert weights.sum(axis=1) == pytest.approx(1.0)


def test_few_states_are_unlike() -> None:
    assert [state.name for state in spread(4)] == ["Alaska", "Arizona", "Hawaii", "Illinois"]
    assert spread(50) == STATES
    assert len(spread(17)) == 17
