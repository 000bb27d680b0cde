import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from embeddings import knn as module
from embeddings.knn import build_knn_graph, query_knn
from tests.embeddings.examples import Fractions, clusters

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("numba")]

SCORE = clusters(300, 0, width=8)[0]


def distances(
    query: NDArray[np.float32], point: NDArray[np.float32], metric: str
) -> NDArray[np.float64]:
    result: NDArray[np.float64] = cdist(query, point, metric)
    return result


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_neighbours_are_the_nearest_others(metric: str) -> None:
    graph = build_knn_graph(SCORE, 20, 0, metric)
    distance = distances(SCORE, SCORE, metric)
    np.fill_diagonal(distance, np.inf)
    assert np.array_equal(graph.indices, np.argsort(distance, axis=1)[:, :20])
    assert np.allclose(graph.distances, np.sort(distance, axis=1)[:, :20], atol=1e-5)
    assert (graph.metric, graph.exact) == (metric, True)
    assert graph.indices.dtype == np.int32


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_nearest_of_new_locations_include_an_equal_one(metric: str) -> None:
    new = np.concatenate((SCORE[7:8], clusters(20, 1, width=8)[0]))
    graph = query_knn(new, SCORE, 12, metric)
    distance = distances(new, SCORE, metric)
    assert np.array_equal(graph.indices, np.argsort(distance, axis=1)[:, :12])
    assert graph.indices[0, 0] == 7
    assert graph.distances[0, 0] == 0


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build_knn_graph(SCORE, 9, 0)
    monkeypatch.setattr(module, "QUERY_BATCH", 32)
    monkeypatch.setattr(module, "PAIRS", 64)
    parts = build_knn_graph(SCORE, 9, 0)
    assert np.array_equal(parts.indices, whole.indices)
    assert np.array_equal(parts.distances, whole.distances)


def test_no_location_is_its_own_neighbour_among_thousands_of_duplicates() -> None:
    score = np.concatenate((SCORE, np.repeat(SCORE[:1], 3000, axis=0)))
    one, again = (build_knn_graph(score, 15, 0) for _ in range(2))
    assert (one.indices != np.arange(len(score))[:, None]).all()
    assert all(len(set(row)) == 15 for row in one.indices.tolist())
    duplicate = np.r_[0, 300:3300]
    assert np.isin(one.indices[duplicate], duplicate).all()
    assert not one.distances[duplicate].any()
    assert np.array_equal(one.indices, again.indices)


def test_no_more_neighbours_than_other_locations_are_found() -> None:
    assert build_knn_graph(SCORE[:5], 90, 0).indices.shape == (5, 4)
    assert query_knn(SCORE[:2], SCORE[:5], 90).indices.shape == (2, 5)
    assert query_knn(SCORE[:0], SCORE[:5], 3).indices.shape == (0, 3)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_an_index_finds_almost_all_and_the_same_for_one_seed(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, _ = clusters(2000, 0)
    exact = build_knn_graph(score, 15, 0, metric)
    monkeypatch.setattr(module, "EXACT_SEARCH_LIMIT", 1000)
    found, again = (build_knn_graph(score, 15, 3, metric) for _ in range(2))
    assert not found.exact
    assert found.library.startswith("pynndescent")
    assert (found.indices != np.arange(len(score))[:, None]).all()
    kept = [len(set(a) & set(b)) for a, b in zip(found.indices, exact.indices, strict=True)]
    assert np.mean(kept) / 15 > 0.95
    assert np.array_equal(found.indices, again.indices)
    assert np.array_equal(found.distances, again.distances)


def test_missing_neighbours_among_duplicates_are_searched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EXACT_SEARCH_LIMIT", 1000)
    score = np.concatenate((SCORE, np.repeat(SCORE[:1], 2000, axis=0)))
    graph = build_knn_graph(score, 15, 0)
    assert (graph.indices >= 0).all()
    assert (graph.indices != np.arange(len(score))[:, None]).all()
    assert not graph.distances[300:].any()


def test_a_cosine_needs_a_direction() -> None:
    score = np.concatenate((SCORE, np.zeros((1, 8), np.float32)))
    with pytest.raises(ValueError, match="cosine of a location at the mean of all is undefined"):
        build_knn_graph(score, 5, 0, "cosine")


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(
        ValueError, match="unknown metric 'manhattan'; expected one of euclidean, cosine"
    ):
        build_knn_graph(SCORE, 5, 0, "manhattan")
    with pytest.raises(ValueError, match="new scores have 7 components, the others 8"):
        query_knn(SCORE[:, :7], SCORE, 5)


def test_progress_rises_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_BATCH", 100)
    said = Fractions()
    build_knn_graph(SCORE, 5, 0, progress=said)
    assert said == sorted(said)
    assert len(said) > 3
    assert said[-1] == 1
