"""`python -m workbench.interchange to-csv FILE.h5 ...`: the store for other programs, and back."""

import shlex
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from common.cli import cli_errors, parse_subcommand
from common.earlier_result import (
    FILE_REMEDY,
    FOLDER_REMEDY,
    Request,
    is_finished,
    print_finished,
    read_record,
)
from common.errors import InputError
from common.files import check_writable, check_writable_directory
from common.text import print_text

if TYPE_CHECKING:
    from embeddings.results import Projection
    from workbench.interchange.pictures import ViewReader
    from workbench.store import Store
    from workbench.store.photographs import Photographs

# The methods import what they need: it takes seconds, and --help and a wrong option should not.


@dataclass(frozen=True, kw_only=True)
class _Command(ABC):
    """The options of a subcommand, and what it does."""

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store"""
    overwrite: bool = False
    """replace the file, the folder or the projection that is there"""

    @abstractmethod
    def run_command(self) -> str:
        """Run the subcommand and return what it reports."""

    def read(self) -> "Store":
        """Return the store; raises InputError where it holds no locations."""
        from workbench import store as stores

        store = stores.read(self.store)
        if not len(store):
            raise InputError(f"{self.store}: the store holds no locations; extract it again.")
        return store

    def request(self, store: "Store") -> Request:
        """Return everything that the result depends on."""
        from workbench.store.fingerprint import content_sha256

        options = {
            name: str(value.resolve()) if isinstance(value, Path) else value
            for name, value in vars(self).items()
            if name not in ("store", "out", "overwrite")
        }
        return {
            "command": type(self).__name__,
            "store": content_sha256(store),
            "name": self.store.stem,
            **options,
        }


@dataclass(frozen=True, kw_only=True)
class _ToFile(_Command):
    out: Annotated[Path, arg(metavar="FILE")]
    """file to write"""
    logits: bool = False
    """also write a column for each class"""

    def check_out(self) -> None:
        """Raise InputError where the file cannot be written or is the store."""
        check_writable(self.out, overwrite=True)
        if self.out.resolve() == self.store.resolve():
            raise InputError(f"{self.out}: is the store itself; choose another file.")


@dataclass(frozen=True, kw_only=True)
class ToCsv(_ToFile):
    """Write predictions, coordinates and projections as CSV."""

    def run_command(self) -> str:
        """Write a CSV file."""
        from workbench.interchange import table

        self.check_out()
        store = self.read()
        table.write_csv(self.out, store, logits=self.logits, overwrite=self.overwrite)
        return f"{len(store)} locations -> {self.out}"


@dataclass(frozen=True, kw_only=True)
class ToParquet(_ToFile):
    """Write a Parquet file, for embedding-atlas and others."""

    features: bool = False
    """also write the features, as lists"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """also write the pictures, from the photographs in this folder"""

    def run_command(self) -> str:
        """Write a Parquet file and say how embedding-atlas opens it."""
        from workbench.interchange import table

        self.check_out()
        store = self.read()
        request = {**self.request(store), "columns": table.COLUMNS_VERSION}
        read_views, _ = _pictures(self.data, store)
        if not _is_finished(self, self.out, lambda: table.recorded_request(self.out), request):
            table.write_parquet(
                self.out,
                store,
                logits=self.logits,
                features=self.features,
                read_views=read_views,
                request=request,
            )
        words = ["embedding-atlas", str(self.out)]
        best = [name for name in ("umap", "tsne", "pca") if name in store.projections]
        for name in [*best, *store.projections][:1]:
            words += ["--x", f"{name}_x", "--y", f"{name}_y"]
        if store.neighbors is not None:
            words += ["--neighbors", table.NEIGHBORS]
        if read_views is not None:
            words += ["--image", "panorama"]
        return f"{len(store)} locations -> {self.out}\nOpen it: {shlex.join(words)}"


@dataclass(frozen=True, kw_only=True)
class ToProjector(_Command):
    """Write a folder for TensorBoard's projector."""

    out: Annotated[Path, arg(metavar="DIR")]
    """folder to write"""
    features: bool = False
    """write the features as tensors, instead of their principal components"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """also write the pictures, from the photographs in this folder"""

    def run_command(self) -> str:
        """Write the projector's folder and say how TensorBoard opens it."""
        from workbench.interchange import projector

        store = self.read()
        request = self.request(store)
        read_views, _ = _pictures(self.data, store)
        count = int(projector.sample_mask(len(store)).sum())
        if not _is_finished(self, self.out, lambda: _recorded_request(self.out), request):
            check_writable_directory(self.out, projector.FILES, overwrite=True)
            projector.write(
                self.out, store, features=self.features, read_views=read_views, request=request
            )
        command = shlex.join(["tensorboard", "--logdir", str(self.out)])
        drawn = f" of {len(store)}, drawn with seed 0" if count < len(store) else ""
        return f"{count} locations{drawn} -> {self.out}\nOpen it: {command}"


