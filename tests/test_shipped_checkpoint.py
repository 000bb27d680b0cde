"""The checkpoint that `make demo` shows is whole and small, and has learned the painted country."""

from pathlib import Path

import pytest
import torch

import app
from trainer import checkpoint as checkpoints
from trainer.data.dataset import LocationDataset
from trainer.data.layout import index_folder
from trainer.models.resnet import to_pixels
from trainer.presets import PRESETS
from trainer.synthetic import paint
from trainer.synthetic.checkpoint import PRESET

FOLDER = Path(app.__file__).with_name("checkpoints") / "painted-country"


def test_it_says_how_it_was_made() -> None:
    checkpoint = checkpoints.read(FOLDER)
    assert sorted(path.name for path in FOLDER.iterdir()) == ["best.json", checkpoint.weights]
    assert (FOLDER / checkpoint.weights).stat().st_size < 50e6
    assert not Path(checkpoint.data_root).is_absolute()
    assert checkpoint.config.fusion == PRESETS[PRESET].fusion
    assert len(checkpoint.commands) >= 2
    assert checkpoint.hardware
    assert checkpoint.commit
    assert checkpoint.test_metrics["top_1"] > 0.5


@pytest.mark.real_resnet
def test_it_knows_places_that_it_has_not_seen(tmp_path: Path) -> None:
    data = paint(tmp_path / "painted", states=3, train=1, test=6, seed=1) / "test"
    model, checkpoint = checkpoints.load(FOLDER)
    index = index_folder(data)
    locations = LocationDataset(
        data, index.locations, index.class_names, checkpoint.config.image_size
    )
    batch = locations.__getitems__(range(len(index.locations)))
    columns = [checkpoint.class_names.index(name) for name in index.class_names]
    with torch.no_grad():
        logits = model(to_pixels(batch.views, torch.device("cpu")))[:, columns]
    assert (logits.argmax(dim=1) == batch.labels).float().mean() > 0.6
