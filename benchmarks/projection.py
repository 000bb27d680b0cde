"""Projections of features, ours and the libraries': `python -m benchmarks.projection`.

- ours: `embeddings` as `workbench.project` uses it: PCA, one graph of neighbours, t-SNE and UMAP
  over it, all seeded;
- libraries: scikit-learn's PCA to 50 components, scikit-learn's TSNE on them, and umap-learn's UMAP
  with its defaults on the raw features, which has no seed and so uses all cores.

It prints the seconds of every step, the totals and their ratio (aim: at least 5), and the
trustworthiness of every projection, by one function over one sample (aim: ours no lower). The cost
of UMAP's seed is shown by umap-learn on the components, with a seed, which keeps it on one core,
and without. Before anything is timed, both sides compile on few locations; that time is printed
separately. `--growth` prints our own steps for several numbers of locations (aim: 100,000 within
300 seconds) and the peak memory of the process.

The features are generated unless a store is passed: 50 classes, each a Gaussian in 64 dimensions
whose centre lies 4.8 from the origin on average, where a location lies 8 from its centre; those
are mixed at random into 2,048, with noise of 0.3 on each, shifted, and cut at zero, as ReLU leaves
features. About 60 % are then zero.
"""

import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import tyro
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from benchmarks.common import machine, seconds
from embeddings import projections, quality
from embeddings.knn import build_knn_graph
from embeddings.pca import N_COMPONENTS, fit_pca
from embeddings.results import NeighborGraph
from embeddings.row_batches import row_batches
from workbench import store as stores

CLASSES, LATENT, FEATURES = 50, 64, 2048
N_NEIGHBORS = 90  # Three times the perplexity of 30.
SEED = 0
# Locations to compile on; below 4,096 umap-learn does not build the index that it then uses.
WARM_UP = 4200

Features = NDArray[np.float32]
Labels = NDArray[np.integer]
Result = TypeVar("Result")


@dataclass
class Run:
    """The total of all steps in seconds, and the projections (N, 2)."""

    coordinates: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    total: float = 0.0

    def timed(self, step: str, function: Callable[[], Result]) -> Result:
        results: list[Result] = []
        duration = seconds(lambda: results.append(function()))
        self.total += duration
        print(f"  {step:42} {duration:8.1f} s", flush=True)
        return results[0]


def generated(n_locations: int) -> tuple[Features, Labels]:
    """Return features (N, 2048), class by class as in a store, and labels (N,)."""
    random = np.random.default_rng(SEED)
    centres = random.normal(scale=0.6, size=(CLASSES, LATENT))
    mixing = (random.normal(size=(LATENT, FEATURES)) / np.sqrt(LATENT)).astype(np.float32)
    shift = random.normal(-0.3, 0.3, size=FEATURES).astype(np.float32)
    labels = np.sort(np.arange(n_locations) % CLASSES)
    features = np.empty((n_locations, FEATURES), np.float32)
    for rows in row_batches(n_locations, 8192):
        latent = centres[labels[rows]] + random.normal(size=(rows.stop - rows.start, LATENT))
        noise = random.standard_normal(features[rows].shape, np.float32)
        features[rows] = latent.astype(np.float32) @ mixing + shift + 0.3 * noise
        np.maximum(features[rows], 0, out=features[rows])
    return features, labels


def ours(features: Features) -> tuple[Run, NeighborGraph]:
    run = Run()
    pca = run.timed("principal components", lambda: fit_pca(features, SEED))
    graph = run.timed("neighbours", lambda: build_knn_graph(pca.scores, N_NEIGHBORS, SEED))
    tsne = run.timed("t-SNE", lambda: projections.fit_tsne(pca, graph, SEED))
    umap = run.timed("UMAP", lambda: projections.fit_umap(pca, graph, SEED))
    run.coordinates = {"ours, t-SNE": tsne.coordinates, "ours, UMAP": umap.coordinates}
    return run, graph


