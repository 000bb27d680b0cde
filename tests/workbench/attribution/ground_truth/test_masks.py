"""Masks as a model sees them: mixed as its pixels are, and refused where they are none."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import InputError
from trainer.data.decode import read_views
from trainer.synthetic.elements import ELEMENTS
from workbench.attribution.ground_truth.masks import Masks
from workbench.store import Store
from workbench.store.photographs import Photographs


def test_the_elements_are_those_of_the_table(masks: Masks) -> None:
    tells = {element.name: element.tells_state for element in masks.elements}
    assert len(tells) == len(ELEMENTS) + 2
    assert not any(tells[name] for name in ("cloud", "road", "house", "car", "signboard"))
    assert all(tells[name] for name in ("sky", "soil", "tree", "road line", "route marker"))
    assert tells["border"]


def test_at_its_own_size_a_mask_is_what_the_file_says(
    painted: Path, store: Store, masks: Masks
) -> None:
    for row in (0, len(store) - 1):
        share = masks.shares(store.location_ids[row], 256)
        for view, name in enumerate(store.image_paths[row]):
            own = np.asarray(Image.open((painted / "mask/test" / name).with_suffix(".png")))
            value = np.array([element.value for element in masks.elements])
            assert np.array_equal(value[share[:, view].argmax(axis=0)], own)
            assert set(np.unique(share[:, view])) == {0, 1}


@pytest.mark.parametrize("size", [32, 48, 100])
def test_shares_sum_to_one_and_keep_the_area(store: Store, masks: Masks, size: int) -> None:
    location = store.location_ids[0]
    share = masks.shares(location, size)
    assert share.shape == (len(ELEMENTS) + 2, 4, size, size)
    assert share.min() >= 0
    assert np.allclose(share.sum(axis=0), 1, atol=1e-5)
    whole = masks.shares(location, 256)
    assert np.allclose(share.mean(axis=(1, 2, 3)), whole.mean(axis=(1, 2, 3)), atol=0.003)


def test_a_share_is_what_the_trainer_makes_of_such_a_picture(
    tmp_path: Path, painted: Path, store: Store, masks: Masks
) -> None:
    """A white element on black, read as a photograph, is as bright as its share."""
    location = store.location_ids[0]
    own = np.asarray(
        Image.open((painted / "mask/test" / store.image_paths[0][1]).with_suffix(".png"))
    )
    share = masks.shares(location, 48)[:, 1]
    for element, seen in zip(masks.elements, share, strict=True):
        here = np.where(own == element.value, 255, 0).astype(np.uint8)
        Image.fromarray(here).save(tmp_path / "white.jpg", quality=95)
        brightness = read_views([tmp_path / "white.jpg"], 48)[0].numpy().mean(axis=0) / 255
        assert np.abs(brightness - seen).mean() < 0.01
        assert np.abs(brightness - seen).max() < 0.25


def test_what_is_thinner_than_a_pixel_counts_for_what_it_is(store: Store, masks: Masks) -> None:
    border = [element.name for element in masks.elements].index("border")
    arizona = next(name for name in store.location_ids if name.startswith("Arizona"))
    share = masks.shares(arizona, 16)[border]
    assert share[:, 8, 0] == pytest.approx(0.5, abs=0.1)
    assert share[:, 8, 8] == pytest.approx(0)


def test_masks_that_are_none_are_refused(tmp_path: Path, painted: Path, store: Store) -> None:
    data = tmp_path / "data"
    shutil.copytree(painted, data)
    photographs = Photographs(data / "test", store)
    path = (data / "mask/test" / store.image_paths[0][2]).with_suffix(".png")
    known = Masks(data / "mask", photographs)

    def complaint() -> str:
        with pytest.raises(InputError) as refusal:
            known.shares(store.location_ids[0], 32)
        return str(refusal.value)

    Image.fromarray(np.full((256, 256), 99, np.uint8)).save(path)
    assert f"{path}: has the value 99, which is not an element" in complaint()
    path.write_bytes(path.read_bytes()[:60])
    assert f"{path}: the mask is damaged, or no PNG" in complaint()
    Image.fromarray(np.zeros((256, 256, 3), np.uint8)).save(path)
    assert f"{path}: the mask is not an 8-bit image" in complaint()
    path.write_text("text")
    assert f"{path}: the mask is damaged, or no PNG" in complaint()
    path.unlink()
    assert f"{path}: the mask is missing" in complaint()
    (data / "elements.csv").write_text("id,name\n0,sky\n")
    with pytest.raises(InputError, match=r"elements\.csv: this is not a table of elements"):
        Masks(data / "mask", photographs)
    (data / "elements.csv").unlink()
    with pytest.raises(InputError, match=r"elements\.csv: the table of elements is missing"):
        Masks(data / "mask", photographs)
    with pytest.raises(InputError, match="with --mask"):
        Masks(data / "elsewhere", photographs)


def test_nats_are_read_from_the_table_of_evidence(
    tmp_path: Path, painted: Path, store: Store
) -> None:
    data = tmp_path / "data"
    shutil.copytree(painted, data)
    photographs = Photographs(data / "test", store)
    one, other = store.location_ids[:2]
    painted_masks = Masks(data / "mask", photographs)
    assert painted_masks.are_graded
    assert 0 < np.nanmax(painted_masks.nats(one)) <= np.log(3) + 1e-6
    table = data / "evidence.csv"
    state, name = one.split("/")
    table.unlink()
    assert np.isnan(Masks(data / "mask", photographs).nats(one)).all()
    table.write_text(
        f"location,element,state,nats\n{one},tree,{state},1.5\n{name},soil,{state},-0.5\n"
        f"{one},season,{state},0.25\n"
    )
    masks = Masks(data / "mask", photographs)
    assert masks.are_graded
    nats = dict(zip([each.name for each in masks.elements], masks.nats(one), strict=True))
    assert (nats["tree"], nats["soil"], nats["car"]) == (1.5, -0.5, 0)
    assert np.isnan(nats["pole"])
    assert np.isnan(masks.nats(other)).all()
    table.write_text("location,element\nOhio/a,tree\n")
    with pytest.raises(InputError, match=r"evidence\.csv: this is not a table of evidence"):
        Masks(data / "mask", photographs)
