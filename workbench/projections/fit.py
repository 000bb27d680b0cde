"""Fit projections of a store's features, measure their quality, and write them into the store."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common.earlier_result import Request, differences, print_finished
from common.errors import InputError
from common.files import check_writable
from common.progress import ProgressCallback, fraction_bar, no_progress
from common.validation import validate
from embeddings.knn import build_knn_graph
from embeddings.knn_classifier import N_NEIGHBORS, knn_accuracy
from embeddings.pca import fit_pca
from embeddings.procrustes import align_procrustes
from embeddings.projections import fit_tsne, fit_umap, pca_projection
from embeddings.quality import (
    Fit,
    QualityReference,
    build_reference,
    measure_quality,
    measure_stability,
)
from embeddings.results import (
    PROJECTION_TITLES,
    NeighborGraph,
    PrincipalComponents,
    Projection,
)
from workbench import store as stores
from workbench.projections.options import FitOptions
from workbench.store import MAP_NAME, Store
from workbench.store.fingerprint import content_sha256

STORED_NEIGHBORS = max(N_NEIGHBORS)


def fit_projections(
    path: Path,
    options: FitOptions = FitOptions(),  # noqa: B008  It is frozen.
) -> list[Projection]:
    """Fit projections over one neighbour graph and write them into the store at `path`.

    Projections of the same request that the store has already stay as they are. Returns them with
    their quality, and the other projections of the store, whose quality is measured again by the
    new graph. Projections under a name of their own are added beside the usual ones: they use the
    stored components, and the stored graph stays. Raises InputError when the store cannot be read
    or its features cannot be projected; the store is unchanged then.
    """
    store = stores.read(path)
    check_writable(path, overwrite=True)
    _check_options(options)
    target = _alignment_target(options, store)
    keep_graph = bool(options.name) and store.neighbors is not None
    requests = {
        options.projection_name(method): _request(method, options, target)
        for method in options.methods
    }
    if (keep_graph or _has_graph(store, options)) and all(
        name in store.projections and _answers(store.projections[name], request)
        for name, request in requests.items()
    ):
        print_finished(path)
        return [store.projections[name] for name in requests] + [
            projection
            for name, projection in store.projections.items()
            if name not in requests and not keep_graph
        ]
    with _input_errors(path):
        if keep_graph and store.components is not None:
            components = store.components
        else:
            with fraction_bar("Principal components") as progress:
                components = fit_pca(store.features, options.seed, progress=progress)
        with fraction_bar("Nearest neighbours") as progress:
            n_neighbors = max(STORED_NEIGHBORS, options.n_neighbors, int(3 * options.perplexity))
            graph = build_knn_graph(
                components.scores, n_neighbors, options.seed, options.metric, progress
            )
        projections = []
        for method in options.methods:
            with fraction_bar(PROJECTION_TITLES[method]) as progress:
                fit = _fit_function(method, options, progress)
                projections.append(fit(components, graph, options.seed))
        with fraction_bar("Neighbours of a sample in all features") as progress:
            reference = build_reference(
                store.features, store.labels, graph, options.seed, progress=progress
            )
        projections = [
            _measure(projection, reference, components, graph, options)
            for projection in projections
        ]
        if target:
            projections = [_align(projection, store, target) for projection in projections]
        projections = [
            replace(item, parameters={**item.parameters, "request": requests[item.name]})
            for item in projections
        ]
        if not keep_graph:
            projections += _remeasure(store, projections, reference)
    graph = replace(
        graph,
        indices=graph.indices[:, :STORED_NEIGHBORS],
        distances=graph.distances[:, :STORED_NEIGHBORS],
    )
    stores.extend(
        path,
        projections,
        components=None if keep_graph else components,
        neighbors=None if keep_graph else graph,
        knn_accuracy=knn_accuracy(graph, store.labels),
        expected=store,
    )
    return projections


def _request(method: str, options: FitOptions, target: Store | None) -> dict[str, Any]:
    """Return what a projection and its quality depend on, besides the features."""
    parameters: dict[str, tuple[str, ...]] = {
        "tsne": ("perplexity", "stability_seeds"),
        "umap": ("n_neighbors", "min_dist", "stability_seeds"),
    }
    return {
        "metric": options.metric,
        "seed": options.seed,
        "align_to": content_sha256(target) if target else "",
        **{name: getattr(options, name) for name in parameters.get(method, ())},
    }


def _answers(projection: Projection, request: Request) -> bool:
    recorded = projection.parameters.get("request")
    return isinstance(recorded, dict) and not differences(recorded, request)


def _has_graph(store: Store, options: FitOptions) -> bool:
    """Return whether the store's graph, which all qualities were measured by, is of the options."""
    graph = store.neighbors
    return graph is not None and (graph.metric, graph.seed) == (options.metric, options.seed)


