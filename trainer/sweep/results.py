"""The results of a sweep: tables and plots in the study folder."""

import math
from pathlib import Path

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from trainer.summary import duration
from trainer.sweep import tables
from trainer.sweep.plots import write_plots
from trainer.sweep.study import FINISHED, StudyFolder
from trainer.sweep.tables import Column, percent

STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
RESULTS = {
    "epochs": Column("epochs"),
    "top_1": Column("top-1, %", percent),
    "top_5": Column("top-5, %", percent),
    "validation_loss": Column("validation loss", lambda value: _format_loss(float(value))),
    "seconds": Column("time", lambda value: duration(float(value))),
}


def to_frame(study: StudyFolder, n_trials: int) -> pd.DataFrame:
    """Return a row for each of the first trials: finished ones, best first, then the others.

    The lower loss breaks ties. Shares are in [0, 1], times in seconds; missing values are None.
    """
    sign = -1 if study.config.objective == "top-1" else 1
    order = list(STATES)

    def rank(trial: FrozenTrial) -> tuple[int, float, float, int]:
        place = order.index(trial.state) if trial.state in order else len(order)
        score = math.inf if trial.value is None else sign * trial.value
        return place, score, trial.user_attrs.get("validation_loss", math.inf), trial.number

    rows = [
        {"trial": trial.number}
        | {name: trial.params.get(name) for name in study.config.space}
        | {"state": _state(study, trial)}
        | {name: trial.user_attrs.get(name) for name in (*RESULTS, "reason")}
        for trial in sorted(study.trials()[:n_trials], key=rank)
    ]
    columns = ["trial", *study.config.space, "state", *RESULTS, "reason"]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return frame if frame["reason"].notna().any() else frame.drop(columns="reason")


def write(study: StudyFolder, n_trials: int) -> str:
    """Write the tables and plots and return the table as text; raises InputError."""
    with study.lock:
        text = tables.write(study.folder, to_frame(study, n_trials), RESULTS)
        write_plots(study.study, study.folder, f"validation {study.config.objective}")
    return text


def count_finished(study: StudyFolder, n_trials: int) -> int:
    """Return how many of the first trials have ended."""
    return sum(trial.state in FINISHED for trial in study.trials()[:n_trials])


def unsuccessful_runs(study: StudyFolder) -> list[Path]:
    """Return the run folders of the trials that were pruned or failed."""
    states = (TrialState.PRUNED, TrialState.FAIL)
    return [study.run_folder(trial.number) for trial in study.trials() if trial.state in states]


def _format_loss(loss: float) -> str:
    """Return a loss with three decimals; a huge one with three digits."""
    return f"{loss:.3f}" if loss < 1e4 else f"{loss:.3g}"


def _state(study: StudyFolder, trial: FrozenTrial) -> str:
    if trial.state in STATES:
        return STATES[trial.state]
    return "running" if study.is_locked(trial.number) else "interrupted"
