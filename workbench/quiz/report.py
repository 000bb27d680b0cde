"""People against the model: the tables of a quiz's results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from common.errors import InputError
from common.files import atomic_write_text
from common.tables import to_markdown
from common.text import number, print_text
from workbench import store as stores
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint
from workbench.evaluation.intervals import Interval
from workbench.evaluation.people import (
    NO_GUESS,
    PairedShares,
    PeopleResult,
    people_result,
    rank_at,
)
from workbench.evaluation.predictions import Predictions
from workbench.quiz.answers import (
    CUES,
    MAX_GUESSES,
    Answer,
    Answers,
    answers_csv,
    read_csv,
)
from workbench.store import HEADINGS
from workbench.store.companions import cache_folder, companion

SMALL = 30
"""Fewer answers are called a small sample."""
FindMap = Callable[[str], Attribution | None]
"""Returns the map of a location that is known already."""


@dataclass(frozen=True)
class Table:
    """A table of text with a title, and a sentence on how to read it."""

    title: str
    frame: pd.DataFrame
    note: str = ""


def compare(path: Path, add: Sequence[Path] = (), out: Path | None = None) -> None:
    """Add the answers of tables to a store's, write all of them as CSV, and print the results.

    Raises InputError for a table that cannot be read, before any is added, and without answers.
    """
    store = stores.read(path)
    predictions = Predictions(store)
    answers = Answers(companion(path.resolve(), "quiz.sqlite"))
    added = [read_csv(file, store.class_names, predictions.rows) for file in add]
    for file, found in zip(add, added, strict=True):
        print_text(f"{file}: {answers.add(found):,} of {len(found):,} answers are new.")
    known = answers.read()
    if out:
        atomic_write_text(out, answers_csv(known))
        print_text(f"{out}: {len(known):,} answers.")
    cache = AttributionCache(cache_folder(path.resolve()), fingerprint(store), 0)
    results = tables(predictions, known, known_maps(predictions, LayeredCache([], cache)))
    if not results:
        raise InputError(
            f"{path}: nobody has answered yet; serve the quiz with `resnetbolt open {path} "
            "--quiz`, or give answers with --add."
        )
    for table in results:
        text = to_markdown(table.frame, table.frame.columns[:1])
        print_text(f"{table.title}\n\n{text}", *([table.note, ""] if table.note else []))


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


def tables(predictions: Predictions, answers: Sequence[Answer], find_map: FindMap) -> list[Table]:
    """Return the results of all answers about locations of this store, empty without answers."""
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
        _cues(predictions, answers),
        _marks(answers, find_map),
        _PUBLISHED,
    ]
    return [table for table in found if table is not None]


def percent(share: Interval) -> str:
    """Return a share with its interval: "40 % (25-57)"."""
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"


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


def _cues(predictions: Predictions, answers: Sequence[Answer]) -> Table | None:
    rows = []
    for cue in CUES:
        named = [answer for answer in answers if cue in answer.cues]
        if named:
            top_1 = result_of(predictions, named).top_1
            rows.append(
                {"cue": cue, "answers": top_1.n, "first guess right": percent(top_1.people)}
            )
    return Table("Cues that people named", pd.DataFrame(rows)) if rows else None


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
    mean = number(float(np.mean(values)), ".2f")
    if len(values) < 2 or np.ptp(values) == 0:
        return mean
    interval = bootstrap((values,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    return f"{mean} ({number(interval.low, '.2f')}–{number(interval.high, '.2f')})"


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
