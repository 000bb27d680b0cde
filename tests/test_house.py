"""The house rules: style, types, and who may know whom."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import trainer

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.mark.spawn
@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
    ],
    ids=" ".join,
)
def test_the_tools_find_nothing(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.spawn
def test_a_dashboard_loads_no_torch() -> None:
    program = (
        "import sys, app, workbench.export, workbench.project; "
        "loaded = {'torch', 'trainer', 'captum'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_every_room_of_the_trainer_is_on_its_map() -> None:
    named = set(re.findall(r"^ *([a-z_]+)/?  +\S", trainer.__doc__ or "", re.M))
    paths = (path for path in (ROOT / "trainer").iterdir() if not path.name.startswith("__"))
    rooms = {path.stem for path in paths if path.suffix in ("", ".py")}
    assert named == rooms
