import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
import pytest
from matplotlib import pyplot as plt
from matplotlib import rcParams
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial
from PIL import Image

from trainer.sweep import plots
from trainer.sweep.plots import write_plots

NAMES = (
    "parallel_coordinate",
    "optimization_history",
    "param_importances",
    "intermediate_values",
)
WEIGHTS = ("", "/some/$where/ours.pth")
SPACE = {
    "learning_rate": FloatDistribution(1e-5, 1e-3, log=True),
    "weights": CategoricalDistribution(WEIGHTS),
}


def study(values: Sequence[float], pruned: int = 0) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    result = optuna.create_study(direction="maximize")
    states = [TrialState.COMPLETE] * len(values) + [TrialState.PRUNED] * pruned
    for number, state in enumerate(states):
        value = values[number] if state is TrialState.COMPLETE else 0.01
        result.add_trial(
            create_trial(
                state=state,
                value=value,
                params={
                    "learning_rate": 1e-5 * (number + 1),
                    "weights": WEIGHTS[number % 2],
                },
                distributions=SPACE,
                intermediate_values={1: value / 2, 2: value},
            )
        )
    return result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "pruned", "names"),
    [
        ((), 0, ()),
        ((), 1, NAMES[3:]),
        ((0.5,), 0, (*NAMES[:2], NAMES[3])),
        ((0.5, 0.5), 1, NAMES),
    ],
)
def test_plots_without_data_are_left_out(
    tmp_path: Path, values: Sequence[float], pruned: int, names: Sequence[str]
) -> None:
    write_plots(study(values, pruned), tmp_path, "validation top-1")
    wanted = {f"{name}{suffix}" for name in names for suffix in (".pdf", ".png")}
    assert {path.name for path in tmp_path.iterdir()} == wanted


@pytest.mark.slow
def test_plots_are_vectors_with_text_at_the_width_of_a_page_and_do_not_change(
    tmp_path: Path,
) -> None:
    style = dict(rcParams)
    folders = (tmp_path / "first", tmp_path / "second")
    for folder in folders:
        folder.mkdir()
        write_plots(study((0.2, 0.6, 0.4), pruned=1), folder, "validation top-1")
    for name in NAMES:
        pdf = (folders[0] / f"{name}.pdf").read_bytes()
        assert pdf == (folders[1] / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in pdf
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
        assert box
        # Cut to the content, which a long label can widen.
        assert 0.7 * plots.WIDTH < float(box[1]) / 72 * 25.4 < 1.3 * plots.WIDTH
        with Image.open(folders[0] / f"{name}.png") as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        assert (pixels.max(axis=2) - pixels.min(axis=2) > 40).sum() > 500
    assert dict(rcParams) == style
    assert not plt.get_fignums()
