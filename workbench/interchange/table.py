"""A store as one CSV or Parquet file, block by block, and what a map needs from such a file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from common.errors import InputError
from common.files import atomic_write
from workbench.interchange.frame import blocks, part
from workbench.interchange.pictures import Views, jpeg, panorama
from workbench.store import Store

PICTURE = 64
"""Pixels on each side of a view in a table's pictures."""

SEPARATORS = {".csv": ",", ".tsv": "\t"}
# A spreadsheet takes a text that begins so for a formula, and runs it; ids and classes come from
# names of folders that somebody else may have given. The apostrophe says that it is text.
_APOSTROPHE = "'"
_FORMULA = tuple("=+-@＝＋－＠\t\r\n" + _APOSTROPHE)


def write_csv(path: Path, store: Store, *, logits: bool) -> None:
    """Write predictions, coordinates and maps as CSV (RFC 4180, UTF-8), empty where unknown.

    Raises InputError when the disk refuses.
    """
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        for rows in blocks(store, "Writing CSV"):
            frame = _harmless(part(store, rows, logits=logits))
            frame.to_csv(file, header=rows.start == 0, lineterminator="\r\n")


def write_parquet(
    path: Path, store: Store, *, logits: bool, features: bool, views: Views | None
) -> None:
    """Write the table as Parquet, the way that embedding-atlas reads it, a row group a block.

    `neighbours` has, where the store knows them, the numbers of rows in this file, counted from 0;
    `feature` the D features, `panorama` a JPEG of the four views, N, E, S, W. Raises InputError
    when the disk refuses or a photograph cannot be read.
    """
    writer = None
    with atomic_write(path) as partial:
        try:
            for rows in blocks(store, "Writing Parquet"):
                table = _block(store, rows, logits=logits, features=features, views=views)
                if writer is None:
                    writer = parquet.ParquetWriter(partial, table.schema)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read columns of a CSV, TSV or Parquet file, indexed by its column `id`.

    Those that the file lacks are left out, and it is `coordinates` that says so. Raises InputError
    when the file is missing or cannot be read, or has no `id`.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such table.")
    separator = SEPARATORS.get(path.suffix.lower())
    if separator is None and path.suffix.lower() != ".parquet":
        raise InputError(f"{path}: is no .csv, .tsv or .parquet by its name; give it one of them.")
    try:
        if separator is None:
            read = _read_parquet(path, columns)
        else:
            read = _read_text(path, columns, separator)
        frame: pd.DataFrame = read.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        phrase = str(error).strip().partition("\n")[0].rstrip(".")
        raise InputError(f"{path}: cannot be read ({phrase}); write it again.") from error
    if "id" not in frame.columns:
        raise InputError(f"{path}: has no column 'id', which says of which location a row is.")
    frame["id"] = frame["id"].astype("str").map(_plain if separator else str)
    return frame.set_index("id")


def _read_text(path: Path, columns: Sequence[str], separator: str) -> pa.Table:
    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    with csv.open_csv(path, parse_options=parsing) as file:
        wanted = _wanted(file.schema.names, columns)
    # All as text: "NA" and "007" are ids like others, and what is no number is to be shown.
    converting = csv.ConvertOptions(
        include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
    )
    return csv.read_csv(path, parse_options=parsing, convert_options=converting)


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    return parquet.read_table(path, columns=_wanted(parquet.read_schema(path).names, columns))


def _wanted(known: Sequence[str], columns: Sequence[str]) -> list[str]:
    wanted = [name for name in dict.fromkeys(("id", *columns)) if name in known]
    for name in wanted:
        if known.count(name) > 1:
            raise ValueError(f"there are two columns {name!r}")
    return wanted


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before each text that could be a formula."""
    result = frame.copy()
    for name, column in frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            result[name] = column.cat.rename_categories(_marked)
        elif not pd.api.types.is_numeric_dtype(column):
            result[name] = column.map(_marked)
    result.index = frame.index.map(_marked)
    return result


def _marked(text: str) -> str:
    return _APOSTROPHE + text if text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    """Undo `_marked`."""
    return text[1:] if text[:1] == _APOSTROPHE and text[1:].startswith(_FORMULA) else text


def _block(
    store: Store, rows: slice, *, logits: bool, features: bool, views: Views | None
) -> pa.Table:
    frame = part(store, rows, logits=logits).reset_index()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    # Of categories embedding-atlas draws no chart, and it colours by none: so they become text.
    kinds = [pa.string() if pa.types.is_dictionary(kind) else kind for kind in table.schema.types]
    table = table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))
    if store.neighbors is not None:
        index = store.neighbors.indices[rows].astype(np.int32)
        lists = [_lists(index), _lists(store.neighbors.distances[rows])]
        pairs = pa.StructArray.from_arrays(lists, names=["ids", "distances"])
        table = table.append_column("neighbours", pairs)
    if features:
        table = table.append_column("feature", _lists(store.features[rows]))
    if views is not None:
        table = table.append_column("panorama", _panoramas(store, rows, views))
    return table


def _lists(values: NDArray[np.generic]) -> pa.ListArray:
    """Return the rows of an array (n, k) as lists."""
    count, length = values.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(length))
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).ravel()))


def _panoramas(store: Store, rows: slice, views: Views) -> pa.BinaryArray:
    pictures = (jpeg(panorama(views(name, PICTURE))) for name in store.location_ids[rows])
    return pa.array(list(pictures), type=pa.binary())
