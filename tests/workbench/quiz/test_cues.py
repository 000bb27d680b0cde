"""Cues that people name, compared with maps of painted photographs."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app import ASSETS
from tests.browser.site import Explainer
from tests.workbench.attribution.examples import example
from tests.workbench.attribution.ground_truth.examples import painted_store
from trainer.synthetic import paint
from trainer.synthetic.elements import ELEMENTS
from workbench import store as stores
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import fingerprint
from workbench.evaluation.predictions import Predictions
from workbench.quiz import __main__ as command
from workbench.quiz.answers import Answer, Answers, answers_csv, read_csv
from workbench.quiz.cues import CUES, ELEMENTS_OF_CUES, CueShares, cue_shares, shares_finder
from workbench.quiz.report import Table, tables
from workbench.quiz.server import create_quiz
from workbench.store import Store
from workbench.store.companions import cache_folder
from workbench.store.photographs import Photographs

SIZE = 64
GUESS = "Alaska"


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Masks]:
    folder = tmp_path_factory.mktemp("cues") / "data"
    paint(folder, states=3, train=1, test=3, image_size=SIZE, num_workers=1)
    store = painted_store(folder / "test")
    masks = Masks.beside(Photographs(folder / "test", store))
    assert masks is not None
    return store, masks


def mask_of(masks: Masks, location_id: str, *names: str) -> np.ndarray:
    places = [element.name for element in masks.elements]
    shares = masks.shares(location_id, SIZE)
    return shares[[places.index(name) for name in names]].sum(axis=0)  # type: ignore[no-any-return]


def find_table(found: list[Table], title: str) -> Table:
    return next(table for table in found if table.title == title)


def test_cues_mean_painted_elements_and_no_element_means_two() -> None:
    names = [name for names in ELEMENTS_OF_CUES.values() for name in names]
    assert len(names) == len(set(names))
    assert set(names) <= {element.name for element in ELEMENTS}


def test_the_manual_has_the_same_table() -> None:
    text = Path("docs/how-to/quiz.md").read_text("utf-8")
    for cue, names in ELEMENTS_OF_CUES.items():
        assert f"| {cue} | {', '.join(names)} |" in text


def test_a_map_on_a_cue_has_all_of_it_and_rows_alone_are_chance(
    painted: tuple[Store, Masks],
) -> None:
    store, masks = painted
    name = store.location_ids[0]
    trees = mask_of(masks, name, "tree")
    on_trees = cue_shares(example(name=name, values=-np.float32(2) * (trees == 1)), masks)
    share, expected = on_trees.of(["vegetation"])
    assert share == pytest.approx(1)
    assert 0 < expected < 1
    assert on_trees.of(["sky"])[0] == 0
    assert on_trees.of(CUES)[0] == pytest.approx(1)
    # By hand: each row of the map, spread over the vegetation of that row.
    vegetation = mask_of(masks, name, *ELEMENTS_OF_CUES["vegetation"])
    rows = (trees == 1).sum(axis=(0, 2)) / (trees == 1).sum()
    assert expected == pytest.approx((rows * vegetation.mean(axis=(0, 2))).sum())
    # A map that only knows how high things stand.
    lower = np.zeros((4, SIZE, SIZE), dtype=np.float32)
    lower[:, SIZE // 2 :] = 1
    share, expected = cue_shares(example(name=name, values=lower), masks).of(["soil", "cars"])
    assert share == pytest.approx(expected)
    nothing = cue_shares(example(name=name, values=0 * lower), masks)
    assert np.isnan(nothing.of(["sky"])).all()


def test_named_cues_are_counted_over_answers(painted: tuple[Store, Masks]) -> None:
    store, masks = painted
    maps = {
        name: example(name=name, values=mask_of(masks, name, "sky").astype(np.float32))
        for name in store.location_ids[:6]
    }
    answers = [
        Answer("ada", name, (GUESS,), ("sky",) if i < 4 else ("vegetation", "cars"))
        for i, name in enumerate(store.location_ids[:8])
    ] + [Answer("bob", store.location_ids[0], (GUESS,))]
    find_shares = shares_finder(maps.get, masks)
    found = tables(Predictions(store), answers, maps.get, find_shares)
    table = find_table(found, "Named cues on the model's map")
    assert table.note.startswith("6 of 8 answers with cues have a map.")
    rows: Any = table.frame.set_index("cue").to_dict("index")
    assert rows["all that were named"]["answers"] == 6
    assert rows["sky"]["answers"] == 4
    pairs = [find_shares(name).of(["sky"]) for name in store.location_ids[:4]]  # type: ignore[union-attr]
    share, expected = np.mean(pairs, axis=0)
    assert share > 0.8
    assert rows["sky"]["share of map, %"] == f"{100 * share:.1f}"
    ratio, interval = rows["sky"]["ratio"].split(" ", 1)
    assert ratio == f"{share / expected:.2f}"
    low, high = (float(one) for one in interval.strip("()").split("–"))
    assert low <= share / expected <= high
    assert rows["vegetation"]["answers"] == 2
    assert rows["vegetation"]["ratio"].startswith("0.")
    assert rows["vegetation"]["ratio where not named"].startswith("0.")


def test_the_page_after_an_answer_has_the_shares_of_its_cues(
    painted: tuple[Store, Masks], tmp_path: Path
) -> None:
    store, masks = painted
    photographs = Photographs(Path(store.provenance["data"]), store)
    quiz = create_quiz(
        Predictions(store),
        "painted.h5",
        ASSETS,
        photographs,
        Explainer(store),
        Answers(tmp_path / "quiz.sqlite"),
        masks=masks,
    )
    client = quiz.test_client()
    key = client.post("/player", json={"player": "ada"}).get_json()["key"]
    question = {"player": "ada", "key": key, "seed": 1, "size": 3, "position": 0}
    said = {"guesses": [GUESS], "cues": ["sky", "soil"], "note": "", "mark": None}
    client.post("/answer", json=question | said)
    end = time.monotonic() + 30
    reply: dict[str, Any] = {}
    while "views" not in reply and time.monotonic() < end:
        reply = client.post("/explanation", json=question).get_json()
        time.sleep(0.02)
    assert [cue for cue, *_ in reply["cues"]] == ["sky", "soil"]
    assert all(0 < share < 1 and ratio > 0 for _, share, ratio in reply["cues"])


def test_without_masks_a_sentence_says_what_is_missing(painted: tuple[Store, Masks]) -> None:
    store, _ = painted
    answers = [Answer("ada", store.location_ids[0], (GUESS,), ("sky",))]
    found = tables(Predictions(store), answers, lambda _: None)
    assert "have no masks" in find_table(found, "Cues that people named").note
    assert all(table.title != "Named cues on the model's map" for table in found)


def test_a_cue_that_is_not_in_the_photographs_has_no_ratio(painted: tuple[Store, Masks]) -> None:
    store, _ = painted
    shares = CueShares(np.eye(len(CUES))[0], np.eye(len(CUES))[0] / 2)
    answers = [Answer("ada", name, (GUESS,), CUES[:2]) for name in store.location_ids[:2]]
    found = tables(Predictions(store), answers, lambda _: None, lambda _: shares)
    table = find_table(found, "Named cues on the model's map")
    assert table.frame["cue"].tolist() == ["all that were named", CUES[0]]
    assert table.frame["ratio"].tolist() == ["2.00 (2.00–2.00)"] * 2
    assert table.frame["ratio where not named"].tolist() == ["–"] * 2


def test_the_command_prints_and_writes_them(
    painted: tuple[Store, Masks], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, masks = painted
    path = tmp_path / "painted.h5"
    stores.write(path, store)
    name = store.location_ids[0]
    request = RequestResolver(store).resolve(name, AttributionRequest())
    cache = AttributionCache(cache_folder(path), fingerprint(store), 10**9)
    sky = mask_of(masks, name, "sky").astype(np.float32)
    cache.put(example(name=name, values=sky, request=request))
    form, out = tmp_path / "form.csv", tmp_path / "all.csv"
    answers = [Answer("ada", name, (GUESS,), ("sky",)), Answer("bob", name, (GUESS,))]
    form.write_text(answers_csv(answers), "utf-8")
    assert command.main([str(path), "--add", str(form), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Named cues on the model's map" in printed
    assert "1 of 1 answers with cues have a map." in printed
    frame = pd.read_csv(out)
    assert frame["map_share_of_cues"][0] > frame["expected_share_of_cues"][0] > 0
    assert np.isnan(frame["map_share_of_cues"][1])
    assert read_csv(out, store.class_names, set(store.location_ids)) == answers
    with pytest.raises(SystemExit, match="2"):
        command.main([str(path), "--data", str(tmp_path / "gone")])
    assert "gone" in capsys.readouterr().err
