"""The documentation keeps its word: links lead somewhere, commands and options exist."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest

import app
import resnetbolt
from resnetbolt import COMMANDS
from tests.examples import folder

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
MODULES = {f"-m {module.removesuffix('.__main__')}": module for module, _ in COMMANDS.values()}


def shell_lines(page: Path) -> list[str]:
    """Return the commands of a page's shell blocks, continued lines joined."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text("utf-8"), re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines]


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    for page in DOCS.rglob("*.md"):
        name = str(page.relative_to(DOCS))
        assert name == "README.md" or f"({name})" in index, name


def used_options() -> dict[str, set[str]]:
    """Return the options that the documentation uses, by the command's module."""
    used: dict[str, set[str]] = {}
    for page in PAGES:
        for line in shell_lines(page):
            command = re.search(r"(?:^|\s)resnetbolt ([a-z-]+)(.*)", line)
            module = re.search(r"(-m (?:trainer|workbench)[\w.]*)(.*)", line)
            if command and command[1] in COMMANDS:
                name, rest = COMMANDS[command[1]][0], command[2]
            elif module:
                name, rest = MODULES[module[1]], module[2]
            else:
                continue
            used.setdefault(name, set()).update(re.findall(r"(?<!\S)(--[a-z][\w-]*)", rest))
    return used


@pytest.mark.parametrize(("module", "options"), used_options().items())
def test_the_options_in_the_docs_exist(
    module: str, options: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = import_module(module)
    shown = ""
    for subcommand in (*sorted(subcommands(module)), None):
        with pytest.raises(SystemExit):
            command.main([*([subcommand] if subcommand else []), "--help"])
        shown += capsys.readouterr().out
    known = set(re.findall(r"--[a-z][\w-]*", shown))
    assert options <= known, options - known


def subcommands(module: str) -> set[str]:
    """Return the words that follow `resnetbolt convert` in the documentation."""
    if not module.startswith("workbench.interchange"):
        return set()
    lines = [line for page in PAGES for line in shell_lines(page)]
    return {match[1] for line in lines if (match := re.search(r"convert ((?:to|from)-\S+)", line))}


# Behind the options as written: these are what takes the time.
SMALLER = {
    "synthesize": ("--train", "4", "--test", "4", "--image-size", "32", "--num-workers", "1"),
    "train": ("--image-size", "32", "--epochs", "1", "--num-workers", "0"),
    # tests/workbench/export/test_whole.py has all of the list.
    "export": ("--only", "roc", "attributions", "projections"),
}
STAGES = ["train", "extract", "project", "open", "export"]


@pytest.mark.slow
@pytest.mark.xdist_group("numba")
@pytest.mark.parametrize(
    ("page", "commands"),
    [
        (DOCS / "getting-started.md", ["synthesize", *STAGES]),
        (ROOT / "README.md", ["train", "extract", "project", "export", "open"]),
    ],
    ids=["getting started", "README"],
)
def test_the_stages_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path, commands: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("50States10K", "50States2K/test_data"):
        folder(tmp_path / name, ("Alabama", "New Hampshire"), 4)
    served = Mock()
    monkeypatch.setattr(app, "create_server", served)
    lines = [shlex.split(line) for line in shell_lines(page)]
    lines = [words for words in lines if words[:1] == ["resnetbolt"] and words[1] != "--help"]
    assert [words[1] for words in lines] == commands
    for _, *words in lines:
        if words[0] == "open":
            with pytest.raises(SystemExit, match="130"):
                resnetbolt.main([*words, "--port", "0"])
        else:
            assert resnetbolt.main([*words, *SMALLER.get(words[0], ())]) == 0
    (server,) = served.call_args.args
    assert server.test_client().get("/").status_code == 200
    served.return_value.run.assert_called_once()
    assert (tmp_path / "figures" / "roc.pdf").stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.spawn
def test_the_cluster_job_saves_and_requeues_itself(tmp_path: Path) -> None:
    """The script of docs/how-to/cluster.md with a stand-in for Slurm's own command."""
    data, run, programs = folder(tmp_path / "data", ("Ohio", "Utah"), 8), tmp_path / "run", tmp_path
    torchrun = f'#!/bin/sh\nexec "{sys.executable}" -m torch.distributed.run "$@"\n'
    for name, text in (
        ("scontrol", f'#!/bin/sh\necho "$@" > "{tmp_path / "requeued"}"\n'),
        ("torchrun", torchrun),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "SLURM_JOB_ID": "7",
        "SLURM_GPUS_ON_NODE": "2",
        "DATA": str(data),
        "RUN": str(run),
    }
    options = ["--depth=18", "--image-size=32", "--batch-size=4", "--num-workers=0", "--epochs=500"]
    job = subprocess.Popen(
        ["bash", str(DOCS / "how-to" / "train.sbatch"), *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(1200):
            if (run / "last.json").exists():
                break
            assert job.poll() is None, job.communicate()
            time.sleep(0.1)
        job.send_signal(signal.SIGTERM)
        _, complaints = job.communicate(timeout=120)
    finally:
        job.kill()
    assert job.returncode == 0, complaints
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"
    assert "saved" in complaints
    assert (run / "last.json").exists()
