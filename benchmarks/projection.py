"""Maps of features, ours and as usually made, in one run: `python -m benchmarks.projection`.

- ours: `embeddings` as `workbench.project` uses it: principal components, one graph of neighbours,
  t-SNE and UMAP over it, all seeded;
- usual: scikit-learn's PCA to 50 components, scikit-learn's TSNE on them, and umap-learn's UMAP
  with its defaults on the raw features, which has no seed and so uses all cores.

It prints every part's seconds, the totals and their ratio (aim: at least 5), and the
trustworthiness of every map, by one function over one sample (aim: ours no lower). What a seed
costs UMAP is shown by umap-learn on the components, with a seed, which keeps it on one core, and
without. Before anything is timed, both sides compile on few locations; that is printed apart.
`--growth` prints our own parts for several numbers of locations (aim: 100,000 within 300 seconds)
and the most memory that the process ever held.

The features are generated unless a store gives them: 50 classes, each a Gaussian in 64 dimensions
whose centre lies 4.8 from the origin on average, where a location lies 8 from its centre; those
are mixed at random into 2,048, with noise of 0.3 on each, shifted, and cut at zero, as ReLU leaves
features. About 60 % are then zero.
"""

import argparse
import platform
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import cpu_count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from embeddings import projections, quality
from embeddings.knn import build_knn_graph
from embeddings.pca import N_COMPONENTS, fit_pca
from embeddings.results import NeighborGraph
from embeddings.row_batches import row_batches
from workbench import store as stores

CLASSES, LATENT, FEATURES = 50, 64, 2048
GRAPH = 90  # Neighbours: three times the perplexity of 30.
SEED = 0
# Locations to compile on; below 4,096 umap-learn does not build the index that it then uses.
WARM_UP = 4200

Feature = NDArray[np.float32]
Label = NDArray[np.integer]
Result = TypeVar("Result")


