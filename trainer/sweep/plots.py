"""Optuna's plots of a study, as PDF and PNG."""

import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import optuna
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from optuna.trial import TrialState
from optuna.visualization import matplotlib as visualization

from common.figure_text import literal_text
from common.files import atomic_write

INCHES_PER_MILLIMETRE = 1 / 25.4
# The width of two columns, like the figures of `workbench.export`.
WIDTH, HEIGHT = 174.0, 100.0
DOTS_PER_INCH = 150
STYLE: Any = {"font.size": 8.0, "pdf.fonttype": 42}


def write_plots(study: optuna.Study, folder: Path, target_name: str) -> None:
    """Write Optuna's plots of the trials that have ended; a plot without data is left out.

    `target_name` names the objective. Raises InputError where the disk refuses.
    """
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    complete = states.count(TrialState.COMPLETE)
    mpl.use("agg")
    texts = {
        value
        for trial in study.get_trials(deepcopy=False)
        for value in trial.params.values()
        if isinstance(value, str)
    }
    with literal_text(sorted(texts), STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of experimental functions, and of equal values.
        if complete:
            axes = visualization.plot_parallel_coordinate(study, target_name=target_name)
            _save(axes, folder / "parallel_coordinate")
            axes = visualization.plot_optimization_history(study, target_name=target_name)
            _save(axes, folder / "optimization_history")
        if complete > 1:
            axes = visualization.plot_param_importances(study, target_name=target_name)
            _save(axes, folder / "param_importances")
        if complete or TrialState.PRUNED in states:
            axes = visualization.plot_intermediate_values(study)
            axes.set(xlabel="Epoch", ylabel=target_name)
            if legend := axes.get_legend():  # Longer than the figure with many trials.
                legend.remove()
            _save(axes, folder / "intermediate_values")


def _save(axes: Axes, path: Path) -> None:
    """Write the figure of `axes` at print size, cut to its content; equal studies, equal bytes."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.set_size_inches(WIDTH * INCHES_PER_MILLIMETRE, HEIGHT * INCHES_PER_MILLIMETRE)
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {})):
        with atomic_write(path.with_suffix(suffix)) as partial:
            figure.savefig(partial, dpi=DOTS_PER_INCH, metadata=metadata, bbox_inches="tight")
    plt.close(figure)
