"""A map with one tile a state."""

from workbench.evaluation.census import STATES
from workbench.figures.tile_map import tiles


def test_each_state_has_a_tile_of_its_own_and_neighbours_lie_side_by_side() -> None:
    names = sorted(STATES)
    found = tiles(names)
    assert found is not None
    assert len({(tile.row, tile.column) for tile in found}) == len(names) == 51
    places = {tile.code: (tile.row, tile.column) for tile in found}
    assert (places["ND"], places["SD"]) == ((2, 3), (3, 3))
    assert (places["HI"], places["ME"]) == ((7, 0), (0, 10))


def test_a_class_that_is_no_state_has_no_map() -> None:
    assert tiles(["Ohio", "Bavaria"]) is None
    assert tiles([]) is None
    assert [tile.code for tile in tiles(["New York", "new_jersey"]) or ()] == ["NY", "NJ"]
