"""Projections of a feature space: arrays in, arrays out.

results         the dataclasses that the functions return
pca             principal components of the features
knn             the k-nearest-neighbour graph of the components
projections     PCA, t-SNE and UMAP in two dimensions
transform       new locations in a fitted projection
quality         trustworthiness and continuity, stability over seeds
density         where the points of a projection lie, for other projections
procrustes      alignment of one projection to another
row_batches     slices of rows
knn_classifier  classification by the nearest neighbours
umap_progress   a progress callback for UMAP
"""

from common.caches import use_writable_caches

use_writable_caches()  # Before numba or Matplotlib is imported.
