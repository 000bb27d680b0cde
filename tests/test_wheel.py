"""The wheel, installed without dependencies into an empty folder and used from elsewhere."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.examples import small_store

pytestmark = [pytest.mark.slow, pytest.mark.spawn]

ROOT = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the installed wheel; it is built of tracked files alone."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    for name in listed.splitlines():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "source" / name)
    offline = ("--no-deps", "--no-index")
    build = (*PIP, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(folder))
    subprocess.run([*build, str(folder / "source")], check=True)
    (wheel,) = folder.glob("*.whl")
    target = ("--target", str(folder / "site"))
    subprocess.run([*PIP, "install", *offline, *target, str(wheel)], check=True)
    return folder / "site"


@pytest.fixture
def installed(site: Path) -> dict[str, str]:
    """Return an environment that knows the installed wheel and not the checkout."""
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONWARNINGS": "default"}


@pytest.mark.spawn
def test_the_wheel_holds_the_product_and_nothing_else(site: Path) -> None:
    tops = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    (metadata,) = site.glob("*.dist-info/METADATA")
    version = re.search(r"^Version: (.+)$", metadata.read_text(), re.M)
    assert version
    assert f"\nversion: {version[1]}\n" in (ROOT / "CITATION.cff").read_text()
    packages = {"common", "embeddings", "trainer", "workbench"}
    assert tops - {"__pycache__"} == packages | {"app.py", "resnetbolt.py", "bin"}
    for package in packages:
        assert (site / package / "py.typed").is_file()
        modules = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py")}
        assert {path.relative_to(site) for path in (site / package).rglob("*.py")} == modules
    assets = {path.name for path in (ROOT / "assets").iterdir()}
    assert {path.name for path in (site / "workbench/dashboard/assets").iterdir()} == assets


@pytest.mark.spawn
def test_the_console_command_runs_from_another_folder(
    site: Path, installed: dict[str, str], tmp_path: Path
) -> None:
    command = [str(site / "bin" / "resnetbolt"), "open", "--help"]
    text = subprocess.check_output(command, cwd=tmp_path, env=installed, text=True)
    assert "usage: resnetbolt open " in text
    program = [sys.executable, "-c", "import app; print(app.__file__, app.ASSETS)"]
    found = subprocess.check_output(program, cwd=tmp_path, env=installed, text=True).split()
    assert found == [str(site / "app.py"), str(site / "workbench" / "dashboard" / "assets")]


@pytest.fixture
def address(site: Path, installed: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Serve a store with the installed dashboard and return its address."""
    small_store(tmp_path / "small.h5", tmp_path / "data", locations=2)
    command = [str(site / "bin" / "resnetbolt"), "open", "small.h5", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=installed, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            served = (re.search(r"http://\S+", line) for line in server.stdout)
            yield next(match[0] for match in served if match)
        finally:
            server.terminate()


@pytest.mark.spawn
def test_the_installed_page_has_its_style_and_scripts(address: str) -> None:
    with urlopen(address) as response:
        page = response.read().decode()
    links = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    named = {link.rpartition("/")[2].partition("?")[0] for link in links}
    shown = {path.name for path in (ROOT / "assets").iterdir() if path.suffix in (".css", ".js")}
    assert named >= shown
    for link in links:
        name = link.rpartition("/")[2].partition("?")[0]
        with urlopen(address + link) as response:
            assert response.read() == (ROOT / "assets" / name).read_bytes()
