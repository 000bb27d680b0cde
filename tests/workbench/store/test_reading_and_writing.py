"""What is written is read; a failure leaves the old file; one process writes at a time."""

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import InputError
from common.files import check_writable, file_lock
from embeddings.results import NeighborGraph, PrincipalComponents, Projection, ProjectionQuality
from tests.examples import small_disk, small_store
from workbench import store as stores
from workbench.store import Store

N, D, C, K = 15, 32, 4, 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    return tmp_path / "small.h5"


def complete(store: Store) -> Store:
    """Return a store in which nothing is left out."""
    generator = np.random.default_rng(1)

    def some(*shape: int) -> NDArray[np.float32]:
        return generator.normal(size=shape).astype(np.float32)

    share = generator.random(C).astype(np.float32)
    quality = ProjectionQuality(
        3, N, 0.9, 0.8, 0.7, 0.6, generator.random(N).astype(np.float32), 0.5, 10
    )
    made = Projection("tsne", some(N, 2), {"perplexity": 4.0}, 7, "example 2.0")
    return replace(
        store,
        splits=generator.integers(0, 3, N).astype(np.int8),
        image_sha256=generator.integers(0, 256, (N, 4, 32)).astype(np.uint8),
        view_features=some(N, 4, D),
        view_logits=some(N, 4, 5),
        components=PrincipalComponents(
            some(D), some(C, D), some(C), share, some(N, C), {"solver": "full"}, 3, "example 1.0"
        ),
        neighbors=NeighborGraph(
            generator.integers(0, N, (N, K)).astype(np.int32),
            np.sort(generator.random((N, K)).astype(np.float32), axis=1),
            "euclidean",
            True,
            3,
            "example 1.0",
        ),
        knn_accuracy={1: 0.5, 3: 0.75},
        projections={**store.projections, "tsne-4": replace(made, name="tsne-4", quality=quality)},
    )


def same(one: object, other: object) -> bool:
    """Compare what a store holds, down into its parts."""
    if isinstance(
        one, (PrincipalComponents, Projection, NeighborGraph, Projection, ProjectionQuality)
    ):
        return all(same(value, getattr(other, name)) for name, value in vars(one).items())
    if hasattr(one, "shape"):
        return np.array_equal(np.asarray(one), np.asarray(other))
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = complete(small_store(tmp_path / "small.h5", tmp_path / "data", locations=3))
    stores.write(tmp_path / "small.h5", written)
    read = stores.read(tmp_path / "small.h5")
    for name, value in vars(written).items():
        assert same(value, getattr(read, name)), name


def test_text_beyond_ascii_is_kept(tmp_path: Path, path: Path) -> None:
    names = ("Hawai‘i", "Doña Ana", "", "Ohio\tx", "山形")
    stores.write(tmp_path / "new.h5", replace(stores.read(path), class_names=names))
    assert stores.read(tmp_path / "new.h5").class_names == names


def test_names_are_read_in_one_form(tmp_path: Path, path: Path) -> None:
    example = stores.read(path)
    ids = ("Leo\u0301n/x", *example.location_ids[1:])
    for names, expected in (
        (("A", "Leo\u0301n"), ("A", "Le\u00f3n")),
        # Two classes of an earlier version that look alike stay two.
        (("Leo\u0301n", "Le\u00f3n"), ("Leo\u0301n", "Le\u00f3n")),
    ):
        classes = (*names, *example.class_names[2:])
        new = replace(example, class_names=classes, location_ids=ids)
        stores.write(tmp_path / "new.h5", new)
        read = stores.read(tmp_path / "new.h5")
        assert read.class_names[:2] == expected
        assert read.location_ids[0] == "Le\u00f3n/x"


def test_rows_are_read_where_they_are_asked_for(path: Path) -> None:
    read = stores.read(path)
    with h5py.File(path) as file:
        everything = file["feature"][:]
    assert read.features.shape == (N, D)
    assert np.array_equal(read.features[3], everything[3])
    assert np.array_equal(read.features[2:5], everything[2:5])
    assert np.array_equal(read.features[np.array([7, 1, 7])], everything[[7, 1, 7]])
    assert read.features[np.array([], dtype=np.int64)].shape == (0, D)
    assert read.image_paths[0].tolist() == [
        f"Alaska/2015_-A_b0000_{d}.jpg" for d in (0, 90, 180, 270)
    ]


def test_an_open_store_is_unchanged_when_its_file_is_replaced(tmp_path: Path, path: Path) -> None:
    before = stores.read(path)
    kept = np.array(before.features[:])
    stores.write(path, replace(before, features=np.zeros((N, D), dtype=np.float32)))
    assert np.array_equal(before.features[:], kept)
    assert not stores.read(path).features[:].any()


