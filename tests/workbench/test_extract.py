import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.examples import TINY, folder
from trainer import layout, photograph
from trainer.checkpoint import load, read
from trainer.config import FUSIONS
from trainer.loop import train
from workbench import extract, store
from workbench.errors import InputError


def run(trained: Path, data: Path, out: Path, batch_size: int = 3) -> store.Store:
    return extract.extract(trained, data, out, batch_size=batch_size, workers=0)


def test_a_store_holds_what_the_model_says(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    run(trained, test_folder, tmp_path / "store.h5")
    made = store.read(tmp_path / "store.h5")
    feature = store.read_feature(tmp_path / "store.h5")
    model, checkpoint = load(trained)
    assert made.class_name == checkpoint.class_name
    assert feature.shape == (8, 512)
    for row, place in enumerate(layout.index(test_folder).location):
        assert made.location_id[row] == place.id
        assert made.class_name[made.label[row]] == place.class_name
        assert made.image[row].tolist() == list(place.image)
        assert (made.latitude[row], made.longitude[row]) == (place.latitude, place.longitude)
        views = photograph.views([test_folder / name for name in place.image], 32)
        with torch.inference_mode():
            own = model.features(views[None].float() / 255)
            logit = model.head(own)
        assert np.allclose(feature[row], own[0], atol=1e-5)
        assert np.allclose(made.logit[row], logit[0], atol=1e-5)


def test_a_store_says_where_it_came_from(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    provenance = run(trained, test_folder, tmp_path / "store.h5").provenance
    weights = trained / read(trained).weights
    assert provenance["run"] == str(trained.resolve())
    assert provenance["data"] == str(test_folder.resolve())
    assert provenance["checkpoint_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert (provenance["fusion"], provenance["size"]) == ("medium", 32)


def test_the_batch_size_changes_nothing(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    one = run(trained, test_folder, tmp_path / "one.h5", batch_size=1)
    all_at_once = run(trained, test_folder, tmp_path / "all.h5", batch_size=8)
    assert np.allclose(one.logit, all_at_once.logit, atol=1e-4)


def test_what_cannot_be_read_is_skipped_and_listed(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path / "data", ("Alaska", "New Mexico"), 3)
    (data / "Alaska" / "2015_-A_b0001_90.jpg").write_bytes(b"nothing")
    (data / "New Mexico" / "2015_-A_b1002_0.jpg").unlink()
    (data / "Alaska" / "info.txt").unlink()
    out = tmp_path / "store.h5"
    options = ["--data", str(data), "--out", str(out), "--workers", "0"]
    assert extract.main([str(trained), *options]) == 0
    made = store.read(out)
    assert made.location_id == (
        "Alaska/2015_-A_b0000",
        "Alaska/2015_-A_b0002",
        "New Mexico/2015_-A_b1000",
        "New Mexico/2015_-A_b1001",
    )
    assert math.isnan(made.latitude[0])
    printed = capsys.readouterr().out
    assert "2 skipped" in printed
    assert "Alaska/2015_-A_b0001: " in printed
    assert "New Mexico/2015_-A_b1002: no view at heading 0" in printed


def test_classes_may_be_missing_but_not_unknown(tmp_path: Path, trained: Path) -> None:
    some = folder(tmp_path / "some", ("New Mexico",), 2)
    assert run(trained, some, tmp_path / "some.h5").label.tolist() == [1, 1]
    other = folder(tmp_path / "other", ("Alaska", "Texas"), 2)
    with pytest.raises(InputError, match=r"Texas: the checkpoint in .* does not know this class"):
        run(trained, other, tmp_path / "other.h5")
    assert not (tmp_path / "other.h5").exists()


def test_nothing_readable_is_refused(tmp_path: Path, trained: Path) -> None:
    data = folder(tmp_path / "data", ("Alaska",), 1)
    (data / "Alaska" / "2015_-A_b0000_0.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="no photograph could be read"):
        run(trained, data, tmp_path / "store.h5")


@pytest.mark.parametrize("fusion", [name for name in FUSIONS if name != "medium"])
def test_every_fusion_is_extracted(
    tmp_path: Path, training_folder: Path, test_folder: Path, fusion: str
) -> None:
    config = replace(TINY, fusion=fusion, epochs=1, save_minutes=60.0)
    train(tmp_path / "run", training_folder, config, preset="demo", resume=False)
    made = run(tmp_path / "run", test_folder, tmp_path / "store.h5")
    model, _ = load(tmp_path / "run")
    feature = store.read_feature(tmp_path / "store.h5")
    assert feature.shape == (8, model.dimension)
    with torch.inference_mode():
        assert np.allclose(model.head(torch.from_numpy(feature)), made.logit, atol=1e-5)
