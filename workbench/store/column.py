"""A dataset that is read when it is indexed."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.store.hdf5 import FileFormat, hdf5_errors


class Column:
    """A dataset of numbers or text in an open file.

    It keeps the file open, so that its rows stay the same when another store replaces the file.
    """

    def __init__(self, path: Path, dataset: h5py.Dataset, file_format: FileFormat) -> None:
        """Take the dataset, and the path and format for error messages."""
        self._path, self._format = path, file_format
        self._dataset = dataset
        self._file = dataset.file  # Otherwise h5py would close it.
        self._text = h5py.check_string_dtype(dataset.dtype) is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the length of each axis."""
        return tuple(self._dataset.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype, `str_` for text."""
        return np.dtype(np.str_) if self._text else self._dataset.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Read rows by integer, slice, or integer array in any order.

        Raises InputError when the file is damaged there or cannot be read.
        """
        if isinstance(rows, np.ndarray) and rows.dtype.kind in "iu":
            # HDF5 reads ascending rows only.
            ascending, inverse = np.unique(rows, return_inverse=True)
            return self._read(ascending)[inverse] if len(ascending) else self[:0]
        return self._read(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.asarray(self._read(slice(None)), dtype=dtype)

    def _read(self, rows: Any) -> NDArray[Any]:
        with hdf5_errors(self._path, self._format, self._dataset.name):
            values = self._dataset[rows]
            return decode_text(values) if self._text else values


def decode_text(values: Any) -> NDArray[np.str_]:
    """Return UTF-8 text as h5py reads it as an array of `str_`; raises UnicodeDecodeError."""
    array = np.asarray(values)
    flat = [item.decode() if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    return np.array(flat, dtype=np.str_).reshape(array.shape)