@pytest.mark.spawn
def test_half_a_million_rows_open_without_their_features(tmp_path: Path) -> None:
    """A file whose features were never allocated cannot have been read in little memory."""
    rows = 500_000
    small = small_store(tmp_path / "small.h5", tmp_path / "data", locations=1)
    stores.write(tmp_path / "large.h5", small)
    with h5py.File(tmp_path / "large.h5", "r+") as file:
        for name in list(file["projection"]):
            del file["projection"][name]
        for name in (
            "location/id",
            "location/image",
            "location/label",
            "location/latitude",
            "location/longitude",
            "prediction/logit",
            "feature",
        ):
            old = file[name]
            kind, shape = old.dtype, (rows, *old.shape[1:])
            attributes = dict(old.attrs)
            del file[name]
            if name == "location/id":
                numbers = np.char.mod("Ohio/%d", np.arange(rows)).astype("S16")
                file.create_dataset(name, data=numbers.astype(h5py.string_dtype("utf-8", 16)))
            else:
                shape = (rows, 2048) if name == "feature" else shape
                file.create_dataset(name, shape, kind)
            file[name].attrs.update(attributes)
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom workbench import store\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "opened = store.read(Path(sys.argv[1]))\n"
        "assert opened.features.shape == (500_000, 2048)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "large.h5")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 1024  # MiB; the features would be 3,906.


def test_the_old_version_stays_readable() -> None:
    store = stores.read(Path(__file__).parents[2] / "data" / "store-1.h5")
    assert store.class_names == ("Alaska", "New Mexico")
    assert store.location_ids[0] == "Alaska/2015_-A_b0000"
    assert set(store.projections) == {"pca", "tsne", "umap"}
    assert store.projections["tsne"].method == "tsne"
    assert store.logits[0].tolist() == [1.5, -0.5]
    assert store.image_paths[0][1] == "Alaska/2015_-A_b0000_90.jpg"
    assert store.splits is None
    assert store.neighbors is None


def test_this_version_stays_readable() -> None:
    store = stores.read(Path(__file__).parents[2] / "data" / "store-2.h5")
    assert store.class_names == ("Alaska", "New Mexico")
    assert list(store.projections) == ["pca", "tsne", "tsne-4", "umap"]
    judged = store.projections["tsne-4"].quality
    assert judged is not None
    assert (judged.trustworthiness, judged.stability, judged.stability_sample) == (0.9, 0.5, 10)
    assert store.knn_accuracy == {1: 0.5, 3: 0.75}
    assert store.components is not None
    assert store.components.loadings.shape == (4, 32)
    assert store.view_logits is not None
    assert store.view_logits[:].sum() == 48


def test_an_old_store_can_be_extended(tmp_path: Path) -> None:
    old = Path(__file__).parents[2] / "data" / "store-1.h5"
    path = tmp_path / "old.h5"
    path.write_bytes(old.read_bytes())
    made = Projection("umap", np.ones((6, 2), dtype=np.float32), {}, 1, "example 2.0")
    stores.extend(path, [replace(made, name="second")])
    assert list(stores.read(path).projections) == ["pca", "second", "tsne", "umap"]


def test_extending_replaces_what_has_the_name_and_keeps_the_rest(path: Path) -> None:
    full = complete(stores.read(path))
    stores.extend(
        path,
        [full.projections["tsne-4"]],
        full.components,
        full.neighbors,
        full.knn_accuracy,
    )
    made = replace(
        full.projections["tsne-4"], coordinates=np.ones((N, 2), dtype=np.float32), quality=None
    )
    size = path.stat().st_size
    for _ in range(3):
        stores.extend(path, [made])
    read = stores.read(path)
    assert read.projections["tsne-4"].coordinates.tolist() == [[1.0, 1.0]] * N
    assert read.projections["tsne-4"].quality is None
    assert list(read.projections) == ["pca", "tsne", "tsne-4", "umap"]
    assert same(full.components, read.components)
    assert same(full.neighbors, read.neighbors)
    assert np.array_equal(read.features[:], full.features[:])
    assert path.stat().st_size <= size  # What was replaced leaves no hole behind.


def test_a_map_can_be_removed(path: Path) -> None:
    stores.remove(path, "umap")
    assert list(stores.read(path).projections) == ["pca", "tsne"]
    with pytest.raises(InputError, match="has no projection 'umap'"):
        stores.remove(path, "umap")


