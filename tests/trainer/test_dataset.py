import hashlib
import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from common.distributed import Processes
from tests.examples import folder
from trainer.data import dataset, decode, layout
from trainer.data.dataset import LocationDataset


@given(
    locations=st.integers(2, 60),
    batch_size=st.integers(2, 20),
    seed=st.integers(0, 2**31 - 1),
    epochs=st.integers(1, 4),
)
def test_an_epoch_takes_no_location_twice(
    locations: int, batch_size: int, seed: int, epochs: int
) -> None:
    batch_size = min(batch_size, locations)
    per_epoch = dataset.steps_per_epoch(locations, batch_size)
    batches = list(dataset.shuffled_batches(locations, batch_size, seed, 0, epochs * per_epoch))
    assert len(batches) == epochs * per_epoch
    assert {len(batch) for batch in batches} == {batch_size}
    for epoch in range(epochs):
        taken = list(itertools.chain(*batches[epoch * per_epoch : (epoch + 1) * per_epoch]))
        assert len(set(taken)) == len(taken) > locations - batch_size
        assert set(taken) <= set(range(locations))


def test_each_epoch_and_each_seed_has_its_own_order() -> None:
    first, second = (next(dataset.shuffled_batches(40, 40, 3, step, step + 1)) for step in (0, 1))
    other = next(dataset.shuffled_batches(40, 40, 4, 0, 1))
    assert first != second
    assert first != other
    assert first != sorted(first)


def test_a_resumed_order_is_the_rest_of_the_whole_one() -> None:
    whole = list(dataset.shuffled_batches(23, 4, 7, 0, 15))
    for step in range(15):
        assert list(dataset.shuffled_batches(23, 4, 7, step, 15)) == whole[step:]


@given(rows=st.lists(st.integers(0, 99), max_size=30), count=st.integers(1, 5))
def test_the_shares_of_the_processes_are_the_whole(rows: list[int], count: int) -> None:
    device = torch.device("cpu")
    shares = [Processes(rank, count, device).shard(rows) for rank in range(count)]
    assert list(itertools.chain(*shares)) == rows
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.fixture
def photographs(tmp_path: Path) -> LocationDataset:
    index = layout.index_folder(folder(tmp_path, ("Ohio", "Iowa"), 3))
    return LocationDataset(index.root, index.locations, index.class_names, 32)


def test_a_batch_holds_the_pixels_and_labels_of_its_rows(photographs: LocationDataset) -> None:
    batch = photographs.__getitems__([4, 0])
    assert batch.rows.tolist() == [4, 0]
    assert batch.labels.tolist() == [1, 0]
    assert batch.errors == ("", "")
    assert batch.views.shape == (2, 4, 3, 32, 32)
    assert batch.views.dtype == torch.uint8
    for number, row in enumerate((4, 0)):
        paths = [photographs.root / name for name in photographs.locations[row].images]
        assert torch.equal(batch.views[number], decode.read_views(paths, 32))


def test_channels_are_last_in_memory(photographs: LocationDataset) -> None:
    views = photographs.__getitems__([0, 1, 2]).views
    assert views.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_processes_decode_the_same_batches_in_the_same_order(photographs: LocationDataset) -> None:
    batches = list(dataset.sequential_batches(6, 4))
    with (
        dataset.batch_loader(photographs, batches, 0) as here,
        dataset.batch_loader(photographs, batches, 2) as workers,
    ):
        expected, loaded = list(here), list(workers)
    assert [len(batch.labels) for batch in expected] == [4, 2]
    for ours, theirs in zip(expected, loaded, strict=True):
        assert torch.equal(ours.views, theirs.views)
        assert torch.equal(ours.rows, theirs.rows)
        assert ours.errors == theirs.errors


def test_what_cannot_be_read_comes_black_with_a_reason(photographs: LocationDataset) -> None:
    bad = photographs.root / photographs.locations[1].images[2]
    bad.write_bytes(b"nothing")
    batch = photographs.__getitems__([0, 1])
    assert batch.errors[0] == ""
    assert str(bad) in batch.errors[1]
    assert batch.views[0].any()
    assert not batch.views[1].any()


def test_files_are_hashed_where_that_is_asked_for(photographs: LocationDataset) -> None:
    bad = photographs.root / photographs.locations[2].images[1]
    bad.write_bytes(b"nothing")
    hashed = LocationDataset(
        photographs.root, photographs.locations, ("Iowa", "Ohio"), 32, with_sha256=True
    )
    with dataset.batch_loader(hashed, [[3, 2]], num_workers=1) as batches:
        (batch,) = batches
    assert batch.sha256 is not None
    assert batch.sha256.shape == (2, 4, 32)
    for view, name in enumerate(hashed.locations[3].images):
        digest = hashlib.sha256((hashed.root / name).read_bytes()).digest()
        assert batch.sha256[0, view].numpy().tobytes() == digest
    assert batch.errors[0] == ""
    assert str(bad) in batch.errors[1]
    assert photographs.__getitems__([3]).sha256 is None
