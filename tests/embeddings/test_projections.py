from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from common.progress import ProgressCallback, no_progress
from embeddings import projections
from embeddings.knn import build_knn_graph
from embeddings.projections import fit_tsne, fit_umap, pca_projection
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from tests.embeddings.examples import METHODS, Fractions, clusters, graph_of, iris, trained

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("numba")]

SLOW = ("tsne", "umap")


def made(
    method: str,
    feature: NDArray[np.float32],
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Projection:
    return METHODS[method](*graph_of(feature), seed, progress)


def neighbour_accuracy(coordinate: NDArray[np.float32], label: NDArray[np.int64]) -> float:
    return float(cross_val_score(KNeighborsClassifier(1), coordinate, label, cv=5).mean())


@pytest.mark.parametrize("method", METHODS)
def test_neighbours_on_the_map_of_iris_are_of_one_species(method: str) -> None:
    feature, label = iris()
    found = made(method, feature)
    assert found.method == method
    assert found.coordinates.shape == (150, 2)
    assert found.coordinates.dtype == np.float32
    assert neighbour_accuracy(found.coordinates, label) > 0.9


def test_a_random_layout_fails_the_same_test() -> None:
    layout = np.random.default_rng(0).normal(size=(150, 2)).astype(np.float32)
    assert neighbour_accuracy(layout, iris()[1]) < 0.6


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_map_bit_for_bit(method: str) -> None:
    _, _, found, graph = trained()
    # The graph is the same object for both: nothing may be left in it by the first.
    one, again = (METHODS[method](found, graph, 3, no_progress).coordinates for _ in range(2))
    assert np.array_equal(one, again)
    assert method == "pca" or not np.array_equal(
        METHODS[method](found, graph, 4, no_progress).coordinates, one
    )


def test_one_seed_gives_one_map_where_gradients_are_interpolated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projections, "EXAGGERATION", ((25, 12.0), (25, 1.0)))
    feature, _ = clusters(10_000, 0, width=5)
    found, graph = graph_of(feature, 15)
    one, again = (fit_tsne(found, graph, 0, perplexity=5).coordinates for _ in range(2))
    assert np.array_equal(one, again)


@pytest.mark.parametrize("method", SLOW)
def test_a_map_starts_from_the_components(method: str) -> None:
    # Two far clusters: which of them lies left is left to chance by other starts.
    feature = np.random.default_rng(0).normal(size=(200, 9)).astype(np.float32)
    feature[100:, 0] += 30
    found, graph = graph_of(feature)
    for seed in range(4):
        x = METHODS[method](found, graph, seed, no_progress).coordinates[:, 0]
        assert np.corrcoef(x, found.scores[:, 0])[0, 1] > 0.8


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_parameters_say_how_a_map_was_made(metric: str) -> None:
    found, _ = graph_of(iris()[0])
    graph = build_knn_graph(found.scores, 40, 0, metric)
    assert fit_tsne(found, graph, 0, perplexity=12.5).parameters == {
        "perplexity": 12.5,
        "n_neighbors": 37,
        "metric": metric,
        "n_components": 4,
    }
    assert fit_umap(found, graph, 0, 7, 0.5).parameters == {
        "n_neighbors": 7,
        "min_dist": 0.5,
        "metric": metric,
        "n_components": 4,
    }
    ratio = pca_projection(found).parameters["explained_variance_ratio"]
    assert ratio == pytest.approx([0.92462, 0.05307], abs=1e-5)  # Known of iris.


def test_parameters_follow_the_number_of_locations() -> None:
    found, graph = graph_of(clusters(13, 0)[0])
    assert fit_tsne(found, graph, 0).parameters["perplexity"] == 4
    assert fit_umap(found, graph, 0).parameters["n_neighbors"] == 13


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "feature",
    [
        clusters(5, 0)[0],
        clusters(60, 0, width=1)[0],
        np.repeat(clusters(7, 0)[0], 100, axis=0),
        np.concatenate((clusters(50, 0)[0], np.zeros((400, 30), np.float32))),
        np.arange(400, dtype=np.float32)[:, None] == 399,
    ],
    ids=["five", "one feature", "seven places", "duplicates of one", "a single outlier"],
)
def test_odd_features_still_have_a_map(method: str, feature: NDArray[np.float32]) -> None:
    feature = feature.astype(np.float32)
    found = made(method, feature)
    assert found.coordinates.shape == (len(feature), 2)
    assert np.isfinite(found.coordinates).all()


@pytest.mark.parametrize("method", SLOW)
def test_progress_rises_to_one(method: str) -> None:
    said = Fractions()
    made(method, iris()[0], progress=said)
    assert len(said) >= 16
    assert said == sorted(said)
    assert said[-1] == 1


class Stopped(Exception):  # noqa: N818  Nothing went wrong.
    pass


@pytest.mark.parametrize("method", SLOW)
def test_what_the_progress_raises_stops_the_map(method: str) -> None:
    said = Fractions()

    def stopping(fraction: float, stage: str = "", /) -> None:
        said.append(fraction)
        if fraction > 0.3:
            raise Stopped

    with pytest.raises(Stopped):
        made(method, iris()[0], progress=stopping)
    assert max(said) < 0.5


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (lambda f, g: fit_tsne(f, g, 0, perplexity=0.5), "perplexity of 0.5 is below 1"),
        (
            lambda f, g: fit_tsne(f, g, 0, perplexity=30),
            "needs a graph of 90 neighbours, this one has 10",
        ),
        (lambda f, g: fit_umap(f, g, 0, 1), "UMAP needs at least 2 neighbours, not 1"),
        (lambda f, g: fit_umap(f, g, 0, 15), "needs a graph of 14 neighbours, this one has 10"),
        (lambda f, g: fit_umap(f, g, 0, 5, -0.1), r"min_dist is -0.1, not in \[0, 1\]"),
    ],
)
def test_parameters_without_a_map_are_refused(
    fit: Callable[[PrincipalComponents, NeighborGraph], Projection], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit(*graph_of(iris()[0], 10))
