"""`resnetbolt evaluate`: what is computed, what is said to be missing, and the file."""

import dataclasses
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.examples import folder, small_store
from workbench import store as stores
from workbench.evaluation import calibration, evaluate, training
from workbench.evaluation.__main__ import main
from workbench.evaluation.options import Options
from workbench.evaluation.run import evaluation_inputs
from workbench.store import Store

ROOT = Path(__file__).parents[3]
Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "N_RESAMPLES", 20)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return small_store(tmp_path / "one.h5", tmp_path / "data", locations=8)


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    """Return a function that evaluates one.h5 and returns the file."""

    def evaluate(*arguments: str | Path, where: str = "out.json") -> dict[str, Any]:
        out = tmp_path / where
        words = [tmp_path / "one.h5", *arguments, "--out", out, "--num-workers", "0"]
        assert main([str(word) for word in words]) == 0
        document: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return document

    return evaluate


@pytest.fixture
def refuse(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that evaluates one.h5, which must be refused, and returns the sentence."""

    def evaluate(*arguments: str | Path) -> str:
        before = sorted(tmp_path.iterdir())
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in (tmp_path / "one.h5", *arguments)])
        assert stop.value.code == 2
        assert sorted(tmp_path.iterdir()) == before
        return capsys.readouterr().err.splitlines()[-1]

    return evaluate


def missing(document: dict[str, Any]) -> list[str]:
    return [item["what"] for item in document["missing"]]


def other_store(path: Path, store: Store, **changes: Any) -> Path:
    """Write a changed store and return its path."""
    stores.write(path, replace(store, **changes))
    return path


def test_everything_of_two_stores_and_a_training_folder(
    tmp_path: Path, store: Store, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    # The second model: other classes first, some other locations, better.
    order = np.arange(5)[::-1]
    logits = store.logits + 2 * np.eye(5, dtype=np.float32)[store.labels]
    second = other_store(
        tmp_path / "two.h5",
        store,
        class_names=store.class_names[::-1],
        labels=order[store.labels],
        logits=logits[:, order],
    )
    document = run(second, "--train-data", tmp_path / "data")
    labels, right = store.labels, store.logits.argmax(axis=1) == store.labels
    assert document["format"] == "resnetbolt-evaluation"
    assert document["accuracy"]["top_1"]["value"] == right.mean()
    assert document["comparison"]["overall"]["difference"]["value"] == pytest.approx(
        (logits.argmax(axis=1) == labels).mean() - right.mean()
    )
    split = document["honest_split"]
    assert split["n_training"] == 40
    assert split["ties"] == ["nearby", "same_pano", "similar_photograph"]
    assert split["near"]["with_tie"]["n"] == 40
    assert split["contrasts"]["unseen_year"]["with_tie"]["n"] == 0
    assert sum(item["subset"]["n"] for item in split["by_distance"]) == 40
    assert list(document["covariates"]) == ["year", "latitude", "green"]
    green = document["covariates"]["green"]
    assert sum(item["subset"]["n"] for item in green) == 40
    assert 0 < green[0]["low"] < green[-1]["high"] < 1
    assert missing(document) == []
    assert document["calibration"]["fitted_on"] == "halves"
    printed = capsys.readouterr().out
    assert document["sentence"].split(";")[0] in " ".join(printed.split())
    assert all(len(line) <= 100 for line in printed.splitlines())


def test_what_is_missing_is_named_and_the_rest_is_written(
    tmp_path: Path, store: Store, run: Run
) -> None:
    unknown = np.full(len(store), np.nan)
    names = ("Bavaria", "Saxony", "Hesse", "Bremen", "Berlin")
    other_store(
        tmp_path / "one.h5",
        store,
        class_names=names,
        latitudes=unknown,
        longitudes=unknown,
        location_ids=tuple(f"{i}/img_{i}" for i in range(len(store))),
        provenance={"data": str(tmp_path / "gone")},
    )
    document = run()
    assert len(document["missing"]) == 5
    text = " ".join(missing(document))
    assert {
        "what": "the honest split",
        "why": "The store does not record where the model's run folder is",
        "remedy": "name the run folder with --run, or the training photographs with --train-data",
    } in document["missing"]
    for what in ("identical photographs", "honest split", "kilometres", "recall against", "year"):
        assert what in text
    for key in ("geography", "recall_by_area", "mistakes", "honest_split", "comparison"):
        assert document[key] is None
    assert document["covariates"] == {}
    assert document["calibration"]["before"]["ece"] > 0
    assert "--no-photographs" in str(run("--no-photographs", where="other.json")["missing"])


def test_training_photographs_that_are_gone(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setattr(training, "training_record", lambda *_: ({"Ohio/1"}, gone))
    (tmp_path / "run").mkdir()
    options = Options(
        store=tmp_path / "one.h5", out=tmp_path / "out.json", run=tmp_path / "run", num_workers=0
    )
    found = {
        item.what: (item.why, item.remedy) for item in evaluation_inputs(options, store).missing
    }
    why = f"{gone}: there is no such folder of training photographs"
    assert found["the honest split"] == (why, "put them into that folder again")


def test_validation_locations_of_the_store_give_the_temperature(
    tmp_path: Path, store: Store, run: Run
) -> None:
    splits = np.tile([0, 0, 1, 2], 10).astype(np.int8)
    other_store(tmp_path / "one.h5", store, splits=splits)
    document = run("--train-data", tmp_path / "one.h5", "--where", "split == 'test'")
    assert document["n"] == 20
    assert document["honest_split"]["n_training"] == 10
    assert (document["calibration"]["fitted_on"], document["calibration"]["n_fitted"]) == (
        "validation",
        10,
    )
    rows = splits == 2
    assert document["calibration"]["temperatures"] == [
        calibration.fit_temperature(store.labels[rows], store.logits[rows])
    ]
    document = run("--train-data", tmp_path / "one.h5", where="all.json")
    assert (document["n"], document["calibration"]["fitted_on"]) == (40, "halves")
    assert document["honest_split"]["contrasts"]["same_location"]["with_tie"]["n"] == 10


def test_validation_of_another_store_and_refusals(
    tmp_path: Path, store: Store, run: Run, refuse: Callable[..., str]
) -> None:
    ids = tuple(f"{name}x" for name in store.location_ids)
    other = other_store(tmp_path / "other.h5", store, location_ids=ids)
    assert run("--validation", other)["calibration"]["n_fitted"] == 40
    out = tmp_path / "new.json"
    assert "40 of its locations are evaluated" in refuse(
        "--out", out, "--validation", tmp_path / "one.h5"
    )
    assert "has none of the evaluated locations" in refuse(other, "--out", out)
    wrong = other_store(tmp_path / "wrong.h5", store, labels=np.roll(store.labels, 1))
    assert "another class than in" in refuse(wrong, "--out", out)
    names = ("Ohio", "Iowa", "Utah", "Maine", "Texas")
    renamed = other_store(tmp_path / "renamed.h5", store, class_names=names)
    assert "has other classes" in refuse(renamed, "--out", out)
    assert "has 0 locations to evaluate" in refuse("--out", out, "--where", "year == 1999")
    assert "no such folder" in refuse("--out", out, "--train-data", tmp_path / "nowhere")
    (tmp_path / "thesis.json").write_text('{"format": "other"}')
    assert "already exists" in refuse("--out", tmp_path / "thesis.json")


def test_the_training_locations_are_those_of_the_checkpoint(
    tmp_path: Path,
    trained: Path,
    training_folder: Path,
    test_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from trainer import checkpoint
    from workbench.extract.extraction import extract

    path, out = tmp_path / "store.h5", tmp_path / "out.json"
    extract(trained, test_folder, path, num_workers=0)
    words = [str(path), "--out", str(out), "--index-dir", str(tmp_path), "--num-workers", "0"]
    assert main(words) == 0
    document = json.loads(out.read_text("utf-8"))
    split = document["honest_split"]
    assert split["n_training"] == len(checkpoint.read(trained).split["training"])
    assert split["ties"] == [
        "nearby",
        "same_location",
        "same_pano",
        "same_photograph",
        "similar_photograph",
    ]
    # Locations of one number have one id and equal photographs in both folders.
    seen = {name.partition("/")[2] for name in checkpoint.read(trained).split["training"]}
    here = [name.partition("/")[2] for name in stores.read(path).location_ids]
    assert split["contrasts"]["same_pano"]["with_tie"]["n"] == sum(name in seen for name in here)
    # Elsewhere the folder is looked for, and a folder without them is refused.
    other = [*words[:2], str(tmp_path / "other.json"), *words[3:]]
    assert main([*other, "--train-data", str(training_folder)]) == 0
    elsewhere = folder(tmp_path / "elsewhere", ("Ohio", "Utah"), 2)
    with pytest.raises(SystemExit, match="2"):
        main([*other, "--train-data", str(elsewhere), "--overwrite"])
    assert "none of the 14 locations" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([*other, "--run", str(tmp_path), "--train-data", str(elsewhere), "--overwrite"])
    assert "no such checkpoint" in capsys.readouterr().err


def test_every_key_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "evaluation.md").read_text("utf-8")
    table = page.partition("## The file")[2]

    def keys(kind: Any) -> set[str]:
        found = set()
        for field in dataclasses.fields(kind):
            found.add(field.name)
            for name in re.findall(r"\w+", str(field.type)):
                inner = getattr(__import__(kind.__module__, fromlist=[name]), name, None)
                if dataclasses.is_dataclass(inner):
                    found |= keys(inner)
        return found

    for key in keys(evaluate.Evaluation):
        assert re.search(rf"[`\"]{key}[`\"]", table), key
