"""`python -m workbench.project FILE.h5`: put the maps of the features into a store."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from embeddings.methods import METHODS
from workbench import store as stores
from workbench.command import refusing
from workbench.errors import InputError
from workbench.files import check_writable
from workbench.store import Projection


def project(path: Path, seed: int) -> list[Projection]:
    """Compute PCA, t-SNE and UMAP of a store's features and write them into it.

    Raises InputError when the store cannot be read or its features have no map.
    """
    stores.read(path)
    check_writable(path, overwrite=True)
    feature = stores.read_feature(path)
    projections = []
    with tqdm(METHODS.items(), unit="map", dynamic_ncols=True) as progress:
        for method, embed in progress:
            progress.set_description(f"Projecting: {stores.METHOD_TITLES[method]}")
            try:
                made = embed(feature, seed)
            except ValueError as error:
                raise InputError(
                    f"{path}: {error}; extract more locations or train the model further."
                ) from error
            projections.append(
                Projection(method, made.coordinate, made.parameter, seed, made.library)
            )
    stores.write_projections(path, projections)
    return projections


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.project",
        description="Compute PCA, t-SNE and UMAP of the features in a store and write them "
        "into the same file.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store to read and extend")
    result.add_argument(
        "--seed", metavar="INT", type=int, default=0, help="seed of the maps (default: %(default)s)"
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    options = command.parse_args(arguments)
    with refusing(command.prog):
        if not 0 <= options.seed < 2**32:
            raise InputError(f"--seed {options.seed}: must lie in [0, 2^32).")
        for projection in project(options.store, options.seed):
            print(f"{stores.METHOD_TITLES[projection.method]}: {projection.library}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
