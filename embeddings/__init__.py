"""Maps of a feature space: arrays in, arrays out.

results       what all of this makes
components    principal components of the features
neighbours    one graph of nearest neighbours over the components
maps          PCA, t-SNE and UMAP of both
quality       how far a map may be believed; reference, judge, stability
placing       new locations into an old map
alignment     one map turned onto another
votes         prediction by the classes of neighbours
progress      how slow functions say how far they have come
blocks        features a block of rows at a time
"""

from common.caches import use_writable_caches

use_writable_caches()  # Before numba or Matplotlib is imported.
