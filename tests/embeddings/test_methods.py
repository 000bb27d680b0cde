import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from embeddings.methods import METHODS, pca, tsne, umap


@pytest.fixture(scope="module")
def iris() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    data = load_iris()
    return data.data.astype(np.float32), data.target


def neighbour_accuracy(coordinate: NDArray[np.float32], label: NDArray[np.int64]) -> float:
    return float(cross_val_score(KNeighborsClassifier(1), coordinate, label, cv=5).mean())


@pytest.mark.parametrize("method", list(METHODS))
def test_neighbours_on_the_map_of_iris_are_of_one_species(
    method: str, iris: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    feature, label = iris
    embedding = METHODS[method](feature, 0)
    assert embedding.coordinate.shape == (150, 2)
    assert embedding.coordinate.dtype == np.float32
    assert neighbour_accuracy(embedding.coordinate, label) > 0.9


def test_a_random_layout_fails_the_same_test(
    iris: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> None:
    layout = np.random.default_rng(0).normal(size=(150, 2)).astype(np.float32)
    assert neighbour_accuracy(layout, iris[1]) < 0.6


def test_pca_is_the_singular_value_decomposition(
    iris: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> None:
    centred = (iris[0] - iris[0].mean(axis=0)).astype(np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * singular[:2]
    embedding = pca(iris[0], 0)
    for own, other in zip(embedding.coordinate.T, expected.T, strict=True):
        assert np.allclose(own, other, atol=1e-3) or np.allclose(own, -other, atol=1e-3)
    share = singular[:2] ** 2 / (singular**2).sum()
    assert embedding.parameter["explained_variance_ratio"] == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("method", list(METHODS))
def test_one_seed_gives_one_map(
    method: str, iris: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    feature = iris[0][::2]
    one, again = (METHODS[method](feature, 3).coordinate for _ in range(2))
    assert np.array_equal(one, again)


@pytest.mark.parametrize("method", list(METHODS))
def test_few_locations_still_have_a_map(method: str) -> None:
    feature = np.random.default_rng(0).normal(size=(6, 40)).astype(np.float32)
    assert np.isfinite(METHODS[method](feature, 0).coordinate).all()


def test_parameters_follow_the_number_of_locations() -> None:
    feature = np.random.default_rng(0).normal(size=(13, 5)).astype(np.float32)
    assert tsne(feature, 0).parameter["perplexity"] == 4
    assert umap(feature, 0).parameter["neighbours"] == 12


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (np.zeros((4, 3)), "4 locations are too few"),
        (np.full((9, 3), np.nan), "not finite"),
        (np.ones((9, 3)), "all locations have the same features"),
    ],
)
@pytest.mark.parametrize("method", list(METHODS))
def test_features_without_a_map_are_refused(
    method: str, feature: NDArray[np.float64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        METHODS[method](feature.astype(np.float32), 0)
