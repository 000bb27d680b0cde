"""The table of the states, against what is published about all of them."""

import numpy as np
import pytest

from workbench.evaluation import census


def test_the_land_areas_add_up_to_that_of_the_united_states() -> None:
    areas = census.land_areas(census.STATES)
    assert areas is not None
    # The same page of the Census Bureau gives 9,147,593 km2; each state is rounded.
    assert areas.sum() == pytest.approx(9_147_593, abs=len(areas) / 2)
    assert len(areas) == 51


def test_neighbours_are_mutual_and_as_many_as_knuth_counts() -> None:
    adjacent = census.neighbors(census.STATES)
    assert adjacent is not None
    assert (adjacent == adjacent.T).all()
    assert adjacent.sum() == 2 * 107
    alone = [name for name, row in zip(census.STATES, adjacent, strict=True) if not row.any()]
    assert alone == ["Alaska", "Hawaii"]
    # Missouri and Tennessee have eight, more than any other.
    assert np.flatnonzero(adjacent.sum(axis=1) == 8).tolist() == [
        census.STATES.index("Missouri"),
        census.STATES.index("Tennessee"),
    ]


def test_states_are_found_by_name_and_other_names_are_none() -> None:
    assert census.postal_codes(("new_york", "NewJersey")) == ["NY", "NJ"]
    adjacent = census.neighbors(("new_york", "NewJersey", "Ohio"))
    assert adjacent is not None
    assert adjacent.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    for names in ((), ("Ohio", "Bavaria")):
        for look_up in (census.postal_codes, census.land_areas, census.neighbors, census.divisions):
            assert look_up(names) is None
