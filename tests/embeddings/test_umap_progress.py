"""UMAP's bar as a progress callback, also one that raises."""

import io
import threading

import pytest
from tqdm.auto import tqdm

from common.progress import ProgressCallback
from embeddings.umap_progress import umap_progress


def epochs(progress: ProgressCallback) -> None:
    """Count five epochs as UMAP does."""
    for _ in tqdm(range(5), **umap_progress(progress)):
        pass


def test_each_epoch_is_told_once() -> None:
    told: list[float] = []
    epochs(lambda fraction, _stage="": told.append(fraction))
    assert told == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize("when", [0, 0.4, 1])
def test_bars_of_other_threads_go_on_when_it_raises(when: float) -> None:
    def cancel(fraction: float, _stage: str = "") -> None:
        if fraction == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        epochs(cancel)
    other = threading.Thread(target=lambda: list(tqdm(range(2), file=io.StringIO())), daemon=True)
    other.start()
    other.join(20)
    assert not other.is_alive()
