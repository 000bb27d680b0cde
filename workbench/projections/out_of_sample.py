"""Put the locations of one store into the projections of another, whose own locations stay."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.earlier_result import differences, print_finished
from common.errors import InputError
from common.files import check_writable
from common.progress import fraction_bar
from embeddings.density import histogram
from embeddings.knn import non_self_mask, query_knn
from embeddings.knn_classifier import N_NEIGHBORS, knn_predict
from embeddings.pca import transform_pca
from embeddings.results import PROJECTION_TITLES, PrincipalComponents, Projection
from embeddings.transform import transform
from workbench import store as stores
from workbench.store import MAP_NAME, Store
from workbench.store.fingerprint import content_sha256

SUFFIX = "placed"  # Names in the new store: <map>-placed.


def transform_store(
    path: Path, reference_path: Path, names: Sequence[str], seed: int
) -> dict[int, float]:
    """Put the locations of the store at `path` into projections of a reference store.

    The results are written into the first store as `<map>-placed`; their parameters name the
    reference's checkpoint. Without `names`, all suitable projections are used. Returns the top-1
    accuracy, in [0, 1], of k-nearest-neighbour classification by the reference's locations, by k
    (Hays & Efros 2008); a location that is in both stores is not its own neighbour. Raises
    InputError when a store cannot be read, the reference has no such projections, or features or
    classes differ.
    """
    store, reference = stores.read(path), stores.read(reference_path)
    check_writable(path, overwrite=True)
    components = _components(store, reference, path, reference_path)
    selected = _select(reference, reference_path, names)
    request = {"into": content_sha256(reference), "seed": seed}
    existing = [store.projections.get(f"{item.name}-{SUFFIX}") for item in selected]
    records = [item.parameters.get("request", {}) if item else {} for item in existing]
    if not any(differences(record, request) for record in records):
        print_finished(path)
        return {int(k): float(share) for k, share in records[0]["accuracy"].items()}
    try:
        with fraction_bar("Principal components") as progress:
            scores = transform_pca(components, store.features, progress)
        projections = []
        for projection in selected:
            with fraction_bar(f"Transforming into {projection.title}") as progress:
                # Undo an alignment, transform, and align again.
                matrix, shift = _alignment(projection)
                original = (projection.coordinates - shift) @ np.linalg.inv(matrix)
                unaligned = replace(projection, coordinates=original.astype(np.float32))
                coordinates = transform(unaligned, components, scores, seed, progress)
            parameters = {
                **projection.parameters,  # Its request is replaced below.
                "placed_into": projection.name,
                "placed_into_seed": projection.seed,
                "placed_into_checkpoint": reference.provenance.get("checkpoint_sha256", ""),
                "placed_into_locations": len(reference),
                "placed_into_density": histogram(projection.coordinates),
            }
            projections.append(
                Projection(
                    projection.method,
                    (coordinates @ matrix + shift).astype(np.float32),
                    parameters,
                    seed,
                    projection.library,
                    name=f"{projection.name}-{SUFFIX}",
                )
            )
        with fraction_bar("Nearest neighbours in the reference") as progress:
            graph = query_knn(scores, components.scores, max(N_NEIGHBORS) + 1, progress=progress)
    except ValueError as error:
        raise InputError(f"{path}: {error}; extract both stores with one model.") from error
    row_of = {location: row for row, location in enumerate(reference.location_ids)}
    same_rows = np.array([row_of.get(name, -1) for name in store.location_ids], dtype=np.int64)
    indices = graph.indices[non_self_mask(graph.indices, same_rows)].reshape(len(store), -1)
    accuracies = {
        k: float((knn_predict(indices, reference.labels, k) == store.labels).mean())
        for k in N_NEIGHBORS
        if k <= indices.shape[1]
    }
    record = request | {"accuracy": {str(k): share for k, share in accuracies.items()}}
    projections = [
        replace(item, parameters={**item.parameters, "request": record}) for item in projections
    ]
    stores.extend(path, projections, expected=store)
    return accuracies


def _alignment(projection: Projection) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix (2, 2) and the shift (2,) that a projection was aligned by, if any."""
    alignment = projection.parameters.get(
        "alignment", {"matrix": [[1, 0], [0, 1]], "shift": [0, 0]}
    )
    try:
        matrix = np.array(alignment["matrix"], dtype=np.float64).reshape(2, 2)
        shift = np.array(alignment["shift"], dtype=np.float64).reshape(2)
        if not np.isfinite([*matrix.ravel(), *shift]).all() or np.linalg.det(matrix) == 0:
            raise ValueError("not invertible")
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("the reference has an invalid parameter `alignment`") from error
    return matrix, shift


def _components(
    store: Store, reference: Store, path: Path, reference_path: Path
) -> PrincipalComponents:
    if not len(store):
        raise InputError(f"{path}: holds no locations; extract it again.")
    if reference.components is None:
        raise InputError(
            f"{reference_path}: has no principal components; run `resnetbolt project "
            f"{reference_path}` first."
        )
    if store.class_names != reference.class_names:
        raise InputError(
            f"{path}: has different classes from {reference_path}; extract both with models of the "
            "same classes."
        )
    return reference.components


def _select(reference: Store, path: Path, names: Sequence[str]) -> list[Projection]:
    for name in names:
        if name not in reference.projections:
            available = ", ".join(reference.projections) or "none"
            raise InputError(f"{path}: has no projection {name!r}; it has {available}.")
    requested = [reference.projections[name] for name in names or reference.projections]
    suitable = [
        projection
        for projection in requested
        if projection.method in PROJECTION_TITLES
        and "placed_into" not in projection.parameters
        and MAP_NAME.fullmatch(f"{projection.name}-{SUFFIX}")
    ]
    if not suitable or (names and len(suitable) < len(requested)):
        raise InputError(
            f"{path}: {', '.join(names) or 'its projections'}: only projections that "
            "workbench.project fitted to this store, with a name of up to 33 letters, can be used."
        )
    return suitable
