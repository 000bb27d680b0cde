"""Principal components of the features, which all projections share (Pearson 1901).

The covariance is accumulated over batches of rows and its eigenvectors are computed: exact, with
progress, and without a copy of the features. If that matrix would be too large or there are fewer
locations than features, scikit-learn decomposes the features themselves.
"""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.utils.extmath import svd_flip

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.results import Features, PrincipalComponents
from embeddings.row_batches import row_batches

N_COMPONENTS = 50
MIN_LOCATIONS = 5
MAX_COVARIANCE = 8192  # Features; the covariance matrix then takes 512 MiB.
MAX_FULL_SVD = 1000  # Locations or features; a full decomposition then takes seconds.
BATCH = 8192


def fit_pca(
    features: Features,
    seed: int,
    n_components: int = N_COMPONENTS,
    progress: ProgressCallback = no_progress,
) -> PrincipalComponents:
    """Return the first components of features (N, D), at most N - 1 or D of them.

    The loading of largest magnitude of each component is positive. The seed matters only if
    `parameters["solver"]` is "randomized" (Halko et al. 2011), as with more than 8,192 features or
    fewer locations than features. Raises ValueError for too few locations, a feature that is not
    finite, and features that are the same everywhere.
    """
    length, width = features.shape
    if length < MIN_LOCATIONS:
        raise ValueError(f"{length} locations are too few for a projection")
    n_components = min(n_components, length - 1, width)
    if width <= min(MAX_COVARIANCE, length):
        return _fit_covariance(features, seed, n_components, progress)
    return _fit_features(features, seed, n_components, progress)


def transform_pca(
    components: PrincipalComponents, features: Features, progress: ProgressCallback = no_progress
) -> NDArray[np.float32]:
    """Return the scores (M, C) float32 of other features (M, D).

    Raises ValueError where D is not that of the components or a feature is not finite.
    """
    width = components.mean.shape[0]
    if features.shape[1] != width:
        raise ValueError(f"there are {features.shape[1]} features, the components have {width}")
    return _scores(features, components.mean, components.loadings, progress)


def first_two(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first two components (N, 2); the second is zero if there is only one."""
    result = np.zeros((len(scores), 2), np.float32)
    result[:, : scores.shape[1]] = scores[:, :2]
    return result


def _fit_covariance(
    features: Features, seed: int, n_components: int, progress: ProgressCallback
) -> PrincipalComponents:
    mean, covariance = _covariance(features, subrange(progress, 0.0, 0.6))
    width = len(mean)
    variance, vector = scipy.linalg.eigh(
        covariance, subset_by_index=(width - n_components, width - 1)
    )
    progress(0.7)
    _, loadings = svd_flip(None, vector[:, ::-1].T, u_based_decision=False)
    loadings = np.ascontiguousarray(loadings, dtype=np.float32)
    variance = variance[::-1].clip(min=0)
    return PrincipalComponents(
        mean=mean,
        loadings=loadings,
        explained_variance=variance.astype(np.float32),
        explained_variance_ratio=(variance / covariance.trace()).astype(np.float32),
        scores=_scores(features, mean, loadings, subrange(progress, 0.7, 1.0)),
        parameters={"n_components": n_components, "solver": "covariance"},
        seed=seed,
        library=f"scipy {version('scipy')}",
    )


def _fit_features(
    features: Features, seed: int, n_components: int, progress: ProgressCallback
) -> PrincipalComponents:
    for _ in _checked_batches(features, subrange(progress, 0.0, 0.1)):
        pass
    array = features[0 : features.shape[0]]
    solver = "full" if min(features.shape) <= MAX_FULL_SVD else "randomized"
    model = PCA(n_components=n_components, svd_solver=solver, random_state=seed).fit(array)
    progress(0.9)
    mean = model.mean_.astype(np.float32)
    loadings = np.ascontiguousarray(model.components_, dtype=np.float32)
    return PrincipalComponents(
        mean=mean,
        loadings=loadings,
        explained_variance=model.explained_variance_.astype(np.float32),
        explained_variance_ratio=model.explained_variance_ratio_.astype(np.float32),
        scores=_scores(array, mean, loadings, subrange(progress, 0.9, 1.0)),
        parameters={"n_components": n_components, "solver": solver},
        seed=seed,
        library=f"scikit-learn {version('scikit-learn')}",
    )


def _covariance(
    features: Features, progress: ProgressCallback
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean (D,) and the covariance (D, D) in one pass over the features."""
    length, width = features.shape
    total = np.zeros(width)
    product = np.zeros((width, width))
    # Float32 is precise enough for products of values around zero, and twice as fast. Any shift
    # does: it is corrected for below.
    shift = features[0 : min(BATCH, length)].mean(axis=0, dtype=np.float64).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for block in _checked_batches(features, progress):
            shifted = block - shift
            total += shifted.sum(axis=0, dtype=np.float64)
            product += shifted.T @ shifted
    offset = total / length
    covariance = (product - length * np.outer(offset, offset)) / (length - 1)
    if not np.isfinite(covariance).all() or covariance.trace() <= 0:
        raise ValueError("the features are too large or too small for float32")
    return (shift + offset).astype(np.float32), covariance


def _scores(
    features: Features,
    mean: NDArray[np.float32],
    loadings: NDArray[np.float32],
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    length = features.shape[0]
    result = np.empty((length, len(loadings)), np.float32)
    for rows in row_batches(length, BATCH):
        block = features[rows]
        _check_finite(block)
        result[rows] = (block - mean) @ loadings.T
        progress(rows.stop / length)
    return result


def _checked_batches(
    features: Features, progress: ProgressCallback
) -> Iterator[NDArray[np.float32]]:
    """Yield all batches; raise ValueError if one is not finite or all rows are the same."""
    length = features.shape[0]
    first = features[0:1]
    differ = False
    for rows in row_batches(length, BATCH):
        block = features[rows]
        _check_finite(block)
        differ = differ or bool((block != first).any())
        yield block
        progress(rows.stop / length)
    if not differ:
        raise ValueError("all locations have the same features")


def _check_finite(block: NDArray[np.float32]) -> None:
    if not np.isfinite(block).all():
        raise ValueError("a feature is not finite")
