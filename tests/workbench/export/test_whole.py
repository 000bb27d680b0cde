"""The whole list of figures and tables, of a trained model with its photographs."""

import re
from pathlib import Path

import pandas as pd
import pytest

from common.files import atomic_write_text
from workbench import store as stores
from workbench.export.options import Options
from workbench.export.write import Result, export
from workbench.extract.extraction import extract
from workbench.projections.fit import fit_projections
from workbench.projections.options import FitOptions

pytestmark = pytest.mark.slow
GROUND_TRUTH = (
    "method,baseline,part,metric,element,locations,chance,value,value_low,value_high,"
    "ratio,ratio_low,ratio_high\n"
    "grad_cam,,absolute,mass accuracy,,12,0.2,0.5,0.4,0.6,2.5,2,3\n"
)


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, test_folder: Path
) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "medium.h5"
    extract(trained, test_folder, path, batch_size=4, num_workers=0)
    fit_projections(path, FitOptions(method=("pca",), stability_seeds=0))
    atomic_write_text(folder / "ground_truth.csv", GROUND_TRUTH)
    options = Options(
        stores=(path,),
        out=folder / "figures",
        format=("pdf",),
        panels=1,
        ground_truth=folder / "ground_truth.csv",
    )
    return folder / "figures", export(options)


def test_every_figure_and_table_of_the_list_is_written(exported: tuple[Path, Result]) -> None:
    _, result = exported
    assert not result.failures
    stems = {path.stem for path in result.files}
    assert stems >= {
        "hyperparameters", "accuracy", "pipeline-medium", "training-loss", "training-accuracy",
        "roc", "projection-pca", "confusion",
        "divisions", "distances", "recall-area", "geography", "split",
        "covariates", "state-map", "classes", "view-shares",
        "ground-truth",
    }  # fmt: skip
    assert any(re.fullmatch(r"location-(right|wrong)-1", stem) for stem in stems)
    assert any(re.fullmatch(r"attribution-(right|wrong)-1", stem) for stem in stems)
    # Two classes fit into one panel, and eight locations are too few for bins.
    assert sorted(line.partition(" ")[0] for line in result.left_out) == [
        "comparison:", "people:", "reliability:", "roc-classes:",
    ]  # fmt: skip


def test_figures_show_the_numbers_beside_them(exported: tuple[Path, Result]) -> None:
    folder, _ = exported
    store = stores.read(folder.parent / "medium.h5")
    maps = sorted(folder.glob("attribution-*.csv"))
    assert pd.read_csv(maps[0])["share_of_map"].sum() == pytest.approx(1)
    confusion = pd.read_csv(folder / "confusion.csv")
    assert confusion["count"].sum() == len(store)
    caption = (folder / "figures.tex").read_text()
    assert "Verdict: " in caption
    assert "ompleteness error" in caption
