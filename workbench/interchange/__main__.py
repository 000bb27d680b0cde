"""`python -m workbench.interchange to-csv FILE.h5 ...`: the store for other programs, and back."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from common.cli import cli_errors
from common.errors import InputError
from common.files import check_writable, check_writable_directory
from workbench import store as stores
from workbench.attribution.explainer import Explainer
from workbench.interchange import projector, table, virelay
from workbench.interchange.frame import coordinates
from workbench.interchange.pictures import Views, reader
from workbench.store import Store
from workbench.store.photographs import Photographs


def to_csv(options: argparse.Namespace) -> str:
    """Write a CSV file and say so."""
    _check_out(options)
    store = _read(options.store)
    table.write_csv(options.out, store, logits=options.logits)
    return f"{len(store)} locations -> {options.out}"


def to_parquet(options: argparse.Namespace) -> str:
    """Write a Parquet file and say how embedding-atlas opens it."""
    _check_out(options)
    store = _read(options.store)
    views, _ = _pictures(options.data, store)
    table.write_parquet(
        options.out, store, logits=options.logits, features=options.features, views=views
    )
    words = ["embedding-atlas", str(options.out)]
    best = [name for name in ("umap", "tsne", "pca") if name in store.projections]
    for name in [*best, *store.projections][:1]:
        words += ["--x", f"{name}_x", "--y", f"{name}_y"]
    if store.neighbors is not None:
        words += ["--neighbors", "neighbours"]
    if views is not None:
        words += ["--image", "panorama"]
    return f"{len(store)} locations -> {options.out}\nOpen it: {' '.join(words)}"


def to_projector(options: argparse.Namespace) -> str:
    """Write the projector's folder and say how TensorBoard opens it, and what of it."""
    check_writable_directory(options.out, projector.OWN, overwrite=options.overwrite)
    store = _read(options.store)
    views, _ = _pictures(options.data, store)
    count = projector.write(options.out, store, features=options.features, views=views)
    drawn = f" of {len(store)}, drawn with seed 0" if count < len(store) else ""
    return f"{count} locations{drawn} -> {options.out}\nOpen it: tensorboard --logdir {options.out}"


def to_virelay(options: argparse.Namespace) -> str:
    """Write ViRelAy's project and say how its server opens it."""
    if options.run and not options.data:
        raise InputError("--run: nothing can be explained without photographs; give --data too.")
    check_writable_directory(options.out, virelay.OWN, overwrite=options.overwrite)
    store = _read(options.store)
    views, photographs = _pictures(options.data, store)
    explainer = _explainer(options.run, photographs, store) if photographs else None
    name = options.store.stem
    virelay.write(options.out, store, name, views=views, explainer=explainer)
    project = options.out / "project.yaml"
    return f"{len(store)} locations -> {options.out}\nOpen it: virelay {project}"


def from_table(options: argparse.Namespace) -> str:
    """Put a map from a table into the store and say so."""
    store = _extensible(options)
    frame = table.read_table(options.table, (options.x, options.y))
    made = coordinates(frame, store, options.x, options.y, options.table.name)
    stores.extend(options.store, [replace(made, name=options.map)], made_of=store)
    return f"map {options.map!r} of {len(store)} locations -> {options.store}"


def from_virelay(options: argparse.Namespace) -> str:
    """Put an embedding of an analysis into the store and say so."""
    store = _extensible(options)
    dataset = options.dataset or options.analysis.with_name("dataset.h5")
    frame = virelay.read_embedding(
        options.analysis, dataset, store, options.category, options.embedding
    )
    made = coordinates(frame, store, *virelay.AXES, options.analysis.name)
    stores.extend(options.store, [replace(made, name=options.map)], made_of=store)
    return f"map {options.map!r} of {len(store)} locations -> {options.store}"


def _check_out(options: argparse.Namespace) -> None:
    check_writable(options.out, overwrite=options.overwrite)
    if options.out.resolve() == options.store.resolve():
        raise InputError(f"{options.out}: is the store itself; name another file.")


def _read(path: Path) -> Store:
    store = stores.read(path)
    if not len(store):
        raise InputError(f"{path}: the store holds no locations; extract it again.")
    return store


