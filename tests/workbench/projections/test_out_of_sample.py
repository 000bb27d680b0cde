"""Locations are placed into maps of others, which stay where they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from workbench import store
from workbench.projections import transform
from workbench.projections.fit import fit_projections
from workbench.projections.options import FitOptions
from workbench.projections.out_of_sample import transform_store
from workbench.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("numba")]


def part(made: Store, row: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Store:
    """Return some locations of a store, without maps."""
    return replace(
        made,
        location_ids=tuple(made.location_ids[i] for i in row),
        labels=made.labels[row],
        latitudes=made.latitudes[row],
        longitudes=made.longitudes[row],
        image_paths=np.asarray(made.image_paths)[row],
        logits=made.logits[row],
        features=np.asarray(made.features)[row],
        projections={},
    )


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a projected store of even rows, and one of odd rows."""
    folder = tmp_path_factory.mktemp("halves")
    made = small_store(folder / "whole.h5", folder / "data", locations=60)
    old, new = folder / "old.h5", folder / "new.h5"
    store.write(old, part(made, np.arange(0, len(made), 2)))
    store.write(new, part(made, np.arange(1, len(made), 2)))
    fit_projections(old, FitOptions(stability_seeds=0))
    return old, new


def test_new_locations_lie_among_old_ones_of_their_class(
    halves: tuple[Path, Path], tmp_path: Path
) -> None:
    old_path, new_path = halves
    before = old_path.read_bytes()
    path = tmp_path / "new.h5"
    path.write_bytes(new_path.read_bytes())
    shares = transform_store(path, old_path, [], seed=1)
    assert sorted(shares) == [1, 5, 15, 50]
    assert shares[5] > 0.8
    assert old_path.read_bytes() == before
    old, new = store.read(old_path), store.read(path)
    assert set(new.projections) == {"pca-placed", "tsne-placed", "umap-placed"}
    shuffled = np.random.default_rng(0).permutation(len(new))
    for name in ("tsne", "umap"):
        fixed = old.projections[name].coordinates
        placed = new.projections[f"{name}-placed"].coordinates
        away = np.linalg.norm(placed[:, None] - fixed[None], axis=2)
        hit = old.labels[away.argmin(axis=1)] == new.labels
        assert hit.mean() > 0.75
        assert (old.labels[away[shuffled].argmin(axis=1)] == new.labels).mean() < 0.4
    parameter = new.projections["tsne-placed"].parameters
    assert (parameter["placed_into"], parameter["placed_into_locations"]) == ("tsne", 150)
    assert np.sum(parameter["placed_into_density"]["counts"]) == 150


def test_a_location_of_the_reference_keeps_its_coordinates(
    halves: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "same.h5"
    path.write_bytes(halves[0].read_bytes())
    transform_store(path, halves[0], ["pca", "umap"], seed=1)
    made = store.read(path).projections
    pca = made["pca"].coordinates
    assert np.allclose(made["pca-placed"].coordinates, pca, atol=1e-4)
    umap, placed = made["umap"].coordinates, made["umap-placed"].coordinates
    assert np.median(np.linalg.norm(umap - placed, axis=1)) < 0.3 * umap.std()


def test_transforming_into_an_aligned_projection_keeps_its_alignment(
    halves: tuple[Path, Path], tmp_path: Path
) -> None:
    made = store.read(halves[0])
    # Classes of chance: who counted as its own neighbour would always be right.
    chance = np.random.default_rng(2).integers(0, 5, len(made))
    made = replace(made, labels=chance)
    turn = np.array([[0.0, 3.0], [-3.0, 0.0]], dtype=np.float32)
    turned = {
        name: replace(one, coordinates=one.coordinates @ turn + np.float32(5))
        for name, one in made.projections.items()
    }
    other, path = tmp_path / "other.h5", tmp_path / "path.h5"
    store.write(other, replace(made, projections=turned))
    store.write(path, made)
    fit_projections(path, FitOptions(stability_seeds=0, align_to=other))
    aligned = store.read(path)
    shares = transform_store(path, path, [], seed=1)
    placed = store.read(path).projections
    for name in ("pca", "umap"):
        old = aligned.projections[name].coordinates
        away = np.linalg.norm(placed[f"{name}-placed"].coordinates - old, axis=1)
        assert np.median(away) < 0.1 * old.std(), name
    assert shares == pytest.approx(aligned.knn_accuracy)
    assert shares[1] < 0.5


def test_what_does_not_fit_is_refused(halves: tuple[Path, Path], tmp_path: Path) -> None:
    old_path, new_path = halves
    with pytest.raises(InputError, match=r"new.h5: has no principal components"):
        transform_store(old_path, new_path, [], seed=0)
    with pytest.raises(InputError, match="has no projection 'mine'; it has pca, tsne, umap"):
        transform_store(new_path, old_path, ["mine"], seed=0)
    made = store.read(new_path)
    shorter = replace(made, features=np.asarray(made.features)[:, :30])
    store.write(tmp_path / "shorter.h5", shorter)
    with pytest.raises(InputError, match="30 features, the components have 32"):
        transform_store(tmp_path / "shorter.h5", old_path, [], seed=0)
    store.write(tmp_path / "others.h5", replace(made, class_names=("a", "b", "c", "d", "e")))
    with pytest.raises(InputError, match=r"others.h5: has different classes from .*old.h5"):
        transform_store(tmp_path / "others.h5", old_path, [], seed=0)


def test_the_command_says_how_neighbours_and_head_predict(
    halves: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.h5"
    made = store.read(halves[1])
    other = {**made.provenance, "checkpoint_sha256": "another"}
    store.write(path, replace(made, provenance=other))
    assert transform.main([str(path), "--into", str(halves[0]), "--map", "pca"]) == 0
    printed = capsys.readouterr().out
    assert f"prediction by 5 nearest of {halves[0]}: top-1 " in printed
    assert "prediction by the head: top-1 " in printed
    assert "note: the stores are of different checkpoints" in printed
