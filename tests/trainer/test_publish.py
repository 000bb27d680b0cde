"""A published checkpoint: small, measured as it is, and read as any other."""

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from common.errors import InputError
from tests.examples import folder
from trainer import checkpoint as checkpoints
from trainer.data.dataset import LocationDataset
from trainer.data.layout import index_folder
from trainer.models.resnet import to_pixels
from trainer.publish import publish


def test_half_the_bytes_and_the_same_model(
    trained: Path, test_folder: Path, tmp_path: Path
) -> None:
    published = publish(trained, test_folder, tmp_path / "a" / "published", ["paint", "train"])
    out = tmp_path / "a" / "published"
    assert sorted(path.name for path in out.iterdir()) == ["best.json", published.weights]
    original, checkpoint = checkpoints.load(trained)
    model, again = checkpoints.load(out)
    assert again == published
    assert (again.commands, again.hardware) == (("paint", "train"), checkpoint.hardware)
    assert not Path(again.data_root).is_absolute()
    for name, tensor in original.state_dict().items():
        kept = model.state_dict()[name]
        assert kept.dtype == tensor.dtype
        rounded = tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor
        torch.testing.assert_close(kept, rounded, rtol=0, atol=0)
    sizes = [
        (run / best.weights).stat().st_size
        for run, best in ((trained, checkpoint), (out, published))
    ]
    assert sizes[1] < 0.6 * sizes[0]


def test_the_figures_are_those_of_the_rounded_weights(
    trained: Path, test_folder: Path, tmp_path: Path
) -> None:
    published = publish(trained, test_folder, tmp_path / "published", [])
    model, checkpoint = checkpoints.load(tmp_path / "published")
    index = index_folder(test_folder)
    size = checkpoint.config.image_size
    batch = LocationDataset(test_folder, index.locations, index.class_names, size).__getitems__(
        range(len(index.locations))
    )
    with torch.no_grad():
        logits = model(to_pixels(batch.views, torch.device("cpu")))
    assert published.test_metrics == pytest.approx(
        {
            "locations": len(index.locations),
            "loss": float(cross_entropy(logits, batch.labels)),
            "top_1": float((logits.argmax(dim=1) == batch.labels).float().mean()),
            "top_5": 1.0,
        },
        rel=1e-5,
    )


def test_test_photographs_of_other_classes_are_refused(trained: Path, tmp_path: Path) -> None:
    other = folder(tmp_path / "other", ("Alaska", "Ohio"), locations=1)
    with pytest.raises(InputError, match=r"other: has different classes from"):
        publish(trained, other, tmp_path / "published", [])
    assert not (tmp_path / "published").exists()


def test_an_older_checkpoint_has_neither_commands_nor_hardware(
    trained: Path, tmp_path: Path
) -> None:
    document = json.loads((trained / "best.json").read_text())
    for name in ("hardware", "commands", "test_metrics"):
        del document[name]
    (tmp_path / "best.json").write_text(json.dumps(document | {"version": 3}))
    checkpoint = checkpoints.read(tmp_path)
    assert (checkpoint.hardware, checkpoint.commands, checkpoint.test_metrics) == ("", (), {})
