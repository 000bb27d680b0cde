"""The search for duplicates, compared with all pairs."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from trainer.data.prepare import duplicates
from trainer.data.prepare.database import Bytes
from trainer.data.prepare.scan import difference_hash


def hashes(count: int, seed: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


Hash = np.ndarray[tuple[int], np.dtype[np.uint8]]


def flipped(row: Hash, bits: int, seed: int) -> Hash:
    """Return a hash that differs in so many bits."""
    bit = np.unpackbits(row)
    bit[np.random.default_rng(seed).choice(256, bits, replace=False)] ^= 1
    return np.packbits(bit)


def pairs(found: duplicates.Duplicates) -> dict[tuple[int, int], tuple[int, bool]]:
    return {
        (first, second): (distance, same)
        for first, second, distance, same in zip(
            found.first.tolist(),
            found.second.tolist(),
            found.distance.tolist(),
            found.same_bytes.tolist(),
            strict=True,
        )
    }


def test_every_pair_within_the_threshold_is_found_and_no_other() -> None:
    base = hashes(300, seed=1)
    near = [flipped(base[row], row % 40, seed=row) for row in range(300)]
    every = np.concatenate([base, near]).astype(np.uint8)
    found = pairs(duplicates.find_duplicates(hashes(600, seed=2), every))
    bit = np.unpackbits(every, axis=1).astype(int)
    distance = (bit[:, None] != bit[None]).sum(axis=2)
    expected = {
        (first, second): (int(distance[first, second]), False)
        for first, second in zip(*np.nonzero(np.triu(distance <= 16, 1)), strict=True)
    }
    assert found == expected
    assert len(found) > 100


def test_what_is_near_any_of_others_is_found_as_by_all_pairs() -> None:
    others = hashes(200, seed=1)
    near = np.array([flipped(others[row], row % 30, seed=row) for row in range(200)])
    here = np.concatenate([hashes(100, seed=2), near, others[:1], near[:1]]).astype(np.uint8)
    bit, other_bit = (np.unpackbits(rows, axis=1).astype(int) for rows in (here, others))
    expected = ((bit[:, None] != other_bit[None]).sum(axis=2) <= 16).any(axis=1)
    assert (duplicates.has_near(here, others) == expected).all()
    assert 100 < expected.sum() < 200
    assert duplicates.has_near(here, others[:0]).sum() == 0
    assert duplicates.has_near(here[:0], others).shape == (0,)


def test_copies_are_paired_with_the_first_alone() -> None:
    sha256, difference = hashes(6, seed=1), hashes(6, seed=2)
    sha256[[2, 4]] = sha256[0]
    difference[[2, 4]] = difference[0]
    difference[5] = difference[3]
    difference[3] = flipped(difference[0], 3, seed=0)
    difference[5] = difference[3]
    found = duplicates.find_duplicates(sha256, difference)
    assert found.complete
    assert pairs(found) == {
        (0, 2): (0, True),
        (0, 4): (0, True),
        (3, 5): (0, False),
        (0, 3): (3, False),
    }


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_photographs_have_no_duplicates(count: int) -> None:
    assert not pairs(duplicates.find_duplicates(hashes(count, 0), hashes(count, 1)))


def test_too_many_pairs_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MAX_PAIRS", 50)
    row = hashes(1, 0)[0]
    near = np.stack([flipped(row, 4, seed) for seed in range(100)])
    found = duplicates.find_duplicates(hashes(100, seed=1), near)
    assert not found.complete
    assert len(found.first) == 50


def test_a_hundred_thousand_photographs_take_seconds() -> None:
    difference = hashes(100_000, seed=1)
    difference[70_000:70_100] = [flipped(difference[row], 16, row) for row in range(100)]
    started = time.monotonic()
    found = pairs(duplicates.find_duplicates(hashes(100_000, seed=2), difference))
    assert time.monotonic() - started < 60  # Some two in fact; all with all would take an hour.
    assert set(found) == {(row, 70_000 + row) for row in range(100)}


def encoded(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def test_a_photograph_is_known_again_and_not_taken_for_another() -> None:
    china, flower = (
        Image.fromarray(image).crop((0, 0, 400, 400)) for image in load_sample_images().images
    )
    bit = [
        np.unpackbits(np.frombuffer(difference_hash(image), np.uint8))
        for image in (
            china,
            encoded(china, 60),
            encoded(china.resize((256, 256)), 90),
            china.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            flower,
        )
    ]
    distance = [int((bit[0] != other).sum()) for other in bit]
    assert max(distance[1:3]) <= duplicates.THRESHOLD
    assert min(distance[3:]) > 3 * duplicates.THRESHOLD


def test_the_difference_hash_says_where_it_gets_brighter() -> None:
    ramp = np.tile(np.arange(0, 255, 15, dtype=np.uint8)[:17], (16, 1))
    assert difference_hash(Image.fromarray(ramp).convert("RGB")) == b"\xff" * 32
    assert difference_hash(Image.fromarray(ramp[:, ::-1].copy()).convert("RGB")) == bytes(32)
