"""An evaluation, ours and as in a notebook: `python -m benchmarks.evaluation`.

Ours is the command `resnetbolt evaluate` with everything: two stores of 25,000 locations and 50
classes, and the folder of 125,000 training locations. The photographs are empty files, because
their hashes and sums come from the index of `resnetbolt prepare`, which the benchmark writes too;
making them takes minutes. Hashes have bits that agree with their neighbours, as those of
photographs do.

The notebook's way computes the numbers that take long with scikit-learn and scipy, one after the
other: areas under ROC curves of bootstrap resamples by roc_auc_score, the nearest training location
by BallTree, nearly identical photographs by comparing all pairs, the calibration error and its
bootstrap. Where all of it would take hours, a part is timed and scaled; the table says which.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import BallTree

from benchmarks.common import seconds
from trainer.data.layout import index_folder
from trainer.data.prepare import database
from trainer.data.prepare.photograph_index import index_file
from trainer.data.prepare.scan import PhotographRecord
from workbench import store as stores
from workbench.evaluation import bootstrap, calibration
from workbench.evaluation.__main__ import main as evaluate
from workbench.evaluation.bootstrap import resampled_areas
from workbench.evaluation.census import STATES
from workbench.evaluation.columns import unit_vectors
from workbench.evaluation.metrics import probabilities
from workbench.evaluation.split import nearest_kilometers
from workbench.store import Store

Labels = NDArray[np.int64]
HEADINGS = (0, 90, 180, 270)
CLASSES = [name for name in STATES if name != "District of Columbia"]
LEAKED = 0.05
"""Share of the test locations of which the training has a photograph."""
WIDTH = 256


def hashes(count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return difference hashes (count, 32) whose bits agree with their neighbours."""
    result = []
    for first in range(0, count, 10_000):
        field = random.normal(size=(min(10_000, count - first), 16, 17)).astype(np.float32)
        field = gaussian_filter(field, (0, 1.5, 1.5))
        result.append(np.packbits((field[..., 1:] > field[..., :-1]).reshape(-1, 256), axis=1))
    return np.concatenate(result)


