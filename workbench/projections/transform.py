"""`python -m workbench.projections.transform NEW.h5 --into OLD.h5`: put locations into maps of other locations."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors, parse
from common.errors import InputError
from common.files import check_writable
from common.progress import fraction_bar
from embeddings.knn import non_self_mask, query_knn
from embeddings.knn_classifier import COUNTS, knn_predict
from embeddings.pca import transform_pca
from embeddings.results import PROJECTION_TITLES, PrincipalComponents, Projection
from embeddings.transform import transform
from workbench import store as stores
from workbench.store import MAP_NAME, Store

PLACED = "placed"  # A placed map stands beside the store's own, as <map>-placed.


def place_into(new_path: Path, old_path: Path, names: Sequence[str], seed: int) -> dict[int, float]:
    """Place a store's locations into the maps of another store, and write those into the first.

    Without `names` all maps that can be placed into are. The new map `<map>-placed` says in its
    parameters which checkpoint it was placed into. Returns the share in [0, 1] of the new
    locations whose class their nearest old ones vote for, by their number (Hays & Efros 2008), a
    location that is in both stores being left out of its own vote.
    Raises InputError when a store cannot be read or was not projected, when the features have
    another length or the classes another order, or when there is no such map.
    """
    new, old = stores.read(new_path), stores.read(old_path)
    check_writable(new_path, overwrite=True)
    components = _components(new, old, new_path, old_path)
    wanted = _wanted(old, old_path, names)
    try:
        with fraction_bar("Principal components") as said:
            score = transform_pca(components, new.features, said)
        projections = []
        for made in wanted:
            with fraction_bar(f"Placing into {made.title}") as said:
                matrix, shift = _alignment(made)
                unturned = (made.coordinates - shift) @ np.linalg.inv(matrix)
                as_made = replace(made, coordinates=unturned.astype(np.float32))
                placed = transform(as_made, components, score, seed, said)
                coordinate = (placed @ matrix + shift).astype(np.float32)
            parameter = {
                **made.parameters,
                "placed_into": made.name,
                "placed_into_seed": made.seed,
                "placed_into_checkpoint": old.provenance.get("checkpoint_sha256", ""),
                "placed_into_locations": len(old),
            }
            projections.append(
                Projection(
                    made.method,
                    coordinate,
                    parameter,
                    seed,
                    made.library,
                    name=f"{made.name}-{PLACED}",
                )
            )
        with fraction_bar("Nearest among the old") as said:
            graph = query_knn(score, components.scores, max(COUNTS) + 1, progress=said)
    except ValueError as error:
        raise InputError(f"{new_path}: {error}; extract both stores from one model.") from error
    # A location that is in both stores is no neighbour of its own.
    row = {location: row for row, location in enumerate(old.location_ids)}
    own = np.array([row.get(location, -1) for location in new.location_ids], dtype=np.int64)
    index = graph.indices[non_self_mask(graph.indices, own)].reshape(len(new), -1)
    stores.extend(new_path, projections, made_of=new)
    return {
        count: float((knn_predict(index, old.labels, count) == new.labels).mean())
        for count in COUNTS
        if count <= index.shape[1]
    }


def _alignment(made: Projection) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix (2, 2) and the shift (2,) that a map was turned by, if it was."""
    turned = made.parameters.get("alignment", {"matrix": [[1, 0], [0, 1]], "shift": [0, 0]})
    try:
        matrix = np.array(turned["matrix"], dtype=np.float64).reshape(2, 2)
        shift = np.array(turned["shift"], dtype=np.float64).reshape(2)
        if not np.isfinite([*matrix.ravel(), *shift]).all() or np.linalg.det(matrix) == 0:
            raise ValueError("no turn")
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("the old map's parameter alignment is no turn and shift") from error
    return matrix, shift


def _components(new: Store, old: Store, new_path: Path, old_path: Path) -> PrincipalComponents:
    if not len(new):
        raise InputError(f"{new_path}: holds no locations to place; extract it again.")
    if old.components is None:
        raise InputError(
            f"{old_path}: has no components to place by; run `python -m workbench.project "
            f"{old_path}` first."
        )
    if new.class_names != old.class_names:
        raise InputError(
            f"{new_path}: has other classes than {old_path}; extract both with models of the same "
            "classes."
        )
    return old.components


def _wanted(old: Store, old_path: Path, names: Sequence[str]) -> list[Projection]:
    for name in names:
        if name not in old.projections:
            raise InputError(
                f"{old_path}: has no map {name!r}; it has {', '.join(old.projections) or 'none'}."
            )
    chosen = [old.projections[name] for name in names or old.projections]
    fit = [made for made in chosen if _can_be_placed_into(made)]
    if not fit or (names and len(fit) < len(chosen)):
        raise InputError(
            f"{old_path}: {', '.join(names) or 'no map of it'}: only maps that workbench.project "
            "made of this store, with a name of up to 33 letters, can be placed into."
        )
    return fit


def _can_be_placed_into(made: Projection) -> bool:
    usual = made.method in PROJECTION_TITLES and "placed_into" not in made.parameters
    return usual and bool(MAP_NAME.fullmatch(f"{made.name}-{PLACED}"))


@dataclass(frozen=True, kw_only=True)
class Options:
    """Place the locations of NEW.h5 into the projections of OLD.h5, whose locations stay in place.

    NEW.h5 holds another split, or comes from another checkpoint of the same model. It receives the
    projections as <name>-placed. The command also reports how well the nearest locations of OLD.h5
    predict the classes of the new ones.
    """

    store: Annotated[Positional[Path], arg(metavar="NEW.h5")]
    """store to read and extend"""
    into: Annotated[Path, arg(metavar="OLD.h5")]
    """store with projections, only read"""
    map: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME")] = ()
    """projection to place into (default: all)"""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """random seed"""


def main(
    arguments: list[str] | None = None, prog: str = "python -m workbench.projections.transform"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        shares = place_into(options.store, options.into, options.map, options.seed)
        for count, share in shares.items():
            print(f"prediction by {count} nearest of {options.into}: top-1 {share:.1%}")
        own = stores.read(options.store)
        hit = float((own.logits.argmax(axis=1) == own.labels).mean())
        print(f"prediction by the head: top-1 {hit:.1%}")
        old = stores.read(options.into).provenance.get("checkpoint_sha256")
        if own.provenance.get("checkpoint_sha256") != old:
            print(
                "note: the two stores are of different checkpoints; where they lie on one map says "
                "something only if one was trained on from the other"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
