"""Painted photographs that are copied from the training into the test are found again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.layout import Location, index_folder
from trainer.synthetic.write import paint
from workbench import store as stores
from workbench.evaluation.__main__ import main
from workbench.store import Store


def store_of(root: Path, correct: Callable[[Location], bool]) -> Store:
    """Return a store whose model is right where `correct` says so."""
    index = index_folder(root)
    names = index.class_names
    labels = np.array([names.index(item.class_name) for item in index.locations])
    right = np.array([correct(item) for item in index.locations])
    logits = np.eye(len(names), dtype=np.float32)[
        np.where(right, labels, (labels + 1) % len(names))
    ]
    return Store(
        class_names=names,
        location_ids=tuple(item.id for item in index.locations),
        labels=labels,
        latitudes=np.array([item.latitude for item in index.locations]),
        longitudes=np.array([item.longitude for item in index.locations]),
        image_paths=np.array([item.images for item in index.locations]),
        logits=3 * logits,
        features=logits,
        provenance={"data": str(root)},
    )


def copy_location(photographs: list[Path], folder: Path, name: str) -> None:
    """Save photographs again, coarser, under another name."""
    for path, heading in zip(photographs, (0, 90, 180, 270), strict=True):
        with Image.open(path) as image:
            image.save(folder / f"{name}_{heading}.jpg", quality=75)


@pytest.mark.slow
def test_a_leak_among_painted_photographs_is_found_within_a_point(tmp_path: Path) -> None:
    data = paint(tmp_path / "data", states=3, train=8, test=20, image_size=128, num_workers=1)
    training = index_folder(data / "train")
    copied = []
    for number, item in enumerate(training.locations):
        # New panorama ids and no coordinates: only the photographs tell.
        name = f"2019_copy{number}"
        copied.append(f"{item.class_name}/{name}")
        photographs = [training.root / image for image in item.images]
        copy_location(photographs, data / "test" / item.class_name, name)
    # In each state as often right as in the others, so that the leak has a known size.
    honest = {
        item.id: number % 2 == 0
        for number, item in enumerate(index_folder(data / "test").locations)
    }
    store = store_of(data / "test", lambda item: item.id in copied or honest[item.id])
    stores.write(tmp_path / "store.h5", store)
    truth = float(
        (store.logits.argmax(axis=1) == store.labels).mean() - np.mean([*honest.values()])
    )
    assert truth > 0.1
    out = tmp_path / "evaluation.json"
    words = [str(tmp_path / "store.h5"), "--out", str(out), "--num-workers", "0"]
    assert main([*words, "--train-data", str(data / "train")]) == 0
    split = json.loads(out.read_text("utf-8"))["honest_split"]
    assert split["contrasts"]["similar_photograph"]["with_tie"]["n"] == len(copied)
    assert split["contrasts"]["same_pano"]["with_tie"]["n"] == 0
    points = split["near"]["share_of_accuracy"]
    assert points["value"] == pytest.approx(truth, abs=0.01)
    assert points["low"] <= truth <= points["high"]