def _extensible(options: argparse.Namespace) -> Store:
    """Read a store that is to get a map, and see that it may."""
    check_writable(options.store, overwrite=True)
    store = _read(options.store)
    if options.map in store.projections and not options.overwrite:
        raise InputError(
            f"{options.store}: has a map {options.map!r} already; "
            "name another with --map or say --overwrite."
        )
    return store


def _pictures(data: Path | None, store: Store) -> tuple[Views | None, Photographs | None]:
    if data is None:
        return None, None
    photographs = Photographs(data, store)
    return reader(photographs), photographs


def _explainer(run: Path | None, photographs: Photographs, store: Store) -> Explainer | None:
    if run is None:
        return None
    # Importing it loads torch and captum, which takes seconds.
    from workbench.attribution.compute.store_explainer import StoreExplainer

    return StoreExplainer(run, photographs, store)


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.interchange",
        description="Write a store in the format of another program, or put a map that was made "
        "elsewhere into it; docs/interchange.md says every column and file. (Figures as PDF and "
        "SVG are drawn by `python -m workbench.export`.)",
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND")

    csv = _command(commands, "to-csv", to_csv, "predictions, coordinates and maps as CSV")
    _out(csv, "FILE.csv", "file")
    _logits(csv)

    parquet = _command(
        commands, "to-parquet", to_parquet, "a Parquet file, for embedding-atlas and others"
    )
    _out(parquet, "FILE.parquet", "file")
    _logits(parquet)
    _features(parquet, "also the features, as lists")
    _data(parquet)

    folder = _command(
        commands, "to-projector", to_projector, "a folder for TensorBoard's projector"
    )
    _out(folder, "DIR", "folder")
    _features(folder, "the features as tensors, instead of their principal components")
    _data(folder)

    project = _command(commands, "to-virelay", to_virelay, "a project of ViRelAy")
    _out(project, "DIR", "folder")
    _data(project)
    project.add_argument(
        "--run",
        metavar="RUN",
        type=Path,
        help="also explain every prediction by integrated gradients, with the checkpoint in RUN; "
        "needs --data; without it ViRelAy shows maps and no pictures",
    )

    columns = _command(
        commands, "from-table", from_table, "a map from a table, matched by its `id`"
    )
    columns.add_argument("table", metavar="TABLE", type=Path, help=".csv, .tsv or .parquet file")
    _map(columns)
    for axis in "xy":
        columns.add_argument(
            f"--{axis}", metavar="COLUMN", default=axis, help=f"its {axis} (default: %(default)s)"
        )

    analysis = _command(commands, "from-virelay", from_virelay, "a map from an analysis of ViRelAy")
    analysis.add_argument("analysis", metavar="ANALYSIS.h5", type=Path, help="file of an analysis")
    _map(analysis)
    analysis.add_argument(
        "--dataset",
        metavar="DATASET.h5",
        type=Path,
        help="the file of that name that `to-virelay` wrote, which has the ids of the rows "
        "(default: the one beside the analysis)",
    )
    analysis.add_argument(
        "--category",
        default=virelay.EVERYTHING,
        help="category, which must be of all locations (default: %(default)s)",
    )
    analysis.add_argument("--embedding", help="embedding (default: the only one)")
    return result


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: object,
    what: str,
) -> argparse.ArgumentParser:
    verb = "write" if name.startswith("to-") else "put into the store"
    result = commands.add_parser(name, help=what, description=f"{verb.capitalize()} {what}.")
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store")
    result.set_defaults(act=run)
    return result


def _out(command: argparse.ArgumentParser, metavar: str, what: str) -> None:
    command.add_argument(
        "--out", metavar=metavar, type=Path, required=True, help=f"{what} to write"
    )
    command.add_argument("--overwrite", action="store_true", help=f"replace such a {what}")


def _map(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--map",
        metavar="NAME",
        required=True,
        help="name of the map in the store: small letters, digits and hyphens",
    )
    command.add_argument("--overwrite", action="store_true", help="replace a map of that name")


def _logits(command: argparse.ArgumentParser) -> None:
    command.add_argument("--logits", action="store_true", help="also a column for each class")


def _features(command: argparse.ArgumentParser, words: str) -> None:
    command.add_argument("--features", action="store_true", help=words)


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", metavar="DIR", type=Path, help="also the pictures, from the photographs in DIR"
    )


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.interchange") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog):
        print(options.act(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
