import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from virelay.model import Project

from common.progress import no_progress
from tests.workbench.interchange.examples import hostile_store, photographed_store
from workbench import store as stores
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.request import AttributionRequest
from workbench.extract.extraction import extract
from workbench.interchange.__main__ import main
from workbench.interchange.pictures import tile
from workbench.store import Store
from workbench.store.photographs import Photographs

Refuse = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return hostile_store(tmp_path / "store.h5")


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Run the command, which must end with status 2 and one sentence; return the sentence."""

    def run(*arguments: str | Path) -> str:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        assert stop.value.code == 2
        sentence = capsys.readouterr().err.splitlines()[-1]
        assert sentence.startswith("python -m workbench.interchange")
        return sentence

    return run


def _run(*arguments: str | Path) -> None:
    assert main([str(argument) for argument in arguments]) == 0


@pytest.mark.parametrize(
    ("command", "name", "opener"),
    [
        ("to-csv", "out.csv", "-> "),
        ("to-parquet", "out.parquet", "embedding-atlas {} --x umap_x --y umap_y --neighbors"),
        ("to-projector", "out", "tensorboard --logdir {}"),
        ("to-virelay", "out", "virelay {}/project.yaml"),
    ],
)
def test_what_is_written_is_named_and_not_overwritten_unasked(
    tmp_path: Path,
    store: Store,
    refuse: Refuse,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
    opener: str,
) -> None:
    out = tmp_path / name
    arguments = (command, tmp_path / "store.h5", "--out", out)
    _run(*arguments)
    said = capsys.readouterr().out
    assert f"48 locations -> {out}" in said
    assert opener.format(out) in said
    other = tmp_path / "other.h5"
    stores.write(other, replace(store, logits=store.logits[:, ::-1].copy()))
    assert "pass --overwrite." in refuse(command, other, "--out", out)
    other.unlink()
    _run(*arguments, "--overwrite")
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted([name, "store.h5"])


@pytest.mark.usefixtures("store")
def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path, refuse: Refuse) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    for command in ("to-projector", "to-virelay"):
        arguments = (command, tmp_path / "store.h5", "--out", out, "--overwrite")
        assert "chapter.tex: was not written by this command" in refuse(*arguments)
    assert (out / "chapter.tex").read_text() == "years of work"
    (tmp_path / "link").symlink_to(out)
    assert "is not a directory" in refuse(
        "to-virelay", tmp_path / "store.h5", "--out", tmp_path / "link", "--overwrite"
    )


@pytest.mark.usefixtures("store")
def test_a_folder_is_whole_or_absent(
    tmp_path: Path, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    arguments = ("to-projector", tmp_path / "store.h5", "--out", out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("os.fsync", full)
        assert f"{out}: No space left on device; free some space" in refuse(*arguments)
    assert [item.name for item in tmp_path.iterdir()] == ["store.h5"]
    _run(*arguments)
    before = (out / "metadata.tsv").read_bytes()
    with monkeypatch.context() as context:
        context.setattr("os.fsync", full)
        assert "No space left" in refuse(*arguments, "--overwrite")
    assert (out / "metadata.tsv").read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == ["out", "store.h5"]


def test_an_imported_projection_is_shown_beside_the_others(
    tmp_path: Path, store: Store, refuse: Refuse
) -> None:
    table = pd.DataFrame({"id": store.location_ids, "x": np.arange(48), "y": 0.5}).sample(
        frac=1, random_state=0
    )
    table.to_parquet(tmp_path / "table.parquet")
    arguments = ("from-table", tmp_path / "store.h5", tmp_path / "table.parquet", "--map", "mine")
    _run(*arguments)
    made = stores.read(tmp_path / "store.h5").projections
    assert sorted(made) == ["mine", "pca", "tsne-50", "umap"]
    assert made["mine"].coordinates[:, 0].tolist() == list(range(48))
    assert made["mine"].method == "imported"
    assert made["mine"].parameters == {"table": "table.parquet", "x": "x", "y": "y"}
    _run(*arguments)
    assert "already has a projection 'mine'" in refuse(*arguments, "--x", "y", "--y", "x")
    _run(*arguments, "--overwrite", "--x", "y", "--y", "x")
    again = stores.read(tmp_path / "store.h5").projections["mine"]
    assert again.coordinates[:, 1].tolist() == list(range(48))


def test_what_cannot_be_a_map_leaves_the_store_as_it_was(
    tmp_path: Path, store: Store, refuse: Refuse
) -> None:
    before = (tmp_path / "store.h5").read_bytes()
    table = pd.DataFrame({"id": store.location_ids, "x": 1.0, "y": 2.0})
    table.to_parquet(tmp_path / "whole.parquet")
    table.iloc[1:].to_parquet(tmp_path / "short.parquet")
    start = ("from-table", tmp_path / "store.h5")
    for rest, message in (
        (("short.parquet", "--map", "mine"), "1 of 48 locations are missing"),
        (("whole.parquet", "--map", "../mine"), "is not a name of a projection"),
        (("whole.parquet", "--map", "mine", "--x", "z"), "no column 'z'"),
        (("none.parquet", "--map", "mine"), "there is no such table"),
    ):
        assert message in refuse(*start, tmp_path / rest[0], *rest[1:])
    assert (tmp_path / "store.h5").read_bytes() == before


def test_a_map_goes_to_virelay_and_back(tmp_path: Path, store: Store) -> None:
    _run("to-virelay", tmp_path / "store.h5", "--out", tmp_path / "out")
    _run(
        *("from-virelay", tmp_path / "store.h5", tmp_path / "out" / "analysis.h5"),
        *("--map", "back", "--embedding", "umap"),
    )
    back = stores.read(tmp_path / "store.h5").projections["back"]
    assert np.array_equal(back.coordinates, store.projections["umap"].coordinates)


def test_pictures_come_from_the_photographs(tmp_path: Path, refuse: Refuse) -> None:
    photographed_store(tmp_path / "store.h5", tmp_path / "data")
    for command, name in (
        ("to-parquet", "out.parquet"),
        ("to-projector", "projector"),
        ("to-virelay", "virelay"),
    ):
        arguments = (command, tmp_path / "store.h5", "--out", tmp_path / name)
        assert "no such folder of photographs" in refuse(*arguments, "--data", tmp_path / "gone")
        assert not (tmp_path / name).exists()
        _run(*arguments, "--data", tmp_path / "data")
    assert "panorama" in pd.read_parquet(tmp_path / "out.parquet").columns
    assert (tmp_path / "projector" / "sprite.png").is_file()


@pytest.mark.slow
def test_virelay_shows_why_the_model_predicts_what_it_does(
    tmp_path: Path, trained: Path, test_folder: Path
) -> None:
    path = tmp_path / "store.h5"
    made = extract(trained, test_folder, path, batch_size=4, num_workers=0)
    table = pd.DataFrame({"id": made.location_ids, "x": np.arange(len(made)), "y": 0.0})
    table.to_csv(tmp_path / "table.csv", index=False)
    _run("from-table", path, tmp_path / "table.csv", "--map", "line")
    _run(
        *("to-virelay", path, "--out", tmp_path / "out"),
        *("--data", test_folder, "--run", trained),
    )
    project = Project(str(tmp_path / "out" / "project.yaml"))
    explainer = StoreExplainer(trained, Photographs(test_folder, made), made)
    expected = explainer.explain(made.location_ids[5], AttributionRequest(), no_progress).values
    shown = project.get_attribution(5).data.sum(axis=2)
    assert np.allclose(shown, tile(expected[..., None])[..., 0], atol=1e-6)
    assert shown.shape == project.get_sample(5).data.shape[:2]
    project.close()


@pytest.mark.usefixtures("store")
def test_explaining_needs_photographs(tmp_path: Path, refuse: Refuse) -> None:
    assert "add --data" in refuse(
        *("to-virelay", tmp_path / "store.h5", "--out", tmp_path / "out", "--run", tmp_path)
    )


@pytest.mark.spawn
@pytest.mark.usefixtures("store")
def test_without_pictures_no_torch_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from workbench.interchange.__main__ import main; main(sys.argv[1:]); "
        "assert 'torch' not in sys.modules"
    )
    arguments = ("to-virelay", tmp_path / "store.h5", "--out", tmp_path / "out")
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True)


@pytest.mark.parametrize("command", ["to-csv", "to-parquet"])
@pytest.mark.usefixtures("store")
def test_a_store_is_never_replaced_by_its_table(
    tmp_path: Path, refuse: Refuse, command: str
) -> None:
    path = tmp_path / "store.h5"
    before = path.read_bytes()
    (tmp_path / "link.csv").symlink_to(path)
    for out in (path, tmp_path / "link.csv"):
        assert "is the store itself" in refuse(command, path, "--out", out, "--overwrite")
    assert path.read_bytes() == before