@dataclass
class Run:
    """The seconds of each part, and the maps (N, 2)."""

    second: dict[str, float] = field(default_factory=dict)
    coordinate: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def timed(self, part: str, function: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = function()
        self.second[part] = time.perf_counter() - started
        print(f"  {part:42} {self.second[part]:8.1f} s", flush=True)
        return result

    @property
    def total(self) -> float:
        return sum(self.second.values())


def generated(locations: int) -> tuple[Feature, Label]:
    """Return features (N, 2048), class by class as in a store, and labels (N,)."""
    random = np.random.default_rng(SEED)
    centre = random.normal(scale=0.6, size=(CLASSES, LATENT))
    mixing = (random.normal(size=(LATENT, FEATURES)) / np.sqrt(LATENT)).astype(np.float32)
    shift = random.normal(-0.3, 0.3, size=FEATURES).astype(np.float32)
    label = np.sort(np.arange(locations) % CLASSES)
    feature = np.empty((locations, FEATURES), np.float32)
    for rows in row_batches(locations, 8192):
        latent = centre[label[rows]] + random.normal(size=(rows.stop - rows.start, LATENT))
        noise = random.standard_normal(feature[rows].shape, np.float32)
        feature[rows] = latent.astype(np.float32) @ mixing + shift + 0.3 * noise
        np.maximum(feature[rows], 0, out=feature[rows])
    return feature, label


def ours(feature: Feature) -> tuple[Run, NeighborGraph]:
    run = Run()
    found = run.timed("principal components", lambda: fit_pca(feature, SEED))
    graph = run.timed("neighbours", lambda: build_knn_graph(found.scores, GRAPH, SEED))
    for method, fit in (("t-SNE", projections.fit_tsne), ("UMAP", projections.fit_umap)):
        made = run.timed(method, lambda fit=fit: fit(found, graph, SEED))  # type: ignore[misc]
        run.coordinate[f"ours, {method}"] = made.coordinates
    return run, graph


def usual(feature: Feature) -> tuple[Run, Feature]:
    run = Run()
    few = min(N_COMPONENTS, feature.shape[1])
    score: Feature = run.timed(
        "scikit-learn PCA", lambda: PCA(few, random_state=SEED).fit_transform(feature)
    )
    run.coordinate["scikit-learn TSNE"] = run.timed(
        "scikit-learn TSNE", lambda: TSNE(random_state=SEED).fit_transform(score)
    )
    run.coordinate["umap-learn"] = run.timed(
        "umap-learn, raw features", lambda: umap_learn(feature, seeded=False)
    )
    return run, score


def umap_learn(feature: Feature, *, seeded: bool) -> NDArray[np.float32]:
    from umap import UMAP

    seed: Mapping[str, Any] = {"random_state": SEED, "n_jobs": 1} if seeded else {}
    result: NDArray[np.float32] = UMAP(**seed).fit_transform(feature)
    return result


def judged(feature: Feature, label: Label, graph: NeighborGraph, run: Run) -> None:
    """Print the quality of the maps of a run and how long it took to find."""
    started = time.perf_counter()
    held = quality.build_reference(feature, label, graph, SEED)
    print(f"  {'neighbours of a sample in all features':42} {time.perf_counter() - started:8.1f} s")
    for name, coordinate in run.coordinate.items():
        started = time.perf_counter()
        found = quality.measure_quality(held, coordinate)
        print(
            f"  {name:42} {time.perf_counter() - started:8.1f} s   trustworthiness "
            f"{found.trustworthiness:.4f}, continuity {found.continuity:.4f}, agreement "
            f"{found.agreement:.3f} (features {found.feature_agreement:.3f}), preservation "
            f"{found.preservation.mean():.3f}"
        )


def warm_up() -> None:
    """Compile what both sides compile, and say what that costs, the second run taken off."""
    few = generated(WARM_UP)[0][:, :32].copy()
    found = fit_pca(few, SEED)
    graph = build_knn_graph(found.scores, GRAPH, SEED)
    cold = [seconds(lambda: projections.fit_umap(found, graph, SEED)) for _ in range(2)]
    print(f"compiling, once a process: {cold[0] - cold[1]:.1f} s for our UMAP, ", end="")
    cold = [seconds(lambda: umap_learn(few, seeded=True)) for _ in range(2)]
    print(f"{cold[0] - cold[1]:.1f} s more for umap-learn")
    umap_learn(few, seeded=False)


def seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def side_by_side(feature: Feature, label: Label) -> None:
    print(f"\n{feature.shape[0]:,} x {feature.shape[1]:,} features\nours")
    mine, graph = ours(feature)
    print("usual")
    peer, score = usual(feature)
    print("what a seed costs UMAP")
    cost = Run()
    cost.timed("umap-learn, components, seeded", lambda: umap_learn(score, seeded=True))
    cost.timed("umap-learn, components, not seeded", lambda: umap_learn(score, seeded=False))
    print("quality")
    judged(feature, label, graph, Run(coordinate={**mine.coordinate, **peer.coordinate}))
    print(
        f"in all: ours {mine.total:.1f} s, usual {peer.total:.1f} s, {peer.total / mine.total:.2f}x"
    )


def growth(locations: int) -> None:
    feature, label = generated(locations)
    print(f"\n{locations:,} x {FEATURES:,} features, ours alone")
    run, graph = ours(feature)
    print(f"  {'in all':42} {run.total:8.1f} s")
    judged(feature, label, graph, run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  most memory so far {peak:.1f} GiB, {feature.nbytes / 2**30:.1f} of them features")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--locations", type=int, nargs="*", default=[25_000], help="side by side (default 25000)"
    )
    result.add_argument("--growth", type=int, nargs="*", default=[], help="ours alone, rising")
    result.add_argument("--store", type=Path, help="side by side over the features of this store")
    return result


def main() -> None:
    options = parser().parse_args()
    print(f"{cpu_count()} cores, {platform.machine()}")
    warm_up()
    if options.store:
        store = stores.read(options.store)
        side_by_side(store.features[0 : len(store.features)], store.labels)
    else:
        for locations in options.locations:
            side_by_side(*generated(locations))
    for locations in options.growth:
        growth(locations)


if __name__ == "__main__":
    main()