@pytest.mark.parametrize("name", [" ", "../x", "T-SNE", "a b", "x" * 41, "-x"])
def test_an_invalid_projection_name_is_refused(path: Path, name: str) -> None:
    made = stores.read(path).projections["umap"]
    with pytest.raises(InputError, match="is not a name of a projection"):
        stores.extend(path, [replace(made, name=name)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": np.full((N, 5), np.nan, dtype=np.float32)}, "/prediction/logit holds values"),
        ({"features": np.full((N, D), np.inf, dtype=np.float32)}, "/feature holds values"),
        ({"view_logits": np.full((N, 4, 5), np.nan, dtype=np.float32)}, "/view/logit holds values"),
        ({"location_ids": ("Ohio/x",) * N}, "/location/id is not unique"),
        ({"labels": np.full(N, 5)}, r"/location/label should lie in \[0, 5\)"),
        ({"splits": np.full(N, 3)}, r"/location/split should lie in \[0, 3\)"),
        ({"latitudes": np.zeros(3)}, r"/location/latitude is \(3,\) and should be \(N\), where N"),
    ],
)
def test_what_contradicts_itself_is_not_written_and_the_old_file_stays(
    path: Path, change: dict[str, object], message: str
) -> None:
    before = path.read_bytes()
    changed = replace(stores.read(path), **change)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        stores.write(path, changed)
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["data", "small.h5"]


def test_maps_of_another_store_are_refused(path: Path) -> None:
    before = path.read_bytes()
    projection = stores.read(path).projections["umap"]
    short = replace(projection, coordinates=np.zeros((3, 2), "f4"))
    with pytest.raises(InputError, match=r"/projection/umap/coordinate is \(3, 2\)"):
        stores.extend(path, [short])
    assert path.read_bytes() == before


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte, where that is allowed."""
    with small_disk(tmp_path / "small", "1m") as place:
        yield place


@pytest.mark.parametrize("dimension", [2**11, 2**14])
def test_a_full_disk_is_an_error_and_keeps_the_old_store(
    small: Path, path: Path, dimension: int
) -> None:
    old = small / "small.h5"
    old.write_bytes(path.read_bytes())
    filled = 600 if dimension == 2**11 else 0  # kB; HDF5 notices at its end, or at once.
    (small / "other").write_bytes(bytes(filled * 1000))
    before = old.read_bytes()
    large = replace(stores.read(path), features=np.ones((N, dimension * 5), dtype=np.float32))
    with pytest.raises(InputError, match=r"No space left on device.*; free some space") as caught:
        stores.write(old, large)
    assert "\n" not in str(caught.value)
    assert old.read_bytes() == before
    assert sorted(item.name for item in small.iterdir()) == ["other", "small.h5"]


def test_a_failed_flush_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    made = list(stores.read(path).projections.values())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match=f"{path}: No space left on device; free some space"):
        stores.extend(path, made)
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["data", "small.h5"]


def test_two_processes_do_not_write_one_store(path: Path) -> None:
    before = path.read_bytes()
    made = list(stores.read(path).projections.values())
    lock = os.open(path.with_name(".small.h5.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(
        InputError, match=re.escape(f"{path}: another process is writing this file")
    ):
        stores.extend(path, made)
    assert path.read_bytes() == before
    os.close(lock)  # As when the other process is killed.
    stores.extend(path, made)


def test_the_lock_is_gone_when_the_work_is_done(tmp_path: Path) -> None:
    with (
        file_lock(tmp_path / "x.h5"),
        pytest.raises(InputError, match="another process"),
        file_lock(tmp_path / "x.h5"),
    ):
        raise AssertionError("both hold it")
    assert not list(tmp_path.iterdir())
    with (
        pytest.raises(InputError, match="no such folder; create it or choose another place"),
        file_lock(tmp_path / "missing" / "x.h5"),
    ):
        pass


def test_a_symbolic_link_stays_and_its_target_keeps_its_mode(tmp_path: Path, path: Path) -> None:
    path.chmod(0o600)
    link = tmp_path / "elsewhere" / "link.h5"
    link.parent.mkdir()
    link.symlink_to(path)
    stores.remove(link, "umap")
    assert link.is_symlink()
    assert list(stores.read(path).projections) == ["pca", "tsne"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_not_overwritten_unasked(path: Path) -> None:
    with pytest.raises(InputError, match="--overwrite"):
        check_writable(path, overwrite=False)
    check_writable(path, overwrite=True)
    with pytest.raises(InputError, match="missing: no such folder; create it or choose"):
        check_writable(path.parent / "missing" / "x.h5", overwrite=False)
