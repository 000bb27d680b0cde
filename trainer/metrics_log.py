"""The tables of a run: what each step and each epoch gave; TensorBoard too, where installed."""

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.files import atomic_write_text
from trainer.config import Config
from trainer.data.layout import SkippedLocation

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


class MetricsLog:
    """Writes a run's configuration, the skipped, its steps and epochs, and TensorBoard's events."""

    def __init__(
        self, run: Path, config: Config, skipped: Sequence[SkippedLocation], last_step: int
    ) -> None:
        """Begin the tables, or cut off what was written after the step that was saved."""
        self._run, self._last_step = run, last_step
        self._board: Any = None
        atomic_write_text(
            run / "config.json", json.dumps(dataclasses.asdict(config), indent=1) + "\n"
        )
        atomic_write_text(
            run / "skipped.csv",
            _csv_text([("id", "reason"), *((item.id, item.reason) for item in skipped)]),
        )
        for name, columns in ((STEPS, STEP_COLUMNS), (EPOCHS, EPOCH_COLUMNS)):
            path, before = run / name, ""
            if last_step and path.is_file():
                before = path.read_text("utf-8", "replace")
            rows = [line.split(",") for line in before.splitlines()[1:]]
            # A kill may have cut the last row short.
            whole = (row for row in rows if len(row) == len(columns) and row[1].isdecimal())
            rows = [row for row in whole if int(row[1]) <= last_step]
            if _csv_text([columns, *rows]) != before:
                atomic_write_text(path, _csv_text([columns, *rows]))

    def log_steps(self, rows: Sequence[tuple[int, int, float, float, float]]) -> None:
        """Add rows of `STEP_COLUMNS`."""
        self._append(STEPS, rows)
        if self._board:
            for _, step, loss, rate, _ in rows:
                self._board.add_scalar("training/loss", loss, step)
                self._board.add_scalar("training/learning_rate", rate, step)

    def log_epoch(self, values: dict[str, float | None]) -> None:
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
            file.write(_csv_text(rows))
        # Not before: what TensorBoard says of a full disk is a page long.
        self._board = self._board or _tensorboard_writer(self._run / "tensorboard", self._last_step)


def _csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _tensorboard_writer(folder: Path, last_step: int) -> Any:
    """Return a writer of events, None where TensorBoard is not installed or cannot write."""
    try:
        from torch.utils.tensorboard import SummaryWriter

        str(folder).encode()  # It writes the folder's name, which a file system may spell in bytes.
    except (ImportError, UnicodeEncodeError):
        return None
    return SummaryWriter(folder, purge_step=last_step + 1 if last_step else None)
