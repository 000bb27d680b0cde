import csv
import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common import distributed
from common.errors import InputError
from tests.examples import TINY, copy_run, folder
from trainer import checkpoint as checkpoints
from trainer import run_folder as run_folder
from trainer import train
from trainer.checkpoint import Checkpoint, load
from trainer.config import Config, Fusion
from trainer.data import decode, layout
from trainer.data.prepare.photograph_index import index_file, prepare
from trainer.errors import TrainingError
from trainer.evaluate import Scores
from trainer.presets import PRESETS
from trainer.step import TrainStep


def fit(run: Path, data: Path, config: Config = TINY, resume: bool = False) -> Checkpoint:
    return train.train(run, data, config, preset="demo", resume=resume)


def same(one: Path, other: Path) -> bool:
    states = [load(run, "last")[0].state_dict() for run in (one, other)]
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def without_time(path: Path) -> list[str]:
    return [line.rpartition(",")[0] for line in path.read_text().splitlines()]


def test_training_writes_a_checkpoint_and_tables(trained: Path) -> None:
    model, checkpoint = load(trained)
    assert checkpoint.class_names == ("Alaska", "New Mexico")
    assert not set(checkpoint.split["training"]) & set(checkpoint.split["validation"])
    assert checkpoint.config == TINY
    assert checkpoint.versions["torch"] == torch.__version__
    epochs, steps = table(trained / "epochs.csv"), table(trained / "steps.csv")
    assert [row["epoch"] for row in epochs] == ["1", "2"]
    losses = [float(row["validation_loss"]) for row in epochs]
    assert checkpoint.metrics["validation_loss"] == min(losses)
    per_epoch = len(checkpoint.split["training"]) // TINY.batch_size
    assert [int(row["step"]) for row in steps] == list(range(1, TINY.epochs * per_epoch + 1))
    first = [float(row["loss"]) for row in steps if row["epoch"] == "1"]
    assert float(epochs[0]["training_loss"]) == pytest.approx(sum(first) / per_epoch)
    assert set(checkpoint.per_class_top_1) == {"Alaska", "New Mexico"}
    assert checkpoint.seconds > 0
    assert not model.training


def test_the_channel_statistics_are_those_of_the_training_part(trained: Path) -> None:
    model, checkpoint = load(trained)
    root = Path(checkpoint.data_root)
    training = set(checkpoint.split["training"])
    views = [
        decode.read_views([root / name for name in place.images], 64)
        for place in layout.index_folder(root).locations
        if place.id in training
    ]
    pixels = torch.stack(views).double() / 255
    assert torch.allclose(model.mean.flatten().double(), pixels.mean(dim=(0, 1, 3, 4)), atol=1e-6)
    deviation = pixels.transpose(0, 2).flatten(1).std(dim=1, correction=0)
    assert torch.allclose(model.std.flatten().double(), deviation, atol=1e-6)


