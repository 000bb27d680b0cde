"""The command `python app.py`: what it refuses, and what it says when it serves."""

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import pytest

import app
from common.errors import InputError
from tests.examples import free_port, small_store
from workbench import store as stores
from workbench.store import Store

ROOT = Path(app.__file__).parent
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store]:
    folder = tmp_path_factory.mktemp("app")
    return folder / "small.h5", small_store(folder / "small.h5", folder / "data", locations=2)


@pytest.fixture
def free() -> int:
    return free_port()


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Return the one line on stderr with which the command ends, with exit status 2."""

    def run(*options: object) -> str:
        with pytest.raises(SystemExit, match="2"):
            app.main([*map(str, options)])
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        return line

    return run


def test_a_missing_file_is_refused(tmp_path: Path, refused: Refused) -> None:
    assert f"{tmp_path / 'none.h5'}: there is no such store" in refused(tmp_path / "none.h5")


def test_a_foreign_file_is_refused(tmp_path: Path, refused: Refused) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["pixel"] = [1, 2, 3]
    line = refused(tmp_path / "other.h5")
    assert f"{tmp_path / 'other.h5'}: this HDF5 file is not a store" in line


def test_a_store_without_projections_is_refused(
    tmp_path: Path, made: tuple[Path, Store], refused: Refused
) -> None:
    path = tmp_path / "bare.h5"
    stores.write(path, replace(made[1], projections={}))
    assert f"`resnetbolt project {path}`" in refused(path)


def test_a_port_in_use_is_refused(made: tuple[Path, Store], refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(made[0], "--port", port)
    assert f"127.0.0.1:{port}: cannot listen there" in line


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("#location=Ohio/none", "has no location 'Ohio/none'"),
        ("#selection=[", "its selection is incomplete"),
    ],
)
def test_a_view_of_another_store_is_refused(
    made: tuple[Path, Store], link: str, reason: str, refused: Refused
) -> None:
    assert reason in refused(made[0], "--url", link)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_others_are_not_let_in_without_a_token(
    made: tuple[Path, Store], host: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(app.TOKEN_VARIABLE, raising=False)
    line = refused(made[0], "--host", host, "--port", "0")
    assert f"--host {host}: others can reach the dashboard there; add `--token new`" in line


def test_the_address_names_a_machine_that_listens_on_all_addresses() -> None:
    options = app.Options(store=Path("x.h5"), host="0.0.0.0", allowed_host=("hub.example.org",))
    with app.listen("0.0.0.0", 0) as listening:
        port = listening.getsockname()[1]
        access = app.find_access(options, "t" * 16, listening)
        assert app.address(listening, "0.0.0.0") == f"http://{socket.gethostname()}:{port}"
    assert access.cookie == f"resnetbolt-{port}"
    assert {"localhost", "hub.example.org", socket.gethostname()} <= set(access.hosts)


def test_a_token_is_new_or_an_option_or_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(app.TOKEN_VARIABLE, "")
    assert app.read_token(None) == ("", False)
    monkeypatch.setenv(app.TOKEN_VARIABLE, "e" * 16)
    assert app.read_token(None) == ("e" * 16, False)
    assert app.read_token("o" * 16) == ("o" * 16, False)
    (first, is_new), (second, _) = app.read_token("new"), app.read_token("new")
    assert is_new
    assert first != second
    assert len(first) > 40
    for wrong in ("", "short", "a" * 201, "a" * 16 + "&b", "é" * 16, "a" * 16 + "\n"):
        with pytest.raises(InputError, match="--token: a token has 16 to 200 letters"):
            app.read_token(wrong)
    monkeypatch.setenv(app.TOKEN_VARIABLE, "short")
    with pytest.raises(InputError, match="RESNETBOLT_TOKEN: a token has"):
        app.read_token(None)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("/", "/"), ("", "/"), ("proxy/node7:8050", "/proxy/node7:8050/"),
        ("/user/ada/proxy/8050", "/user/ada/proxy/8050/"), ("/ada%40x.org/", "/ada@x.org/"),
        ("/a//b/", None), ("/a/../b", None), ("/a/%2e%2e/b", None), ("http://example.org/a", None),
        ("/a?b", None), ("/a#b", None), ("/a b", None), ("/a\\b", None), ("/a%00", None),
    ],
)  # fmt: skip
def test_a_prefix_is_a_path(text: str, prefix: str | None) -> None:
    if prefix:
        assert app.read_prefix(text) == prefix
    else:
        with pytest.raises(InputError, match="give a path such as"):
            app.read_prefix(text)


@pytest.mark.parametrize("option", ["--data", "--run"])
def test_a_folder_that_is_named_and_missing_is_refused(
    made: tuple[Path, Store], tmp_path: Path, option: str, free: int, refused: Refused
) -> None:
    line = refused(made[0], option, tmp_path / "none", "--port", free)
    assert str(tmp_path / "none") in line
    assert option in line


def test_a_folder_without_the_photographs_is_refused(
    made: tuple[Path, Store], tmp_path: Path, free: int, refused: Refused
) -> None:
    line = refused(made[0], "--data", tmp_path, "--port", free)
    assert f"{tmp_path}/" in line
    assert "--data" in line


def wired(path: Path, store: Store) -> Sequence[str]:
    notes: list[str] = []
    photographs = app.find_photographs(store, None, notes)
    assert photographs is None
    assert app.find_explainer(store, None, photographs, notes) is None
    return notes


def test_what_is_missing_is_said_with_the_way_out(made: tuple[Path, Store]) -> None:
    path, store = made
    moved = replace(store, provenance={"data": "/nowhere/photographs", "run": "/nowhere/run"})
    first, second = wired(path, moved)
    assert "/nowhere/photographs" in first
    assert "--data" in first
    assert "/nowhere/run" in second
    assert "--run" in second
    first, second = wired(path, replace(store, provenance={}))
    assert "does not record where the photographs are" in first
    assert "does not record where the model's run folder is" in second


@pytest.mark.spawn
def test_it_serves_without_a_model_and_says_so(made: tuple[Path, Store], free: int) -> None:
    command = [sys.executable, str(ROOT / "app.py"), str(made[0]), "--port", str(free)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        assert running.stderr
        assert "Attributions are not computed." in running.stdout.readline()
        address = f"http://127.0.0.1:{free}"
        assert address in running.stdout.readline()
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "small.h5" in answer.read().decode()
        with urllib.request.urlopen(f"{address}/_dash-layout", timeout=60) as answer:
            assert "--run" in answer.read().decode()
        foreign = urllib.request.Request(
            f"{address}/_dash-layout", headers={"Host": "evil.example"}
        )
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(foreign, timeout=60)
        running.terminate()
        assert running.stdout.read() == ""
        ending = "\npython app.py: interrupted; the dashboard has ended.\n"
        assert running.stderr.read() == ending
        assert running.wait() == 128 + signal.SIGTERM
    finally:
        running.kill()  # Also where something above failed, or the test would wait for ever.
        running.communicate()
