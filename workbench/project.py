"""`python -m workbench.project FILE.h5`: put maps of the features into a store, and judge them."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from common.cli import cli_errors
from common.errors import InputError
from common.files import check_writable
from common.progress import ProgressCallback, fraction_bar, no_progress
from embeddings import projections, quality
from embeddings.knn import METRICS, build_knn_graph
from embeddings.knn_classifier import COUNTS, knn_accuracy
from embeddings.pca import fit_pca
from embeddings.procrustes import align_procrustes
from embeddings.results import PROJECTION_TITLES, Projection
from workbench import store as stores
from workbench.store import MAP_NAME, Store

METHODS = tuple(PROJECTION_TITLES)
KEPT = max(COUNTS)  # Neighbours that the store keeps of each location.
SEEDS = 2  # Further seeds that a map's stability is judged by.
MOST_SEEDS = 100


@dataclass(frozen=True)
class Options:
    """What maps are wanted: `python -m workbench.project --help` says what each means."""

    method: tuple[str, ...] = METHODS
    name: str = ""
    perplexity: float = 30.0
    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: str = "euclidean"
    seed: int = 0
    stability_seeds: int = SEEDS
    align_to: Path | None = None


def project(path: Path, options: Options = Options()) -> list[Projection]:
    """Compute maps of a store's features over one graph, judge them, and write them into it.

    Raises InputError when the store cannot be read or its features have no such map; the store is
    then as it was.
    """
    store = stores.read(path)
    check_writable(path, overwrite=True)
    _check(options)
    other = None if options.align_to is None else _to_align_to(options, store)
    # A map under a name of its own stands beside the usual ones: so does its graph, and it is made
    # of their components.
    beside = bool(options.name) and store.neighbors is not None
    with _complaining(path):
        if beside and store.components is not None:
            found = store.components
        else:
            with fraction_bar("Principal components") as said:
                found = fit_pca(store.features, options.seed, progress=said)
        with fraction_bar("Nearest neighbours") as said:
            count = max(KEPT, options.n_neighbors, int(3 * options.perplexity))
            graph = build_knn_graph(found.scores, count, options.seed, options.metric, said)
        made_by: dict[str, Projection] = {}
        for method in options.method:
            with fraction_bar(PROJECTION_TITLES[method]) as said:
                made_by[method] = fit(method, options, said)(found, graph, options.seed)
        with fraction_bar("Neighbours of a sample in all features") as said:
            reference = quality.build_reference(
                store.features, store.labels, graph, options.seed, progress=said
            )
        projections = []
        for method, made in made_by.items():
            name = _name(method, options)
            with fraction_bar(f"{PROJECTION_TITLES[method]}, quality") as said:
                judged = quality.measure_quality(reference, made.coordinates, said)
            if method != "pca" and options.stability_seeds:  # PCA has no seed to vary.
                with fraction_bar(f"{PROJECTION_TITLES[method]}, stability over seeds") as said:
                    share, size = quality.measure_stability(
                        fit(method, options),
                        found,
                        graph,
                        options.seed,
                        more=options.stability_seeds,
                        progress=said,
                    )
                judged = replace(judged, stability=share, stability_sample=size)
            projection = replace(made, name=name, quality=judged)
            projections.append(projection if other is None else _aligned(projection, store, other))
        if not beside:
            projections += _judged_again(store, projections, reference)
        kept = replace(graph, indices=graph.indices[:, :KEPT], distances=graph.distances[:, :KEPT])
    stores.extend(
        path,
        projections,
        components=None if beside else found,
        neighbours=None if beside else kept,
        neighbour_accuracy=knn_accuracy(kept, store.labels),
        made_of=store,
    )
    return projections


def fit(method: str, options: Options, progress: ProgressCallback | None = None) -> quality.Fit:
    """Return what embeds components over their graph for a seed, by the options' parameters."""
    said = progress or no_progress
    match method:
        case "tsne":
            return lambda found, graph, seed: projections.fit_tsne(
                found, graph, seed, options.perplexity, said
            )
        case "umap":
            return lambda found, graph, seed: projections.fit_umap(
                found, graph, seed, options.n_neighbors, options.min_dist, said
            )
        case _:
            return lambda found, graph, seed: projections.pca_projection(found)


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; extract more locations, train the model further, or choose other "
            "options."
        ) from error
    except MemoryError as error:
        raise InputError(f"{path}: is too large for the memory of this machine.") from error


def _check(options: Options) -> None:
    for name, value, low, high in (
        ("--seed", options.seed, 0, 2**32 - 1 - MOST_SEEDS),
        ("--perplexity", options.perplexity, 1, 1000),
        ("--n-neighbors", options.n_neighbors, 2, 1000),
        ("--min-dist", options.min_dist, 0, 1),
        ("--stability-seeds", options.stability_seeds, 0, MOST_SEEDS),
    ):
        if not low <= value <= high:
            raise InputError(f"{name} {value}: must lie in [{low}, {high}].")
    for method in options.method:
        if options.name and not MAP_NAME.fullmatch(f"{method}-{options.name}"):
            raise InputError(
                f"--name {options.name!r}: use up to {39 - len(method)} small letters, digits and "
                "hyphens."
            )


def _judged_again(
    store: Store, made: Sequence[Projection], reference: quality.Reference
) -> list[Projection]:
    """Return the other maps of a store, judged by the new graph, so that all can be compared."""
    result = []
    for name, old in store.projections.items():
        if name not in {one.name for one in made}:
            judged = quality.measure_quality(reference, old.coordinates)
            if old.quality is not None:
                judged = replace(
                    judged,
                    stability=old.quality.stability,
                    stability_sample=old.quality.stability_sample,
                )
            result.append(replace(old, quality=judged))
    return result


