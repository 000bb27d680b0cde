import csv
import dataclasses
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import TrialState
from PIL import Image

from common.errors import InputError
from tests.examples import TINY, folder
from trainer import checkpoint as checkpoints
from trainer.data.prepare.photograph_index import index_file
from trainer.sweep import __main__ as command
from trainer.sweep import study as study_module
from trainer.sweep import worker
from trainer.sweep.overrides import Overrides
from trainer.sweep.results import to_frame
from trainer.sweep.search_space import SearchSpace, parse_search_space, sample
from trainer.sweep.study import StudyFolder, SweepConfig, open_study
from trainer.sweep.worker import Task
from trainer.train import train

FIXED = dataclasses.replace(TINY, depth=18)
OPTIONS = [
    f"--{name}={value}"
    for name, value in (
        ("depth", 18),
        ("image-size", 32),
        ("batch-size", 4),
        ("num-workers", 0),
    )
]
# The first trial of this grid is good, the second hardly learns, the third is lost at once.
RATES = "--vary=learning_rate=1e-3,1e-9,1e9"
GRID = [
    RATES,
    "--sampler=grid",
    "--objective=loss",
    "--n-startup-trials=1",
    "--epochs=2",
    "--seed=2",
]


def sweep(*arguments: str | Path) -> int:
    return command.main([str(argument) for argument in arguments])


def rows(study: Path) -> list[dict[str, str]]:
    with (study / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("search"), ("Alaska", "New Mexico"), 16)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    study = tmp_path_factory.mktemp("study") / "grid"
    assert sweep(study, "--data", data, *OPTIONS, *GRID) == 0
    return study


# What varies.


def test_a_grid_is_the_product_of_its_lists_each_point_once() -> None:
    lists = ["depth=18,34,50", "fusion=early,late", "compile=true,false"]
    points = sample(parse_search_space(lists, FIXED), "grid", 0, None)
    wanted = itertools.product((18, 34, 50), ("early", "late"), (True, False))
    assert sorted(tuple(point.values()) for point in points) == sorted(wanted)
    assert sample(parse_search_space(lists, FIXED), "grid", 0, 5) == points[:5]
    assert sample(parse_search_space(lists, FIXED), "grid", 1, None) != points


def test_the_same_seed_draws_the_same_settings_and_more_begin_with_the_fewer() -> None:
    ranges = parse_search_space(
        ["learning_rate=1e-5:1e-3:log", "batch_size=16:64", "depth=18,50"], FIXED
    )
    drawn = sample(ranges, "random", 3, 40)
    assert drawn[:10] == sample(ranges, "random", 3, 10)
    assert drawn != sample(ranges, "random", 4, 40)
    rates = [float(one["learning_rate"]) for one in drawn]
    assert all(1e-5 <= rate <= 1e-3 for rate in rates)
    # Evenly in the logarithm: the geometric mean of the ends halves them.
    assert 12 <= sum(rate < 1e-4 for rate in rates) <= 28
    assert all(one["batch_size"] in range(16, 65) for one in drawn)
    assert {one["depth"] for one in drawn} == {18, 50}


