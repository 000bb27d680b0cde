"""The entrance for notebooks: `workbench.open`."""

import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import workbench
from common.errors import InputError
from embeddings.results import Projection
from tests.examples import small_store
from workbench import store
from workbench.attribution.request import AttributionRequest
from workbench.bench import Bench, Explanation, RequestOptions
from workbench.extract.extraction import extract
from workbench.interchange.frame import to_frame

ROOT = Path(__file__).parents[2]
LOOSE: RequestOptions = {"completeness_tolerance": 1.0, "map_tolerance": 1.0}
LOCATION = "New Mexico/2015_-A_b1002"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, trained: Path, test_folder: Path) -> Bench:
    path = tmp_path_factory.mktemp("bench") / "tiny.h5"
    extract(trained, test_folder, path, batch_size=4, num_workers=0)
    return workbench.open(path)


@pytest.fixture(scope="module")
def explanation(bench: Bench) -> Explanation:
    return bench.explain(LOCATION, "integrated_gradients", target="Alaska", progress=False, **LOOSE)


@pytest.mark.spawn
def test_importing_the_workbench_imports_no_library() -> None:
    program = (
        "import sys, workbench; "
        "loaded = {'torch', 'numpy', 'h5py', 'pandas', 'matplotlib', 'dash'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, check=True)


def test_a_bench_has_the_arrays_of_its_store(bench: Bench) -> None:
    store = bench.store
    assert len(bench) == len(store) == 8
    assert bench.class_names == ("Alaska", "New Mexico")
    assert bench.location_ids == store.location_ids
    assert np.array_equal(bench.labels, store.labels)
    assert np.array_equal(bench.logits, store.logits)
    assert np.array_equal(bench.features, store.features[:])
    assert bench.features is bench.features
    assert repr(bench).endswith(
        f"8 locations, 2 classes, {bench.features.shape[1]:,} features, projections: none"
    )


def test_a_bench_is_a_table(bench: Bench) -> None:
    frame = bench.to_frame(logits=True, features=True)
    assert frame.equals(to_frame(bench.store, logits=True, features=True))
    assert frame.loc[LOCATION, "state"] == "New Mexico"
    with pytest.raises(InputError, match="no neighbours"):
        bench.to_frame(neighbors=True)


def test_metrics_are_those_of_the_logits(bench: Bench) -> None:
    values = bench.metrics()
    hit = bench.logits.argmax(axis=1) == bench.labels
    assert values["top_1_accuracy"] == hit.mean()
    assert values["top_5_accuracy"] == 1
    assert values["macro_roc_auc"] == bench.roc().macro_auc
    matrix = bench.confusion_matrix()
    assert np.trace(matrix.to_numpy()) == hit.sum()
    assert matrix.loc["Alaska"].sum() == 4
    assert (matrix.index.name, matrix.columns.name) == ("true", "predicted")


def test_a_store_with_projections_needs_no_model(tmp_path: Path) -> None:
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=3)
    bench = workbench.open(str(tmp_path / "small.h5"))
    assert list(bench.projections) == ["pca", "tsne", "umap"]
    assert bench.projections["umap"].coordinates.shape == (15, 2)
    with pytest.raises(InputError, match="run="):
        bench.explain("Ohio/2015_-A_b4000", progress=False)


def test_an_explanation_is_that_of_the_store_s_model(
    bench: Bench, explanation: Explanation
) -> None:
    attribution = explanation.attribution
    assert attribution.location_id == LOCATION
    assert attribution.request == AttributionRequest(target="Alaska", **LOOSE)
    row = bench.location_ids.index(LOCATION)
    assert attribution.output == pytest.approx(float(bench.logits[row, 0]), abs=1e-3)
    assert explanation.values is attribution.values
    assert explanation.values.shape == (4, 32, 32)
    assert np.array_equal(explanation.views, bench.views(LOCATION))
    assert explanation.views.shape == (4, 3, 32, 32)
    assert explanation.verdict.label == "not checked"