@dataclass(frozen=True, kw_only=True)
class ToVirelay(_Command):
    """Write a project of ViRelAy."""

    out: Annotated[Path, arg(metavar="DIR")]
    """folder to write"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """also write the pictures, from the photographs in this folder"""
    run: Annotated[Path | None, arg(metavar="RUN", help_behavior_hint="(default: none)")] = None
    """also explain every prediction with the checkpoint in RUN; needs --data"""

    def run_command(self) -> str:
        """Write ViRelAy's project and say how its server opens it."""
        from workbench.attribution.explainer import open_explainer
        from workbench.interchange import virelay

        if self.run and not self.data:
            raise InputError("--run: without photographs nothing can be explained; add --data.")
        store = self.read()
        request = self.request(store)
        read_views, photographs = _pictures(self.data, store)
        explainer = open_explainer(store, photographs, self.run) if self.run else None
        if not _is_finished(self, self.out, lambda: _recorded_request(self.out), request):
            check_writable_directory(self.out, virelay.FILES, overwrite=True)
            virelay.write(
                self.out,
                store,
                self.store.stem,
                read_views=read_views,
                explainer=explainer,
                request=request,
            )
        command = shlex.join(["virelay", str(self.out / "project.yaml")])
        return f"{len(store)} locations -> {self.out}\nOpen it: {command}"


@dataclass(frozen=True, kw_only=True)
class _ToStore(_Command):
    map: Annotated[str, arg(metavar="NAME")]
    """name of the projection in the store: lower-case letters, digits and hyphens"""

    def read_for_writing(self) -> "Store":
        """Return the store; raises InputError where it may not receive the projection."""
        check_writable(self.store, overwrite=True)
        store = self.read()
        return store

    def add(self, store: "Store", projection: "Projection") -> str:
        """Write a projection into the store; raises InputError where another has its name."""
        import numpy as np

        from workbench import store as stores

        existing = store.projections.get(self.map)
        if existing and not self.overwrite:
            if not np.array_equal(existing.coordinates, projection.coordinates):
                raise InputError(
                    f"{self.store}: already has a projection {self.map!r}; "
                    "choose another name with --map or pass --overwrite."
                )
            print_finished(self.store)
            return f"projection {self.map!r} of {len(store)} locations -> {self.store}"
        stores.extend(self.store, [replace(projection, name=self.map)], expected=store)
        return f"projection {self.map!r} of {len(store)} locations -> {self.store}"


@dataclass(frozen=True, kw_only=True)
class FromTable(_ToStore):
    """Put a projection from a table into the store, matched by the table's column `id`."""

    table: Annotated[Positional[Path], arg(metavar="TABLE")]
    """.csv, .tsv or .parquet file"""
    x: Annotated[str, arg(metavar="COLUMN")] = "x"
    """column of the x coordinate"""
    y: Annotated[str, arg(metavar="COLUMN")] = "y"
    """column of the y coordinate"""

    def run_command(self) -> str:
        """Put a projection from a table into the store."""
        from workbench.interchange import table
        from workbench.interchange.frame import projection_from_frame

        store = self.read_for_writing()
        frame = table.read_table(self.table, (self.x, self.y))
        return self.add(store, projection_from_frame(frame, store, self.x, self.y, self.table.name))


@dataclass(frozen=True, kw_only=True)
class FromVirelay(_ToStore):
    """Put a projection from an analysis of ViRelAy into the store."""

    analysis: Annotated[Positional[Path], arg(metavar="ANALYSIS.h5")]
    """file of the analysis"""
    dataset: Annotated[
        Path | None, arg(metavar="DATASET.h5", help_behavior_hint="(default: beside the analysis)")
    ] = None
    """the dataset.h5 that to-virelay wrote, which holds the ids of the rows"""
    category: str = "all locations"
    """category, which must contain all locations"""
    embedding: Annotated[
        str | None, arg(metavar="STR", help_behavior_hint="(default: the only one)")
    ] = None
    """embedding of the analysis"""

    def run_command(self) -> str:
        """Put an embedding of an analysis into the store."""
        from workbench.interchange import virelay
        from workbench.interchange.frame import projection_from_frame

        store = self.read_for_writing()
        dataset = self.dataset or self.analysis.with_name("dataset.h5")
        frame = virelay.read_embedding(self.analysis, dataset, store, self.category, self.embedding)
        return self.add(
            store, projection_from_frame(frame, store, *virelay.AXES, self.analysis.name)
        )


COMMANDS: dict[str, Callable[..., _Command]] = {
    "to-csv": ToCsv,
    "to-parquet": ToParquet,
    "to-projector": ToProjector,
    "to-virelay": ToVirelay,
    "from-table": FromTable,
    "from-virelay": FromVirelay,
}
DESCRIPTION = (
    "Write a store in the format of another program, or put a projection that was made elsewhere "
    "into it; docs/how-to/interchange.md describes every column and file."
)


def _is_finished(
    command: _Command, out: Path, recorded: Callable[[], Request | None], request: Request
) -> bool:
    """Return whether `out` is there for this request; raises InputError for another one."""
    remedy = FILE_REMEDY if isinstance(command, _ToFile) else FOLDER_REMEDY
    if command.overwrite or not out.exists():
        return False
    return is_finished(out, recorded(), request, remedy)


def _recorded_request(folder: Path) -> Request | None:
    return read_record(folder, "convert").get("request")


def _pictures(
    data: Path | None, store: "Store"
) -> tuple["ViewReader | None", "Photographs | None"]:
    if data is None:
        return None, None
    from workbench.interchange.pictures import view_reader
    from workbench.store.photographs import Photographs

    photographs = Photographs(data, store)
    return view_reader(photographs), photographs


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.interchange") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        command = parse_subcommand(COMMANDS, DESCRIPTION, arguments, prog)
        print_text(command.run_command())
    return 0


if __name__ == "__main__":
    sys.exit(main())
