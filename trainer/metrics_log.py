"""The tables of a run, steps.csv and epochs.csv, and TensorBoard events where it is installed."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.files import atomic_write_text, csv_text
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
    """Writes config.json, skipped.csv, steps.csv, epochs.csv and TensorBoard events of a run."""

    def __init__(
        self, run: Path, config: Config, skipped: Sequence[SkippedLocation], last_step: int
    ) -> None:
        """Start the tables; on resuming, drop the rows after the saved step `last_step`."""
        self._run, self._last_step = run, last_step
        self._tensorboard: Any = None
        atomic_write_text(
            run / "config.json", json.dumps(dataclasses.asdict(config), indent=1) + "\n"
        )
        atomic_write_text(
            run / "skipped.csv",
            csv_text([("id", "reason"), *((item.id, item.reason) for item in skipped)]),
        )
        for name, columns in ((STEPS, STEP_COLUMNS), (EPOCHS, EPOCH_COLUMNS)):
            path, old_text = run / name, ""
            if last_step and path.is_file():
                old_text = path.read_text("utf-8", "replace")
            rows = [line.split(",") for line in old_text.splitlines()[1:]]
            # A kill may have truncated the last row.
            complete = (row for row in rows if len(row) == len(columns) and row[1].isdecimal())
            rows = [row for row in complete if int(row[1]) <= last_step]
            if csv_text([columns, *rows]) != old_text:
                atomic_write_text(path, csv_text([columns, *rows]))

    def log_steps(self, rows: Sequence[tuple[int, int, float, float, float]]) -> None:
        """Append rows of `STEP_COLUMNS`."""
        self._append(STEPS, rows)
        if self._tensorboard:
            for _, step, loss, lr, _ in rows:
                self._tensorboard.add_scalar("training/loss", loss, step)
                self._tensorboard.add_scalar("training/learning_rate", lr, step)

    def log_epoch(self, values: dict[str, float | None]) -> None:
        """Append a row of `EPOCH_COLUMNS`; None leaves its field empty."""
        self._append(
            EPOCHS, [["" if values[name] is None else values[name] for name in EPOCH_COLUMNS]]
        )
        if self._tensorboard:
            for name in EPOCH_COLUMNS[3:-1]:
                if values[name] is not None:
                    self._tensorboard.add_scalar(f"validation/{name}", values[name], values["step"])
            self._tensorboard.flush()

    def close(self) -> None:
        """Close the TensorBoard writer."""
        if self._tensorboard:
            self._tensorboard.close()

    def _append(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        with (self._run / name).open("a", newline="", encoding="utf-8") as file:
            file.write(csv_text(rows))
        # Opened after the first write: TensorBoard reports a full disk with a page of traceback.
        self._tensorboard = self._tensorboard or _tensorboard_writer(
            self._run / "tensorboard", self._last_step
        )


def _tensorboard_writer(folder: Path, last_step: int) -> Any:
    """Return an event writer; None if TensorBoard is not installed or cannot encode the path."""
    try:
        from torch.utils.tensorboard import SummaryWriter

        str(folder).encode()  # TensorBoard writes the path as UTF-8, which not every path is.
    except (ImportError, UnicodeEncodeError):
        return None
    return SummaryWriter(folder, purge_step=last_step + 1 if last_step else None)
