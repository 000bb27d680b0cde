"""`python -m workbench.project FILE.h5`: put maps of the features into a store, and judge them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors, parse
from common.errors import InputError
from common.files import check_writable
from common.progress import ProgressCallback, fraction_bar, no_progress
from common.validation import validate
from embeddings import projections, quality
from embeddings.knn import Metric, build_knn_graph
from embeddings.knn_classifier import COUNTS, knn_accuracy
from embeddings.pca import fit_pca
from embeddings.procrustes import align_procrustes
from embeddings.results import PROJECTION_TITLES, Projection
from workbench import store as stores
from workbench.store import MAP_NAME, Store

Method = Literal["pca", "tsne", "umap"]
METHODS: tuple[Method, ...] = get_args(Method)
KEPT = max(COUNTS)  # Neighbours that the store keeps of each location.
MOST_SEEDS = 100


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which projections to compute, and their parameters."""

    method: UseAppendAction[tuple[Method, ...]] = ()
    """projection to compute (default: all)"""
    name: Annotated[str, arg(metavar="WORD", help_behavior_hint="(default: replaces <method>)")] = (
        ""
    )
    """store the projections beside others, as <method>-WORD"""
    perplexity: Annotated[float, Field(ge=1, le=1000)] = 30.0
    """effective number of neighbours of t-SNE, which looks at three times as many"""
    n_neighbors: Annotated[int, Field(ge=2, le=1000)] = 15
    """neighbours of UMAP, the location itself included"""
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    """how close together UMAP may place two locations, 0 to 1"""
    metric: Metric = "euclidean"
    """distance between two locations in the principal components"""
    seed: Annotated[int, Field(ge=0, lt=2**32 - MOST_SEEDS)] = 0
    """random seed of the projections and of the sample that measures their quality"""
    stability_seeds: Annotated[int, Field(ge=0, le=MOST_SEEDS)] = 2
    """further seeds over which the stability of t-SNE and UMAP is measured; 0 omits it"""
    align_to: Annotated[
        Path | None, arg(metavar="OTHER.h5", help_behavior_hint="(default: none)")
    ] = None
    """store whose projections of the same name these are aligned to, by common locations"""

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods to compute, each once."""
        return tuple(dict.fromkeys(self.method)) or METHODS


@dataclass(frozen=True, kw_only=True)
class CommandOptions(Options):
    """Compute projections of the features in a store and measure their quality.

    PCA, t-SNE and UMAP share one graph of nearest neighbours. Everything is written into the same
    file (docs/projections.md); stopped, the command leaves the store as it was.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to read and extend"""


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
        made_by: dict[Method, Projection] = {}
        for method in options.methods:
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
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; extract more locations, train the model further, or choose other "
            "options."
        ) from error
    except MemoryError as error:
        raise InputError(f"{path}: is too large for the memory of this machine.") from error


def _check(options: Options) -> None:
    validate(options)
    for method in options.methods:
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
    for method in options.methods:
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


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.project") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(CommandOptions, arguments, prog)
        for projection in project(options.store, options):
            print(words(projection))
            if note := lowered(projection, options):
                print(note)
        store = stores.read(options.store)
        metric = store.neighbors.metric if store.neighbors else options.metric
        print(f"prediction by the vote of the nearest ({metric}), top-1:")
        for count, share in store.knn_accuracy.items():
            print(f"  {count} of them: {share:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
