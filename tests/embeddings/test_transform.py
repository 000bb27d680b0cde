import numpy as np
import pytest
from numpy.typing import NDArray

from common.progress import no_progress
from embeddings.knn import build_knn_graph, query_knn
from embeddings.knn_classifier import knn_predict
from embeddings.pca import fit_pca, transform_pca
from embeddings.quality import projection_neighbors
from embeddings.results import PrincipalComponents, Projection
from embeddings.transform import transform
from tests.embeddings.examples import METHODS, Fractions, clusters, iris, trained

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("numba")]


@pytest.fixture(scope="module")
def fitted() -> dict[str, Projection]:
    _, _, found, graph = trained()
    return {method: fit(found, graph, 0, no_progress) for method, fit in METHODS.items()}


def size(old: Projection) -> float:
    return float(np.ptp(old.coordinates, axis=0).max())


def accuracy(
    coordinate: NDArray[np.float32],
    label: NDArray[np.int64],
    old: Projection,
    old_label: NDArray[np.int64],
) -> float:
    near = query_knn(coordinate, old.coordinates, 15).indices
    return float((knn_predict(near, old_label, 15) == label).mean())


@pytest.mark.parametrize("method", METHODS)
def test_new_locations_come_to_their_class_as_old_ones_do(
    method: str, fitted: dict[str, Projection]
) -> None:
    _, old_label, found, _ = trained()
    old = fitted[method]
    feature, label = clusters(300, 1)
    coordinate = transform(old, found, transform_pca(found, feature), 0)
    assert coordinate.shape == (300, 2)
    assert coordinate.dtype == np.float32
    itself = knn_predict(projection_neighbors(old.coordinates, 15), old_label, 15)
    expected = float((itself == old_label).mean())
    assert accuracy(coordinate, label, old, old_label) > expected - 0.08
    assert expected > (0.4 if method == "pca" else 0.9)
    shuffled = np.random.default_rng(0).permutation(label)
    assert accuracy(coordinate, shuffled, old, old_label) < 0.25


@pytest.mark.parametrize("method", METHODS)
def test_old_locations_come_to_their_old_places(method: str, fitted: dict[str, Projection]) -> None:
    _, _, found, _ = trained()
    old = fitted[method]
    before = old.coordinates.copy()
    coordinate = transform(old, found, found.scores, 0)
    distance = np.linalg.norm(coordinate - old.coordinates, axis=1)
    assert np.quantile(distance, 0.9) < 0.05 * size(old)
    assert np.array_equal(old.coordinates, before)


@pytest.mark.parametrize("method", METHODS)
def test_one_location_does_not_change_anothers_coordinates(
    method: str, fitted: dict[str, Projection]
) -> None:
    _, _, found, _ = trained()
    score = transform_pca(found, clusters(40, 1)[0])
    one, again = (transform(fitted[method], found, score, 5) for _ in range(2))
    assert np.array_equal(one, again)
    if method != "umap":  # There the strongest of all joins sets the pace for the others.
        assert np.allclose(transform(fitted[method], found, score[:9], 5), one[:9], atol=1e-4)


def test_umap_places_as_umap_learn_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from umap import UMAP

    # The same in NumPy: numba compiles these two for seven seconds.
    monkeypatch.setattr(
        "umap.umap_.fast_knn_indices", lambda distances, k: distances.argsort()[:, :k]
    )
    monkeypatch.setattr(
        "umap.umap_.submatrix",
        lambda distances, indices, k: np.take_along_axis(distances, indices, 1),
    )

    feature, _ = clusters(300, 0)
    new, _ = clusters(50, 1)
    found = fit_pca(feature, 0)
    score = transform_pca(found, new)
    known = UMAP(random_state=0, n_jobs=1, transform_seed=42).fit(found.scores)
    old = Projection(
        "umap",
        known.embedding_,
        {"n_neighbors": 15, "min_dist": 0.1, "metric": "euclidean"},
        0,
        "",
    )
    own = transform(old, found, score, 42)
    # Rounding of a start seeds another sequence, so they are alike, not equal.
    distance = np.linalg.norm(own - known.transform(score), axis=1)
    assert np.quantile(distance, 0.5) < 0.01 * size(old)
    assert np.quantile(distance, 0.9) < 0.05 * size(old)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_can_be_placed(method: str, count: int, fitted: dict[str, Projection]) -> None:
    _, _, found, _ = trained()
    coordinate = transform(fitted[method], found, found.scores[:count], 0)
    assert coordinate.shape == (count, 2)
    assert np.isfinite(coordinate).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_projection_of_few_or_duplicate_locations_takes_new_ones(method: str) -> None:
    for feature in (iris()[0][:5], np.repeat(iris()[0][:4], 100, axis=0)):
        found = fit_pca(feature, 0)
        graph = build_knn_graph(found.scores, 90, 0)
        old = METHODS[method](found, graph, 0, no_progress)
        coordinate = transform(old, found, transform_pca(found, iris()[0]), 0)
        assert np.isfinite(coordinate).all()


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_progress_rises_to_one_and_may_stop(method: str, fitted: dict[str, Projection]) -> None:
    _, _, found, _ = trained()
    said = Fractions()
    transform(fitted[method], found, found.scores[:20], 0, said)
    assert said == sorted(said)
    assert said[-1] == 1

    def stopping(fraction: float, stage: str = "", /) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transform(fitted[method], found, found.scores[:20], 0, stopping)


def test_what_does_not_belong_on_a_map_is_refused(fitted: dict[str, Projection]) -> None:
    found: PrincipalComponents = trained()[2]
    with pytest.raises(ValueError, match="new scores have 7 components, the projection 30"):
        transform(fitted["tsne"], found, found.scores[:, :7], 0)
    odd = Projection("isomap", fitted["pca"].coordinates, {}, 0, "")
    with pytest.raises(ValueError, match="a projection by isomap cannot take new locations"):
        transform(odd, found, found.scores, 0)
