"""What the settings of a comparison gave, side by side."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from common import distributed
from common.errors import InputError
from common.files import atomic_write_text
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.data.dataset import LocationDataset
from trainer.data.prepare import PreparedData, index_file, prepare
from trainer.errors import TrainingFailed
from trainer.evaluate import evaluate
from trainer.models.resnet import FourViewResNet
from trainer.summary import duration
from trainer.sweep.settings import Setting, Value
from trainer.sweep.tables import Column, Table, comma_separated, latex, markdown, share
from trainer.train import train

TEST = "test.json"
SCORES = ("top_1", "top_5", "view_top_1")
COLUMNS = (
    Column("setting", text=True),
    Column("parameters, millions", lambda value: f"{float(value) / 1e6:.1f}", key="parameters"),
    Column("GFLOP, a location", lambda value: f"{float(value) / 1e9:.1f}", key="flop"),
    Column("epochs", paper=False),
    Column("best epoch", key="best_epoch", paper=False),
    Column("top-1, %", share, key="top_1", group="validation"),
    Column("top-5, %", share, key="top_5", group="validation"),
    Column("one view, %", share, key="view_top_1", group="validation"),
    Column("top-1, %", share, key="test_top_1", group="test"),
    Column("top-5, %", share, key="test_top_5", group="test"),
    Column("one view, %", share, key="test_view_top_1", group="test"),
    Column("time", lambda value: duration(float(value)), key="seconds", paper=False),
    Column("ended early", text=True, key="reason"),
)


@dataclass(frozen=True)
class Outcome:
    """What one setting gave: nothing but a reason where it was lost in the first epoch.

    `test` maps names of `SCORES` to shares in [0, 1].
    """

    label: str
    best: Checkpoint | None
    last: Checkpoint | None
    test: Mapping[str, float]
    reason: str


class Comparison:
    """A folder of trainings on the same photographs, tested on the same other ones, if any."""

    def __init__(
        self,
        folder: Path,
        data: Path,
        test: Path | None,
        index: Path | None,
        test_index: Path | None,
    ) -> None:
        """Read all photographs; raises InputError for a class that is only in `test`."""
        self.folder, self.data = folder, data
        beside = folder.absolute().parent
        self.index = index or index_file(beside, data)
        self.test: PreparedData | None = None
        if test is None:
            return
        with distributed.current_processes().main_first():
            known = prepare(data, self.index, Config.num_workers).index.class_names
            self.test = prepare(test, test_index or index_file(beside, test), Config.num_workers)
        left_out = len(self.test.index.skipped)
        if not self.test.index.locations or test.resolve() == data.resolve():
            raise InputError(
                f"{test}: these are the photographs of --data, or none that can be read; name "
                "others to test on."
            )
        if left_out and distributed.current_processes().is_main:
            print(f"{test}: {left_out} locations cannot be used and are not tested on")
        unknown = sorted(set(self.test.index.class_names) - set(known))
        if unknown:
            raise InputError(
                f"{self.test.index.root / unknown[0]}: --data has no such class; remove the folder "
                "or train with it."
            )

    def outcome(self, setting: Setting) -> Outcome:
        """Train a setting, or what is left of it, and test it; raises InputError and Stopped.

        What its own configuration brings to nothing ends its training, not the comparison.
        """
        run, reason = self.folder / setting.name, ""
        try:
            train(
                run,
                self.data,
                setting.config,
                preset=setting.preset,
                resume=True,
                index=self.index,
            )
        except TrainingFailed as error:
            reason = str(error).removeprefix(f"{run}: ").partition(";")[0]
            torch.cuda.empty_cache()
        best, last = (
            checkpoints.read(run, name) if (run / f"{name}.json").is_file() else None
            for name in ("best", "last")
        )
        test = tested(run, self.test) if self.test and best else {}
        return Outcome(setting.label, best, last, test, reason)


def tested(run: Path, test: PreparedData) -> dict[str, float]:
    """Return the scores of a run's best checkpoint over other photographs, by names of `SCORES`.

    They are kept in `RUN/test.json` with the hashes of the checkpoint and of the photographs, and
    computed only where these are others. Raises InputError.
    """
    checkpoint = checkpoints.read(run)
    location = test.index.locations
    key = {"checkpoint": checkpoint.sha256, "photographs": test.fingerprint(location)}
    kept = _kept(run / TEST)
    scores_kept = {name: kept[name] for name in SCORES if name in kept}
    numbers = all(isinstance(score, float) for score in scores_kept.values())
    if key.items() <= kept.items() and numbers:
        return scores_kept
    processes = distributed.current_processes()
    model, _ = checkpoints.load(run)
    config = checkpoint.config
    scores = evaluate(
        model.to(processes.device),
        LocationDataset(test.index.root, location, checkpoint.class_names, config.image_size),
        len(checkpoint.class_names),
        config,
        processes,
        description="Testing",
    )
    everything = dataclasses.asdict(scores)
    result = {name: everything[name] for name in SCORES if everything[name] is not None}
    if processes.is_main:
        document = key | {"data": str(test.index.root), "locations": len(location)} | result
        atomic_write_text(run / TEST, json.dumps(document, indent=1) + "\n")
    return result


def cost(config: Config, classes: int) -> tuple[int, int]:
    """Return the number of a model's parameters, and of operations for the logits of a location.

    A multiplication and an addition are two operations; counted are those of convolutions and
    matrix products. Nothing is computed: the tensors are shapes only.
    """
    with torch.device("meta"):
        model = FourViewResNet(config.fusion, classes, depth=config.depth).eval()
        pixels = torch.empty(1, 4, 3, config.image_size, config.image_size)
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        model(pixels)
    return sum(one.numel() for one in model.parameters()), counter.get_total_flops()


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return the outcomes, in their order, without the columns in which nothing stands."""
    rows = [_row(outcome) for outcome in outcomes]
    used = [column for column in COLUMNS if any(column.heading in row for row in rows)]
    return Table(used, [[row.get(column.heading) for column in used] for row in rows])


def write(folder: Path, outcomes: Sequence[Outcome]) -> str:
    """Write `table.md`, `table.csv` and `table.tex`; return the first as text. Raises OSError."""
    result = table(outcomes)
    texts = {"md": markdown(result), "csv": comma_separated(result), "tex": latex(result)}
    for ending, text in texts.items():
        atomic_write_text(folder / f"table.{ending}", text)
    return texts["md"]


def _row(outcome: Outcome) -> dict[str, Value]:
    row: dict[str, Value] = {"setting": outcome.label}
    if outcome.reason:
        row["reason"] = outcome.reason
    if outcome.last:
        row |= {"epochs": outcome.last.epoch, "seconds": outcome.last.seconds}
    if outcome.best:
        best = outcome.best
        parameters, flop = cost(best.config, len(best.class_names))
        row |= {"parameters": parameters, "flop": flop, "best_epoch": best.epoch}
        row |= {name: best.metrics[name] for name in SCORES if name in best.metrics}
    return row | {f"test_{name}": score for name, score in outcome.test.items()}


def _kept(path: Path) -> dict[str, Any]:
    """Return what an earlier start has kept; nothing where it cannot be read."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
