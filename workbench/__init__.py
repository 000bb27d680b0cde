"""Look into a trained model: extract, project, measure, explain, draw."""

from common.caches import use_writable_caches

use_writable_caches()  # Before numba or Matplotlib is imported.
