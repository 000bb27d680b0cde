"""Write the painted country as files in the layout of 50States10K and 50States2K."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from common.earlier_result import Request, is_finished, read_record, record_text
from common.errors import InputError
from common.files import atomic_directory
from trainer.data.worker_processes import worker_map
from trainer.synthetic import elements
from trainer.synthetic.backdrop import Mask
from trainer.synthetic.camera import HEADINGS
from trainer.synthetic.country import Array
from trainer.synthetic.evidence import Evidence, Observer
from trainer.synthetic.generator import CUES, SEASONS, lacks
from trainer.synthetic.parts import Scene
from trainer.synthetic.scene import scene, swapped
from trainer.synthetic.shortcut import paint_shortcut, parse_seasons, parse_shortcuts
from trainer.synthetic.states import NAMES, STATES, spread
from trainer.synthetic.view import views

COMMAND = "synthesize"
SPLITS = ("train", "test")
SWAP = "swap"
QUALITY = 88
SEEN = 1e-4
"""Share of the four views that an element covers at least if it is to count as seen."""
EVIDENCE = ("split", "state", "location", "element", "nats", "share", "values")
POSTERIOR = ("split", "state", "location", "probability", "rank", "best")
SWAPS = (
    "state", "location", "element", "other", "values", "swapped_values", "nats", "swapped_nats",
    "probability", "swapped_probability",
)  # fmt: skip

Row = tuple[str | float, ...]


@dataclass(frozen=True)
class _Plan:
    """What all batches have in common."""

    root: Path
    size: int
    seed: int
    states: tuple[int, ...]
    """Rows in `STATES`."""
    shortcuts: tuple[tuple[str, str], ...]
    seasons: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    """Shares of the seasons, of the states that have their own."""
    swap: int | None


@dataclass(frozen=True)
class _Batch:
    """Some locations of one state and split, painted by one process."""

    split: int
    state: int
    """Row in `STATES`."""
    first: int
    last: int


@dataclass(frozen=True)
class _Lines:
    """Lines of the files that a batch adds to."""

    info: list[str]
    swap_info: list[str]
    evidence: list[Row]
    posterior: list[Row]
    swaps: list[Row]


def paint(
    root: str | os.PathLike[str],
    states: int = 50,
    train: int = 30,
    test: int = 10,
    image_size: int = 256,
    seed: int = 0,
    num_workers: int | None = None,
    shortcuts: Sequence[str] = (),
    seasons: Sequence[str] = (),
    swap: str | None = None,
    progress: bool = False,
) -> Path:
    """Paint a data set of four-view locations into the new or empty folder `root`; return it.

    A folder that holds the same painting stays as it is.
    `states` is the number of states, 2 to 50; `train` and `test` are locations per state, at least
    1; `image_size` is the side of a view in pixels, a multiple of 32; `num_workers` processes
    paint, by default one per core. `shortcuts` are such as "Ohio=border" (`parse_shortcuts`) and do
    not change the scenes; `seasons` are such as "Ohio=winter" (`parse_seasons`). With the name of
    a cue as `swap`, the folder `swap` has each test location that shows it once more, with the cue
    of another state. The same `seed`, at least 0, gives the same bytes for any number of workers.
    Raises InputError.
    """
    folder = Path(root).resolve()
    request = {
        "states": states,
        "train": train,
        "test": test,
        "image size": image_size,
        "seed": seed,
        "shortcuts": list(shortcuts),
        "seasons": list(seasons),
        "swap": swap,
    }
    if _is_finished(folder, request):
        return folder
    chosen = spread(states)
    names = [state.name for state in chosen]
    shortcut_of = parse_shortcuts(shortcuts, names)
    season_of = parse_seasons(seasons, names)
    rows = tuple(row for row, state in enumerate(STATES) if state in chosen)
    plan = _Plan(
        folder, image_size, seed, rows, tuple(shortcut_of.items()),
        tuple((name, tuple(shares.items())) for name, shares in season_of.items()),
        None if swap is None else _cue(swap),
    )  # fmt: skip
    batches = [
        _Batch(split, row, first, min(first + 5, count))
        for row in rows
        for split, count in enumerate((train, test))
        for first in range(0, count, 5)
    ]
    folder.parent.mkdir(parents=True, exist_ok=True)
    total = len(chosen) * (train + test)
    count = min(num_workers or os.cpu_count() or 1, len(batches))
    splits = SPLITS if swap is None else (*SPLITS, SWAP)
    with (
        atomic_directory(folder) as unfinished,
        worker_map(
            partial(_paint_batch, unfinished, plan),
            batches,
            count if count > 1 else 0,
            preload=[__name__],
        ) as painted,
        tqdm(total=total, unit="location", desc="painting", disable=not progress) as bar,
    ):
        for split in splits:
            for name in names:
                (unfinished / split / name).mkdir(parents=True)
                (unfinished / "mask" / split / name).mkdir(parents=True)
        (unfinished / "elements.csv").write_text(elements.table(shortcut_of), encoding="utf-8")
        lines = []
        for batch, text in zip(batches, painted, strict=True):
            lines.append((batch, text))
            bar.update(batch.last - batch.first)
        _write_lines(unfinished, names, lines, swap is not None)
        (unfinished / f"{COMMAND}.json").write_text(record_text(request), encoding="utf-8")
    return folder


def bayes_accuracy(folder: Path) -> tuple[float, float]:
    """Return the top-1 and top-5 accuracy of an observer who knows the generator, test split."""
    with (folder / "posterior.csv").open(encoding="utf-8", newline="") as file:
        ranks = [int(row["rank"]) for row in csv.DictReader(file) if row["split"] == "test"]
    return float(np.mean(np.array(ranks) == 1)), float(np.mean(np.array(ranks) <= 5))


def _cue(name: str) -> int:
    for cue in CUES:
        if elements.NAMES[cue] == name:
            return cue
    choices = " or ".join(elements.NAMES[cue] for cue in CUES)
    raise InputError(f"--swap {name}: not a cue of the states; choose {choices}.")


def _is_finished(folder: Path, request: Request) -> bool:
    """Return whether the folder holds this painting; raises InputError for anything else in it."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; choose a new or empty folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return False
    if not (record := read_record(folder, COMMAND)):
        raise InputError(f"{folder} is not empty; choose another folder, or remove it first.")
    remedy = "choose another folder, or remove it first"
    return is_finished(folder, record.get("request"), request, remedy)