def places(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return degrees (count, 2), class by class around a centre of each."""
    centers = np.random.default_rng(1).uniform([30, -120], [48, -72], (len(CLASSES), 2))
    return np.repeat(centers, count // len(CLASSES), axis=0) + random.normal(size=(count, 2))


def write_folder(
    root: Path,
    count: int,
    degrees: NDArray[np.float64],
    difference: NDArray[np.uint8],
    random: np.random.Generator,
) -> None:
    """Write empty photographs, info.txt, and the index that says what they show."""
    each = count // len(CLASSES)
    for number, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        lines = []
        for row in range(number * each, (number + 1) * each):
            location = f"{2007 + row % 12}_{root.name}{row:07d}"
            for heading in HEADINGS:
                (root / name / f"{location}_{heading}.jpg").touch()
            lines.append(f"{location} \r {degrees[row, 0]:.6f} {degrees[row, 1]:.6f} \n")
        (root / name / "info.txt").write_text("".join(lines), newline="")
    sums = random.integers(WIDTH**2 * 80, WIDTH**2 * 140, (4 * count, 3)).tolist()
    records = []
    for number, item in enumerate(index_folder(root).locations):
        for view, path in enumerate(item.images):
            status = (root / path).stat()
            row = 4 * number + view
            records.append(
                PhotographRecord(
                    path,
                    status.st_size,
                    status.st_mtime_ns,
                    WIDTH,
                    WIDTH,
                    sha256=random.bytes(32),
                    difference_hash=difference[row].tobytes(),
                    channel_sums=tuple(sums[row]),
                )
            )
    with database.open_database(index_file(root.parent, root)) as connection:
        database.insert(connection, records)


def write_store(path: Path, data: Path, logits: NDArray[np.float32], labels: Labels) -> Store:
    locations = index_folder(data).locations
    store = Store(
        class_names=tuple(sorted(CLASSES)),
        location_ids=tuple(item.id for item in locations),
        labels=labels,
        latitudes=np.array([item.latitude for item in locations]),
        longitudes=np.array([item.longitude for item in locations]),
        image_paths=np.array([item.images for item in locations]),
        logits=logits,
        features=logits,
        provenance={"data": str(data)},
    )
    stores.write(path, store)
    return store


def parts(
    store: Store,
    second: NDArray[np.float32],
    training: NDArray[np.float64],
    here: NDArray[np.uint8],
    there: NDArray[np.uint8],
) -> dict[str, tuple[Callable[[], object], Callable[[], object], float]]:
    """Return what is timed: ours, the notebook's way, and how often the latter's part is in all."""
    from trainer.data.prepare.duplicates import has_near

    labels, degrees = store.labels, np.stack([store.latitudes, store.longitudes], axis=1)
    scores = probabilities(store.logits), probabilities(second)
    random = np.random.default_rng(2)
    resamples, queries = 2, 100

    def plain_areas() -> None:
        for _ in range(resamples):
            rows = random.integers(0, len(labels), len(labels))
            for one in scores:
                roc_auc_score(labels[rows], one[rows], multi_class="ovr")

    def plain_near() -> None:
        bits = np.unpackbits(there, axis=1)
        for row in np.unpackbits(here[:queries], axis=1):
            ((row != bits).sum(axis=1) <= 16).any()

    def plain_nearest() -> None:
        tree = BallTree(np.radians(training), metric="haversine")
        tree.query(np.radians(degrees))

    def plain_calibration() -> None:
        confidence, correct = scores[0].max(axis=1), scores[0].argmax(axis=1) == labels
        for _ in range(calibration.N_RESAMPLES):
            rows = random.integers(0, len(labels), len(labels))
            for part in np.array_split(np.argsort(confidence[rows]), calibration.N_BINS):
                abs(confidence[rows][part].mean() - correct[rows][part].mean())

    return {
        f"{bootstrap.N_RESAMPLES:,} resampled macro AUC of two models": (
            lambda: resampled_areas(labels, scores),
            plain_areas,
            bootstrap.N_RESAMPLES / resamples,
        ),
        "nearly identical photographs": (
            lambda: has_near(here, there),
            plain_near,
            len(here) / queries,
        ),
        "nearest training location": (
            lambda: nearest_kilometers(unit_vectors(*degrees.T), unit_vectors(*training.T)),
            plain_nearest,
            1,
        ),
        "calibration error and its bootstrap": (
            lambda: calibration.calibration(labels, store.logits),
            plain_calibration,
            1,
        ),
    }


def main(locations: int = 25_000, training: int = 125_000, folder: Path | None = None) -> None:
    """Evaluate so many locations with so many of the training; files are below `folder`."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        root = Path(temporary)
        degrees = places(locations, random), places(training, random)
        difference = hashes(4 * locations, random), hashes(4 * training, random)
        difference[0][: int(4 * LEAKED * locations)] = difference[1][: int(4 * LEAKED * locations)]
        for name, count, place, bits in zip(
            ("test", "train"), (locations, training), degrees, difference, strict=True
        ):
            print(f"writing {4 * count:,} empty photographs", flush=True)
            write_folder(root / name, count, place, bits, random)
        labels = np.repeat(np.arange(len(CLASSES)), locations // len(CLASSES))
        logits = random.normal(size=(locations, len(CLASSES))) + 2.5 * np.eye(len(CLASSES))[labels]
        second = logits + 0.5 * random.normal(size=logits.shape)
        store = write_store(root / "one.h5", root / "test", logits.astype(np.float32), labels)
        write_store(root / "two.h5", root / "test", second.astype(np.float32), labels)
        stores_ = [str(root / name) for name in ("one.h5", "two.h5")]
        options = ["--train-data", str(root / "train"), "--index-dir", str(root)]
        words = [*stores_, *options, "--out", str(root / "evaluation.json")]
        before = time.process_time()
        whole = seconds(lambda: evaluate(words))
        busy = time.process_time() - before
        print(f"the command with everything: {whole:.1f} s, {busy:.1f} s of processor time")
        ours, plain = 0.0, 0.0
        timed = parts(store, second.astype(np.float32), degrees[1], *difference)
        for name, (our_way, plain_way, scale) in timed.items():
            mine, its = seconds(our_way), scale * seconds(plain_way)
            scaled = f" ({1 / scale:.2g} of it timed)" if scale > 1 else ""
            print(
                f"{name}: ours {mine:.2f} s, notebook {its:.1f} s{scaled}: {its / mine:.1f} times"
            )
            ours, plain = ours + mine, plain + its
        print(f"together: ours {ours:.1f} s, notebook {plain:.0f} s: {plain / ours:.0f}x")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
