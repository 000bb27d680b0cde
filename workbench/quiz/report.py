"""People against the model: the tables of a quiz's results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import InputError
from common.files import atomic_write_text
from common.tables import to_markdown
from common.text import number, print_text
from workbench import store as stores
from workbench.attribution.aggregation import bootstrap_interval
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.metrics import compare as compare_with_chance
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint
from workbench.evaluation.intervals import Interval, interval_text
from workbench.evaluation.people import (
    NO_GUESS,
    PairedShares,
    PeopleResult,
    people_result,
    rank_at,
)
from workbench.evaluation.predictions import Predictions
from workbench.quiz.answers import (
    MAX_GUESSES,
    Answer,
    Answers,
    answers_csv,
    read_csv,
)
from workbench.quiz.cues import CUES, FindMap, FindShares, shares_finder
from workbench.store import HEADINGS, Store, provenance
from workbench.store.companions import cache_folder, companion

SMALL = 30
"""Fewer answers are called a small sample."""


@dataclass(frozen=True)
class Table:
    """A table of text with a title, and a sentence on how to read it."""

    title: str
    frame: pd.DataFrame
    note: str = ""


def compare(
    path: Path, add: Sequence[Path] = (), out: Path | None = None, data: Path | None = None
) -> None:
    """Add the answers of tables to a store's, write all of them as CSV, and print the results.

    `data` is the folder of the photographs, None for that which the store records. Raises
    InputError for a table that cannot be read, before any is added, and without answers.
    """
    store = stores.read(path)
    predictions = Predictions(store)
    masks = _masks(store, data)
    answers = Answers(companion(path.resolve(), "quiz.sqlite"))
    added = [read_csv(file, store.class_names, predictions.rows) for file in add]
    for file, found in zip(add, added, strict=True):
        print_text(f"{file}: {answers.add(found):,} of {len(found):,} answers are new.")
    known = answers.read()
    cache = AttributionCache(cache_folder(path.resolve()), fingerprint(store), 0)
    find_map = known_maps(predictions, LayeredCache([], cache))
    find_shares = shares_finder(find_map, masks) if masks else None
    if out:
        atomic_write_text(out, answers_csv(known, find_shares))
        print_text(f"{out}: {len(known):,} answers.")
    results = tables(predictions, known, find_map, find_shares)
    if not results:
        raise InputError(
            f"{path}: nobody has answered yet; serve the quiz with `resnetbolt open {path} "
            "--quiz`, or give answers with --add."
        )
    for table in results:
        text = to_markdown(table.frame, table.frame.columns[:1])
        print_text(f"{table.title}\n\n{text}", *([table.note, ""] if table.note else []))


def _masks(store: Store, data: Path | None) -> Masks | None:
    """Return the masks beside the photographs, None where there are none.

    Raises InputError for a folder `data` that is missing, and as `Masks.beside`.
    """
    try:
        photographs = provenance.photographs(store, data)
    except InputError:
        if data:
            raise
        return None
    return Masks.beside(photographs)


def known_maps(predictions: Predictions, cache: LayeredCache | None) -> FindMap:
    """Return what finds the maps that the quiz has shown."""
    resolver = RequestResolver(predictions.store)

    def find(location_id: str) -> Attribution | None:
        request = resolver.resolve(location_id, AttributionRequest())
        return cache.get(location_id, request) if cache else None

    return find


def result_of(predictions: Predictions, answers: Sequence[Answer]) -> PeopleResult:
    """Return the numbers of at least one answer."""
    guesses = np.full((len(answers), MAX_GUESSES), NO_GUESS)
    for place, answer in enumerate(answers):
        for order, name in enumerate(answer.guesses):
            guesses[place, order] = predictions.class_indices[name]
    _, players = np.unique([answer.player for answer in answers], return_inverse=True)
    rows = np.array([predictions.rows[answer.location_id] for answer in answers])
    return people_result(predictions, players, rows, guesses)


def tables(
    predictions: Predictions,
    answers: Sequence[Answer],
    find_map: FindMap,
    find_shares: FindShares | None = None,
) -> list[Table]:
    """Return the results of all answers about locations of this store, empty without answers.

    Without `find_shares`, which masks are needed for, only marks are compared with maps.
    """
    answers = [answer for answer in answers if answer.location_id in predictions.rows]
    if not answers:
        return []
    result = result_of(predictions, answers)
    found = [
        _accuracy(result),
        _distance(result),
        Table(
            "By state, first guess",
            pd.DataFrame(
                [
                    {"state": name, "answers": shares.n}
                    | {"people": percent(shares.people), "model": percent(shares.model)}
                    for name, shares in result.per_class.items()
                ]
            ),
        ),
        _cues(predictions, answers, has_masks=find_shares is not None),
        _cues_on_maps(answers, find_shares) if find_shares else None,
        _marks(answers, find_map),
        _PUBLISHED,
    ]
    return [table for table in found if table is not None]


def percent(share: Interval) -> str:
    """Return a share with its interval: "40 % (25–57)"."""
    return interval_text(share, ".0f", 100, unit=" %")


def _accuracy(result: PeopleResult) -> Table:
    rows = {"first guess": result.top_1, "any guess": result.top_5}
    n, people = result.top_1.n, result.top_1.people.value
    note = (
        "With Wilson intervals, 95 %. The model has as many guesses as the person. p is that of "
        "McNemar's exact test; answers are taken as independent."
    )
    if np.isfinite(result.detectable):
        note += (
            f" {n:,} answers tell {100 * people:.0f} % from {100 * result.detectable:.0f} % (exact "
            "binomial test, 5 %, power 80 %)."
        )
    if n < SMALL:
        note = f"A small sample. {note}"
    return Table(
        f"People and model: {_count(n, 'answer')} of {_count(result.n_players, 'player')} about "
        f"{_count(result.n_locations, 'location')}",
        pd.DataFrame([{"": name} | _paired(shares) for name, shares in rows.items()]),
        note,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _paired(shares: PairedShares) -> dict[str, object]:
    return {
        "people": percent(shares.people),
        "model": percent(shares.model),
        "only people right": shares.only_people,
        "only model right": shares.only_model,
        "p": f"{shares.p_value:.2g}",
    }


def _distance(result: PeopleResult) -> Table | None:
    if not result.people_distances or not result.model_distances:
        return None
    rows = {"people": result.people_distances, "model": result.model_distances}
    return Table(
        "Distance to the centre of the first guess",
        pd.DataFrame(
            [
                {"": name}
                | {"median, km": f"{row.median.value:,.0f}", "mean, km": f"{row.mean.value:,.0f}"}
                | {"score": f"{row.score.value:,.0f}"}
                for name, row in rows.items()
            ]
        ),
        f"{_count(result.people_distances.n, 'answer')} about locations with coordinates. The "
        "score is GeoGuessr's on its map of the world, at most 5,000.",
    )


def _cues(predictions: Predictions, answers: Sequence[Answer], *, has_masks: bool) -> Table | None:
    rows = []
    for cue in CUES:
        named = [answer for answer in answers if cue in answer.cues]
        if named:
            top_1 = result_of(predictions, named).top_1
            rows.append(
                {"cue": cue, "answers": top_1.n, "first guess right": percent(top_1.people)}
            )
    note = (
        ""
        if has_masks
        else "These photographs have no masks that say where a cue is, so that only marks are held "
        "against the model's map."
    )
    return Table("Cues that people named", pd.DataFrame(rows), note) if rows else None


def _cues_on_maps(answers: Sequence[Answer], find_shares: FindShares) -> Table | None:
    named = [answer for answer in answers if answer.cues]
    if not named:
        return None
    known = [(answer, shares) for answer in named if (shares := find_shares(answer.location_id))]
    together = [shares.of(answer.cues) for answer, shares in known]
    rows = [_of_cue("all that were named", together, [])]
    for cue in CUES:
        of_named = [shares.of([cue]) for answer, shares in known if cue in answer.cues]
        of_others = [shares.of([cue]) for answer, shares in known if cue not in answer.cues]
        if of_named:
            rows.append(_of_cue(cue, of_named, of_others))
    return Table(
        "Named cues on the model's map",
        pd.DataFrame([row for row in rows if row["answers"]], columns=list(rows[0])),
        f"{len(together):,} of {len(named):,} answers with cues have a map. The ratio is the share "
        "of |map| on the painted elements of the cue over what their height in the photograph "
        "would give them; 1 is chance. Answers whose photographs do not show the cue are left out. "
        "The last column is the same for answers that named other cues. With bootstrap intervals "
        "over answers, 95 %.",
    )


def _of_cue(
    name: str, named: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]
) -> dict[str, object]:
    """Return a row from shares of |map| and the expected ones; 0 expected: nothing is shown."""
    shown, elsewhere = (
        np.array([pair for pair in pairs if pair[1] > 0]).reshape(-1, 2)
        for pairs in (named, others)
    )
    mean = shown.mean(axis=0) if len(shown) else np.full(2, np.nan)
    return {
        "cue": name,
        "answers": len(shown),
        "share of map, %": number(100 * float(mean[0]), ".1f"),
        "expected, %": number(100 * float(mean[1]), ".1f"),
        "ratio": _ratio(shown),
        "ratio where not named": _ratio(elsewhere),
    }


def _ratio(pairs: NDArray[np.float64]) -> str:
    """Return the ratio of the means of two columns (N, 2) with its interval, "–" for N = 0."""
    if not len(pairs):
        return "–"
    ratio = compare_with_chance(pairs[:, 0], pairs[:, 1], seed=0).ratio
    if len(pairs) < 2:
        return number(float(pairs[0, 0] / pairs[0, 1]), ".2f")
    return interval_text(ratio, ".2f")


def _marks(answers: Sequence[Answer], find_map: FindMap) -> Table | None:
    marked = [answer for answer in answers if answer.mark]
    ranks: dict[str, list[float]] = {"any": []}
    for answer in marked:
        attribution = find_map(answer.location_id)
        if attribution is None or answer.mark is None:
            continue
        view = HEADINGS.index(answer.mark.heading)
        rank = rank_at(attribution.values, view, answer.mark.x, answer.mark.y)
        for cue in ("any", *answer.cues):
            ranks.setdefault(cue, []).append(rank)
    if not marked:
        return None
    return Table(
        "Marks of people on the model's map",
        pd.DataFrame(
            [
                {"cue": cue, "marks": len(values), "mean rank": _mean(values)}
                for cue, values in ranks.items()
                if values
            ],
            columns=["cue", "marks", "mean rank"],
        ),
        f"{len(ranks['any']):,} of {len(marked):,} marks have a map. The rank is the share of "
        "places with a weaker |map| than the mark; 0.5 is chance. With bootstrap intervals, 95 %.",
    )


def _mean(values: Sequence[float]) -> str:
    sample = np.array(values)[:, None]
    if len(sample) < 2:
        return number(values[0], ".2f")
    ((low, high),) = bootstrap_interval(sample).tolist()
    return interval_text(Interval(float(sample.mean()), low, high), ".2f")


_PUBLISHED = Table(
    "Published results of people, other photographs",
    pd.DataFrame(
        [
            {
                "source": "DeepGeo (Suresh et al. 2018), Table 3",
                "people": "0, 0, 30, 10, 10 % of ten locations each",
                "model": "60, 10, 10, 30, 20 %, first guess",
            },
            {
                "source": "ResNetBolt, section 6.1",
                "people": "about 15 % in five guesses, ten locations",
                "model": "70 % in five guesses",
            },
        ]
    ),
)
