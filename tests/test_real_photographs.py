"""The whole way on real photographs, where the folder with them is beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from common.progress import no_progress
from trainer.config import Config
from trainer.train import train
from workbench import store
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.request import AttributionRequest
from workbench.export.options import Kind, Options
from workbench.export.write import export
from workbench.extract.extraction import extract
from workbench.projections.fit import fit_projections
from workbench.store.photographs import Photographs

DATA = Path(__file__).parents[2] / "shared" / "data" / "streetscapes"


@pytest.mark.xdist_group("numba")
@pytest.mark.real_resnet
@pytest.mark.slow
@pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no photographs at ../{DATA.relative_to(DATA.parents[2])}"
)
def test_the_whole_way(tmp_path: Path) -> None:
    config = Config(
        depth=18, image_size=48, epochs=1, batch_size=8, learning_rate=3e-4, schedule="one-cycle"
    )
    run, out = tmp_path / "run", tmp_path / "store.h5"
    checkpoint = train(run, DATA / "train", config, preset="demo", resume=False)
    assert checkpoint.class_names == ("Singapore", "Stuttgart")
    assert sum(map(len, checkpoint.split.values())) == 102

    made = extract(run, DATA / "test", out, batch_size=12, num_workers=2)
    assert len(made) == 36
    assert made.provenance["skipped"] == []
    assert np.isfinite(made.latitudes).all()

    fit_projections(out)
    figures = tmp_path / "figures"
    kinds: tuple[Kind, ...] = ("training", "roc", "locations", "projections", "split")
    written = export(Options(stores=(out,), out=figures, only=kinds, format=("pdf",)))
    assert not written.failures
    assert {path.stem for path in written.files} >= {
        "projection-umap",
        "roc",
        "location-right-1",
        "split",
    }

    opened = store.read(out)
    explainer = StoreExplainer(run, Photographs(DATA / "test", opened), opened)
    result = explainer.explain(opened.location_ids[0], AttributionRequest(), no_progress)
    assert result.values.shape == (4, 48, 48)
    assert result.converged
    assert result.relative_completeness_error is not None
    assert result.relative_completeness_error <= 0.01
