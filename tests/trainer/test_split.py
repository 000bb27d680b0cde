from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InputError
from tests.examples import folder
from trainer.data import layout
from trainer.data.layout import Index, Location, SkippedLocation
from trainer.data.split import exclude_small_classes, small_classes, split_by_location


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


def test_small_classes_are_refused_all_at_once_or_left_out(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 3)
    folder(tmp_path, ("Utah", "Maine"), 1)
    index = layout.index_folder(root)
    lost = SkippedLocation("Texas/2015_x", "no view at heading 0", ("Texas/2015_x_90.jpg",))
    empty = SkippedLocation("notes", "the folder has no photograph in this layout")
    index = replace(index, skipped=(lost, empty))
    with pytest.raises(InputError) as error:
        split_by_location(index, 0.1, seed=0)
    small = "Maine (1), Texas (0; Texas/2015_x: no view at heading 0), Utah (1)"
    assert str(error.value) == (
        f"{root}: training needs 2 usable locations of each class, one to train and one to "
        f"validate; these have fewer: {small}. Add or repair photographs, or leave these classes "
        "out with --min-locations 2."
    )
    assert ", ".join(small_classes(index)) == small
    kept = exclude_small_classes(index, 2)
    assert kept.class_names == ("Iowa", "Ohio")
    assert kept.excluded_classes == ("Maine", "Texas", "Utah")
    assert len(kept.locations) + len(kept.skipped) == len(index.locations) + len(index.skipped)
    assert kept.skipped[-1].reason.endswith("fewer usable locations (1) than --min-locations 2")
    assert len(split_by_location(kept, 0.1, seed=0).training) == 4
    with pytest.raises(InputError, match="at least two classes; 5 are left out: lower --min-loc"):
        split_by_location(exclude_small_classes(index, 4), 0.1, seed=0)


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
