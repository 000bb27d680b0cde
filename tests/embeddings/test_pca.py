import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings import pca as module
from embeddings.pca import first_two, fit_pca, transform_pca
from tests.embeddings.examples import Fractions, clusters, iris


def decomposed(feature: NDArray[np.float32], count: int) -> tuple[NDArray[np.float64], ...]:
    centred = feature.astype(np.float64) - feature.mean(axis=0, dtype=np.float64)
    left, singular, loading = np.linalg.svd(centred, full_matrices=False)
    ratio = singular**2 / (singular**2).sum()
    return left[:, :count] * singular[:count], loading[:count], ratio[:count]


@pytest.mark.parametrize(
    ("shape", "solver"),
    [
        ((400, 30), "covariance"),
        ((30, 400), "full"),
        ((5, 1), "covariance"),
        ((6, 5), "covariance"),
    ],
)
def test_components_are_the_singular_value_decomposition(
    shape: tuple[int, int], solver: str
) -> None:
    random = np.random.default_rng(0).normal(size=shape)
    feature = (100 + random * np.arange(1, shape[1] + 1)).astype(np.float32)
    found = fit_pca(feature, 0, n_components=4)
    count = min(4, shape[0] - 1, shape[1])
    score, loading, ratio = decomposed(feature, count)
    sign = np.sign((loading * found.loadings).sum(axis=1))
    assert found.parameters == {"n_components": count, "solver": solver}
    assert np.allclose(found.scores, score * sign, atol=1e-4 * np.abs(score).max())
    assert np.allclose(found.loadings, loading * sign[:, None], atol=1e-4)
    assert np.allclose(found.explained_variance_ratio, ratio, rtol=1e-4)
    assert np.allclose(found.explained_variance, found.scores.var(axis=0, ddof=1), rtol=1e-3)
    assert np.allclose(found.mean, feature.mean(axis=0), rtol=1e-6)


def test_more_features_than_a_covariance_is_made_of_give_almost_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feature, _ = clusters(400, 0)
    exact = fit_pca(feature, 0, n_components=3)
    monkeypatch.setattr(module, "MAX_COVARIANCE", 20)
    monkeypatch.setattr(module, "MAX_FULL_SVD", 20)
    found, again = (fit_pca(feature, 1, n_components=3) for _ in range(2))
    assert found.parameters["solver"] == "randomized"
    assert np.allclose(found.scores, exact.scores, atol=1e-2)
    assert np.array_equal(found.scores, again.scores)


def test_the_largest_loading_is_positive() -> None:
    for feature in (iris()[0], iris()[0][:5, :], -iris()[0]):
        loading = fit_pca(feature, 0).loadings
        largest = np.take_along_axis(loading, np.abs(loading).argmax(axis=1)[:, None], axis=1)
        assert (largest > 0).all()


def test_blocks_and_their_order_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    feature, label = clusters(500, 0)
    whole = fit_pca(feature, 0)
    monkeypatch.setattr(module, "BATCH", 64)
    parts = fit_pca(feature, 0)
    # Class by class, as a store is: then the first block is unlike the rest.
    order = np.argsort(label, kind="stable")
    ordered = fit_pca(feature[order], 0)
    assert np.allclose(parts.scores, whole.scores, atol=1e-4)
    assert np.allclose(ordered.scores, whole.scores[order], atol=1e-4)


def test_features_are_never_copied_whole() -> None:
    feature = np.random.default_rng(0).normal(size=(100_000, 64)).astype(np.float32)
    tracemalloc.start()
    try:
        fit_pca(feature, 0, n_components=2)
        assert tracemalloc.get_traced_memory()[1] < feature.nbytes / 2
    finally:
        tracemalloc.stop()


def test_projecting_the_features_themselves_gives_their_scores() -> None:
    feature, _ = clusters(200, 0)
    found = fit_pca(feature, 0)
    assert np.array_equal(transform_pca(found, feature), found.scores)
    assert np.allclose(transform_pca(found, found.mean[None]), 0, atol=1e-5)
    assert transform_pca(found, feature[:0]).shape == (0, 30)


def test_a_single_feature_has_a_plane_with_nothing_along_the_second_axis() -> None:
    found = fit_pca(np.arange(9, dtype=np.float32)[:, None], 0)
    assert found.scores.shape == (9, 1)
    assert np.array_equal(first_two(found.scores)[:, 1], np.zeros(9))


def test_progress_rises_to_one() -> None:
    for feature in (iris()[0], iris()[0].T.copy().repeat(2, axis=0)):
        said = Fractions()
        fit_pca(feature, 0, progress=said)
        assert said == sorted(said)
        assert said[-1] == 1


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (np.zeros((4, 3)), "4 locations are too few"),
        (np.full((9, 3), np.nan), "not finite"),
        (np.where(np.arange(60).reshape(20, 3) == 59, np.inf, 1), "not finite"),
        (np.where(np.arange(90).reshape(9, 10) == 70, np.nan, 1), "not finite"),
        (np.ones((9, 3)), "all locations have the same features"),
        (np.ones((9, 30)), "all locations have the same features"),
        (np.arange(27).reshape(9, 3) * 1e36, "too large or too small for float32"),
        (np.arange(27).reshape(9, 3) * 1e-40, "too large or too small for float32"),
    ],
)
def test_features_without_components_are_refused(
    feature: NDArray[np.float64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit_pca(feature.astype(np.float32), 0)


def test_features_that_do_not_fit_are_not_projected() -> None:
    found = fit_pca(iris()[0], 0)
    with pytest.raises(ValueError, match="there are 5 features, the components have 4"):
        transform_pca(found, np.zeros((2, 5), np.float32))
    with pytest.raises(ValueError, match="not finite"):
        transform_pca(found, np.full((2, 4), np.nan, np.float32))
