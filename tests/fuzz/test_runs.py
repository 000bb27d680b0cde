"""Files of a run folder: read as they are, or refused with a sentence."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import earlier_result
from common.resume_buffer import ResumeBuffer
from tests.examples import TINY, copy_run
from tests.fuzz.inputs import JSON, damaged, fuzz, result_or_sentence
from trainer import checkpoint as checkpoints
from trainer.metrics_log import MetricsLog
from trainer.models.weights_file import read_weights
from trainer.run_folder import read_previous
from trainer.sweep.settings import parse_settings
from workbench.store.verification import _newer

DEEP = st.sampled_from(["[", '{"a":']).map(lambda opening: opening * 100_000)


@pytest.fixture(scope="module")
def run(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_run(trained, tmp_path_factory.mktemp("copy") / "run")


@st.composite
def changed_json(draw: st.DrawFn, text: str) -> str:
    """Return a JSON object with some values of another form, at any depth."""
    document = json.loads(text)
    for _ in range(draw(st.integers(1, 4))):
        item: Any = document
        while isinstance(item, (dict, list)) and item:
            keys = sorted(item) if isinstance(item, dict) else list(range(len(item)))
            key = draw(st.sampled_from(keys))
            if not isinstance(item[key], (dict, list)) or not draw(st.booleans()):
                break
            item = item[key]
        if not isinstance(item, (dict, list)) or not item:
            continue
        change = draw(st.sampled_from(["value", "drop", "add", "number"]))
        if change == "drop":
            del item[key]
        elif change == "add" and isinstance(item, dict):
            item[draw(st.text(max_size=5))] = draw(JSON)
        elif change == "number":
            item[key] = draw(st.sampled_from([-1, 0, 1, 1e300, 2**70, 0.5, "1", True]))
        else:
            item[key] = draw(JSON)
    return json.dumps(document)


def texts(text: str) -> st.SearchStrategy[bytes]:
    """Return contents of a JSON file."""
    return st.one_of(
        changed_json(text).map(str.encode),
        damaged(text.encode()),
        DEEP.map(str.encode),
        st.binary(max_size=50),
    )


@fuzz(2)
@given(data=st.data())
def test_checkpoints(run: Path, trained: Path, data: st.DataObject) -> None:
    for name in ("best", "last"):
        text = (trained / f"{name}.json").read_text()
        (run / f"{name}.json").write_bytes(data.draw(texts(text)))
    checkpoint = result_or_sentence(checkpoints.read, run, "best")
    if checkpoint is not None and checkpoint.config.depth < 50:
        result_or_sentence(checkpoints.load, run)
    previous = result_or_sentence(read_previous, run, TINY, True)
    if previous is not None:
        result_or_sentence(checkpoints.load_state, run, previous)
    assert isinstance(_newer(run), str)


@fuzz()
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_weights(run: Path, trained: Path, suffix: str, data: st.DataObject) -> None:
    for name in ("best.json", "last.json"):
        shutil.copyfile(trained / name, run / name)
    path = max(run.glob(f"*{suffix}"))
    content = (trained / path.name).read_bytes()
    beginning = content[:4000] + content[-4000:]
    changed = data.draw(damaged(beginning))
    path.unlink()  # A hard link.
    path.write_bytes(changed[:4000] + content[4000:-4000] + changed[4000:])
    result_or_sentence(read_weights, path)
    if suffix == ".pt":
        result_or_sentence(checkpoints.load_state, run, checkpoints.read(run, "last"))
    else:
        for name in ("best", "last"):
            result_or_sentence(checkpoints.load, run, name)


@fuzz()
@given(data=st.data())
def test_tables_of_a_run(run: Path, trained: Path, data: st.DataObject) -> None:
    for name in ("steps.csv", "epochs.csv"):
        content = (trained / name).read_bytes()
        (run / name).write_bytes(data.draw(damaged(content) | st.binary(max_size=60)))
    result_or_sentence(MetricsLog, run, TINY, (), 2)


@fuzz()
@given(data=st.data())
def test_resume_buffers(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    out = tmp_path_factory.getbasetemp() / "out.h5"
    buffer = ResumeBuffer(out, {"where": ""})
    buffer.begin({"folded": True})
    state = buffer.directory / "state.json"
    state.write_bytes(data.draw(texts(state.read_text())))
    found = result_or_sentence(lambda: buffer.load(overwrite=False))
    assert found is None or isinstance(found, dict)


@fuzz()
@given(data=st.data())
def test_records_of_finished_folders(tmp_path: Path, data: st.DataObject) -> None:
    request = {"width": 180.0}
    text = earlier_result.record_text(request, ["a.pdf"])
    (tmp_path / "export.json").write_bytes(data.draw(texts(text)))
    (tmp_path / "a.pdf").touch()
    found = result_or_sentence(
        lambda: earlier_result.folder_is_finished(
            tmp_path, "export", request, ["a.pdf"], overwrite=False
        )
    )
    assert found in (None, True, False)


SETTINGS = st.lists(
    st.text(max_size=20)
    | st.builds(
        "{}{}={}".format,
        st.sampled_from(["", "a: ", "demo ", "paper ", "x/y: ", ": "]),
        st.sampled_from(
            ["depth", "learning_rate", "fusion", "epochs", "weights", "seed", "compile"]
        ),
        st.text(max_size=6) | st.integers().map(str) | st.floats().map(str),
    ),
    max_size=4,
)


@fuzz()
@given(SETTINGS)
def test_settings_of_a_comparison(settings: list[str]) -> None:
    for setting in result_or_sentence(parse_settings, settings, "demo", {}) or []:
        assert setting.folder_name
        assert os.sep not in setting.folder_name
        assert setting.folder_name not in (".", "..")