def _write_lines(
    root: Path, names: Sequence[str], lines: Sequence[tuple[_Batch, _Lines]], swap: bool
) -> None:
    texts: dict[Path, list[str]] = {}
    for batch, batch_lines in lines:
        name = STATES[batch.state].name
        texts.setdefault(root / SPLITS[batch.split] / name, []).extend(batch_lines.info)
        if swap:
            texts.setdefault(root / SWAP / name, []).extend(batch_lines.swap_info)
    for folder, text in texts.items():
        (folder / "info.txt").write_text("".join(text), encoding="utf-8", newline="\n")
    tables = [
        ("evidence", EVIDENCE, [row for _, batch in lines for row in batch.evidence]),
        ("posterior", POSTERIOR, [row for _, batch in lines for row in batch.posterior]),
    ]
    if swap:
        tables.append((SWAP, SWAPS, [row for _, batch in lines for row in batch.swaps]))
    for name, header, rows in tables:
        with (root / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)


@lru_cache(maxsize=2)
def _observer(plan: _Plan) -> Observer:
    """Return the observer of a plan, who takes a moment to prepare."""
    of = {name: dict(shares) for name, shares in plan.seasons}
    seasons = None
    if of:
        seasons = np.array([
            [of.get(NAMES[state], SEASONS)[season] for season in SEASONS]
            for state in plan.states
        ])  # fmt: skip
    return Observer(plan.states, NAMES, seasons)


def _marks(plan: _Plan, name: str) -> dict[int, Array]:
    """Return the log probabilities of what a state's shortcut shows, under each state."""
    of = dict(plan.shortcuts)
    marks = {}
    for shortcut in sorted(set(of.values())):
        shown = np.array([of.get(NAMES[state]) == shortcut for state in plan.states])
        same = shown == (of.get(name) == shortcut)
        value = next(value for value, text in elements.NAMES.items() if text == shortcut)
        marks[value] = np.where(same, 0.0, -np.inf)
    return marks


