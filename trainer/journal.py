"""The tables of a run: what each step and each epoch gave; TensorBoard too, where installed."""

import csv
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.config import Config
from trainer.layout import Skipped

STEPS, EPOCHS = "steps.csv", "epochs.csv"
STEP_COLUMNS = ("epoch", "step", "loss", "learning_rate", "seconds")
EPOCH_COLUMNS = (
    "epoch",
    "step",
    "training_loss",
    "validation_loss",
    "top_1",
    "top_5",
    "view_top_1",
    "view_top_5",
    "seconds",
)


class Journal:
    """Writes a run's configuration, the skipped, its steps and epochs, and TensorBoard's events."""

    def __init__(
        self, run: Path, config: Config, skipped: Sequence[Skipped], last_step: int
    ) -> None:
        """Begin the tables, or cut off what was written after the step that was saved."""
        self._run = run
        run.mkdir(parents=True, exist_ok=True)
        (run / "config.json").write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n")
        with (run / "skipped.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(("id", "reason"))
            csv.writer(file).writerows((item.id, item.reason) for item in skipped)
        for name, columns in ((STEPS, STEP_COLUMNS), (EPOCHS, EPOCH_COLUMNS)):
            path, rows = run / name, []
            if last_step and path.is_file():
                with path.open(newline="", encoding="utf-8") as file:
                    rows = [
                        row
                        for row in list(csv.reader(file))[1:]
                        # A kill may have cut the last row short.
                        if len(row) == len(columns) and int(row[1]) <= last_step
                    ]
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([columns, *rows])
        self._board = _tensorboard(run / "tensorboard", last_step)

    def steps(self, rows: Sequence[tuple[int, int, float, float, float]]) -> None:
        """Add rows of `STEP_COLUMNS`."""
        self._append(STEPS, rows)
        if self._board:
            for _, step, loss, rate, _ in rows:
                self._board.add_scalar("training/loss", loss, step)
                self._board.add_scalar("training/learning_rate", rate, step)

    def epoch(self, values: dict[str, float | None]) -> None:
        """Add a row of `EPOCH_COLUMNS`; None leaves its field empty."""
        self._append(
            EPOCHS, [["" if values[name] is None else values[name] for name in EPOCH_COLUMNS]]
        )
        if self._board:
            for name in EPOCH_COLUMNS[3:-1]:
                if values[name] is not None:
                    self._board.add_scalar(f"validation/{name}", values[name], values["step"])
            self._board.flush()

    def close(self) -> None:
        """Let everything reach the disk."""
        if self._board:
            self._board.close()

    def _append(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        with (self._run / name).open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def _tensorboard(folder: Path, last_step: int) -> Any:
    """Return a writer of events, None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(folder, purge_step=last_step + 1 if last_step else None)
