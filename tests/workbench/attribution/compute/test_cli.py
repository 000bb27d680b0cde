"""`python -m workbench.attribution` as a person runs it: ended, shared, refused."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from common.cli import parse
from common.resume_buffer import ResumeBuffer
from tests.examples import copy_run
from tests.interrupt_after import signal_in_pass
from tests.ranks import run_command
from tests.workbench.extract.test_processes import TORCHRUN, finish
from workbench import store
from workbench.attribution import attribution_file, layered_cache
from workbench.attribution.__main__ import main, summary
from workbench.attribution.batch_request import BatchRequest
from workbench.attribution.compute.batch_job import MAP
from workbench.attribution.request import AttributionRequest
from workbench.extract.extraction import extract
from workbench.store import HEADINGS

FAST = ("--completeness-tolerance", "0.2", "--map-tolerance", "0.5")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, trained: Path, training_folder: Path) -> Path:
    """Return a store of sixteen locations."""
    out = tmp_path_factory.mktemp("attribute") / "store.h5"
    extract(trained, training_folder, out, batch_size=4, num_workers=0)
    return out


def words(path: Path, out: Path, *options: str) -> list[str]:
    return ["-m", "workbench.attribution", str(path), "--out", str(out), *FAST, *options]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, path: Path) -> Path:
    """Return the file that one process makes without being disturbed."""
    out = tmp_path_factory.mktemp("whole") / "whole.h5"
    assert main(words(path, out)[2:]) == 0
    return out


def answered(out: Path) -> int:
    return len(ResumeBuffer(out, {}).results().keys(MAP))


def assert_same(one: Path, other: Path) -> None:
    """Hold all but seconds of two files against each other, to the bit."""
    found, expected = attribution_file.read(one), attribution_file.read(other)
    assert found.location_ids == expected.location_ids
    assert found.failures == expected.failures
    for name in ("/question", "/map", "/output", "/map_error", "/converged", "/cost/gradients"):
        assert np.array_equal(found.dataset(name), expected.dataset(name)), name
    assert list(one.parent.iterdir()) == [one]


@pytest.mark.xdist_group("ranks")
@pytest.mark.spawn
def test_killed_and_terminated_it_resumes_to_the_same_file(
    tmp_path: Path, path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "some.h5"
    done = run_command("workbench.attribution", words(path, out)[2:], interrupt=("SIGKILL", 20))
    assert done.statuses == [-signal.SIGKILL]
    killed = answered(out)
    assert 0 < killed < 16
    with signal_in_pass(signal.SIGTERM, 20), pytest.raises(SystemExit) as stop:
        main(words(path, out)[2:])
    assert stop.value.code == 128 + signal.SIGTERM
    said = capsys.readouterr().err
    assert re.search(r"\d+ of 16 locations are done, run the same command", said)
    assert not out.exists()
    assert killed < answered(out) < 16
    assert main(words(path, out)[2:]) == 0
    assert "16 locations explained, 0 failed" in capsys.readouterr().out
    assert_same(out, whole)


@pytest.mark.xdist_group("ranks")
@pytest.mark.spawn
def test_killed_processes_resume_to_the_same_file(tmp_path: Path, path: Path, whole: Path) -> None:
    out = tmp_path / "some.h5"
    arguments = words(path, out)[2:]
    run_command("workbench.attribution", arguments, ranks=2, interrupt=("SIGKILL", 20))
    assert 0 < answered(out) < 16
    done = finish([*TORCHRUN, *words(path, out)])
    assert done.count("16 locations explained, 0 failed") == 1
    assert_same(out, whole)
    again = run_command("workbench.attribution", arguments, ranks=2)
    assert again.statuses == [0, 0], again.stderr
    assert again.stdout.count("was finished by an earlier start of this command") == 1


@pytest.mark.slow
def test_the_summary(
    tmp_path: Path, path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = "state == 'Alaska'"
    out = tmp_path / "some.h5"
    options = ["--method", "grad_cam", "--where", where, "--limit", "2", "--target", "true"]
    assert main([str(path), "--out", str(out), *options]) == 0
    said = capsys.readouterr().out
    assert f"2 locations explained, 0 failed -> {out}" in said
    assert "converged" not in said  # Grad-CAM has nothing to converge.
    assert re.search(
        "share of each view: " + ", ".join(rf"{name} \d+% \(\d+% to \d+%\)" for name in HEADINGS),
        said,
    )
    made = attribution_file.read(out)
    assert made.options["where"] == where
    assert {one.request for one in made} == {AttributionRequest(method="grad_cam", target="Alaska")}
    assert "verdicts" not in said  # Nothing was examined.
    assert main([str(path), "--out", str(out), *options, "--checks", "--overwrite"]) == 0
    counted = re.search(
        r"^verdicts: (\d+) supported, (\d+) weak, (\d+) not to be trusted, 0 not checked$",
        capsys.readouterr().out,
        re.M,
    )
    assert counted
    assert sum(map(int, counted.groups())) == 2
    said = summary(attribution_file.read(whole))
    assert re.search(r"^converged: \d+ of 16$", said, re.M)
    assert re.search(r"^gradient evaluations: \d+ \(median\), \d+ at most$", said, re.M)


def test_a_missing_photograph_is_listed_and_the_others_are_explained(
    tmp_path: Path, path: Path, training_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    for photograph in training_folder.rglob("*.jpg"):
        link = data / photograph.relative_to(training_folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(photograph)
    (gone,) = data.glob("Alaska/*b0001_90.jpg")
    gone.unlink()
    out = tmp_path / "some.h5"
    options = ["--method", "input_x_gradient", "--data", str(data)]
    assert main([str(path), "--out", str(out), *options]) == 0
    said = capsys.readouterr().out
    assert "15 locations explained, 1 failed" in said
    assert f"not explained: Alaska/2015_-A_b0001: {gone}: the photograph is missing" in said
    ((name, why),) = attribution_file.read(out).failures
    assert name == "Alaska/2015_-A_b0001"
    assert why.startswith(str(gone))


@pytest.fixture
def refused(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command, which must end with status 2, one sentence and no file."""

    def run(*options: str) -> str:
        with pytest.raises(SystemExit, match="2"):
            main([str(path), "--out", str(tmp_path / "some.h5"), *options])
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert sentence.startswith("python -m workbench.attribution: ")
        assert sentence.endswith(".")
        assert not list(tmp_path.glob("*some.h5*"))
        return sentence

    return run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--where", "state == 'Alska'"), "there is no 'Alska' (did you mean 'Alaska'?)"),
        (("--where", "confidence > 1"), "matches none of the 16 locations"),
        (("--target", "Ohio"), "'Ohio': the model has no such class"),
        (("--baseline", "location"), "needs baseline_location"),
        (("--map-tolerance", "nan"), "--map-tolerance nan: must be at"),
        (("--limit", "0"), "--limit 0: must be at least 1"),
        (("--out", "/"), "--out '/': name a file"),
        (("--run", "/nowhere"), "/nowhere"),
        (("--data", "/nowhere"), "'/nowhere': there is no such folder of photographs"),
    ],
)
def test_impossible_requests_are_refused(
    refused: Callable[..., str], options: tuple[str, ...], words: str
) -> None:
    assert words in refused(*options)


def test_a_checkpoint_of_other_classes_is_refused(
    tmp_path: Path, trained: Path, refused: Callable[..., str]
) -> None:
    run = copy_run(trained, tmp_path / "run")
    document = run / "best.json"
    document.write_text(document.read_text().replace('"Alaska"', '"Arkansas"'))
    assert f"{run}: its classes are not those of the store" in refused("--run", str(run))


def test_every_field_of_a_request_is_an_option_with_its_default() -> None:
    options = parse(BatchRequest, ["store.h5", "--out", "some.h5"], "attribution")
    assert options.request == AttributionRequest()


def test_the_dashboard_finds_the_attributions_of_the_file(path: Path, whole: Path) -> None:
    (file,) = layered_cache.open_files([whole], store.read(path))
    made = next(iter(file))
    found = layered_cache.LayeredCache([file], None).get(made.location_id, made.request)
    assert found is not None
    assert np.array_equal(found.values, made.values)
