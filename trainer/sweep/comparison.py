"""Train, test and tabulate the settings of a comparison."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from common import distributed
from common.errors import InputError
from common.files import atomic_write_text
from common.json_text import read_object
from common.text import print_text
from trainer import checkpoint as checkpoints
from trainer.config import Config
from trainer.data.dataset import LocationDataset
from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare
from trainer.errors import TrainingError
from trainer.evaluate import evaluate
from trainer.models.resnet import FourViewResNet
from trainer.summary import duration
from trainer.sweep import tables
from trainer.sweep.overrides import Value
from trainer.sweep.settings import Setting
from trainer.sweep.tables import Column, latex, percent
from trainer.train import train

if TYPE_CHECKING:
    from trainer.sweep.compare import Options

TEST_FILE = "test.json"
SCORES = ("top_1", "top_5", "view_top_1")
COLUMNS = {
    "setting": Column("setting"),
    "parameters": Column("parameters, millions", lambda value: f"{float(value) / 1e6:.1f}"),
    "flop": Column("GFLOP, a location", lambda value: f"{float(value) / 1e9:.1f}"),
    "epochs": Column("epochs", in_paper=False),
    "best_epoch": Column("best epoch", in_paper=False),
    "top_1": Column("top-1, %", percent, group="validation"),
    "top_5": Column("top-5, %", percent, group="validation"),
    "view_top_1": Column("one view, %", percent, group="validation"),
    "test_top_1": Column("top-1, %", percent, group="test"),
    "test_top_5": Column("top-5, %", percent, group="test"),
    "test_view_top_1": Column("one view, %", percent, group="test"),
    "seconds": Column("time", lambda value: duration(float(value)), in_paper=False),
    "reason": Column("ended early"),
}
Row = dict[str, Value]
"""The results of one setting, by the keys of `COLUMNS`; unknown ones are left out."""


class Comparison:
    """Trainings on the same photographs, tested on the same other photographs, if any."""

    def __init__(self, options: "Options") -> None:
        """Index the photographs; raises InputError for a class that is only in `test`."""
        self.folder, self.data, test = options.folder, options.data, options.test
        beside = self.folder.absolute().parent
        self.index = options.index or index_file(beside, self.data)
        self.test: PreparedData | None = None
        if test is None:
            return
        with distributed.current_processes().main_first():
            known = prepare(self.data, self.index, Config.num_workers).index.class_names
            test_index = options.test_index or index_file(beside, test)
            self.test = prepare(test, test_index, Config.num_workers)
        if not self.test.index.locations or test.resolve() == self.data.resolve():
            raise InputError(
                f"{test}: holds the photographs of --data, or none that can be read; choose "
                "another folder to test on."
            )
        skipped = len(self.test.index.skipped)
        if skipped and distributed.current_processes().is_main:
            print_text(f"{test}: skips {skipped} locations that cannot be used")
        unknown = sorted(set(self.test.index.class_names) - set(known))
        if unknown:
            raise InputError(
                f"{self.test.index.root}: --data has no locations of the classes "
                f"{', '.join(unknown)}; remove them or train with them."
            )

    def run(self, setting: Setting) -> Row:
        """Train or resume a setting, test it, and return its results.

        A training that fails because of its setting returns the reason. Raises InputError and
        Interrupted.
        """
        run = self.folder / setting.folder_name
        row: Row = {"setting": setting.label}
        try:
            train(
                run,
                self.data,
                setting.config,
                preset=setting.preset,
                resume=True,
                index=self.index,
            )
        except TrainingError as error:
            row["reason"] = str(error).removeprefix(f"{run}: ").partition(";")[0]
            torch.cuda.empty_cache()
        if (run / "last.json").is_file():
            last = checkpoints.read(run, "last")
            row |= {"epochs": last.epoch, "seconds": last.seconds}
        if (run / "best.json").is_file():
            best = checkpoints.read(run)
            parameters, flop = model_cost(best.config, len(best.class_names))
            row |= {"parameters": parameters, "flop": flop, "best_epoch": best.epoch}
            row |= {name: best.metrics[name] for name in SCORES if name in best.metrics}
            if self.test:
                scores = evaluate_on_test(run, self.test)
                row |= {f"test_{name}": score for name, score in scores.items()}
        return row


def evaluate_on_test(run: Path, test: PreparedData) -> dict[str, float]:
    """Return the scores of a run's best checkpoint on the test set: shares in [0, 1].

    Classes that the training left out are left out here too.
    They are stored in `RUN/test.json` with the hashes of the checkpoint and of the photographs, and
    computed again when either has changed. Raises InputError.
    """
    checkpoint = checkpoints.read(run)
    excluded = set(checkpoint.excluded_classes)
    locations = tuple(item for item in test.index.locations if item.class_name not in excluded)
    key = {"checkpoint": checkpoint.sha256, "photographs": test.fingerprint(locations)}
    stored = read_object(run / TEST_FILE) or {}
    stored_scores = {name: stored[name] for name in SCORES if name in stored}
    valid = all(isinstance(score, float) for score in stored_scores.values())
    if key.items() <= stored.items() and valid:
        return stored_scores
    processes = distributed.current_processes()
    model, _ = checkpoints.load(run)
    config = checkpoint.config
    scores = dataclasses.asdict(
        evaluate(
            model.to(processes.device),
            LocationDataset(test.index.root, locations, checkpoint.class_names, config.image_size),
            len(checkpoint.class_names),
            config,
            processes,
            description="Testing",
        )
    )
    result = {name: scores[name] for name in SCORES if scores[name] is not None}
    if processes.is_main:
        document = key | {"data": str(test.index.root), "locations": len(locations)} | result
        atomic_write_text(run / TEST_FILE, json.dumps(document, indent=1) + "\n")
    return result


def model_cost(config: Config, n_classes: int) -> tuple[int, int]:
    """Return the number of parameters, and of floating-point operations for one location.

    Counts the multiplications and additions of convolutions and matrix products, on meta tensors:
    nothing is computed.
    """
    with torch.device("meta"):
        model = FourViewResNet(config.fusion, n_classes, depth=config.depth).eval()
        pixels = torch.empty(1, 4, 3, config.image_size, config.image_size)
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        model(pixels)
    return sum(parameter.numel() for parameter in model.parameters()), counter.get_total_flops()


def to_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return the results, a row a setting, without empty columns; missing values are NaN."""
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).dropna(axis="columns", how="all")


def write(folder: Path, rows: Sequence[Row]) -> str:
    """Write `table.md`, `table.csv` and `table.tex` and return the first; raises InputError."""
    frame = to_frame(rows)
    atomic_write_text(folder / "table.tex", latex(frame, COLUMNS))
    return tables.write(folder, frame, COLUMNS)
