"""A store as a CSV or Parquet file, and columns of such a file."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from common.earlier_result import Request, refuse_other_content
from common.errors import InputError
from common.files import atomic_write, check_readable
from common.json_text import parse_object
from common.names import text_encoding
from common.system_errors import explain, is_system_error
from common.text import escape_formula, unescape_formula
from workbench.interchange.frame import frame_rows, row_batches
from workbench.interchange.pictures import ViewReader, jpeg, panorama
from workbench.store import Store

PICTURE_SIZE = 64
"""Width and height of a view in the pictures, in pixels."""

COLUMNS_VERSION = 2
"""Rises when columns of the Parquet file are renamed: files of before are of another request."""
NEIGHBORS = "neighbors"
"""The Parquet file's column of nearest locations."""
SEPARATORS = {".csv": ",", ".tsv": "\t"}
_HEADER_BYTES = 65_536
_REQUEST = b"resnetbolt-request"


def write_csv(path: Path, store: Store, *, logits: bool, overwrite: bool = True) -> None:
    """Write the table of a store as CSV (RFC 4180, UTF-8); missing values are empty.

    Raises InputError when the disk is full, and for a file with different content unless
    `overwrite`.
    """
    with atomic_write(path) as partial:
        with partial.open("w", encoding="utf-8", newline="") as file:
            for rows in row_batches(store, "Writing CSV"):
                frame = _escape_formulas(frame_rows(store, rows, logits=logits))
                frame.to_csv(file, header=rows.start == 0, lineterminator="\r\n")
        if path.exists() and not overwrite:
            refuse_other_content(path, partial)


def write_parquet(
    path: Path,
    store: Store,
    *,
    logits: bool,
    features: bool,
    read_views: ViewReader | None,
    request: Request | None = None,
) -> None:
    """Write the table of a store as Parquet for embedding-atlas; `request` goes into its metadata.

    Further columns: `neighbors` with row numbers in this file, if the store has neighbours;
    `feature` with the D features; `panorama` with a JPEG of the four views, N, E, S, W. Raises
    InputError when the disk is full or a photograph cannot be read.
    """
    writer = None
    with atomic_write(path) as partial:
        try:
            for rows in row_batches(store, "Writing Parquet"):
                table = _block(store, rows, logits=logits, features=features, read_views=read_views)
                table = table.replace_schema_metadata({_REQUEST: json.dumps(request or {})})
                if writer is None:
                    writer = parquet.ParquetWriter(partial, table.schema)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def recorded_request(path: Path) -> Request | None:
    """Return the request of `write_parquet` that a file answers, None if it carries none."""
    try:
        metadata = parquet.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError, ValueError):
        return None
    return parse_object(metadata.get(_REQUEST))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns of a CSV, TSV or Parquet file, indexed by its column `id`.

    Columns that the file lacks are left out; `projection_from_frame` reports them. Raises
    InputError when the file is missing, cannot be read, or has no `id`.
    """
    check_readable(path, "there is no such table; check the path")
    separator = SEPARATORS.get(path.suffix.lower())
    if separator is None and path.suffix.lower() != ".parquet":
        raise InputError(f"{path}: is not a .csv, .tsv or .parquet file; rename or convert it.")
    try:
        if separator is None:
            read = _read_parquet(path, columns)
        else:
            read = _read_text(path, columns, separator)
        read.validate(full=True)  # Of a damaged Parquet file, text need not be UTF-8.
        frame: pd.DataFrame = read.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        phrase = str(error).strip().partition("\n")[0].rstrip(".")
        raise InputError(f"{path}: cannot be read ({phrase}); write it again.") from error
    if "id" not in frame.columns:
        raise InputError(f"{path}: has no column 'id' with the ids of the locations; add it.")
    frame["id"] = frame["id"].astype("str").map(unescape_formula if separator else str)
    return frame.set_index("id")


def _read_text(path: Path, columns: Sequence[str], separator: str) -> pa.Table:
    with path.open("rb") as beginning:
        header = beginning.read(_HEADER_BYTES)
    encoding = text_encoding(header)
    separator = _separator(header.decode(encoding, "replace"), separator)
    # pyarrow skips the mark of UTF-8 itself, and any other encoding slows it down.
    reading = csv.ReadOptions(encoding="utf8" if encoding == "utf-8-sig" else encoding)
    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    with csv.open_csv(path, reading, parsing) as file:
        wanted = _wanted(file.schema.names, columns)
    # All as text: "NA" and "007" are valid ids, and messages show what is not a number.
    converting = csv.ConvertOptions(
        include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
    )
    return csv.read_csv(path, reading, parsing, converting)


def _separator(text: str, default: str) -> str:
    """Return the separator of a table by its first line, which has a column `id`."""
    first_line = text.splitlines()[0] if text else ""
    for separator in (default, ";", "\t", ","):
        if "id" in (cell.strip('"') for cell in first_line.split(separator)):
            return separator
    return default


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    return parquet.read_table(path, columns=_wanted(parquet.read_schema(path).names, columns))


def _wanted(known: Sequence[str], columns: Sequence[str]) -> list[str]:
    wanted = [name for name in dict.fromkeys(("id", *columns)) if name in known]
    for name in wanted:
        if known.count(name) > 1:
            raise ValueError(f"there are two columns {name!r}")
    return wanted


def _escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before text that could be a formula."""
    result = frame.copy()
    for name, column in frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            result[name] = column.cat.rename_categories(escape_formula)
        elif not pd.api.types.is_numeric_dtype(column):
            result[name] = column.map(escape_formula)
    result.index = frame.index.map(escape_formula)
    return result


def _block(
    store: Store, rows: slice, *, logits: bool, features: bool, read_views: ViewReader | None
) -> pa.Table:
    frame = frame_rows(store, rows, logits=logits).reset_index()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    # As text: embedding-atlas draws no charts of categories.
    types = [
        pa.string() if pa.types.is_dictionary(type_) else type_ for type_ in table.schema.types
    ]
    table = table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))
    if store.neighbors is not None:
        index = store.neighbors.indices[rows].astype(np.int32)
        lists = [_lists(index), _lists(store.neighbors.distances[rows])]
        pairs = pa.StructArray.from_arrays(lists, names=["ids", "distances"])
        table = table.append_column(NEIGHBORS, pairs)
    if features:
        table = table.append_column("feature", _lists(store.features[rows]))
    if read_views is not None:
        table = table.append_column("panorama", _panoramas(store, rows, read_views))
    return table


def _lists(values: NDArray[np.generic]) -> pa.ListArray:
    """Return the rows of an array (n, k) as lists."""
    count, length = values.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(length))
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).ravel()))


def _panoramas(store: Store, rows: slice, read_views: ViewReader) -> pa.BinaryArray:
    pictures = (jpeg(panorama(read_views(name, PICTURE_SIZE))) for name in store.location_ids[rows])
    return pa.array(list(pictures), type=pa.binary())
