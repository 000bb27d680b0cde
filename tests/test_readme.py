"""The README keeps its word: its commands are run, its paths are there."""

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from resnetbolt import COMMANDS
from tests.examples import folder, free_port
from trainer.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
QUICK = ("--image-size", "32", "--epochs", "1", "--num-workers", "0")


def block(containing: str) -> list[str]:
    """Return the lines of the shell block that contains a text."""
    for found in re.findall(r"```sh\n(.*?)```", README, re.S):
        if containing in found:
            return [line.split("  #")[0].strip() for line in found.splitlines() if line.strip()]
    raise AssertionError(f"no shell block in the README contains {containing!r}")


def run(command: list[str], place: Path) -> None:
    done = subprocess.run(
        command, cwd=place, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.spawn
def test_the_four_stages_run_as_written(tmp_path: Path) -> None:
    states = ("Alabama", "New Hampshire")
    folder(tmp_path / "50States10K", states, 4)
    folder(tmp_path / "50States2K" / "test_data", states, 4)
    served = False
    for line in block("resnetbolt train"):
        program, *arguments = shlex.split(line)
        assert program == "resnetbolt"
        command = [sys.executable, "-m", "resnetbolt", *arguments]
        if arguments[0] == "open":
            serve(command, tmp_path)
            served = True
        else:
            run([*command, *(QUICK if arguments[0] == "train" else ())], tmp_path)
    assert served
    assert (tmp_path / "figures" / "roc.pdf").stat().st_size > 1000


def serve(command: list[str], place: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=place, env=environment(), stdout=subprocess.PIPE
    )
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert process.poll() is None, "the dashboard ended by itself"
                time.sleep(0.1)
        else:
            pytest.fail("the dashboard does not answer")
    finally:
        process.terminate()
        process.communicate()


def test_the_two_commands_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in block("make demo"):
        make, target = shlex.split(line)
        assert make == "make"
        assert re.search(rf"^{target}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.spawn
def test_every_named_command_answers_help() -> None:
    text = " ".join(README.split())
    assert set(re.findall(r"`resnetbolt ([a-z-]+)[ `]", text)) == set(COMMANDS)
    named = set(re.findall(r"`python (-m [\w.]+|app\.py)", text))
    assert named == {
        "-m trainer",
        "-m workbench.extract",
        "-m workbench.project",
        "-m workbench.export",
        "app.py",
    }
    for words in sorted(named):
        run([sys.executable, *words.split(), "--help"], ROOT)


def test_the_tree_and_the_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
    tree = re.search(r"## Find your way\n+```\n(.*?)```", README, re.S)
    assert tree
    parent = ROOT
    for line in tree[1].splitlines():
        name = line.split()[0]
        parent = parent if line.startswith(" ") else ROOT
        place = parent / name
        assert place.exists() or place.with_suffix(".py").exists(), name
        parent = place if not line.startswith(" ") else parent


def test_the_presets_and_their_values_are_explained() -> None:
    page = (ROOT / "docs" / "reference" / "training.md").read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.M)) >= set(PRESETS)
    head = re.search(r"^\| preset \| fusion \|.*$", page, re.M)
    assert head
    fields = [cell.strip().replace("-", "_") for cell in head[0].strip("|").split("|")][1:]
    for name, preset in PRESETS.items():
        row = re.search(rf"^\| `{name}` \| [\w-]+ \| \d+ \|.*$", page, re.M)
        assert row, name
        cells = [cell.strip() for cell in row[0].strip("|").split("|")]
        for field, cell in zip(fields, cells[1:], strict=True):
            value = getattr(preset, field)
            assert cell == (f"{value:g}" if isinstance(value, float) else str(value) or "scratch")
