import dataclasses
import hashlib
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import InputError
from common.resume_buffer import resume_directory
from tests.challenge import challenge
from tests.examples import TINY, copy_run, folder
from tests.trainer.test_inference import overflowing
from trainer import checkpoint as checkpoints
from trainer.checkpoint import load, read
from trainer.config import FUSIONS, Fusion
from trainer.data import decode, layout
from trainer.train import train
from workbench import store
from workbench.extract.__main__ import main as extract_main
from workbench.extract.extraction import extract

WITHOUT_VIEWS = ("early", "stack")


def run(trained: Path, data: Path, out: Path, batch_size: int = 3) -> store.Store:
    return extract(trained, data, out, batch_size=batch_size, num_workers=0)


def command(*words: str | Path) -> int:
    return extract_main([*map(str, words), "--num-workers", "0"])


def test_a_store_holds_what_the_model_says(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    run(trained, test_folder, tmp_path / "store.h5")
    made = store.read(tmp_path / "store.h5")
    model, checkpoint = load(trained)
    assert made.class_names == checkpoint.class_names
    assert made.features.shape == (8, 32)  # The tiny trunk has 32 channels.
    assert made.view_features is not None
    assert made.view_logits is not None
    assert made.image_sha256 is not None
    for row, place in enumerate(layout.index_folder(test_folder).locations):
        assert made.location_ids[row] == place.id
        assert made.class_names[made.labels[row]] == place.class_name
        assert made.image_paths[row].tolist() == list(place.images)
        assert (made.latitudes[row], made.longitudes[row]) == (place.latitude, place.longitude)
        paths = [test_folder / name for name in place.images]
        with torch.inference_mode():
            own = model.forward_all(decode.read_views(paths, 32)[None].float() / 255)
        assert own.view_features is not None
        assert own.view_logits is not None
        assert np.allclose(made.features[row], own.features[0], atol=1e-5)
        assert np.allclose(made.logits[row], own.logits[0], atol=1e-5)
        assert np.allclose(made.view_features[row], own.view_features[0], atol=1e-5)
        assert np.allclose(made.view_logits[row], own.view_logits[0], atol=1e-5)
        for path, digest in zip(paths, made.image_sha256[row], strict=True):
            assert digest.tobytes() == hashlib.sha256(path.read_bytes()).digest()
    assert [path.name for path in tmp_path.iterdir()] == ["store.h5"]


def test_a_store_says_where_it_came_from(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    provenance = run(trained, test_folder, tmp_path / "store.h5").provenance
    weights = trained / read(trained).weights
    assert provenance["run"] == str(trained.resolve())
    assert provenance["data"] == str(test_folder.resolve())
    assert provenance["checkpoint_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    expected = {
        "fusion": "medium",
        "size": 32,
        "checkpoint_name": "best",
        "split": "all",
        "batch_size": 3,
        "precision": "float32",
        "folded": True,
        "device": "cpu",
        "skipped": [],
    }
    assert {name: provenance[name] for name in expected} == expected


def test_the_batch_size_changes_nothing(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    one = run(trained, test_folder, tmp_path / "one.h5", batch_size=1)
    all_at_once = run(trained, test_folder, tmp_path / "all.h5", batch_size=8)
    assert np.allclose(one.logits, all_at_once.logits, atol=1e-4)


def test_what_cannot_be_read_is_skipped_and_listed(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path / "data", ("Alaska", "New Mexico"), 3)
    (data / "Alaska" / "2015_-A_b0001_90.jpg").write_bytes(b"nothing")
    (data / "New Mexico" / "2015_-A_b1002_0.jpg").unlink()
    (data / "Alaska" / "info.txt").unlink()
    out = tmp_path / "store.h5"
    assert command(trained, "--data", data, "--out", out) == 0
    made = store.read(out)
    assert made.location_ids == (
        "Alaska/2015_-A_b0000",
        "Alaska/2015_-A_b0002",
        "New Mexico/2015_-A_b1000",
        "New Mexico/2015_-A_b1001",
    )
    assert math.isnan(made.latitudes[0])
    printed = capsys.readouterr().out
    assert "2 skipped" in printed
    assert "Alaska/2015_-A_b0001: " in printed
    assert "New Mexico/2015_-A_b1002: no view at heading 0" in printed


def test_an_unreadable_location_does_not_change_others(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    whole = run(trained, test_folder, tmp_path / "whole.h5")
    data = tmp_path / "data"
    shutil.copytree(test_folder, data)
    (data / "Alaska" / "2015_-A_b0001_90.jpg").write_bytes(b"nothing")
    part = run(trained, data, tmp_path / "part.h5")
    assert part.location_ids == whole.location_ids[:1] + whole.location_ids[2:]
    assert np.array_equal(part.logits, np.delete(whole.logits, 1, axis=0))
    assert np.array_equal(part.features[:], np.delete(whole.features[:], 1, axis=0))


def test_classes_may_be_missing_but_not_unknown(tmp_path: Path, trained: Path) -> None:
    some = folder(tmp_path / "some", ("New Mexico",), 2)
    assert run(trained, some, tmp_path / "some.h5").labels.tolist() == [1, 1]
    other = folder(tmp_path / "other", ("Alaska", "Texas"), 2)
    with pytest.raises(InputError, match="does not know the classes Texas; remove"):
        run(trained, other, tmp_path / "other.h5")
    assert not (tmp_path / "other.h5").exists()
    assert not resume_directory(tmp_path / "other.h5").exists()


def test_classes_that_the_training_left_out_are_skipped(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = copy_run(trained, tmp_path / "run")
    document = json.loads((small / "best.json").read_text("utf-8"))
    document["excluded_classes"] = ["Texas"]
    (small / "best.json").write_text(json.dumps(document))
    data = folder(tmp_path / "data", ("Alaska", "Texas"), 2)
    with (data / "Alaska" / "info.txt").open("a") as file:
        file.write("2015_gone 1 2\n")
    made = run(small, data, tmp_path / "store.h5")
    assert made.labels.tolist() == [0, 0]
    assert [name for name, _ in made.provenance["skipped"]] == [
        "Texas/2015_-A_b1000",
        "Texas/2015_-A_b1001",
    ]
    assert "names without a photograph: 1 of 3" in capsys.readouterr().out
    shutil.rmtree(data / "Alaska")
    with pytest.raises(InputError, match="all classes were left out of the training"):
        run(small, data, tmp_path / "other.h5")


def test_a_checkpoint_with_names_in_another_form_is_extracted(
    tmp_path: Path, trained: Path
) -> None:
    old = copy_run(trained, tmp_path / "run")
    text = (old / "best.json").read_text("utf-8").replace("Alaska", "Leo\u0301n")
    (old / "best.json").write_text(text, "utf-8")
    data = folder(tmp_path / "data", ("Le\u00f3n", "New Mexico"), 8)
    made = run(old, data, tmp_path / "store.h5")
    assert made.class_names == ("Le\u00f3n", "New Mexico")
    assert made.splits is not None
    assert made.splits.all()  # Nothing is test data.


def test_nothing_readable_is_refused(tmp_path: Path, trained: Path) -> None:
    data = folder(tmp_path / "data", ("Alaska",), 1)
    (data / "Alaska" / "2015_-A_b0000_0.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="no photograph could be read"):
        run(trained, data, tmp_path / "store.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("fusion", [name for name in FUSIONS if name != "medium"])
def test_every_fusion_is_extracted(
    tmp_path: Path, training_folder: Path, test_folder: Path, fusion: Fusion
) -> None:
    config = replace(TINY, fusion=fusion, epochs=1, save_interval=60.0)
    train(tmp_path / "run", training_folder, config, preset="demo", resume=False)
    made = run(tmp_path / "run", test_folder, tmp_path / "store.h5")
    model, _ = load(tmp_path / "run")
    assert made.features.shape == (8, model.num_features)
    assert made.provenance["folded"]
    with torch.inference_mode():
        assert np.allclose(
            model.forward_head(torch.from_numpy(made.features[:])), made.logits, atol=1e-5
        )
        assert (made.view_features is None) == (fusion in WITHOUT_VIEWS)
        assert (made.view_logits is None) != model.has_view_logits
        if made.view_logits is not None and made.view_features is not None:
            own = model.classifier(torch.from_numpy(made.view_features[:]))
            assert np.allclose(own, made.view_logits[:], atol=1e-5)


def test_a_view_s_features_can_be_left_out(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    out = tmp_path / "store.h5"
    assert command(trained, "--data", test_folder, "--out", out, "--no-view-features") == 0
    made = store.read(out)
    assert made.view_features is None
    assert made.view_logits is not None
    assert made.view_logits.shape == (8, 4, 2)


def test_bfloat16_is_close_to_float32(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    exact = run(trained, test_folder, tmp_path / "exact.h5")
    out = tmp_path / "half.h5"
    assert command(trained, "--data", test_folder, "--out", out, "--precision", "bfloat16") == 0
    half = store.read(out)
    assert half.provenance["precision"] == "bfloat16"
    assert not np.array_equal(half.features[:], exact.features[:])
    assert np.abs(half.features[:] - exact.features[:]).max() < 0.1 * exact.features[:].std()


def test_a_model_that_cannot_be_folded_is_extracted_as_it_is(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    wild = overflowing()
    checkpoint = dataclasses.replace(read(trained), class_names=tuple("ABCDE"))
    data = folder(tmp_path / "data", ("A", "B"), 2)
    (tmp_path / "run").mkdir()
    checkpoints.save(tmp_path / "run", ("best", "last"), checkpoint, wild, {})
    made = run(tmp_path / "run", data, tmp_path / "store.h5")
    assert made.provenance["folded"] is False
    views = [
        decode.read_views([data / name for name in image], 32) for image in made.image_paths[:]
    ]
    with torch.inference_mode():
        own = wild(torch.stack(views).float() / 255)
    assert np.allclose(made.logits, own, atol=1e-4 * own.std().item())


def test_a_model_that_diverged_is_refused_before_hours_went_into_it(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    model, checkpoint = load(trained)
    with torch.no_grad():
        model.classifier.weight[0, 0] = math.nan
    (tmp_path / "run").mkdir()
    checkpoints.save(tmp_path / "run", ("best", "last"), checkpoint, model, {})
    with pytest.raises(InputError, match="not finite; the training diverged"):
        run(tmp_path / "run", test_folder, tmp_path / "store.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


# --- splits ---


def test_a_split_is_that_of_the_checkpoint(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = read(trained)
    for number, (option, part) in enumerate(
        (("train", "training"), ("validation", "validation")), start=1
    ):
        out = tmp_path / f"{option}.h5"
        assert command(trained, "--split", option, "--out", out) == 0
        made = store.read(out)
        assert sorted(made.location_ids) == sorted(checkpoint.split[part])
        assert made.splits is not None
        assert made.splits.tolist() == [number] * len(made)
        assert made.provenance["split"] == option
        assert made.provenance["data"] == checkpoint.data_root
    assert "14 locations, 2 classes, 0 skipped" in capsys.readouterr().out


def test_all_of_its_own_folder_is_told_apart_and_has_its_fingerprint(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    made = run(trained, training_folder, tmp_path / "store.h5")
    checkpoint = read(trained)
    assert made.splits is not None
    for number, part in enumerate(store.SPLITS):
        ids = [made.location_ids[row] for row in np.flatnonzero(made.splits == number)]
        assert sorted(ids) == sorted(checkpoint.split.get(part, ()))
    assert made.provenance["data_sha256"] == checkpoint.data_sha256


def test_locations_of_a_part_that_are_gone_are_listed(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(training_folder, moved)
    ids = read(trained).split["training"]
    for path in moved.glob(f"{ids[0]}_*.jpg"):
        path.unlink()
    (moved / f"{ids[3]}_90.jpg").unlink()
    out = tmp_path / "store.h5"
    assert command(trained, "--split", "train", "--data", moved, "--out", out) == 0
    made = store.read(out)
    assert sorted(made.location_ids) == sorted(set(ids) - {ids[0], ids[3]})
    assert dict(made.provenance["skipped"]) == {
        ids[0]: "is not in the folder",
        ids[3]: "no view at heading 90",
    }


def test_a_split_without_photographs_is_refused(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path / "data", ("Ohio", "Utah"), 1)
    with pytest.raises(SystemExit, match="2"):
        command(trained, "--split", "validation", "--data", data, "--out", tmp_path / "store.h5")
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"{data}: holds none of the 2 locations of the validation split of {trained};" in said
    with pytest.raises(SystemExit, match="2"):
        command(trained, "--out", tmp_path / "store.h5")
    assert "--data: name the folder of the photographs." in capsys.readouterr().err


def test_the_numbers_of_a_table_s_samples_mean_nothing_in_another_folder(tmp_path: Path) -> None:
    data = challenge(tmp_path / "train", ("Ohio", "Utah"), 6)
    train(tmp_path / "run", data, replace(TINY, epochs=1), preset="demo", resume=False)
    here = run(tmp_path / "run", data, tmp_path / "here.h5")
    assert here.splits is not None
    assert sorted(here.splits.tolist()) == [1, 1, 1, 1, 2, 2]
    # A test set whose samples bear the same numbers, as in the public archive.
    other = challenge(tmp_path / "test", ("Ohio", "Utah"), 6)
    there = run(tmp_path / "run", other, tmp_path / "there.h5")
    assert there.location_ids == here.location_ids
    assert there.splits is not None
    assert there.splits.tolist() == [0] * 6
    # Who asks for a part by name says that these are the same.
    out = tmp_path / "moved.h5"
    assert command(tmp_path / "run", "--split", "train", "--data", other, "--out", out) == 0
    assert len(store.read(out)) == 4


# --- checkpoints and runs ---


def test_the_last_checkpoint_can_be_asked_for(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    other = copy_run(trained, tmp_path / "run")
    model, checkpoint = load(trained, "last")
    with torch.no_grad():
        model.classifier.bias.add_(1)
    later = dataclasses.replace(checkpoint, step=checkpoint.step + 1)
    checkpoints.save(other, ("last",), later, model, {})
    best, last = tmp_path / "best.h5", tmp_path / "last.h5"
    for name, out in (("best", best), ("last", last)):
        assert command(other, "--data", test_folder, "--out", out, "--checkpoint", name) == 0
        assert store.read(out).provenance["checkpoint_name"] == name
        assert store.read(out).provenance["checkpoint_sha256"] == read(other, name).sha256
    assert not np.array_equal(store.read(best).logits, store.read(last).logits)


def test_several_runs_go_into_one_folder(tmp_path: Path, trained: Path, test_folder: Path) -> None:
    one, two = (copy_run(trained, tmp_path / name) for name in ("one", "two"))
    out = tmp_path / "stores"
    assert command(one, two, "--data", test_folder, "--out", out) == 0
    assert sorted(path.name for path in out.iterdir()) == ["one.h5", "two.h5"]
    for name in ("one", "two"):
        made = store.read(out / f"{name}.h5")
        assert made.provenance["run"] == str((tmp_path / name).resolve())
        assert len(made) == 8


def test_two_runs_of_one_name_are_refused(
    tmp_path: Path, trained: Path, test_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (copy_run(trained, tmp_path / name / "run") for name in ("a", "b"))
    with pytest.raises(SystemExit, match="2"):
        command(one, two, "--data", test_folder, "--out", tmp_path / "stores")
    said = capsys.readouterr().err
    assert f"{two} and {one}: both would be written to {tmp_path / 'stores' / 'run.h5'};" in said
    assert not list((tmp_path / "stores").iterdir())


def test_of_several_runs_those_that_are_finished_are_not_extracted_again(
    tmp_path: Path, trained: Path, test_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (copy_run(trained, tmp_path / name) for name in ("one", "two"))
    weights = two / load(two)[1].weights
    weights.rename(two / "away")
    out = tmp_path / "stores"
    words = (one, two, "--data", test_folder, "--out", out)
    with pytest.raises(SystemExit, match="2"):
        command(*words)
    before = (out / "one.h5").read_bytes()
    (two / "away").rename(weights)
    capsys.readouterr()
    assert command(*words) == 0
    assert f"{out / 'one.h5'}: was finished by an earlier start" in capsys.readouterr().out
    assert (out / "one.h5").read_bytes() == before
    assert sorted(path.name for path in out.iterdir()) == ["one.h5", "two.h5"]
    # A run that is not there is missed before the first is extracted.
    with pytest.raises(SystemExit, match="2"):
        command(one, tmp_path / "none", "--data", test_folder, "--out", tmp_path / "others")
    assert not (tmp_path / "others").exists()
    # Both are there; another request is refused before the first is looked at.
    assert command(*words) == 0
    (out / "one.h5").unlink()
    with pytest.raises(SystemExit, match="2"):
        command(*words, "--precision", "bfloat16")
    assert "two.h5: already exists, from a different request (different precision)" in (
        capsys.readouterr().err
    )
    assert sorted(path.name for path in out.iterdir()) == ["two.h5"]
