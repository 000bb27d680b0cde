from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InputError
from tests.examples import folder
from trainer.data import layout
from trainer.data.layout import Index, Location, SkippedLocation
from trainer.data.split import split_by_location


def test_no_location_is_on_both_sides_and_every_class_on_each(tmp_path: Path) -> None:
    parts = split_by_location(layout.index_folder(folder(tmp_path, ("A", "B"), 20)), 0.1, seed=3)
    training = {place.id for place in parts.training}
    validation = {place.id for place in parts.validation}
    assert not training & validation
    assert (len(training), len(validation)) == (36, 4)
    assert {place.class_name for place in parts.validation} == {"A", "B"}


def test_the_split_depends_on_the_seed_alone(tmp_path: Path) -> None:
    index = layout.index_folder(folder(tmp_path, ("A", "B"), 20))
    assert split_by_location(index, 0.1, seed=3) == split_by_location(index, 0.1, seed=3)
    assert split_by_location(index, 0.1, seed=3) != split_by_location(index, 0.1, seed=4)


def test_a_class_with_one_location_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 3)
    folder(tmp_path, ("Utah",), 1)
    with pytest.raises(InputError, match="Utah: a class needs two complete locations"):
        split_by_location(layout.index_folder(root), 0.1, seed=0)


def test_a_class_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    index = layout.index_folder(folder(tmp_path, ("Ohio", "Iowa"), 3))
    lost = replace(index, skipped=(SkippedLocation("Utah/2015_x", "no view at heading 0"),))
    with pytest.raises(InputError, match=r"Utah: none of its locations can be used \(Utah/2015_x"):
        split_by_location(lost, 0.1, seed=0)
    # A folder beside them that holds no photographs is no class.
    empty = replace(index, skipped=(SkippedLocation("notes", "the folder holds no photograph"),))
    assert split_by_location(empty, 0.1, seed=0) == split_by_location(index, 0.1, seed=0)


@given(
    sizes=st.lists(st.integers(2, 30), min_size=2, max_size=6),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_location_is_on_one_side(sizes: list[int], share: float, seed: int) -> None:
    names = [f"class {number}" for number in range(len(sizes))]
    places = tuple(
        Location(f"{name}/{row}", name, 0.0, 0.0, ("n", "e", "s", "w"))
        for name, size in zip(names, sizes, strict=True)
        for row in range(size)
    )
    parts = split_by_location(Index(Path("data"), places), share, seed)
    assert not set(parts.training) & set(parts.validation)
    assert set(parts.training) | set(parts.validation) == set(places)
    for part in (parts.training, parts.validation):
        assert {place.class_name for place in part} == set(names)