def test_an_explanation_shows_itself(explanation: Explanation) -> None:
    assert explanation._repr_png_().startswith(b"\x89PNG")
    figure = explanation.figure()
    assert LOCATION in figure.get_suptitle()
    assert repr(explanation).splitlines()[:2] == [
        f"{LOCATION}: logit of Alaska, integrated gradients, baseline mean colour",
        "not checked",
    ]
    assert "+ Converged: completeness error" in repr(explanation)
    table = explanation.verdict_table()
    assert table.loc["Convergence", "threshold"] == "≤ 100%, ≤ 100%"
    assert LOCATION in explanation.methods_paragraph()


def test_an_explanation_with_named_axes(explanation: Explanation, tmp_path: Path) -> None:
    data = explanation.to_xarray()
    assert dict(data.sizes) == {"view": 4, "y": 32, "x": 32, "channel": 3}
    east = data["attribution"].sel(view="E").to_numpy()
    assert np.array_equal(east, explanation.values[1])
    assert np.array_equal(data["photograph"].to_numpy(), explanation.views)
    assert data.attrs["method"] == "integrated_gradients"
    assert data.attrs["target"] == "Alaska"
    assert data.attrs["output_value"] == explanation.attribution.output
    assert isinstance(data, xr.Dataset)


def test_checks_and_a_progress_bar(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    explanation = bench.explain(LOCATION, "grad_cam", checks=True)
    assert explanation.attribution.checks is not None
    assert explanation.verdict.label != "not checked"
    assert f"{LOCATION}: 100%" in capsys.readouterr().err


def test_options_are_those_of_a_request(bench: Bench) -> None:
    own = {"method", "target"}
    assert {field.name for field in fields(AttributionRequest)} == (
        set(RequestOptions.__annotations__) | own
    )
    options: RequestOptions = {**LOOSE, "contrast_target": "Alaska", "baseline": "black"}
    explanation = bench.explain(LOCATION, target="true", progress=False, **options)
    request = explanation.attribution.request
    assert (request.target, request.contrast_target) == ("New Mexico", "Alaska")
    assert request.baseline == "black"


@pytest.mark.parametrize(
    ("location_id", "hint"),
    [
        ("New Mexico/2015_-A_b1O02", "did you mean '.*b1002'"),
        ("2015_-A_b1003", "did you mean 'New Mexico/2015_-A_b1003'"),
        ("??", "see `location_ids`"),
    ],
)
def test_an_unknown_location_is_one_error_with_the_nearest(
    bench: Bench, location_id: str, hint: str
) -> None:
    with pytest.raises(InputError, match=f"no such location in tiny.h5; {hint}"):
        bench.explain(location_id)


def test_a_row_number_is_no_location(bench: Bench) -> None:
    with pytest.raises(InputError, match="0: name a location by its id"):
        bench.explain(0)  # type: ignore[arg-type]


def test_what_cannot_be_explained_is_said_before_the_model_is_loaded(bench: Bench) -> None:
    fresh = workbench.open(bench.path, run="nowhere")
    with pytest.raises(InputError, match="lime"):
        fresh.explain(LOCATION, "lime")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Ohio"):
        fresh.explain(LOCATION, target="Ohio")


def test_moved_folders_and_the_device(bench: Bench, trained: Path, test_folder: Path) -> None:
    moved = workbench.open(bench.path, run="nowhere", data=test_folder)
    with pytest.raises(InputError, match="nowhere"):
        moved.explain(LOCATION, progress=False)
    found = workbench.open(bench.path, run=str(trained), data=test_folder, device="cpu")
    explanation = found.explain(LOCATION, "input_x_gradient", progress=False)
    assert explanation.attribution.converged is None


@pytest.mark.slow
def test_the_page_runs_as_written(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    umap = Projection("umap", np.zeros((len(bench), 2), np.float32), {}, 0, "example 1.0")
    store.write(tmp_path / "medium.h5", replace(bench.store, projections={"umap": umap}))
    text = (ROOT / "docs" / "how-to" / "notebook.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(blocks) > 8
    code = "\n".join(blocks).replace("Ohio/2010_2yq3IG_hPiVos-doI5ai_m", LOCATION)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(code.replace('target="Ohio"', 'target="New Mexico"'), names)
    assert isinstance(names["explanation"], Explanation)
    assert (tmp_path / "ohio.pdf").read_bytes().startswith(b"%PDF")
