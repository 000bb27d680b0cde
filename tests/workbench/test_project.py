"""Maps and what they are judged by come into a store, and nothing else of it changes."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from workbench import project, store
from workbench.projections import fit
from workbench.projections.fit import fit_projections
from workbench.projections.options import FitOptions
from workbench.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("numba")]
QUICK = FitOptions(stability_seeds=0)


@pytest.fixture(scope="module")
def projected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of 120 locations with its three maps."""
    folder = tmp_path_factory.mktemp("projected")
    small_store(folder / "small.h5", folder / "data")
    fit_projections(folder / "small.h5", FitOptions(seed=4, stability_seeds=1))
    return folder / "small.h5"


@pytest.fixture
def path(tmp_path: Path, projected: Path) -> Path:
    """Return a copy of it to change."""
    copy = tmp_path / "small.h5"
    copy.write_bytes(projected.read_bytes())
    return copy


@pytest.fixture
def other(tmp_path: Path, projected: Path) -> Path:
    """Return a store of the same locations, their features turned and noisy."""
    made = store.read(projected)
    noise = np.random.default_rng(5).normal(0, 0.05, made.features.shape)
    feature = (np.asarray(made.features)[:, ::-1] + noise).astype(np.float32)
    bare = replace(made, features=feature, components=None, neighbors=None, projections={})
    store.write(tmp_path / "other.h5", bare)
    return tmp_path / "other.h5"


def test_the_maps_are_in_the_store_and_nothing_else_changes(tmp_path: Path) -> None:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=5)
    before = store.read(tmp_path / "small.h5")
    made = fit_projections(tmp_path / "small.h5", replace(QUICK, seed=4))
    after = store.read(tmp_path / "small.h5")
    assert list(after.projections) == ["pca", "tsne", "umap"]
    for projection in made:
        written = after.projections[projection.name]
        assert np.array_equal(written.coordinates, projection.coordinates)
        assert (written.seed, written.library) == (4, projection.library)
        assert not np.array_equal(
            written.coordinates, before.projections[projection.name].coordinates
        )
    assert after.location_ids == before.location_ids
    assert np.array_equal(after.logits, before.logits)
    assert np.array_equal(after.features[:], before.features[:])


def test_components_give_back_the_features_and_neighbours_their_distances(
    projected: Path,
) -> None:
    made = store.read(projected)
    feature = np.asarray(made.features)
    components, graph = made.components, made.neighbors
    assert components is not None
    assert graph is not None
    back = components.scores @ components.loadings + components.mean
    assert np.allclose(back, feature, atol=1e-4)  # 32 features, 32 components.
    for row in (0, 17, 119):
        distance = np.linalg.norm(feature - feature[row], axis=1)
        distance[row] = np.inf
        assert np.allclose(np.sort(distance)[:50], graph.distances[row], rtol=1e-3)
    assert sorted(made.knn_accuracy) == [1, 5, 15, 50]
    assert made.knn_accuracy[5] > 0.8  # Clusters, of which chance is 0.2.


def test_each_map_is_judged(projected: Path) -> None:
    for name, made in store.read(projected).projections.items():
        judged = made.quality
        assert judged is not None
        assert (judged.n_neighbors, judged.sample) == (15, 120)
        assert 0.6 < judged.trustworthiness <= 1
        assert judged.preservation.shape == (120,)
        assert (judged.stability is None) == (name == "pca")


def test_one_seed_gives_one_store(path: Path, projected: Path) -> None:
    again = {made.name: made for made in fit_projections(path, replace(QUICK, seed=4))}
    for name, made in store.read(projected).projections.items():
        assert np.array_equal(made.coordinates, again[name].coordinates)


def test_several_parameters_live_side_by_side(path: Path) -> None:
    before = store.read(path)
    fit_projections(path, replace(QUICK, method=("tsne",), perplexity=5.0, name="tight"))
    fit_projections(path, replace(QUICK, method=("umap",), metric="cosine", name="cosine"))
    after = store.read(path)
    assert list(after.projections) == ["pca", "tsne", "tsne-tight", "umap", "umap-cosine"]
    assert after.projections["tsne-tight"].parameters["perplexity"] == 5.0
    assert after.projections["umap-cosine"].parameters["metric"] == "cosine"
    assert after.projections["tsne-tight"].title == "t-SNE (tsne-tight)"
    for name, made in before.projections.items():
        assert np.array_equal(made.coordinates, after.projections[name].coordinates)
    assert after.neighbors is not None
    assert after.neighbors.metric == "euclidean"  # That of the maps with the usual names.


def test_maps_of_two_checkpoints_are_aligned(projected: Path, other: Path) -> None:
    options = replace(QUICK, method=("pca",))
    fixed = store.read(projected).projections["pca"].coordinates
    (alone,) = fit_projections(other, options)
    (turned,) = fit_projections(other, replace(options, align_to=projected))
    spread = fixed.std()
    before = np.abs(alone.coordinates - fixed).max() / spread
    after = np.abs(turned.coordinates - fixed).max() / spread
    assert after < 0.2
    assert after < before or before < 0.2  # Signs of components may agree by themselves.
    assert turned.parameters["alignment_disparity"] < 0.01
    assert turned.parameters["alignment_locations"] == 120


