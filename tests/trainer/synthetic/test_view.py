"""A scene seen four times: seams, masks, what stands where, and counterfactual pairs."""

from dataclasses import replace
from math import pi
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.synthetic import elements, generator
from trainer.synthetic.parts import Scene
from trainer.synthetic.scene import build, scene, swapped
from trainer.synthetic.states import STATES, State
from trainer.synthetic.view import views

BY_NAME = {state.name: state for state in STATES}
NONE: dict[int, dict[str, str]] = {
    elements.LINE: {"centre": "none", "edge": "no"},
    elements.POLE: {"kind": "none", "wires": "1"},
    elements.MARKER: {"design": "none"},
    **{cue: {"kind": "none"} for cue in (elements.BARRIER, elements.POST, elements.LANDMARK)},
}


def masks_of(place: Scene, size: int = 64) -> NDArray[np.uint8]:
    return views(place, size)[1]


def quiet(state: State, index: int) -> Scene:
    """A scene of bare land, road and sky, without anything that stands in the way."""
    place = scene(state, (1, 0, 0, index))
    look = replace(place.look, forest=0.0, pole="none")
    return replace(place, look=look, things=(), ribbons=(), chance=replace(place.chance, bend=0.0))


def test_mask_says_where_a_thing_was_painted() -> None:
    place = scene(BY_NAME["Kansas"], (0, 0, 0, 4))
    place = replace(place, look=replace(place.look, forest=0.0, pole="none"))
    with_things, masks = views(place, 128)
    without, _ = views(replace(place, things=(), ribbons=()), 128)
    solid = np.isin(masks, [elements.TREE, elements.HOUSE, elements.CAR, elements.SHRUB])
    changed = np.any(with_things != without, axis=-1)
    assert solid.any()
    assert changed[solid].mean() > 0.97


@pytest.mark.parametrize("name", ["Colorado", "Arizona", "Ohio", "Hawaii"])
def test_horizon_and_road_go_round(name: str) -> None:
    for index in range(3):
        pictures, masks = views(quiet(BY_NAME[name], index), 128)
        for heading in range(4):
            following = (heading + 1) % 4
            right, left = masks[heading][:, -1], masks[following][:, 0]
            for element in (elements.HILL, elements.ROAD, elements.WATER, elements.LOT):
                edges = np.isin(right, element), np.isin(left, element)
                assert (edges[0] != edges[1]).sum() <= 8, (name, index, heading, element)
            step = np.abs(
                pictures[heading][:, -1].astype(int) - pictures[following][:, 0].astype(int)
            ).mean()
            inside = np.abs(np.diff(pictures[heading].astype(int), axis=1)).mean()
            assert step < 4 * inside + 4


def test_neighbouring_views_only_fit_in_order() -> None:
    """The seam of a view fits the next heading better than the one after."""
    masks = masks_of(quiet(BY_NAME["Utah"], 5), 128)
    fits = np.array([
        [(masks[first][:, -1] == masks[second][:, 0]).mean() for second in range(4)]
        for first in range(4)
    ])  # fmt: skip
    assert (fits.argmax(axis=1) == (np.arange(4) + 1) % 4).all()


def test_the_sun_stands_where_it_was_drawn() -> None:
    seen = 0
    for index in range(30):
        place = quiet(BY_NAME["Kansas"], index)
        place = replace(place, chance=replace(place.chance, cloud_cover=0.0, overcast=0.0))
        covered = (masks_of(place) == elements.SUN).sum(axis=(1, 2))
        if covered.any():
            seen += 1
            assert covered.argmax() == round(place.sun_azimuth / (pi / 2)) % 4
    assert seen >= 3


