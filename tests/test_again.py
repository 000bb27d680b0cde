"""The same command again: it finds its finished result, says so and ends with status 0."""

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import resnetbolt
from tests.examples import small_store, with_quality
from trainer.synthetic.write import paint
from workbench import store as stores

pytestmark = pytest.mark.slow
Command = tuple[str, ...]
FINISHED = "was finished by an earlier start of this command."
TRAIN = ("--depth", "18", "--image-size", "32", "--batch-size", "4", "--num-workers", "0")


def run(*words: str) -> tuple[int, str]:
    """Run `resnetbolt WORDS` and return its exit status, and what it printed."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            status: object = resnetbolt.main(list(words))
        except SystemExit as stop:
            status = stop.code
    assert isinstance(status, int)
    return status, text.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".sqlite"
    }


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with painted data, a run, a store with projections, and another store."""
    root = tmp_path_factory.mktemp("again")
    data = str(paint(root / "data", states=3, train=4, test=2, image_size=32, num_workers=1))
    train = ("train", f"{root}/run", "--data", f"{data}/train", "--epochs", "1", *TRAIN)
    assert run(*train)[0] == 0
    extract = ("extract", f"{root}/run", "--num-workers", "0", "--out")
    assert run(*extract, f"{root}/test.h5", "--data", f"{data}/test")[0] == 0
    example = with_quality(small_store(root / "projected.h5", root / "photographs", locations=6))
    stores.write(root / "projected.h5", example)
    example = small_store(root / "projected.h5", root / "photographs", locations=6)
    assert run("project", f"{root}/projected.h5", "--method", "pca")[0] == 0
    (root / "table.csv").write_text(
        "id,x,y\n" + "".join(f"{name},{row},1\n" for row, name in enumerate(example.location_ids))
    )
    return root


@pytest.fixture
def place(painted: Path, tmp_path: Path) -> Path:
    """Return a folder of links to the inputs, with copies of the stores."""
    for path in painted.iterdir():
        if path.suffix == ".h5":
            (tmp_path / path.name).write_bytes(path.read_bytes())
        else:
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "out").mkdir()
    return tmp_path