def libraries(features: Features) -> tuple[Run, Features]:
    run = Run()
    pca = PCA(min(N_COMPONENTS, features.shape[1]), random_state=SEED)
    scores: Features = run.timed("scikit-learn PCA", lambda: pca.fit_transform(features))
    tsne = run.timed("scikit-learn TSNE", lambda: TSNE(random_state=SEED).fit_transform(scores))
    umap = run.timed("umap-learn, raw features", lambda: umap_learn(features, seeded=False))
    run.coordinates = {"scikit-learn TSNE": tsne, "umap-learn": umap}
    return run, scores


def umap_learn(features: Features, *, seeded: bool) -> NDArray[np.float32]:
    from umap import UMAP

    umap = UMAP(random_state=SEED, n_jobs=1) if seeded else UMAP()
    result: NDArray[np.float32] = umap.fit_transform(features)
    return result


def print_quality(features: Features, labels: Labels, graph: NeighborGraph, run: Run) -> None:
    """Print the quality of the projections of a run and how long it took to compute."""
    reference = run.timed(
        "neighbours of a sample in all features",
        lambda: quality.build_reference(features, labels, graph, SEED),
    )
    for name, coordinates in run.coordinates.items():
        result = run.timed(name, lambda: quality.measure_quality(reference, coordinates))  # noqa: B023
        print(
            f"    trustworthiness {result.trustworthiness:.4f}, continuity "
            f"{result.continuity:.4f}, neighbours kept {result.preservation.mean():.3f}, of the "
            f"same class {result.agreement:.3f} ({result.feature_agreement:.3f} in the features)"
        )


def warm_up() -> None:
    """Compile what both sides compile, and print its time, less that of a second run."""
    few = generated(WARM_UP)[0][:, :32].copy()
    pca = fit_pca(few, SEED)
    graph = build_knn_graph(pca.scores, N_NEIGHBORS, SEED)
    first, second = (seconds(lambda: projections.fit_umap(pca, graph, SEED)) for _ in range(2))
    print(f"compiling, once a process: {first - second:.1f} s for our UMAP, ", end="")
    first, second = (seconds(lambda: umap_learn(few, seeded=True)) for _ in range(2))
    print(f"{first - second:.1f} s more for umap-learn")
    umap_learn(few, seeded=False)


def side_by_side(features: Features, labels: Labels) -> None:
    print(f"\n{features.shape[0]:,} x {features.shape[1]:,} features\nours")
    our_run, graph = ours(features)
    print("libraries")
    peer, scores = libraries(features)
    print("the cost of UMAP's seed")
    cost = Run()
    cost.timed("umap-learn, components, seeded", lambda: umap_learn(scores, seeded=True))
    cost.timed("umap-learn, components, not seeded", lambda: umap_learn(scores, seeded=False))
    print("quality")
    print_quality(features, labels, graph, Run(our_run.coordinates | peer.coordinates))
    ratio = peer.total / our_run.total
    print(f"total: ours {our_run.total:.1f} s, libraries {peer.total:.1f} s, {ratio:.2f}x")


def growth(n_locations: int) -> None:
    features, labels = generated(n_locations)
    print(f"\n{n_locations:,} x {FEATURES:,} features, ours alone")
    run, graph = ours(features)
    print(f"  {'total':42} {run.total:8.1f} s")
    print_quality(features, labels, graph, run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  peak memory so far {peak:.1f} GiB, {features.nbytes / 2**30:.1f} of it features")


@dataclass(frozen=True)
class Options:
    store: Path | None = None
    """compare over the features of this store"""
    locations: tuple[int, ...] = (25_000,)
    """numbers of generated locations to compare over"""
    growth: tuple[int, ...] = ()
    """numbers of generated locations for ours alone, ascending"""


def main(options: Options) -> None:
    print(machine())
    warm_up()
    if options.store:
        store = stores.read(options.store)
        side_by_side(store.features[0 : len(store.features)], store.labels)
    else:
        for count in options.locations:
            side_by_side(*generated(count))
    for count in options.growth:
        growth(count)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