def test_one_seed_gives_one_model_bit_for_bit(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    fit(tmp_path / "again", training_folder)
    assert same(trained, tmp_path / "again")
    fit(tmp_path / "other", training_folder, replace(TINY, seed=1))
    assert not same(trained, tmp_path / "other")


@pytest.mark.parametrize("after", [2, 3, 5, 6])
def test_a_run_resumes_from_any_step(
    tmp_path: Path,
    trained: Path,
    training_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    original, run = TrainStep.__call__, tmp_path / "run"

    def killed(self: TrainStep, *arguments: object) -> torch.Tensor:
        if arguments[2] == after:
            raise KeyboardInterrupt
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(TrainStep, "__call__", killed)
    often = replace(TINY, save_interval=0.0)
    if after < 6:
        with pytest.raises(KeyboardInterrupt):
            fit(run, training_folder, often)
        assert checkpoints.read(run, "last").step == after
    monkeypatch.undo()
    fit(run, training_folder, often, resume=True)
    assert same(trained, run)
    for name in ("steps.csv", "epochs.csv"):
        assert without_time(trained / name) == without_time(run / name)


def test_the_average_is_resumed_too(
    tmp_path: Path, training_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(TINY, ema_decay=0.9, augmentation=0.5, save_interval=0.0)
    fit(tmp_path / "whole", training_folder, config)
    original = TrainStep.__call__

    def killed(self: TrainStep, *arguments: object) -> torch.Tensor:
        if arguments[2] == 4:
            raise KeyboardInterrupt
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(TrainStep, "__call__", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", training_folder, config)
    monkeypatch.undo()
    fit(tmp_path / "run", training_folder, config, resume=True)
    assert same(tmp_path / "whole", tmp_path / "run")


def test_a_run_is_not_overwritten(
    tmp_path: Path, trained: Path, training_folder: Path, test_folder: Path
) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in trained.iterdir())
    with pytest.raises(InputError, match="already holds a run"):
        fit(trained, training_folder, replace(TINY, epochs=3))
    with pytest.raises(InputError, match="was trained with --seed 0, not 1"):
        fit(trained, training_folder, replace(TINY, seed=1))
    with pytest.raises(InputError, match="locations of this run cannot be read any more"):
        fit(trained, test_folder)
    fit(trained, training_folder)  # The same request finds its result.
    assert sorted((path, path.stat().st_mtime_ns) for path in trained.iterdir()) == before


def test_a_run_is_not_resumed_with_other_options(trained: Path, training_folder: Path) -> None:
    with pytest.raises(InputError, match="was trained with --fusion medium, not early"):
        fit(trained, training_folder, replace(TINY, fusion="early"), resume=True)
    scheduled = replace(TINY, schedule="cosine")
    with pytest.raises(InputError, match="--schedule"):
        fit(trained, training_folder, scheduled, resume=True)


def test_a_run_at_a_constant_rate_can_be_trained_for_longer(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = copy_run(trained, tmp_path / "run")
    longer = replace(TINY, epochs=3)
    fit(run, training_folder, longer, resume=True)
    fit(tmp_path / "whole", training_folder, longer)
    assert same(run, tmp_path / "whole")
    with pytest.raises(InputError, match="--epochs 3, not 2"):
        fit(run, training_folder, TINY, resume=True)


def test_a_finished_run_is_only_read(trained: Path, training_folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
    assert fit(trained, training_folder, resume=True) == checkpoints.read(trained)
    assert {path.name: path.stat().st_mtime_ns for path in trained.iterdir()} == before


def test_a_run_is_not_resumed_on_other_data(tmp_path: Path, trained: Path) -> None:
    run = copy_run(trained, tmp_path / "run")
    fewer = folder(tmp_path / "fewer", ("Alaska", "New Mexico"), 7)
    longer = replace(TINY, epochs=3)
    with pytest.raises(InputError, match=r"2 locations of this run cannot be read any more"):
        fit(run, fewer, longer, resume=True)
    more = folder(tmp_path / "more", ("Alaska", "New Mexico", "Ohio"), 8)
    with pytest.raises(InputError, match="the classes of the data folder have changed"):
        fit(run, more, longer, resume=True)


def test_changed_photographs_are_noticed(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run, data = copy_run(trained, tmp_path / "run"), tmp_path / "data"
    folder(data, ("Alaska", "New Mexico"), 8)
    one, other = (data / "Alaska" / f"2015_-A_b0001_{degree}.jpg" for degree in (90, 180))
    first = one.read_bytes()
    one.write_bytes(other.read_bytes() + b" ")
    with pytest.raises(InputError, match="photographs have changed"):
        fit(run, data, replace(TINY, epochs=3), resume=True)
    one.write_bytes(first)
    fit(run, data, replace(TINY, epochs=3), resume=True)


def test_a_resumed_run_keeps_to_the_photographs_that_it_was_started_on(tmp_path: Path) -> None:
    data, run = folder(tmp_path / "data", ("Ohio", "Utah"), 5), tmp_path / "run"
    mended = data / "Ohio" / "2015_-A_b0001_90.jpg"
    whole = mended.read_bytes()
    mended.write_bytes(b"nothing")
    fit(run, data, replace(TINY, epochs=1))
    before = checkpoints.read(run).split
    mended.write_bytes(whole)
    fit(run, data, replace(TINY, epochs=2), resume=True)
    assert checkpoints.read(run, "last").split == before
    assert checkpoints.read(run, "last").epoch == 2
    gone = before["training"][0]
    (data / f"{gone}_90.jpg").write_bytes(b"nothing")
    with pytest.raises(InputError, match=f"cannot be read any more, such as {gone}"):
        fit(run, data, replace(TINY, epochs=3), resume=True)


def test_a_run_with_names_in_another_form_is_resumed(tmp_path: Path) -> None:
    """Earlier versions wrote the names of the folders, which macOS has in NFD."""
    data, run = folder(tmp_path / "data", ("Lez", "Le\u00f3n"), 3), tmp_path / "run"
    fit(run, data, replace(TINY, epochs=1))
    index = prepare(data, index_file(tmp_path, data), 0)
    decomposed = [
        replace(location, id=unicodedata.normalize("NFD", location.id))
        for location in index.index.locations
    ]
    for path in (run / "last.json", run / "best.json"):
        document = json.loads(path.read_text("utf-8"))
        document["data_sha256"] = index.fingerprint(decomposed)
        document["class_names"].reverse()  # The order of the names in NFD.
        text = json.dumps(document, ensure_ascii=False)
        path.write_text(unicodedata.normalize("NFD", text), "utf-8")
    fit(run, data, replace(TINY, epochs=2), resume=True)
    last = checkpoints.read(run, "last")
    assert last.epoch == 2
    assert last.class_names == ("Le\u00f3n", "Lez")


def test_small_classes_are_left_out_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = folder(tmp_path / "data", ("Ohio", "Utah"), 3), tmp_path / "run"
    folder(data, ("Iowa", "Maine"), 1)
    config = replace(TINY, epochs=1, min_locations=2)
    fit(run, data, config)
    assert "Left out by --min-locations (2 in all): Iowa, Maine" in capsys.readouterr().out
    made = checkpoints.read(run)
    assert (made.class_names, made.excluded_classes) == (("Ohio", "Utah"), ("Iowa", "Maine"))
    assert (run / "skipped.csv").read_text("utf-8").count("(1) than --min-locations 2") == 2
    fit(run, data, replace(config, epochs=2), resume=True)
    with pytest.raises(InputError, match="was trained with --min-locations 2, not 0"):
        fit(run, data, replace(config, epochs=3, min_locations=0), resume=True)


def test_a_photograph_removed_during_training_ends_it_after_a_save(
    tmp_path: Path,
) -> None:
    data, run = folder(tmp_path / "data", ("Ohio", "Utah"), 8), tmp_path / "run"
    fit(tmp_path / "whole", data, TINY)
    gone = data / "Ohio" / "2015_-A_b0003_270.jpg"
    content = gone.read_bytes()

    def remove(epoch: int, scores: Scores) -> None:
        gone.unlink(missing_ok=True)
        # What comes during training is left for another one.
        folder(data, ("Iowa",), 2)

    with pytest.raises(InputError, match=f"{gone}: the photograph is gone"):
        train.train(run, data, TINY, preset="demo", resume=False, on_epoch_end=remove)
    assert checkpoints.read(run, "last").epoch == 1
    gone.write_bytes(content)
    with pytest.raises(InputError, match="the classes of the data folder have changed"):
        fit(run, data, TINY, resume=True)
    for path in (data / "Iowa").iterdir():
        path.unlink()
    (data / "Iowa").rmdir()
    fit(run, data, TINY, resume=True)
    assert same(run, tmp_path / "whole")


def test_unreadable_locations_are_left_out_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path / "data", ("Ohio", "Utah"), 5)
    (data / "Ohio" / "2015_-A_b0001_90.jpg").write_bytes(b"nothing")
    (data / "Utah" / "2015_-A_b1002_0.jpg").unlink()
    fit(tmp_path / "run", data, replace(TINY, epochs=1))
    split = checkpoints.read(tmp_path / "run").split
    used = {*split["training"], *split["validation"]}
    assert len(used) == 8
    assert "Ohio/2015_-A_b0001" not in used
    assert {row["id"] for row in table(tmp_path / "run" / "skipped.csv")} == {
        "Ohio/2015_-A_b0001",
        "Utah/2015_-A_b1002",
    }
    assert "2 skipped" in capsys.readouterr().out


@pytest.mark.parametrize("fusion", ["single", "stack", "late", "attention"])
def test_every_fusion_trains(tmp_path: Path, training_folder: Path, fusion: Fusion) -> None:
    config = replace(TINY, fusion=fusion, epochs=4, label_smoothing=0.1, neighbor_smoothing=0.1)
    best = fit(tmp_path / "run", training_folder, config)
    losses = [float(row["training_loss"]) for row in table(tmp_path / "run" / "epochs.csv")]
    assert losses[-1] < losses[0]
    assert ("view_top_1" in best.metrics) == (fusion != "stack")
    assert load(tmp_path / "run")[0].fusion == fusion


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path: Path, training_folder: Path) -> None:
    steep = replace(TINY, learning_rate=1e9)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at .*smaller --learning-rate"):
        fit(tmp_path / "run", training_folder, steep)


def test_the_presets_are_table_1_of_the_paper() -> None:
    for name, rate in (
        ("paper-early", 1e-5),
        ("paper-medium", 1e-5),
        ("paper-early-1e-4", 1e-4),
        ("paper-medium-1e-4", 1e-4),
    ):
        config = PRESETS[name]
        assert name.startswith(f"paper-{config.fusion}")
        assert (config.learning_rate, config.beta1, config.beta2) == (rate, 0.9, 0.999)
        assert (config.eps, config.weight_decay) == (1e-8, 1e-4)
        assert (config.epochs, config.batch_size, config.num_workers) == (10, 28, 2)
        assert (config.image_size, config.schedule, config.depth) == (256, "constant", 50)
        assert (config.weights, config.optimizer, config.augmentation) == ("", "adam", 0)


def test_two_trainers_do_not_share_a_run(tmp_path: Path, training_folder: Path) -> None:
    processes = distributed.current_processes()
    with (
        run_folder.run_lock(tmp_path / "run", processes),
        pytest.raises(InputError, match="another process is training"),
    ):
        fit(tmp_path / "run", training_folder)


def test_a_full_disk_keeps_the_previous_checkpoint(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(trained, tmp_path / "run")
    model, checkpoint = load(run, "last")
    before = sorted(path.name for path in run.iterdir())

    def full(*_: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc] . PytorchStreamWriter failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="could not be written: No space left on device; free"):
        checkpoints.save(run, ("last",), replace(checkpoint, step=99), model, {})
    assert sorted(path.name for path in run.iterdir()) == before


def test_a_run_of_an_earlier_version_is_not_resumed(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = copy_run(trained, tmp_path / "run")
    document = json.loads((run / "last.json").read_text())
    for name in ("data_sha256", "step", "loss_sum", "seconds", "per_class_top_1"):
        del document[name]
    (run / "last.json").write_text(json.dumps(document | {"version": 1}))
    with pytest.raises(InputError, match="by an earlier version"):
        fit(run, training_folder, replace(TINY, epochs=3), resume=True)


def test_weights_that_cannot_be_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    for weights, message in (
        ("IMAGENET1K_V2", "no such weights for a ResNet-18; choose IMAGENET1K_V1"),
        (str(tmp_path / "none.pth"), "none.pth: there is no such file"),
    ):
        with pytest.raises(InputError, match=message):
            fit(tmp_path / "run", tmp_path / "nowhere", replace(TINY, weights=weights))
    assert not list(tmp_path.iterdir())


def test_parts_that_hold_too_little_are_refused(tmp_path: Path, training_folder: Path) -> None:
    for changes in ({"accumulation_steps": 5}, {"fusion": "stack", "accumulation_steps": 4}):
        with pytest.raises(
            InputError, match="--batch-size 4: 1 processes with --accumulation-steps"
        ):
            fit(tmp_path / "run", training_folder, replace(TINY, **changes))


def test_equal_runs_have_equal_files(tmp_path: Path, trained: Path, training_folder: Path) -> None:
    fit(tmp_path / "again", training_folder)
    assert checkpoints.read(trained).sha256 == checkpoints.read(tmp_path / "again").sha256


def test_a_run_that_lost_its_last_save_is_not_overwritten(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = copy_run(trained, tmp_path / "run")
    (run / "last.json").unlink()
    with pytest.raises(InputError, match="already holds a run"):
        fit(run, training_folder)


def test_tables_that_somebody_edited_do_not_stop_a_run(
    tmp_path: Path, trained: Path, training_folder: Path
) -> None:
    run = copy_run(trained, tmp_path / "run")
    with (run / "steps.csv").open("ab") as file:
        file.write(b"1,x,3,4,5\n\xff\n" + b"1," + b"9" * 200_000 + b"\n")
    fit(run, training_folder, replace(TINY, epochs=3), resume=True)
    assert [int(row["step"]) for row in table(run / "steps.csv")] == list(range(1, 10))


def test_the_weights_are_as_readable_as_the_rest(trained: Path) -> None:
    weights, document = trained / checkpoints.read(trained).weights, trained / "best.json"
    assert weights.stat().st_mode == document.stat().st_mode