def _check_options(options: FitOptions) -> None:
    validate(options)
    for method in options.methods:
        if options.name and not MAP_NAME.fullmatch(options.projection_name(method)):
            raise InputError(
                f"--name {options.name!r}: use up to {39 - len(method)} lower-case letters, digits "
                "and hyphens."
            )


def _fit_function(
    method: str, options: FitOptions, progress: ProgressCallback = no_progress
) -> Fit:
    """Return the function that fits a method with the options."""
    match method:
        case "tsne":
            return lambda components, graph, seed: fit_tsne(
                components, graph, seed, options.perplexity, progress
            )
        case "umap":
            return lambda components, graph, seed: fit_umap(
                components, graph, seed, options.n_neighbors, options.min_dist, progress
            )
        case _:
            return lambda components, graph, seed: pca_projection(components)


def _measure(
    projection: Projection,
    reference: QualityReference,
    components: PrincipalComponents,
    graph: NeighborGraph,
    options: FitOptions,
) -> Projection:
    """Return a projection under its name in the store, with its quality."""
    title = PROJECTION_TITLES[projection.method]
    with fraction_bar(f"{title}, quality") as progress:
        quality = measure_quality(reference, projection.coordinates, progress)
    if projection.method != "pca" and options.stability_seeds:  # PCA does not depend on the seed.
        with fraction_bar(f"{title}, stability over seeds") as progress:
            stability, sample = measure_stability(
                _fit_function(projection.method, options),
                components,
                graph,
                options.seed,
                n_seeds=options.stability_seeds,
                progress=progress,
            )
        quality = replace(quality, stability=stability, stability_sample=sample)
    name = options.projection_name(projection.method)
    return replace(projection, name=name, quality=quality)


def _remeasure(
    store: Store, projections: Sequence[Projection], reference: QualityReference
) -> list[Projection]:
    """Return the store's other projections, measured by the new graph, so that all compare."""
    names = {projection.name for projection in projections}
    result = []
    for projection in store.projections.values():
        if projection.name not in names:
            quality = measure_quality(reference, projection.coordinates)
            if old := projection.quality:
                quality = replace(
                    quality, stability=old.stability, stability_sample=old.stability_sample
                )
            result.append(replace(projection, quality=quality))
    return result


def _alignment_target(options: FitOptions, store: Store) -> Store | None:
    """Return the store of `--align-to`; raises InputError if it cannot be aligned to."""
    path = options.align_to
    if path is None:
        return None
    target = stores.read(path)
    for method in options.methods:
        name = options.projection_name(method)
        if name not in target.projections:
            raise InputError(f"{path}: has no projection {name!r}; project it first.")
    common = len(set(target.location_ids) & set(store.location_ids))
    if common < 3:
        raise InputError(
            f"{path}: has {common} locations in common with the store, too few to align to; "
            "choose a store of the same photographs."
        )
    return target


def _align(projection: Projection, store: Store, target: Store) -> Projection:
    """Align a projection to the one of the same name in another store, by common locations."""
    row_of = {location: row for row, location in enumerate(target.location_ids)}
    pairs = [(row, row_of[name]) for row, name in enumerate(store.location_ids) if name in row_of]
    rows, target_rows = np.array(pairs, dtype=np.int64).T
    fixed = target.projections[projection.name]
    alignment = align_procrustes(projection.coordinates, fixed.coordinates, rows, target_rows)
    parameters = {
        **projection.parameters,
        "aligned_to_checkpoint": target.provenance.get("checkpoint_sha256", ""),
        "alignment": {"matrix": alignment.matrix.tolist(), "shift": alignment.shift.tolist()},
        "alignment_disparity": alignment.disparity,
        "alignment_locations": len(pairs),
    }
    return replace(projection, coordinates=alignment.coordinates, parameters=parameters)


@contextmanager
def _input_errors(path: Path) -> Iterator[None]:
    """Turn the errors of `embeddings` into InputError."""
    try:
        yield
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; extract more locations, train the model further, or choose other "
            "options."
        ) from error
    except MemoryError as error:
        raise InputError(f"{path}: is too large for the memory of this machine.") from error
