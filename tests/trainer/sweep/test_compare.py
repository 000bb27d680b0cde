import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from common import distributed
from tests.examples import copy_run, folder
from tests.ranks import run_command
from trainer import checkpoint as checkpoints
from trainer.config import Config, Depth
from trainer.data.dataset import LocationDataset
from trainer.data.layout import index_folder
from trainer.data.prepare.photograph_index import index_file, prepare
from trainer.errors import TrainingError
from trainer.evaluate import evaluate
from trainer.sweep import compare
from trainer.sweep import comparison as comparison_module
from trainer.sweep.comparison import evaluate_on_test, model_cost

OPTIONS = ("--depth=18", "--image-size=32", "--batch-size=4", "--num-workers=0", "--epochs=1")
SETTINGS = ("fusion=single learning_rate=1e-3", "paper-early", "too fast: demo learning_rate=1e9")
LABELS = ("fusion=single learning_rate=1e-3", "paper-early", "too fast")
FOLDERS = ("fusion=single-learning_rate=1e-3", "paper-early", "too-fast")


def compared(target: Path, data: Path, test: Path, *more: str) -> int:
    places = (str(target), "--data", str(data), "--test", str(test))
    return compare.main([*places, *OPTIONS, *more])


def arguments(settings: Sequence[str]) -> list[str]:
    return [word for text in settings for word in ("--setting", text)]


