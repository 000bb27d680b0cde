"""Principal components of features, computed once for all maps (Pearson 1901).

The covariance is summed up in blocks of rows and its eigenvectors taken: exact, with progress, and
without a copy of the features. Where that matrix would be too large or there are fewer locations
than features, scikit-learn decomposes the features themselves.
"""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.utils.extmath import svd_flip

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.results import PrincipalComponents
from embeddings.row_blocks import Features, blocks

COUNT = 50
LEAST_LOCATIONS = 5
COVARIANCE = 8192  # Features; a covariance matrix of so many squared takes 512 MiB.
SMALL = 1000  # Locations or features, up to which a whole decomposition takes seconds.
BLOCK = 8192  # Rows.


def fit_pca(
    feature: Features, seed: int, count: int = COUNT, progress: ProgressCallback = no_progress
) -> PrincipalComponents:
    """Return the first components of features (N, D), at most N - 1 or D of them.

    Raises ValueError where there are too few locations, where a feature is not finite, and where
    all locations have the same. The seed matters only for more than 8,192 features or fewer
    locations than features (`parameter["solver"]` is then "randomized", Halko et al. 2011); the
    sign of each component makes the loading of largest magnitude positive.
    """
    length, width = feature.shape
    if length < LEAST_LOCATIONS:
        raise ValueError(f"{length} locations are too few for a map")
    count = min(count, length - 1, width)
    if width <= min(COVARIANCE, length):
        return _of_covariance(feature, seed, count, progress)
    return _of_features(feature, seed, count, progress)


def transform_pca(
    components: PrincipalComponents, feature: Features, progress: ProgressCallback = no_progress
) -> NDArray[np.float32]:
    """Return the scores (M, C) float32 of other features (M, D).

    Raises ValueError where D is another than the components' or a feature is not finite.
    """
    width = components.mean.shape[0]
    if feature.shape[1] != width:
        raise ValueError(f"there are {feature.shape[1]} features, the components are of {width}")
    return _score(feature, components.mean, components.loadings, progress)


def first_two(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first two components (N, 2) float32, the second zero where there is but one."""
    result = np.zeros((len(score), 2), np.float32)
    result[:, : score.shape[1]] = score[:, :2]
    return result


def _of_covariance(
    feature: Features, seed: int, count: int, progress: ProgressCallback
) -> PrincipalComponents:
    mean, covariance = _covariance(feature, subrange(progress, 0.0, 0.6))
    width = len(mean)
    variance, vector = scipy.linalg.eigh(covariance, subset_by_index=(width - count, width - 1))
    progress(0.7)
    _, loading = svd_flip(None, vector[:, ::-1].T, u_based_decision=False)
    loading = np.ascontiguousarray(loading, dtype=np.float32)
    variance = variance[::-1].clip(min=0)
    return PrincipalComponents(
        mean=mean,
        loadings=loading,
        explained_variance=variance.astype(np.float32),
        explained_variance_ratio=(variance / covariance.trace()).astype(np.float32),
        scores=_score(feature, mean, loading, subrange(progress, 0.7, 1.0)),
        parameters={"n_components": count, "solver": "covariance"},
        seed=seed,
        library=f"scipy {version('scipy')}",
    )


def _of_features(
    feature: Features, seed: int, count: int, progress: ProgressCallback
) -> PrincipalComponents:
    for _ in _checked(feature, subrange(progress, 0.0, 0.1)):
        pass
    whole = feature[0 : feature.shape[0]]
    solver = "full" if min(feature.shape) <= SMALL else "randomized"
    fitted = PCA(n_components=count, svd_solver=solver, random_state=seed).fit(whole)
    progress(0.9)
    mean = fitted.mean_.astype(np.float32)
    loading = np.ascontiguousarray(fitted.components_, dtype=np.float32)
    return PrincipalComponents(
        mean=mean,
        loadings=loading,
        explained_variance=fitted.explained_variance_.astype(np.float32),
        explained_variance_ratio=fitted.explained_variance_ratio_.astype(np.float32),
        scores=_score(whole, mean, loading, subrange(progress, 0.9, 1.0)),
        parameters={"n_components": count, "solver": solver},
        seed=seed,
        library=f"scikit-learn {version('scikit-learn')}",
    )


def _covariance(
    feature: Features, progress: ProgressCallback
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean (D,) and the covariance (D, D), of a single pass over the features."""
    length, width = feature.shape
    total = np.zeros(width)
    product = np.zeros((width, width))
    # Float32 is enough for products of a block that lies around zero, and twice as fast; which
    # point is taken off is made up for below.
    shift = feature[0 : min(BLOCK, length)].mean(axis=0, dtype=np.float64).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for block in _checked(feature, progress):
            shifted = block - shift
            total += shifted.sum(axis=0, dtype=np.float64)
            product += shifted.T @ shifted
    offset = total / length
    covariance = (product - length * np.outer(offset, offset)) / (length - 1)
    if not np.isfinite(covariance).all() or covariance.trace() <= 0:
        raise ValueError("the features are too large or too small for float32")
    return (shift + offset).astype(np.float32), covariance


def _score(
    feature: Features,
    mean: NDArray[np.float32],
    loading: NDArray[np.float32],
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    length = feature.shape[0]
    result = np.empty((length, len(loading)), np.float32)
    for rows in blocks(length, BLOCK):
        block = feature[rows]
        _refuse_unfinite(block)
        result[rows] = (block - mean) @ loading.T
        progress(rows.stop / length)
    return result


def _checked(feature: Features, progress: ProgressCallback) -> Iterator[NDArray[np.float32]]:
    """Yield all blocks; raise where one is not finite, or at the end where nothing differed."""
    length = feature.shape[0]
    first = feature[0:1]
    differ = False
    for rows in blocks(length, BLOCK):
        block = feature[rows]
        _refuse_unfinite(block)
        differ = differ or bool((block != first).any())
        yield block
        progress(rows.stop / length)
    if not differ:
        raise ValueError("all locations have the same features")


def _refuse_unfinite(block: NDArray[np.float32]) -> None:
    if not np.isfinite(block).all():
        raise ValueError("a feature is not finite")
