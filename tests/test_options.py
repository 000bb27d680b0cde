"""What all commands have in common: their names, their help, their refusals."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from common.cli import cli_errors, parse
from common.errors import InputError
from resnetbolt import COMMANDS

ROOT = Path(__file__).parents[1]
HELP = """
import contextlib, io, json, sys
from importlib import import_module
from resnetbolt import COMMANDS
texts = {}
slow = ("synthesize", "inspect", "open")
for name, (module, _) in sorted(COMMANDS.items(), key=lambda item: item[0] in slow):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            import_module(module).main(["--help"], prog=f"resnetbolt {name}")
        except SystemExit as stop:
            assert stop.code == 0, name
    texts[name] = out.getvalue()
    assert name in slow or "numpy" not in sys.modules, name
assert "torch" not in sys.modules
print(json.dumps(texts))
"""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the help of each command, printed by one process that may not import torch."""
    done = subprocess.run(
        [sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    texts: dict[str, str] = json.loads(done.stdout)
    return texts


@pytest.mark.slow
def test_every_command_answers_help_under_its_name_without_torch(texts: dict[str, str]) -> None:
    assert texts.keys() == COMMANDS.keys()
    for name, text in texts.items():
        assert text.startswith(f"usage: resnetbolt {name} [-h]")


def test_every_option_is_explained_with_its_default(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        options = re.findall(r"^  (--[a-z].*?)(?=^  -|\n *\n|\Z)", text, re.M | re.S)
        assert options or name == "convert"
        for option in (" ".join(found.split()) for found in options):
            hint = re.search(r"\(([^()]*(?:required|default|repeatable)[^()]*)\)", option)
            assert hint, (name, option)
            words = re.sub(r"^--[\w-]+(, --no-[\w-]+)?( \{.*?\}| [A-Z]\S*)?", "", option)
            assert len(words[: words.index("(" + hint[1])].split()) > 1, (name, option)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Try options."""

    size: Annotated[int, Field(ge=1, le=9)] = 3
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    kind: Literal["small", "large"] = "small"
    names: tuple[str, ...] = ()
    flag: bool = False


def test_options_are_parsed_and_may_have_other_defaults() -> None:
    assert parse(Options, ["--size", "4", "--flag"], "try") == Options(size=4, flag=True)
    assert parse(Options, ["--size", "4"], "try", share=0.1) == Options(size=4, share=0.1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--size", "0"], "--size 0: must be at least 1."),
        (["--size", "10"], "--size 10: must be at most 9."),
        (["--share", "1"], "--share 1.0: must be less than 1."),
        (["--share", "nan"], "--share nan: must be less than 1."),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"), cli_errors("try"):
        parse(Options, options, "try")
    assert capsys.readouterr().err == f"try: {sentence}\n"


@pytest.mark.parametrize("options", [["--colour"], ["--size", "x"], ["--kind", "huge"], ["more"]])
def test_what_is_no_option_ends_with_status_2_on_stderr(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(Options, options, "try")
    captured = capsys.readouterr()
    assert not captured.out
    assert "try --help" in captured.err


def test_values_of_a_file_are_checked_by_type() -> None:
    from trainer.config import Config

    for document, sentence in (
        ({"epochs": 1.0}, "--epochs 1.0: must be a valid integer."),
        ({"epochs": True}, "--epochs True: must be a valid integer."),
        ({"compile": 1}, "--compile 1: must be a valid boolean."),
        ({"optimiser": "lion"}, "--optimizer 'lion': must be 'adam', 'adamw' or 'sgd'."),
        ({"depth": 19}, "--depth 19: must be 18, 34, 50, 101 or 152."),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            Config.from_json(document)
