"""The whole list of figures and tables, of a trained model of each fusion with its photographs."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from common.files import atomic_write_text
from embeddings.results import PROJECTION_TITLES, Projection
from tests.examples import TINY
from trainer.config import FUSIONS
from trainer.train import train
from workbench import store as stores
from workbench.export import write
from workbench.export.options import KINDS, Options
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
        "comparison:", "people:", "reliability:", "roc-classes:", "side-by-side:",
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


def listed() -> dict[str, list[str]]:
    """Return the names of files by kind, as the tables of the documentation have them.

    A kind stands in the first or second column, its files in the next.
    """
    result: dict[str, list[str]] = {}
    for line in Path("docs/how-to/paper-figures.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for cell, beside in pairwise(cells):
            kinds = re.findall(r"`([\w-]+)`", cell)
            if kinds and set(kinds) <= set(KINDS) and re.fullmatch(r"[`\w, -]+", cell):
                names = re.findall(r"`([a-z\d-]+)(?:\.tex)?`", beside)
                for kind in kinds:  # Of several kinds, each has the file of its name.
                    of_kind = [kind] if len(kinds) > 1 else names
                    result[kind] = result.get(kind, []) + of_kind
    return result


def unrendered(_figure: Figure, path: Path | BinaryIO, *_: object) -> None:
    """Write an empty file: drawing is the same for all fusions, and rendering takes long."""
    if isinstance(path, Path):
        path.write_bytes(b"")


@pytest.fixture(scope="module")
def of_all_fusions(
    tmp_path_factory: pytest.TempPathFactory, training_folder: Path, test_folder: Path
) -> Result:
    """Return the export of one location of a store for each fusion."""
    folder = tmp_path_factory.mktemp("fusions")
    for fusion in FUSIONS:
        run, path = folder / "runs" / fusion, folder / f"{fusion}.h5"
        config = replace(TINY, fusion=fusion, epochs=1)
        train(run, training_folder, config, preset="demo", resume=False)
        extract(run, test_folder, path, batch_size=8, num_workers=0)
        store = stores.read(path)
        points = np.asarray(store.features[:])[:, :2]
        maps = {name: Projection(name, points, {}, 0, "example") for name in PROJECTION_TITLES}
        stores.write(path, replace(store, projections=maps))
    atomic_write_text(folder / "ground_truth.csv", GROUND_TRUTH)
    options = Options(
        stores=tuple(folder / f"{fusion}.h5" for fusion in FUSIONS),
        out=folder / "figures",
        format=("pdf",),
        id=(store.location_ids[0],),
        ground_truth=folder / "ground_truth.csv",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "save", unrendered)
        patch.setattr(write, "_png", lambda *_: b"")
        return export(options)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_has_every_figure_of_the_list_or_a_reason(
    of_all_fusions: Result, fusion: str
) -> None:
    assert not of_all_fusions.failures
    stems = {path.stem for path in of_all_fusions.files}
    reasons = [line.partition(": ") for line in of_all_fusions.left_out]
    without = {kind for kind, _, why in reasons if why}
    kinds = listed()
    assert set(kinds) == set(KINDS)
    for kind, names in kinds.items():
        assert names
        if f"{kind} of {fusion}" in without or kind in without:
            continue
        for name in names:
            own = {
                "pipeline": {f"pipeline-{fusion}"},
                # The location was chosen by its id.
                "locations": {f"location-1-{fusion}"},
                "attributions": {f"attribution-1-{fusion}"},
            }.get(kind, {name, f"{name}-{fusion}"})
            assert own & stems, (kind, name)
    assert without & {f"{kind} of {fusion}" for kind in KINDS} == {
        f"{kind} of {fusion}" for kind in ("people", "reliability", "roc-classes", "side-by-side")
    }
