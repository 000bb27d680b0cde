"""A checkpoint to give away: half precision, without the optimizer's state, measured as it is."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from common.distributed import current_processes
from common.errors import InputError
from common.files import atomic_directory
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.data.dataset import LocationDataset
from trainer.data.layout import index_folder
from trainer.evaluate import evaluate


def publish(run: Path, test: Path, out: Path, commands: Sequence[str]) -> Checkpoint:
    """Write the best checkpoint of a run into the folder `out`, and return it.

    The weights are rounded to half precision, and measured so, in float32, on the photographs of
    the folder `test`, which has the same classes. `commands` made run and test photographs from
    nothing. The name of the folder of the training photographs becomes relative to the current
    folder. An existing `out` is replaced. Raises InputError if something is missing
    or damaged, for other classes, and on a full disk.
    """
    model, checkpoint = checkpoints.load(run)
    index = index_folder(test)
    if index.class_names != checkpoint.class_names:
        raise InputError(
            f"{test}: has different classes from {run / 'best.json'}; choose its test set."
        )
    model.half().float()
    config = dataclasses.replace(checkpoint.config, precision="float32")
    processes = current_processes()
    locations = LocationDataset(test, index.locations, index.class_names, config.image_size)
    scores = evaluate(
        model.to(processes.device),
        locations,
        len(index.class_names),
        config,
        processes,
        description="Testing",
    )
    root = Path(checkpoint.data_root)
    here = Path.cwd()
    complete = dataclasses.replace(
        checkpoint,
        data_root=str(root.relative_to(here) if root.is_relative_to(here) else root.name),
        commands=tuple(commands),
        test_metrics={
            "locations": len(index.locations),
            "loss": scores.loss,
            "top_1": scores.top_1,
            "top_5": scores.top_5,
        },
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(out) as partial:
        return checkpoints.save_half(partial, complete, model.cpu().state_dict())
