"""The README keeps its word: its commands and paths are there; `test_docs.py` runs them."""

import re
import shlex
from pathlib import Path

from resnetbolt import COMMANDS
from trainer.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(containing: str) -> list[str]:
    """Return the lines of the shell block that contains a text."""
    for found in re.findall(r"```sh\n(.*?)```", README, re.S):
        if containing in found:
            return [line.split("  #")[0].strip() for line in found.splitlines() if line.strip()]
    raise AssertionError(f"no shell block in the README contains {containing!r}")


def test_the_two_commands_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in block("make demo"):
        make, target = shlex.split(line)
        assert make == "make"
        assert re.search(rf"^{target}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_named_command_is_there() -> None:
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
    modules = {module for module, _ in COMMANDS.values()}
    for words in named:
        name = words.removeprefix("-m ").removesuffix(".py")
        assert modules & {name, f"{name}.__main__"}


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