def test_no_settings_are_drawn_twice() -> None:
    few = parse_search_space(["depth=18,34", "batch_size=2:4"], FIXED)
    drawn = sample(few, "random", 0, 20)
    assert len(drawn) == len({tuple(one.values()) for one in drawn}) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vary=deep=18,34"], "there is no field deep"),
        (["--vary=depth"], "write it as field=value"),
        (["--vary=depth=18"], "list two or more different values"),
        (["--vary=depth=18,18"], "list two or more different values"),
        (["--vary=depth=18,19"], "--depth 19: must be 18"),
        (["--vary=depth=18:50"], "depth takes a list, such as depth=18,34,50,101,152."),
        (["--vary=weights=,IMAGENET9"], "--weights IMAGENET9: torchvision has no such weights"),
        (
            ["--vary=depth=18,50", "--weights=IMAGENET1K_V2"],
            "would be {'depth': 18}: --weights IMAGENET1K_V2: torchvision has no such weights",
        ),
        (["--vary=depth=18,50", "--weights=gone.pth"], "gone.pth: there is no such file"),
        (["--vary=epochs=3:1"], "3 must be less than 1"),
        (["--vary=epochs=0:3"], "--epochs 0: must be at least"),
        (["--vary=epochs=1:3:linear"], "a range is LOW:HIGH or LOW:HIGH:log"),
        (["--vary=learning_rate=nan:1"], "nan must be less than 1"),
        (["--vary=learning_rate=1e-3:1e30"], "--learning-rate 1e+30: must be at most"),
        (["--vary=weight_decay=0:1:log"], "must begin above 0"),
        (["--vary=epochs=1:3", "--sampler=grid"], "a grid needs lists, such as epochs=1,3"),
        (["--vary=image_size=32,48", "--vary=image_size=64,96"], "given twice"),
        (["--vary=depth=18,34", "--depth=50"], "cannot be combined with --depth"),
        (["--vary=depth=18,34", "--n-jobs=0"], "--n-jobs 0: must be at least 1"),
        (["--vary=depth=18,34", "--n-trials=0"], "--n-trials 0: must be at least 1"),
        (
            ["--vary=label_smoothing=0.1,0.6", "--vary=neighbor_smoothing=0.1,0.6"],
            "--label-smoothing and --neighbor-smoothing: their sum must be less than 1",
        ),
        (["--vary=depth=18,34"], "nowhere: there is no such folder"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: Sequence[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        sweep(tmp_path / "study", "--data", tmp_path / "nowhere", *options)
    assert stop.value.code == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence.startswith("python -m trainer.sweep: ")
    assert message in sentence
    assert sentence.endswith(".")
    assert not (tmp_path / "study").exists()


# A search from its start to its end.


@pytest.mark.spawn
def test_the_table_says_how_each_trial_ended_best_first(searched: Path) -> None:
    best, pruned, failed = rows(searched)
    assert [row["state"] for row in (best, pruned, failed)] == ["finished", "pruned", "failed"]
    assert [float(row["learning_rate"]) for row in (best, pruned, failed)] == [1e-3, 1e-9, 1e9]
    assert "nan" in failed["reason"]
    for row, epochs in ((best, 2), (pruned, 1)):
        run = searched / f"trial-{int(row['trial']):04d}"
        kept, last = checkpoints.read(run), checkpoints.read(run, "last")
        assert int(row["epochs"]) == last.epoch == epochs
        assert last.config.learning_rate == float(row["learning_rate"])
        for name in ("top_1", "top_5", "validation_loss"):
            assert float(row[name]) == kept.metrics[name]
    assert "| finished |" in (searched / "table.md").read_text()


@pytest.mark.spawn
def test_the_photographs_are_read_once_for_all_studies_beside_each_other(
    searched: Path, data: Path
) -> None:
    assert index_file(searched.parent, data).is_file()
    assert not list(searched.rglob("*.index.sqlite"))


@pytest.mark.spawn
def test_only_finished_trials_keep_their_weights(searched: Path) -> None:
    kept = {path.parent.name for path in searched.glob("trial-*/weights-*")}
    assert kept == {f"trial-{int(rows(searched)[0]['trial']):04d}"}
    assert len(list(searched.glob("trial-*/steps.csv"))) == 3
    checkpoints.load(searched / kept.pop())


@pytest.mark.spawn
def test_optuna_plots_the_study(searched: Path) -> None:
    for name in ("parallel_coordinate", "optimization_history", "intermediate_values"):
        assert (searched / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        with Image.open(searched / f"{name}.png") as image:
            colors = image.convert("RGB").getcolors(2**24)
        assert colors is not None
        assert len(colors) > 50
    assert not (searched / "param_importances.pdf").exists()  # One finished trial says nothing.


@pytest.mark.spawn
def test_the_same_command_again_trains_nothing_and_writes_the_table_again(
    searched: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in searched.glob("trial-*/*")}
    table = (searched / "table.csv").read_text()
    (searched / "table.csv").unlink()
    assert sweep(searched, "--data", data, *OPTIONS, *GRID) == 0
    assert (searched / "table.csv").read_text() == table
    assert before == {path: path.stat().st_mtime_ns for path in searched.glob("trial-*/*")}
    assert "3 of 3 trials" in capsys.readouterr().out


@pytest.mark.spawn
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vary=learning_rate=1e-3,1e-9"], "was started with --vary learning_rate=0.001,1e-09"),
        (["--objective=top-1"], "was started with --objective loss, not top-1"),
        (["--epochs=3"], "was started with --epochs 2, not 3"),
        (["--preset=demo"], "was started with --preset paper-medium, not demo"),
        (["--no-prune"], "was started with pruning after 1 trials, not off"),
    ],
)
def test_another_search_in_the_folder_is_refused(
    searched: Path,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    message: str,
) -> None:
    given = [one for one in GRID if not (one.startswith("--vary") and "--vary" in options[0])]
    with pytest.raises(SystemExit) as stop:
        sweep(searched, "--data", data, *OPTIONS, *given, *options)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.spawn
def test_other_photographs_are_another_search(
    searched: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        sweep(searched, "--data", training_folder, *OPTIONS, *GRID)
    assert stop.value.code == 2
    assert "was started with --data" in capsys.readouterr().err.splitlines()[-1]


# The study, claimed by several.


def small_study(path: Path) -> AbstractContextManager[StudyFolder]:
    space: SearchSpace = parse_search_space(
        ["learning_rate=1e-5:1e-3:log", "fusion=early,late"], FIXED
    )
    return open_study(
        path, SweepConfig("photographs", "demo", FIXED, space, "random", "top-1", None)
    )


def test_no_trial_is_given_twice_and_an_interrupted_one_first(tmp_path: Path) -> None:
    overrides: list[Overrides] = [
        {"learning_rate": 10.0**-power, "fusion": "late"} for power in (3, 4, 5)
    ]
    place = tmp_path / "#{a} ?%"
    with small_study(place) as study, small_study(place) as other:
        trials = [study.ask(overrides), other.ask(overrides), study.ask(overrides)]
        assert [trial and trial.params for trial in trials] == overrides
        assert other.ask(overrides) is None
        assert trials[1] is not None
        other.release(trials[1])
        assert [study.is_locked(number) for number in range(3)] == [True, False, True]
        assert [other.is_locked(number) for number in range(3)] == [True, False, True]
        again = study.ask(overrides)
        assert again is not None
        assert again.number == 1
        assert again.params == overrides[1]
        study.tell(again, TrialState.COMPLETE, {"epochs": 2}, 0.5)
        study.release(again)
        assert other.ask(overrides) is None
        assert other.trials()[1].value == 0.5
        assert other.trials()[1].user_attrs == {"epochs": 2}
        more = other.ask([*overrides, {"learning_rate": 2e-4, "fusion": "early"}])
        assert more is not None
        assert more.number == 3


def test_a_study_of_an_older_version_is_resumed(tmp_path: Path) -> None:
    with small_study(tmp_path) as study:
        former = {new: old for old, new in study_module._FORMER_OPTIONS.items()}
        options = {former.get(name, name): value for name, value in study.config.options().items()}
        assert {"--method", "--size", "--optimiser"} <= set(options)
        study.study.set_user_attr("options", options)
    with small_study(tmp_path):
        pass
    with small_study(tmp_path) as study:
        study.study.set_user_attr("options", options | {"--size": "64"})
    sentence = f"{tmp_path}: was started with --image-size 64, not 32; pass the same options"
    with pytest.raises(InputError, match=re.escape(sentence)), small_study(tmp_path):
        pass


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite3").write_bytes(b"no database, but long enough to be one" * 100)
    sentence = r"study\.sqlite3: damaged, or not a database of a sweep"
    with pytest.raises(InputError, match=sentence), small_study(tmp_path):
        pass


def test_jobs_get_the_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    share = str(max(1, torch.get_num_threads() // 2))
    assert [one["OMP_NUM_THREADS"] for one in command._environments(2)] == [share, share]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,GPU-7")
    assert [one["CUDA_VISIBLE_DEVICES"] for one in command._environments(3)] == ["5", "GPU-7", "5"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert [one["CUDA_VISIBLE_DEVICES"] for one in command._environments(3)] == ["0", "1", "0"]


# Killed, and gone on with.


def started(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "trainer.sweep", *arguments],
        cwd=Path(command.__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    for _ in range(3600):
        if condition():
            return
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    pytest.fail("nothing happened for three minutes")


def workers(process: "subprocess.Popen[str]") -> list[int]:
    """Return the ids of the processes that train."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.slow
@pytest.mark.spawn
def test_two_jobs_killed_and_asked_to_end_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    several = ["--vary=learning_rate=1e-4:1e-3:log", "--n-trials=3", "--n-jobs=2", "--no-prune"]
    several += ["--epochs=14", "--save-interval=0"]
    arguments: tuple[str | Path, ...] = (study, "--data", training_folder, *OPTIONS, *several)

    def step(number: int) -> int:
        return checkpoints.read(study / f"trial-{number:04d}", "last").step

    # One worker is killed, then the command: the other worker saves and ends by itself.
    process = started(*arguments)
    until(lambda: len(list(study.glob("trial-*/last.json"))) == 2, process)
    first, _ = workers(process)
    os.kill(first, signal.SIGKILL)
    process.kill()
    try:  # As long as a process is left that could write to it.
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    before = [step(0), step(1)]
    assert all(0 < number < 42 for number in before)

    process = started(*arguments)
    until(lambda: step(0) > before[0] and step(1) > before[1], process)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert err.splitlines()[-1].endswith("stopped and saved; run the same command again to resume.")
    assert "interrupted" in out

    # One process alone ends it: a third start of several would import the same once more.
    assert sweep(*arguments, "--n-jobs=1") == 0
    assert "3 of 3 trials" in capsys.readouterr().out
    assert sorted(int(row["trial"]) for row in rows(study)) == [0, 1, 2]
    assert [row["state"] for row in rows(study)] == ["finished"] * 3
    for run in study.glob("trial-*"):
        with (run / "steps.csv").open(newline="") as file:
            assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(1, 43))
    # The same as if nothing had happened, bit for bit, on as many cores as a job had.
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        for number in range(2):
            run = study / f"trial-{number:04d}"
            straight = tmp_path / run.name
            config = dataclasses.replace(checkpoints.read(run).config, save_interval=10.0)
            train(straight, training_folder, config, preset="paper-medium", resume=False)
            states = [checkpoints.load(path, "last")[0].state_dict() for path in (run, straight)]
            assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    finally:
        torch.set_num_threads(threads)


# What cannot be trained, or is not ours.


def test_a_setting_that_cannot_be_trained_fails_alone(tmp_path: Path, data: Path) -> None:
    space = parse_search_space(["accumulation_steps=1,9"], FIXED)
    config = dataclasses.replace(FIXED, epochs=1)
    sweep_config = SweepConfig(str(data), "demo", config, space, "grid", "top-1", None)
    overrides = sample(space, "grid", 0, None)
    index = index_file(tmp_path, data)
    worker.run("sweep", Task(tmp_path / "study", sweep_config, overrides, index, False), {})
    with open_study(tmp_path / "study", sweep_config) as study:
        frame = to_frame(study, 2).set_index("accumulation_steps")
    assert frame["state"].to_dict() == {1: "finished", 9: "failed"}
    assert "--accumulation-steps 9 need at least 1" in frame["reason"][9]


def test_a_narrow_range_gives_what_it_holds() -> None:
    drawn = sample(
        parse_search_space(["learning_rate=1e-5:1.0000000000000002e-5"], FIXED), "random", 0, 20
    )
    assert 1 <= len(drawn) <= 3


def test_a_study_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite3"
    other = optuna.create_study(storage=f"sqlite:///{path}", study_name="search")
    other.tell(other.ask(), 1.0)
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds a study of another program"), small_study(tmp_path):
        pass
    assert path.read_bytes() == before
