"""Look into a trained model: extract, project, measure, explain, draw."""

from pathlib import Path

from common.caches import use_writable_caches
from common.startup import exit_module_on_signals
from workbench.bench import Bench, Explanation

exit_module_on_signals()
use_writable_caches()  # Before numba or Matplotlib is imported.

__all__ = ["Bench", "Explanation", "open"]


def open(  # noqa: A001  As h5py, xarray and Pillow name it: `workbench.open`.
    path: str | Path,
    *,
    run: str | Path | None = None,
    data: str | Path | None = None,
    device: str | None = None,
) -> Bench:
    """Open a store.

    `run` and `data` are the model's run folder and the folder of the photographs, where they have
    been moved since the store was extracted. `device` is that of explanations ("cpu", "cuda:1");
    by default a GPU if there is one. Raises InputError for a file that is missing or no store.
    """
    return Bench(path, run=run, data=data, device=device)