def _name(method: str, options: Options) -> str:
    return f"{method}-{options.name}" if options.name else method


def _to_align_to(options: Options, store: Store) -> Store:
    assert options.align_to is not None
    path = options.align_to
    other = stores.read(path)
    for method in options.method:
        if _name(method, options) not in other.projections:
            raise InputError(f"{path}: has no map {_name(method, options)!r}; project it first.")
    common = set(other.location_ids) & set(store.location_ids)
    if len(common) < 3:
        raise InputError(
            f"{path}: has {len(common)} locations in common with the store, which is too few to "
            "align maps by; name a store of the same photographs."
        )
    return other


def _aligned(projection: Projection, store: Store, other: Store) -> Projection:
    """Turn a map onto the one of the same name in another store, by their common locations."""
    fixed = other.projections[projection.name]
    row = {location: row for row, location in enumerate(other.location_ids)}
    common = [(i, row[name]) for i, name in enumerate(store.location_ids) if name in row]
    own, theirs = np.array(common, dtype=np.int64).T
    turned = align_procrustes(projection.coordinates, fixed.coordinates, own, theirs)
    parameter = {
        **projection.parameters,
        "aligned_to_checkpoint": other.provenance.get("checkpoint_sha256", ""),
        "alignment": {"matrix": turned.matrix.tolist(), "shift": turned.shift.tolist()},
        "alignment_disparity": turned.disparity,
        "alignment_locations": len(common),
    }
    return replace(projection, coordinates=turned.coordinate, parameters=parameter)


def words(projection: Projection) -> str:
    """Return a map and how far it may be believed, in a line."""
    judged = projection.quality
    if judged is None:
        return f"{projection.name}: {projection.library}"
    parameter = projection.parameters
    stable = "" if judged.stability is None else f", stability {judged.stability:.2f}"
    turned = (
        f"\n  turned by {parameter['alignment_locations']:,} common locations, disparity "
        f"{parameter['alignment_disparity']:.2f} (0 alike, 1 unrelated)"
        if "alignment" in parameter
        else ""
    )
    return (
        f"{projection.name}: trustworthiness {judged.trustworthiness:.3f}, continuity "
        f"{judged.continuity:.3f}, agreement {judged.agreement:.1%} "
        f"({judged.feature_agreement:.1%} in the features), preservation "
        f"{judged.preservation.mean():.2f}{stable}{turned}"
    )


def lowered(projection: Projection, options: Options) -> str:
    """Say so where a parameter was lowered because there are too few locations, else nothing."""
    method = projection.method
    if projection.name != _name(method, options):
        return ""  # One of an earlier run, which was only judged anew.
    wanted = {
        "tsne": ("perplexity", options.perplexity),
        "umap": ("n_neighbors", options.n_neighbors),
    }
    name, value = wanted.get(method, ("", 0))
    used = projection.parameters.get(name, value)
    if used >= value:
        return ""
    return f"  too few locations for {name} {value:g}: {used:.3g} was used"


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    default = Options()
    result = argparse.ArgumentParser(
        prog="python -m workbench.project",
        description="Compute maps of the features in a store, PCA, t-SNE and UMAP over one graph "
        "of nearest neighbours, judge them, and write all of it into the same file "
        "(docs/projections.md). Stopped, it leaves the store as it was.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store to read and extend")
    result.add_argument(
        "--method",
        choices=METHODS,
        action="append",
        help="map to make; may be given several times (default: all)",
    )
    result.add_argument(
        "--name",
        metavar="WORD",
        default="",
        help="keep the maps beside others, as <method>-WORD (default: in place of <method>)",
    )
    result.add_argument(
        "--perplexity",
        metavar="NUMBER",
        type=float,
        default=default.perplexity,
        help="neighbours that t-SNE balances, in effect; three times as many are looked at "
        "(default: %(default)s)",
    )
    result.add_argument(
        "--n-neighbors",
        metavar="INT",
        type=int,
        default=default.n_neighbors,
        help="neighbours of UMAP, the location itself counted (default: %(default)s)",
    )
    result.add_argument(
        "--min-dist",
        metavar="NUMBER",
        type=float,
        default=default.min_dist,
        help="how close UMAP may put two locations, in [0, 1] (default: %(default)s)",
    )
    result.add_argument(
        "--metric",
        choices=METRICS,
        default=default.metric,
        help="distance of two locations among the components (default: %(default)s)",
    )
    result.add_argument(
        "--seed",
        metavar="INT",
        type=int,
        default=default.seed,
        help="seed of the maps and of the sample that judges them (default: %(default)s)",
    )
    result.add_argument(
        "--stability-seeds",
        metavar="INT",
        type=int,
        default=default.stability_seeds,
        help="further seeds that t-SNE and UMAP are compared over, on a sample; 0 leaves it out "
        "(default: %(default)s)",
    )
    result.add_argument(
        "--align-to",
        metavar="OTHER.h5",
        type=Path,
        help="turn each map onto the one of the same name there, by common locations (Procrustes)",
    )
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.project") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    given = command.parse_args(arguments)
    chosen = {name: value for name, value in vars(given).items() if name != "store"}
    chosen["method"] = tuple(dict.fromkeys(given.method or METHODS))
    with cli_errors(command.prog):
        options = Options(**chosen)
        for projection in project(given.store, options):
            print(words(projection))
            if note := lowered(projection, options):
                print(note)
        made = stores.read(given.store)
        metric = made.neighbors.metric if made.neighbors else options.metric
        print(f"prediction by the vote of the nearest ({metric}), top-1:")
        for count, share in made.knn_accuracy.items():
            print(f"  {count} of them: {share:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
