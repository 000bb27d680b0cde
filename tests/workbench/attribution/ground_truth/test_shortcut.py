"""A model that was trained on a shortcut shows it in its maps, one that was not does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.examples import TINY
from trainer.synthetic import paint
from trainer.train import train
from workbench import store
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.ground_truth.__main__ import main
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.metrics import Comparison
from workbench.attribution.ground_truth.study import method_configs, study, summarize
from workbench.attribution.request import AttributionRequest
from workbench.extract.extraction import extract
from workbench.store.photographs import Photographs

STATE = "Illinois"
CONFIG = replace(
    TINY,
    initialization="zero-residual",
    schedule="one-cycle",
    image_size=64,
    epochs=15,
    batch_size=16,
    learning_rate=1e-2,
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with data sets, runs and stores, `plain` and `planted`.

    Both stores are of the planted test photographs, so that both models see the same.
    """
    root = tmp_path_factory.mktemp("both")
    for name, plants in (("plain", ()), ("planted", (f"{STATE}=watermark",))):
        data = paint(
            root / name, states=5, train=24, test=4, image_size=64, num_workers=1, shortcuts=plants
        )
        train(root / f"run-{name}", data / "train", CONFIG, preset="demo", resume=False)
    for name in ("plain", "planted"):
        extract(
            root / f"run-{name}",
            root / "planted" / "test",
            root / f"{name}.h5",
            batch_size=32,
            num_workers=0,
        )
    return root


def on_the_mark(root: Path, name: str) -> Comparison:
    """Hold the share of a model's maps on the mark against the mark's area."""
    made = store.read(root / f"{name}.h5")
    photographs = Photographs(root / "planted" / "test", made)
    explainer = StoreExplainer(root / f"run-{name}", photographs, made)
    masks = Masks(root / "planted" / "mask", photographs)
    rows = np.flatnonzero(made.labels == made.class_names.index(STATE)).tolist()
    chosen = method_configs(["integrated_gradients"], ["mean"])
    scores = study(made, rows, chosen, explainer, masks, {}, explainer.size, AttributionRequest())
    (found,) = summarize(scores, masks.elements, seed=0)
    return found.elements["watermark"]


@pytest.mark.slow
@pytest.mark.xdist_group("shortcut")
def test_the_shortcut_shows_in_the_model_that_learned_it_alone(both: Path) -> None:
    plain, planted = on_the_mark(both, "plain"), on_the_mark(both, "planted")
    assert plain.locations == planted.locations == 4
    assert planted.ratio.low > 2
    assert planted.ratio.low > 2 * plain.ratio.high
    assert planted.value.low > 5 * plain.value.high


@pytest.mark.slow
@pytest.mark.xdist_group("shortcut")
def test_the_command_writes_tables_and_figures(
    both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [
        str(both / "planted.h5"),
        "--where",
        f"state == {STATE!r}",
        "--locations",
        "3",
        "--out",
        str(out),
    ]
    words += ["--method", "input_x_gradient", "--method", "grad_cam"]
    assert main(words) == 0
    page = capsys.readouterr().out
    assert page.startswith("3 locations of planted.h5 where state == 'Illinois'; explained")
    assert "watermark" in page
    assert (out / "ground_truth.md").read_text() == page
    assert sorted(path.name for path in out.iterdir()) == [
        "ground-truth.json",
        *(f"ground_truth.{kind}" for kind in ("csv", "md", "pdf", "svg")),
    ]
    before = (out / "ground_truth.csv").read_bytes()
    assert main(words) == 0
    assert (out / "ground_truth.csv").read_bytes() == before
