"""The console command `resnetbolt`."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import resnetbolt

ROOT = Path(__file__).parents[1]


def test_help_lists_every_command_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert resnetbolt.main(["--version"]) == 0
    assert capsys.readouterr().out == f"resnetbolt {version('resnetbolt-workbench')}\n"
    assert resnetbolt.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert listed == [[name, summary] for name, (_, summary) in resnetbolt.COMMANDS.items()]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.spawn
def test_help_needs_no_library_and_answers_at_once() -> None:
    program = (
        "import sys, resnetbolt; resnetbolt.main(['--help']); "
        "allowed = {'resnetbolt', 'common', *sys.stdlib_module_names}; "
        "loaded = {name.partition('.')[0] for name in sys.modules} - allowed; "
        "print(sorted(name for name in loaded if name[0] != '_'), file=sys.stderr)"
    )
    command = [sys.executable, "-S", "-c", program]  # -S: a venv's own start-up is not ours.
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert time.perf_counter() - start < 10  # 0.1 s; 0.5 s is promised, on a machine at rest.
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", resnetbolt.COMMANDS)
def test_each_command_has_its_help_under_its_name(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        resnetbolt.main([name, "--help"])
    assert stop.value.code == 0
    assert f"usage: resnetbolt {name} " in capsys.readouterr().out


def test_a_command_is_run_and_its_status_returned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        resnetbolt.main(["inspect", str(tmp_path / "none.h5")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("resnetbolt inspect: ")


def test_an_unknown_command_is_one_sentence_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert resnetbolt.main(["trian", "run"]) == 2
    assert capsys.readouterr().err == (
        "resnetbolt: no such command: 'trian'; did you mean train? "
        "`resnetbolt --help` lists them.\n"
    )
    assert resnetbolt.main(["??"]) == 2
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.spawn
@pytest.mark.parametrize("words", ["--help", "--version", "prepare --help", "prepare nowhere"])
def test_a_full_disk_under_stdout_or_stderr_is_status_2(words: str) -> None:
    command = [sys.executable, "-m", "resnetbolt", *words.split()]
    # What is written is in a buffer until it is full or flushed, unless this says otherwise.
    name = "PYTHONUNBUFFERED"
    buffered = {key: value for key, value in os.environ.items() if key != name}
    unbuffered = {**buffered, name: "1"}
    with Path("/dev/full").open("w") as full:
        for stderr in (subprocess.PIPE, full):
            for environment in (buffered, unbuffered):
                done = subprocess.run(
                    command, cwd=ROOT, env=environment, stdout=full, stderr=stderr, text=True
                )
                assert done.returncode == 2
                if stderr is not full:
                    assert done.stderr.startswith("resnetbolt")
                    assert done.stderr.count("\n") == 1


@pytest.mark.spawn
@pytest.mark.parametrize(("words", "status"), [("--help", 0), ("nowhere", 2)])
def test_without_any_stdout_or_stderr_the_status_is_the_same(words: str, status: int) -> None:
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        line = f'exec "{sys.executable}" -m resnetbolt {words} {closed}'
        done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == status
        assert "Traceback" not in done.stderr
        assert words == "--help" or not done.stdout  # No message goes to the other stream.


@pytest.mark.spawn
def test_the_module_runs_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "resnetbolt"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("usage: resnetbolt COMMAND")


@pytest.mark.spawn
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_import_of_a_command_is_one_sentence(number: signal.Signals) -> None:
    program = (
        "import os, resnetbolt; "
        f"resnetbolt.import_module = lambda name: os.kill(os.getpid(), {number:d}); "
        "resnetbolt.main(['train'])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 128 + number
    assert done.stderr == "\nresnetbolt train: interrupted.\n"


@pytest.mark.spawn
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("-m trainer run", "python -m trainer"),
        ("-m workbench.export store.h5", "python -m workbench.export"),
        ("app.py store.h5", "python app.py"),
        ("-m resnetbolt convert store.h5", "resnetbolt convert"),
    ],
)
def test_a_signal_during_the_imports_of_any_form_of_a_command_is_one_sentence(
    tmp_path: Path, command: str, name: str, number: signal.Signals
) -> None:
    # All commands import it.
    (tmp_path / "tyro.py").write_text(f"import os; os.kill(os.getpid(), {number:d})")
    done = subprocess.run(
        [sys.executable, *command.split()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr == f"\n{name}: interrupted.\n"
