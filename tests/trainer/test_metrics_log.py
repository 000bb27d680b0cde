import builtins
import csv
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.examples import TINY
from trainer.data.layout import SkippedLocation
from trainer.metrics_log import MetricsLog


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(run: Path, steps: range) -> None:
    journal = MetricsLog(run, TINY, [SkippedLocation("Ohio/x", "no view")], steps.start)
    journal.log_steps([(1, step + 1, 2.0 - step / 10, 1e-3, 0.5) for step in steps])
    journal.close()


def scalars(run: Path, tag: str) -> list[tuple[int, float]]:
    """Return steps and values, the latter to three places: events hold them as float32."""
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return [(event.step, round(event.value, 3)) for event in events.Scalars(tag)]


def test_what_was_written_after_the_save_is_cut_off(tmp_path: Path) -> None:
    write(tmp_path, range(10))
    with (tmp_path / "steps.csv").open("a") as file:
        file.write("1,11,0.")  # A kill in the middle of a row.
    write(tmp_path, range(6, 9))
    steps = [int(row["step"]) for row in rows(tmp_path / "steps.csv")]
    assert steps == list(range(1, 10))
    assert rows(tmp_path / "skipped.csv") == [{"id": "Ohio/x", "reason": "no view"}]


def test_a_missing_metric_is_an_empty_field(tmp_path: Path) -> None:
    journal = MetricsLog(tmp_path, TINY, [], 0)
    names = ("epoch", "step", "training_loss", "validation_loss", "top_1", "top_5", "seconds")
    journal.log_epoch(dict.fromkeys(names, 1.0) | {"view_top_1": None, "view_top_5": None})
    journal.close()
    (row,) = rows(tmp_path / "epochs.csv")
    assert row["view_top_1"] == ""
    assert row["top_5"] == "1.0"
    assert scalars(tmp_path, "validation/top_1") == [(1, 1.0)]


def test_tensorboard_reads_the_steps(tmp_path: Path) -> None:
    write(tmp_path, range(4))
    assert scalars(tmp_path, "training/loss") == [(1, 2.0), (2, 1.9), (3, 1.8), (4, 1.7)]


def test_a_run_needs_no_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith(("tensorboard", "torch.utils.tensorboard")):
            raise ImportError(name)
        return original(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    write(tmp_path, range(2))
    assert len(rows(tmp_path / "steps.csv")) == 2
    assert not (tmp_path / "tensorboard").exists()