def test_maps_are_not_put_into_another_store_that_has_come_meanwhile(
    path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store.read(other)
    moved = replace(made, provenance={**made.provenance, "checkpoint_sha256": "another"})
    measure_quality = fit.measure_quality  # type: ignore[attr-defined]

    def meanwhile(*arguments: Any) -> Any:
        store.write(path, moved)
        return measure_quality(*arguments)

    monkeypatch.setattr(fit, "measure_quality", meanwhile)
    with pytest.raises(InputError, match="was replaced by another store meanwhile"):
        fit_projections(path, replace(QUICK, method=("pca",)))
    assert store.read(path).projections == {}


def test_a_named_map_is_made_of_the_components_that_are_there(path: Path) -> None:
    before = store.read(path)
    fit_projections(path, replace(QUICK, method=("pca",), name="other", seed=9))
    after = store.read(path)
    assert before.components is not None
    assert after.components is not None
    assert after.components.seed == before.components.seed
    expected = before.components.scores[:, :2]
    assert np.array_equal(after.projections["pca-other"].coordinates, expected)


def test_stores_without_common_locations_are_not_aligned(path: Path, tmp_path: Path) -> None:
    made = store.read(path)
    ids = tuple(f"{name}x" for name in made.location_ids)
    store.write(tmp_path / "other.h5", replace(made, location_ids=ids))
    with pytest.raises(InputError, match="has 0 locations in common"):
        fit_projections(path, replace(QUICK, align_to=tmp_path / "other.h5"))


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (np.ones((120, 32)), "all locations have the same features"),
        (np.ones((120, 0)), "features"),
    ],
)
def test_features_without_a_map_leave_the_store_alone(
    path: Path, feature: np.ndarray[tuple[int, ...], np.dtype[np.float64]], message: str
) -> None:
    made = store.read(path)
    bare = replace(made, components=None, features=feature.astype(np.float32))
    store.write(path, bare)
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"^{path}: .*{message}"):
        fit_projections(path, QUICK)
    assert path.read_bytes() == before


def few(made: Store, rows: int) -> Store:
    """Return the first locations of a store, without maps."""
    return replace(
        made,
        location_ids=made.location_ids[:rows],
        labels=made.labels[:rows],
        latitudes=made.latitudes[:rows],
        longitudes=made.longitudes[:rows],
        image_paths=made.image_paths[:rows],
        logits=made.logits[:rows],
        features=made.features[:rows],
        components=None,
        neighbors=None,
        projections={},
    )


def test_fewer_locations_than_neighbours_have_maps_and_too_few_none(
    projected: Path, tmp_path: Path
) -> None:
    made = store.read(projected)
    store.write(tmp_path / "six.h5", few(made, 6))
    fit_projections(tmp_path / "six.h5", QUICK)
    assert set(store.read(tmp_path / "six.h5").projections) == {"pca", "tsne", "umap"}
    store.write(tmp_path / "four.h5", few(made, 4))
    with pytest.raises(InputError, match="4 locations are too few for a projection"):
        fit_projections(tmp_path / "four.h5", QUICK)


def test_hundreds_of_duplicates_have_maps(projected: Path, tmp_path: Path) -> None:
    made = store.read(projected)
    rows = 500
    feature = np.repeat(np.asarray(made.features)[:5], rows // 5, axis=0)
    many = replace(
        few(made, 1),
        location_ids=tuple(f"Alaska/{row}" for row in range(rows)),
        labels=np.zeros(rows, np.int64),
        latitudes=np.zeros(rows),
        longitudes=np.zeros(rows),
        image_paths=np.resize(np.asarray(made.image_paths), (rows, 4)),
        logits=np.zeros((rows, 5), np.float32),
        features=feature,
    )
    store.write(tmp_path / "many.h5", many)
    fit_projections(tmp_path / "many.h5", QUICK)
    after = store.read(tmp_path / "many.h5")
    assert after.neighbors is not None
    # Some processors round the products of equal rows differently.
    assert after.neighbors.distances.max() < 1e-6
    assert all(np.isfinite(one.coordinates).all() for one in after.projections.values())


def test_only_a_parameter_of_this_run_is_said_to_be_lowered(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit_projections(path, replace(QUICK, method=("tsne",), perplexity=5.0, name="tight"))
    words = ["--stability-seeds", "0", "--perplexity"]
    assert project.main([str(path), *words, "30"]) == 0
    assert "too few locations" not in capsys.readouterr().out
    assert project.main([str(path), *words, "100"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("too few locations") == 1
    assert "too few locations for perplexity 100: used 39.7" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--perplexity", "0.5"), "--perplexity 0.5: must be at least 1."),
        (("--perplexity", "nan"), "--perplexity nan: must be at"),
        (("--n-neighbors", "1"), "--n-neighbors 1: must be at least 2."),
        (("--min-dist", "2"), "--min-dist 2.0: must be at most 1."),
        (("--seed", "-1"), "--seed -1: must be at least 0"),
        (("--name", "../x"), "--name '../x': use up to"),
        (("--align-to", "none.h5"), "none.h5: there is no such store"),
    ],
)
def test_options_out_of_range_are_refused(
    path: Path, arguments: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path.read_bytes()
    with pytest.raises(SystemExit) as ended:
        project.main([str(path), *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert path.read_bytes() == before


def test_stopping_leaves_the_store_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path.read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    # The last thing before the store is written.
    monkeypatch.setattr(fit, "measure_stability", interrupted)
    with pytest.raises(SystemExit, match="130"):
        project.main([str(path), "--seed", "5", "--method", "umap"])
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == [path.name]
