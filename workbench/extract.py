"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: a test folder into a store."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from trainer import checkpoint as checkpoints
from trainer import dataset, layout
from trainer.dataset import LocationDataset
from trainer.errors import InputError as TrainerInputError
from trainer.model import to_pixels, usable_device
from trainer.progress import progress
from workbench import store as stores
from workbench.command import refusing
from workbench.errors import InputError
from workbench.files import check_writable
from workbench.metrics import accuracy
from workbench.store import Store


@torch.inference_mode()
def extract(run: Path, data: Path, out: Path, *, batch_size: int, workers: int) -> Store:
    """Run the best checkpoint of `run` over the photographs in `data` and write the store `out`.

    Locations that cannot be read are left out, counted and named in the store's provenance.
    Raises InputError when nothing can be read, or a class is unknown to the checkpoint.
    """
    try:
        model, checkpoint = checkpoints.load(run)
        index = layout.index(data)
    except TrainerInputError as error:
        raise InputError(str(error)) from error
    unknown = sorted(set(index.class_name) - set(checkpoint.class_name))
    if unknown:
        raise InputError(
            f"{index.root / unknown[0]}: the checkpoint in {run} does not know this class; "
            "remove the folder or train with it."
        )
    device = usable_device()
    model = model.to(device)
    photographs = LocationDataset(
        index.root, index.location, checkpoint.class_name, checkpoint.config.size
    )
    features, logits, kept = [], [], []
    skipped = [(item.id, item.reason) for item in index.skipped]
    batches = list(dataset.in_order(len(photographs), batch_size))
    for batch in progress(dataset.loader(photographs, batches, workers), "Extracting features"):
        readable = [number for number, reason in enumerate(batch.reason) if not reason]
        skipped += [
            (index.location[int(row)].id, reason)
            for row, reason in zip(batch.row, batch.reason, strict=True)
            if reason
        ]
        if not readable:
            continue
        output = model.everything(to_pixels(batch.views[readable], device))
        features.append(output.feature.cpu().numpy())
        logits.append(output.logit.cpu().numpy())
        kept += [int(batch.row[number]) for number in readable]
    if not kept:
        raise InputError(f"{index.root}: no photograph could be read; check the files.")
    location = [index.location[row] for row in kept]
    store = Store(
        class_name=checkpoint.class_name,
        location_id=tuple(place.id for place in location),
        label=np.array([photographs.label[row] for row in kept], dtype=np.int64),
        latitude=np.array([place.latitude for place in location]),
        longitude=np.array([place.longitude for place in location]),
        image=np.array([place.image for place in location], dtype=np.str_),
        logit=np.concatenate(logits),
        provenance={
            "run": str(run.resolve()),
            "checkpoint": checkpoint.weights,
            "checkpoint_sha256": checkpoint.sha256,
            "fusion": checkpoint.config.fusion,
            "size": checkpoint.config.size,
            "preset": checkpoint.preset,
            "epoch": checkpoint.epoch,
            "data": str(index.root.resolve()),
            "skipped": skipped,
            "device": str(device),
            "trained_with": {"commit": checkpoint.commit, **checkpoint.versions},
            "extracted_with": checkpoints.versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    stores.write(out, store, np.concatenate(features))
    return store


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.extract",
        description="Run the best checkpoint of RUN over a folder of photographs and write "
        "features, logits, labels, ids and coordinates into a store (docs/store.md).",
    )
    result.add_argument(
        "run", metavar="RUN", type=Path, help="folder that a model was trained into"
    )
    result.add_argument(
        "--data", metavar="DIR", type=Path, required=True, help="photographs (docs/data.md)"
    )
    result.add_argument("--out", metavar="FILE.h5", type=Path, required=True, help="store to write")
    result.add_argument(
        "--batch-size", metavar="INT", type=int, default=32, help="locations (default: %(default)s)"
    )
    result.add_argument(
        "--workers",
        metavar="INT",
        type=int,
        default=2,
        help="processes that decode photographs (default: %(default)s)",
    )
    result.add_argument("--overwrite", action="store_true", help="replace FILE.h5 if it is there")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    options = command.parse_args(arguments)
    with refusing(command.prog):
        if options.batch_size < 1 or options.workers < 0:
            raise InputError("--batch-size must be at least 1 and --workers at least 0.")
        check_writable(options.out, overwrite=options.overwrite)
        store = extract(
            options.run,
            options.data,
            options.out,
            batch_size=options.batch_size,
            workers=options.workers,
        )
        result = accuracy(store.label, store.logit)
        skipped = store.provenance["skipped"]
        print(
            f"{len(store)} locations, {len(store.class_name)} classes, {len(skipped)} skipped: "
            f"top-1 {result.top_1:.1%}, top-5 {result.top_5:.1%} -> {options.out}"
        )
        for location_id, reason in skipped:
            print(f"  skipped {location_id}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