GROUND_TRUTH = (
    "ground-truth", "{}/test.h5", "--locations", "2", "--method", "grad_cam", "--mask",
    "{}/data/mask", "--out", "{}/out/truth",
)  # fmt: skip
CASES: dict[str, tuple[Command, Command]] = {
    "synthesize": (
        ("synthesize", "{}/out/data", "--states", "2", "--train", "1", "--test", "1",
         "--image-size", "32", "--num-workers", "1"),
        ("--seed", "1"),
    ),
    "train": (
        ("train", "{}/out/run", "--data", "{}/data/train", "--epochs", "1", *TRAIN),
        ("--seed", "1"),
    ),
    "extract": (
        ("extract", "{}/run", "--data", "{}/data/test", "--num-workers", "0", "--out",
         "{}/out/store.h5"),
        ("--batch-size", "3"),
    ),
    "attribute": (
        ("attribute", "{}/test.h5", "--method", "grad_cam", "--out", "{}/out/maps.h5"),
        ("--target", "Alaska"),
    ),
    "ground-truth": (GROUND_TRUTH, ("--seed", "1")),
    "evaluate": (
        ("evaluate", "{}/projected.h5", "--out", "{}/out/evaluation.json", "--no-photographs"),
        ("--seed", "1"),
    ),
    "to-csv": (
        ("convert", "to-csv", "{}/projected.h5", "--out", "{}/out/t.csv"),
        ("--logits",),
    ),
    "to-parquet": (
        ("convert", "to-parquet", "{}/projected.h5", "--out", "{}/out/t.parquet"),
        ("--features",),
    ),
    "to-projector": (
        ("convert", "to-projector", "{}/projected.h5", "--out", "{}/out/projector"),
        ("--features",),
    ),
    "to-virelay": (
        ("convert", "to-virelay", "{}/projected.h5", "--out", "{}/out/virelay"),
        ("--data", "{}/photographs"),
    ),
    "from-table": (
        ("convert", "from-table", "{}/projected.h5", "{}/table.csv", "--map", "mine"),
        ("--x", "y"),
    ),
    "export": (
        ("export", "{}/projected.h5", "--only", "roc", "confusion", "--out", "{}/out/figures"),
        ("--width-mm", "120"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_same_command_again_ends_well_and_another_one_is_refused(
    place: Path, name: str
) -> None:
    words, other = ([word.format(place) for word in part] for part in CASES[name])
    status, text = run(*words)
    assert (status, FINISHED in text) == (0, False), text
    before = contents(place / "out") | contents(place)
    status, text = run(*words)
    assert (status, FINISHED in text) == (0, True), text
    assert contents(place / "out") | contents(place) == before
    status, text = run(*words, *other)
    assert (status, "Traceback" in text) == (2, False), text
    assert contents(place / "out") | contents(place) == before
    if name not in ("synthesize", "train"):
        status, text = run(*words, *other, "--overwrite")
        assert (status, FINISHED in text) == (0, False), text
        assert run(*words, *other)[0] == 0
        assert run(*words)[0] == 2


def test_projections_of_the_same_request_are_not_computed_again(place: Path) -> None:
    """Another request replaces them, because a store has one projection of a name."""
    words = ["project", f"{place}/projected.h5", "--method", "pca", "--method", "tsne"]
    words += ["--stability-seeds", "0"]
    first = run(*words)
    before = (place / "projected.h5").read_bytes()
    status, text = run(*words)
    assert (status, FINISHED in text) == (0, True)
    assert text.splitlines()[-6:] == first[1].splitlines()[-6:]
    assert (place / "projected.h5").read_bytes() == before
    for other in (["--perplexity", "5"], ["--metric", "cosine"]):
        status, text = run(*words, *other)
        assert (status, FINISHED in text) == (0, False)
    assert stores.read(place / "projected.h5").projections["tsne"].parameters["metric"] == "cosine"
    # The graph that measures all of them is another one now.
    assert FINISHED not in run(*words)[1]


def test_a_store_is_placed_into_the_same_projections_once(place: Path) -> None:
    words = ["transform", f"{place}/projected.h5", "--into", f"{place}/reference.h5"]
    (place / "reference.h5").write_bytes((place / "projected.h5").read_bytes())
    assert run("project", f"{place}/reference.h5", "--method", "pca", "--seed", "1")[0] == 0
    status, first = run(*words, "--map", "pca")
    assert (status, FINISHED in first) == (0, False), first
    status, text = run(*words, "--map", "pca")
    assert (status, FINISHED in text) == (0, True)
    assert text.splitlines()[-1:] == first.splitlines()[-1:]
    assert run("project", f"{place}/reference.h5", "--method", "pca", "--seed", "2")[0] == 0
    assert FINISHED not in run(*words, "--map", "pca")[1]


@pytest.mark.parametrize(
    "name", ["attribute", "evaluate", "export", "to-csv", "to-parquet", "to-projector"]
)
def test_results_of_another_store_under_the_same_name_are_refused(place: Path, name: str) -> None:
    words = [word.format(place) for word in CASES[name][0]]
    assert run(*words)[0] == 0
    before = contents(place / "out")
    path = Path(next(word for word in words if word.endswith(".h5")))
    store = stores.read(path)
    sha256 = store.provenance.get("checkpoint_sha256", "")
    logits = store.logits[:, ::-1].copy()
    other = replace(store, logits=logits, provenance={**store.provenance, "created": "later"})
    if name == "attribute":  # A checkpoint that was trained further.
        other = replace(store, provenance={**store.provenance, "checkpoint_sha256": "0" * 64})
        assert sha256 != "0" * 64
    stores.write(path, other)
    assert run(*words)[0] == 2
    assert contents(place / "out") == before


@pytest.mark.parametrize("name", ["export", "to-projector", "to-parquet"])
def test_what_a_killed_process_left_is_written_again(place: Path, name: str) -> None:
    words = [word.format(place) for word in CASES[name][0]]
    assert run(*words)[0] == 0
    out = Path(words[-1])
    before = contents(place / "out")
    if name == "export":  # Killed after some figures.
        (out / "roc.svg").unlink()
        record = json.loads((out / "export.json").read_text())
        (out / "export.json").write_text(json.dumps(record | {"finished": False}))
    elif out.is_dir():
        out.rename(out.with_name(f".{out.name}.partial-77"))
        (out.with_name(f".{out.name}.partial-77") / ".lock").touch()
    else:
        out.rename(out.with_name(f".{out.stem}.partial-77{out.suffix}"))
    status, text = run(*words)
    assert (status, FINISHED in text) == (0, False), text
    assert contents(place / "out") == before
