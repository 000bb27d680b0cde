"""What a search has come to: a table and a picture, written into the study folder."""

import math
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from common.files import atomic_write, atomic_write_text
from trainer.summary import duration
from trainer.sweep import parallel_plot
from trainer.sweep.parallel_plot import Axis, Line
from trainer.sweep.settings import Value
from trainer.sweep.space import Choice, Varied
from trainer.sweep.study import DONE, OBJECTIVES, Study
from trainer.sweep.tables import Column, Table, comma_separated, markdown, share

WORDS = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "waiting",
}
RESULTS = (
    Column("epochs"),
    Column("top-1, %", share, key="top_1"),
    Column("top-5, %", share, key="top_5"),
    Column("validation loss", lambda value: _loss(float(value)), key="validation_loss"),
    Column("time", lambda value: duration(float(value)), key="seconds"),
)


def table(study: Study, trials: int) -> Table:
    """Return the first so many trials: finished ones from the best on, then pruned, then others.

    Of two with the same score the one with the lower loss comes first.
    """
    every = study.trials()[:trials]
    sign = -1 if study.search.objective == "top-1" else 1
    order = list(WORDS)

    def rank(trial: FrozenTrial) -> tuple[int, float, float, int]:
        place = order.index(trial.state) if trial.state in order else len(order)
        score = math.inf if trial.value is None else sign * trial.value
        return place, score, trial.user_attrs.get("validation_loss", math.inf), trial.number

    columns = [Column("trial"), *map(_column, study.search.varied)]
    columns += [Column("state", text=True), *RESULTS]
    failed = any("reason" in trial.user_attrs for trial in every)
    if failed:
        columns.append(Column("reason", text=True))
    rows = []
    for trial in sorted(every, key=rank):
        row: list[Value | None] = [trial.number]
        row += [trial.params.get(one.name) for one in study.search.varied]
        row += [_state(study, trial), *(trial.user_attrs.get(one.heading) for one in RESULTS)]
        rows.append([*row, trial.user_attrs.get("reason")] if failed else row)
    return Table(columns, rows)


def write(study: Study, trials: int) -> str:
    """Write `table.csv`, `table.md`, `parallel.pdf` and `parallel.png`; return the table as text.

    There is no picture before a trial has been finished or pruned. Raises OSError.
    """
    folder = study.folder
    with study.alone():
        result = table(study, trials)
        text = markdown(result)
        atomic_write_text(folder / "table.csv", comma_separated(result))
        atomic_write_text(folder / "table.md", text)
        lines = _lines(study, trials)
        if lines:
            minimise = OBJECTIVES[study.search.objective] == "minimize"
            figure = parallel_plot.draw(
                [_axis(one) for one in study.search.varied],
                "validation loss" if minimise else "validation top-1, %",
                lines,
                "lower" if minimise else "higher",
            )
            for kind in ("pdf", "png"):
                with atomic_write(folder / f"parallel.{kind}") as partial:
                    parallel_plot.save(figure, partial, kind)
    return text


def done(study: Study, trials: int) -> int:
    """Return how many of the first so many trials have ended."""
    return sum(trial.state in DONE for trial in study.trials()[:trials])


def worthless(study: Study) -> list[Path]:
    """Return the run folders of the trials whose weights nobody will need."""
    states = (TrialState.PRUNED, TrialState.FAIL)
    return [study.folder_of(one.number) for one in study.trials() if one.state in states]


def _loss(value: float) -> str:
    """Return a loss to three places; one that went astray, to three digits."""
    return f"{value:.3f}" if value < 1e4 else f"{value:.3g}"


def _state(study: Study, trial: FrozenTrial) -> str:
    if trial.state is TrialState.RUNNING:
        return "running" if study.held(trial.number) else "interrupted"
    return WORDS[trial.state]


def _column(one: Varied) -> Column:
    words = isinstance(one, Choice) and any(isinstance(here, str) for here in one.value)
    return Column(one.name, text=words)


def _axis(one: Varied) -> Axis:
    if not isinstance(one, Choice):
        return Axis(one.name, one.low, one.high, one.log)
    numbers = not any(isinstance(here, str) for here in one.value)
    return Axis(one.name, value=tuple(sorted(one.value)) if numbers else one.value)


def _lines(study: Study, trials: int) -> list[Line]:
    scale = 100.0 if study.search.objective == "top-1" else 1.0
    return [
        Line(
            tuple(trial.params[one.name] for one in study.search.varied),
            scale * trial.value,
            trial.state is TrialState.PRUNED,
        )
        for trial in study.trials()[:trials]
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and trial.value is not None
    ]