def rows(target: Path) -> list[dict[str, str]]:
    with (target / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def comparison(
    tmp_path_factory: pytest.TempPathFactory, training_folder: Path, test_folder: Path
) -> Path:
    target = tmp_path_factory.mktemp("comparison") / "runs"
    assert compared(target, training_folder, test_folder, *arguments(SETTINGS)) == 0
    return target


def test_the_table_holds_the_numbers_of_the_runs(comparison: Path) -> None:
    *trained, lost = rows(comparison)
    assert [row["setting"] for row in (*trained, lost)] == list(LABELS)
    for row, name in zip(trained, FOLDERS, strict=False):
        best = checkpoints.read(comparison / name)
        assert (row["epochs"], row["best_epoch"]) == ("1", str(best.epoch))
        for score in ("top_1", "top_5"):
            assert float(row[score]) == best.metrics[score]
        parameters = sum(one.numel() for one in checkpoints.load(comparison / name)[0].parameters())
        assert int(row["parameters"]) == parameters
        assert float(row["seconds"]) == checkpoints.read(comparison / name, "last").seconds
        assert row["reason"] == ""
    assert (
        float(trained[0]["view_top_1"])
        == checkpoints.read(comparison / FOLDERS[0]).metrics["view_top_1"]
    )
    assert trained[1]["view_top_1"] == ""
    assert "nan" in lost["reason"]
    assert lost["top_1"] == lost["test_top_1"] == ""


def test_the_best_checkpoints_are_tested_on_the_other_photographs(
    comparison: Path, test_folder: Path
) -> None:
    for row, name in list(zip(rows(comparison), FOLDERS, strict=True))[:2]:
        model, checkpoint = checkpoints.load(comparison / name)
        location = index_folder(test_folder).locations
        photographs = LocationDataset(test_folder, location, checkpoint.class_names, 32)
        here = distributed.current_processes()
        scores = evaluate(model, photographs, 2, checkpoint.config, here)
        assert float(row["test_top_1"]) == scores.top_1
        assert float(row["test_top_5"]) == scores.top_5
        kept = json.loads((comparison / name / "test.json").read_text())
        assert kept["checkpoint"] == checkpoint.sha256
        assert kept["locations"] == len(location) == 8
        assert kept["top_1"] == scores.top_1


def test_the_tables_for_people_and_for_papers_show_the_same(comparison: Path) -> None:
    latex = (comparison / "table.tex").read_text()
    millions = f"{int(rows(comparison)[0]['parameters']) / 1e6:.1f}"
    assert rf"fusion=single learning\_rate=1e-3 & {millions} & " in latex
    assert latex.splitlines()[2:7] == [
        r"\toprule",
        r" & parameters & GFLOP & \multicolumn{3}{c}{validation} & \multicolumn{3}{c}{test} &  \\",
        r"\cmidrule(lr){4-6} \cmidrule(lr){7-9}",
        r"setting & millions & a location & top-1, \% & top-5, \% & one view, \% & "
        r"top-1, \% & top-5, \% & one view, \% & ended early \\",
        r"\midrule",
    ]
    assert "_" not in latex.replace(r"\_", "")
    share = f"{100 * float(rows(comparison)[0]['test_top_1']):.2f}"
    markdown = (comparison / "table.md").read_text()
    assert f" {share} |" in markdown.splitlines()[2]
    for title in ("validation top-1, %", "test top-1, %", "best epoch", "time"):
        assert f" {title} |" in markdown.splitlines()[0]
    assert f" & {share} & " in latex


def test_the_same_command_trains_and_tests_nothing_again(
    comparison: Path, training_folder: Path, test_folder: Path
) -> None:
    def times() -> dict[Path, int]:
        kept = [*comparison.glob("*/weights-*"), *comparison.glob("*/*.json")]
        return {path: path.stat().st_mtime_ns for path in kept if path.name != "config.json"}

    before, table = times(), (comparison / "table.csv").read_text()
    (comparison / "table.csv").unlink()
    assert compared(comparison, training_folder, test_folder, *arguments(SETTINGS)) == 0
    assert times() == before
    assert (comparison / "table.csv").read_text() == table


def test_the_photographs_are_read_once_for_all_comparisons_beside_each_other(
    comparison: Path, training_folder: Path, test_folder: Path
) -> None:
    for data in (training_folder, test_folder):
        assert index_file(comparison.parent, data).is_file()
    assert not list(comparison.rglob("*.index.sqlite"))


def test_the_indices_can_lie_elsewhere(
    tmp_path: Path, comparison: Path, training_folder: Path, test_folder: Path
) -> None:
    shutil.copytree(comparison / "paper-early", tmp_path / "here" / "runs" / "paper-early")
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    places = (f"--index={one}", f"--test-index={other}")
    target = tmp_path / "here" / "runs"
    assert compared(target, training_folder, test_folder, "--setting=paper-early", *places) == 0
    assert one.is_file()
    assert other.is_file()
    assert not list((tmp_path / "here").rglob("*.index.sqlite"))


def test_a_setting_for_which_the_gpu_has_too_little_memory_does_not_end_the_comparison(
    tmp_path: Path, training_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(run: Path, *rest: object, **options: object) -> None:
        raise TrainingError(f"{run}: the GPU has too little memory; lower --batch-size.")

    monkeypatch.setattr(comparison_module, "train", too_large)
    target = tmp_path / "runs"
    target.mkdir()
    given = [str(target), "--data", str(training_folder), *OPTIONS, *arguments(SETTINGS[:2])]
    assert compare.main(given) == 0
    assert [row["reason"] for row in rows(target)] == ["the GPU has too little memory"] * 2


def test_what_was_tested_on_other_photographs_or_is_damaged_is_tested_again(
    tmp_path: Path, comparison: Path, training_folder: Path
) -> None:
    target = tmp_path / "runs"
    shutil.copytree(comparison / "paper-early", target / "paper-early")
    other = folder(tmp_path / "other", ("New Mexico",), 3)
    assert compared(target, training_folder, other, "--setting=paper-early") == 0
    kept = target / "paper-early" / "test.json"
    tested = json.loads(kept.read_text())
    assert tested["locations"] == 3
    kept.write_text("[")
    assert compared(target, training_folder, other, "--setting=paper-early") == 0
    assert json.loads(kept.read_text()) == tested


def test_settings_come_from_a_file_too(
    tmp_path: Path, comparison: Path, training_folder: Path, test_folder: Path
) -> None:
    target = tmp_path / "runs"
    shutil.copytree(comparison / "paper-early", target / "paper-early")
    listed = tmp_path / "settings.txt"
    listed.write_text("# what the paper has\n\npaper-early  # side by side\n")
    assert compared(target, training_folder, test_folder, "--settings", str(listed)) == 0
    (row,) = rows(target)
    assert row["setting"] == "paper-early"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "nothing to compare"),
        (
            ["--setting=demo", "--setting=demo num_workers=1"],
            "has the same configuration as 'demo'",
        ),
        (["--setting=demo depth=19"], "--depth 19: must be 18"),
        (["--settings=nowhere.txt"], "nowhere.txt: No such file or directory; check the path"),
        (["--setting=demo"], "test: --data has no locations of the classes Ohio; remove"),
        (
            ["--setting=demo", "--setting=demo weights=IMAGENET1K_V2"],
            "'demo weights=IMAGENET1K_V2': --weights IMAGENET1K_V2: torchvision has no such",
        ),
        (["--setting=demo", "--setting=demo weights=gone.pth"], "gone.pth: there is no such file"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(
    tmp_path: Path,
    training_folder: Path,
    capsys: pytest.CaptureFixture[str],
    more: Sequence[str],
    message: str,
) -> None:
    test = folder(tmp_path / "test", ("Alaska", "Ohio"), 1)
    with pytest.raises(SystemExit) as stop:
        compared(tmp_path / "runs", training_folder, test, *more)
    assert stop.value.code == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence.startswith("python -m trainer.sweep.compare: ")
    assert message in sentence
    assert not list(tmp_path.glob("runs/*/"))


def test_another_size_is_not_taken_for_the_same_comparison(
    comparison: Path,
    training_folder: Path,
    test_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        compared(
            comparison,
            training_folder,
            test_folder,
            "--setting=demo",
            "--setting=paper-early",
            "--image-size=48",
        )
    assert stop.value.code == 2
    assert not (comparison / "demo").exists()
    assert "was trained with --image-size 32, not 48" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.real_resnet
def test_the_cost_is_the_one_that_is_published() -> None:
    # torchvision's documentation of these networks: billions of multiply-adds at 224 pixels.
    networks: tuple[tuple[Depth, int, float], ...] = (
        (18, 11_176_512, 1.81e9),
        (50, 23_508_032, 4.09e9),
    )
    for depth, trunk, multiply_adds in networks:
        parameters, flop = model_cost(Config(depth=depth, image_size=224), 50)
        width = 512 if depth == 18 else 2048
        assert parameters == trunk + 50 * (width + 1)
        assert flop == pytest.approx(4 * 2 * multiply_adds, rel=0.01)
    # Side by side, the same convolutions see the same pixels.
    assert model_cost(Config(fusion="early", depth=18, image_size=224), 50)[1] == pytest.approx(
        4 * 2 * 1.81e9, rel=0.01
    )


@pytest.mark.xdist_group("ranks")
@pytest.mark.slow
@pytest.mark.spawn
def test_several_processes_compare_together(
    tmp_path: Path, training_folder: Path, test_folder: Path
) -> None:
    target = tmp_path / "runs"
    words = [str(target), "--data", str(training_folder), "--test", str(test_folder), *OPTIONS]
    words += ["--setting=demo", f"--setting={SETTINGS[2]}"]
    done = run_command("trainer.sweep.compare", words, ranks=2)
    assert done.statuses == [0, 0], done.stderr
    assert done.stdout.count("2 settings -> ") == 1
    trained, lost = rows(target)
    best = checkpoints.read(target / "demo").metrics
    assert (float(trained["top_1"]), float(trained["top_5"])) == (best["top_1"], best["top_5"])
    assert json.loads((target / "demo" / "test.json").read_text())["locations"] == 8
    assert "nan" in lost["reason"]


def test_photographs_that_test_nothing_are_refused(
    tmp_path: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unreadable = folder(tmp_path / "test", ("Alaska",), 2)
    for path in unreadable.glob("*/*.jpg"):
        path.write_bytes(b"nothing")
    for test in (training_folder, unreadable):
        with pytest.raises(SystemExit) as stop:
            compared(tmp_path / "runs", training_folder, test, "--setting", "paper-early")
        assert stop.value.code == 2
        assert f"{test}: holds the photographs of --data, or none" in capsys.readouterr().err


def test_classes_that_the_training_left_out_are_not_tested(
    tmp_path: Path, comparison: Path, test_folder: Path
) -> None:
    run = copy_run(comparison / FOLDERS[0], tmp_path / "run")
    document = json.loads((run / "best.json").read_text("utf-8"))
    (run / "best.json").write_text(json.dumps(document | {"excluded_classes": ["Ohio"]}))
    data = folder(tmp_path / "test", ("Alaska", "Ohio"), 2)
    evaluate_on_test(run, prepare(data, tmp_path / "index.sqlite", 0))
    assert json.loads((run / "test.json").read_text())["locations"] == 2


def test_test_scores_of_another_type_are_computed_anew(
    comparison: Path, training_folder: Path, test_folder: Path
) -> None:
    path = comparison / FOLDERS[0] / "test.json"
    before = json.loads(path.read_text())
    path.write_text(json.dumps(before | {"top_1": "x"}))
    assert compared(comparison, training_folder, test_folder, *arguments(SETTINGS)) == 0
    assert json.loads(path.read_text()) == before
