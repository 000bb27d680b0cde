"""What several test files share: the CPU, one small data folder and one small trained run."""

import gc
import os
import sys
from pathlib import Path

import pytest

# The tests hold numbers to the bit and to the fifth decimal, which a GPU does not promise.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
# Tests run side by side, and their models are too small to gain from threads.
os.environ["OMP_NUM_THREADS"] = "1"
# Where a library sets its own number, its threads do not spin while they wait for each other.
os.environ["OMP_WAIT_POLICY"] = "passive"
# Models are tiny, also in the processes that tests start; see the marker `real_resnet`.
os.environ["TINY_TRUNK"] = "1"
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent / "startup"), os.environ.get("PYTHONPATH", "")]
).rstrip(os.pathsep)

from tests.examples import TINY, folder
from tests.startup import sitecustomize  # noqa: F401  Its import makes the models tiny.

CLASSES = ("Alaska", "New Mexico")


@pytest.fixture(autouse=True)
def trunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test that is marked `real_resnet` torchvision's own networks."""
    if request.node.get_closest_marker("real_resnet"):
        monkeypatch.delenv("TINY_TRUNK")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Compute on one thread, also after openTSNE has set OpenMP's threads to all cores."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def training_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("train"), CLASSES, locations=8)


@pytest.fixture(scope="session")
def test_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("test"), CLASSES, locations=4)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, training_folder: Path) -> Path:
    """Return a run folder; tests read it and never write into it."""
    from trainer.train import train

    run = tmp_path_factory.mktemp("run") / "tiny"
    train(run, training_folder, TINY, preset="demo", resume=False)
    return run


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist reads the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests with a fixture of their module in one process, which then makes it once."""
    elsewhere = [Path(__file__).parent / name for name in ("browser", "fuzz")]
    for item in items:
        if item.get_closest_marker("xdist_group") or set(elsewhere) & set(item.path.parents):
            continue
        fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
        if any(definitions[-1].scope == "module" for definitions in fixtures.values()):
            item.add_marker(
                pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath)))
            )


def pytest_collection_finish() -> None:
    """Spare the garbage collector the modules, of which there are many: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