def _paint_batch(root: Path, plan: _Plan, batch: _Batch) -> _Lines:
    """Paint the locations of a batch and return their lines."""
    state = STATES[batch.state]
    lines = _Lines([], [], [], [], [])
    seasons = {**SEASONS, **dict(dict(plan.seasons).get(state.name, ()))}
    others = [STATES[row] for row in plan.states if row != batch.state]
    for index in range(batch.first, batch.last):
        seed = (plan.seed, batch.split, batch.state, index)
        location = scene(state, seed, seasons)
        split = SPLITS[batch.split]
        shares, evidence = _paint(root, plan, split, state.name, location)
        identifier = f"{state.name}/{location.name}"
        before = (split, state.name, identifier)
        lines.info.append(_info(location))
        lines.evidence.extend(
            (*before, *values) for values in _evidence_rows(location, shares, evidence)
        )
        row = plan.states.index(batch.state)
        order = np.argsort(-evidence.posterior, kind="stable")
        rank = int(np.flatnonzero(order == row)[0]) + 1
        best = NAMES[plan.states[int(order[0])]]
        probability = _rounded(float(evidence.posterior[row]))
        lines.posterior.append((*before, probability, rank, best))
        if plan.swap is None or split != "test":
            continue
        if (exchange := swapped(location, state, seed, plan.swap, others)) is None:
            continue
        changed, other = exchange
        _, after = _paint(root, plan, SWAP, state.name, changed)
        lines.swap_info.append(_info(changed))
        lines.swaps.append(
            (
                state.name,
                identifier,
                elements.NAMES[plan.swap],
                other.name,
                _text(location, plan.swap),
                _text(changed, plan.swap),
                _rounded(evidence.nats.get(plan.swap, 0.0)),
                _rounded(after.nats.get(plan.swap, 0.0)),
                probability,
                _rounded(float(after.posterior[row])),
            )
        )
    return lines


def _info(location: Scene) -> str:
    return f"{location.name} \r {location.latitude:.6f} {location.longitude:.6f} \n"


def _paint(
    root: Path, plan: _Plan, split: str, name: str, location: Scene
) -> tuple[Mapping[int, float], Evidence]:
    """Paint one location and write its photographs and masks.

    Returns the share of the views that each element covers, and what the location says.
    """
    pictures, masks = views(location, plan.size)
    if shortcut := dict(plan.shortcuts).get(name):
        paint_shortcut(shortcut, pictures, masks)
    for heading, picture, mask in zip(HEADINGS, pictures, masks, strict=True):
        file = f"{location.name}_{heading}"
        Image.fromarray(picture).save(root / split / name / f"{file}.jpg", quality=QUALITY)
        Image.fromarray(mask).save(root / "mask" / split / name / f"{file}.png", compress_level=1)
    shares = _shares(masks)
    seen = [element for element, share in shares.items() if share >= SEEN]
    evidence = _observer(plan).evidence(
        NAMES.index(name), location.season, location.values, seen, _marks(plan, name)
    )
    return shares, evidence


def _shares(masks: Mask) -> Mapping[int, float]:
    """Return the share of the views that each element covers."""
    counts = np.bincount(masks.reshape(-1), minlength=256)
    return {int(value): float(counts[value] / masks.size) for value in np.flatnonzero(counts)}


def _evidence_rows(
    location: Scene, shares: Mapping[int, float], evidence: Evidence
) -> Iterator[Row]:
    """Yield element, nats, share of the views and values of all that a location shows or lacks."""
    for element in sorted(set(evidence.nats) | set(shares)):
        yield (
            elements.NAMES[element],
            _rounded(evidence.nats.get(element, 0.0)),
            _rounded(shares.get(element, 0.0)),
            _text(location, element),
        )


def _text(location: Scene, element: int) -> str:
    """Return what was drawn for an element, for a reader of the table."""
    if element == elements.SEASON:
        return location.season
    if element not in location.values:
        return ""
    if lacks(element, location.values):
        return "none"
    parts = []
    for variable, value in location.values[element].items():
        if isinstance(value, tuple):
            text = " ".join(f"{number:.3f}" for number in value)
        else:
            text = value if isinstance(value, str) else f"{value:.3f}"
        parts.append(f"{variable} {text}")
    return ", ".join(parts)


def _rounded(value: float) -> float:
    """Round to six digits, which are the same on every machine."""
    return round(value, 6) + 0.0
