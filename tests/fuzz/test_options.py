"""Command lines: status 0 or 2, and nothing written where the input cannot be used."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import resnetbolt
from tests.examples import folder
from tests.fuzz.inputs import NAMES, fuzz, time_limit

# But `synthesize`, which paints whatever it is told to.
COMMANDS = sorted(set(resnetbolt.COMMANDS) - {"synthesize"})
OPTIONS = [
    "--data", "--out", "--run", "--preset", "--epochs", "--batch-size", "--learning-rate",
    "--depth",
    "--image-size", "--fusion", "--weights", "--num-workers", "--where", "--limit", "--width",
    "--port", "--host", "--prefix", "--token", "--cache", "--cache-size", "--attributions",
    "--allowed-host", "--method", "--baseline", "--target", "--contrast-target", "--seed", "--name",
    "--setting", "--settings", "--trials", "--min-locations", "--resume", "--overwrite", "--verify",
    "--remove", "--max-evaluations", "--n-samples", "--noise-std", "--window", "--metric", "--into",
    "--n-neighbors", "--min-dist", "--index", "--report", "--precision", "--split", "-h", "--help",
    "--no-resume", "-", "--",
]  # fmt: skip
WORDS = [
    "photographs", "text.h5", "none.h5", "empty", "", ".", "..", "/", "/dev/null", "-", "~", "true",
    "a" * 300, "None", "inf", "nan", "-1", "0", "1e400", "9" * 30, "1,5", "[1]", "{}", "pca",
    "umap", "demo", "medium", "mean", "predicted", "state == 'Ohio'", "127.0.0.1", "text.h5/x",
    "photographs/Ohio", "photographs/Ohio/info.txt", "x\ny",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(WORDS),
    NAMES.filter(lambda name: not {"\0", "\ud800"} & {*name}),
    st.integers().map(str),
    st.floats().map(str),
)
BEGINNINGS: list[list[str]] = [
    [], ["text.h5"], ["none.h5", "--out", "x"], ["run", "--data", "photographs"],
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a folder with inputs, of which none is good for a whole command."""
    place = tmp_path_factory.mktemp("place")
    folder(place / "photographs", ("Ohio",), 1, size=8)  # One class is not enough to train.
    (place / "text.h5").write_text("text")
    (place / "empty").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("HOME", str(place))
        patch.setenv("XDG_CACHE_HOME", str(place))
        yield place


@fuzz(2)
@given(
    command=st.sampled_from(COMMANDS),
    words=st.lists(VALUES | st.sampled_from(OPTIONS), max_size=5),
    first=st.sampled_from(
        [[], ["text.h5"], ["none.h5", "--out", "x"], ["run", "--data", "photographs"]]
    ),
)
def test_words(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    words: list[str],
    first: list[str],
) -> None:
    capsys.readouterr()
    with time_limit():
        try:
            status: object = resnetbolt.main([command, *first, *words])
        except SystemExit as stop:
            status = stop.code
    output = capsys.readouterr()
    event(f"{command}: {status}")
    assert status in (0, 2), output
    assert "Traceback" not in output.err
    assert status == 0 or output.err.strip()
    assert (place / "text.h5").read_text() == "text"
    for path in place.iterdir():
        if path.name not in ("photographs", "text.h5", "empty") and path.is_dir():
            shutil.rmtree(path)