@pytest.mark.slow
def test_rows_of_what_tells_and_of_what_does_not_are_comparable() -> None:
    """In each sixteenth of the height a fifth to five sixths of the area tells the state."""
    tells = np.array([element.tells_state for element in elements.ELEMENTS])
    shares = [
        tells[masks_of(scene(state, (9, 0, row, turn)), 32)].reshape(4, 16, -1).mean(axis=(0, 2))
        for row, state in enumerate(STATES)
        for turn in range(2)
    ]
    mean = np.mean(shares, axis=0)
    assert mean.min() > 0.2
    assert mean.max() < 5 / 6


def test_what_means_nothing_does_not_know_the_state() -> None:
    """Two states, one seed and one season: weather, road, lots, houses, fences are the same."""
    for index in range(6):
        seed = (0, 0, 0, index)
        first, second = (
            scene(BY_NAME[name], seed, {"summer": 1.0}) for name in ("Alaska", "Florida")
        )
        assert first.name == second.name
        for word in ("day", "overcast", "road", "bend", "patches", "ribbons", "things", "verges"):
            assert getattr(first.chance, word) == getattr(second.chance, word)
        assert np.array_equal(first.chance.lot_tints, second.chance.lot_tints)
        assert first.look != second.look


@pytest.mark.slow
def test_things_that_mean_nothing_are_as_large_as_cues() -> None:
    """Signboards and fences cover about as much of the views as route markers and barriers."""
    counts = np.zeros(256)
    for row, state in enumerate(STATES[::2]):
        masks = masks_of(scene(state, (4, 0, row, 0)), 128)
        counts += np.bincount(masks.reshape(-1), minlength=256)
    assert 0.3 < counts[elements.BOARD] / counts[elements.MARKER] < 12
    assert 0.2 < counts[elements.FENCE] / counts[elements.BARRIER] < 5
    assert 0.2 < counts[elements.HOUSE] / counts[elements.LANDMARK] < 8


def test_scenes_of_one_state_vary() -> None:
    places = [scene(BY_NAME["Iowa"], (0, 0, 0, index)) for index in range(6)]
    assert len({place.look.cover for place in places}) == 6
    assert len({place.chance.road_angle for place in places}) == 6


def rebuilt(place: Scene, seed: tuple[int, ...], element: int, values: dict[str, Any]) -> Scene:
    return build(
        seed, place.latitude, place.longitude, place.season, {**place.values, element: values}
    )


@pytest.mark.parametrize("cue", generator.CUES, ids=elements.NAMES.get)
def test_a_swap_changes_the_cue_and_nothing_else(cue: int) -> None:
    """Without the cue, both scenes of a pair are bitwise the same, pictures and masks."""
    home = BY_NAME["Kentucky"]
    others = [state for state in STATES if state is not home]
    found = 0
    for index in range(40):
        seed = (2, 1, 0, index)
        original = scene(home, seed)
        if (exchange := swapped(original, home, seed, cue, others)) is None:
            assert generator.lacks(cue, original.values)
            continue
        changed, other = exchange
        assert other is not home
        assert changed.values[cue] != original.values[cue]
        assert (changed.name, changed.latitude) == (original.name, original.latitude)
        pictures, masks = views(original, 64)
        new_pictures, new_masks = views(changed, 64)
        if not original.chance.paved and cue == elements.LINE:
            assert np.array_equal(pictures, new_pictures)
            continue
        bare, bare_masks = views(rebuilt(original, seed, cue, dict(NONE[cue])), 64)
        again, again_masks = views(rebuilt(changed, seed, cue, dict(NONE[cue])), 64)
        assert np.array_equal(bare, again)
        assert np.array_equal(bare_masks, again_masks)
        touched = (bare != pictures) | (bare != new_pictures)
        assert np.array_equal(pictures[~touched], new_pictures[~touched])
        found += not np.array_equal(pictures, new_pictures) or (masks == cue).sum() == 0
        assert ((masks == cue) | (masks == bare_masks)).all()
        assert ((new_masks == cue) | (new_masks == bare_masks)).all()
        if found == 2:
            break
    assert found == 2
