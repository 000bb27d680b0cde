"""A dataset whose rows stay in the file until somebody asks for them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from common.errors import InputError


class Column:
    """One dataset of an open file, numbers or text.

    It keeps the file open, so that the rows stay those of one store even when another one takes
    its name.
    """

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        """Take the dataset, and the path for what goes wrong with it."""
        self._path = path
        self._dataset = dataset
        self._file = dataset.file  # Or HDF5 would close it, and the dataset with it.
        self._text = h5py.check_string_dtype(dataset.dtype) is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the length of each axis."""
        return tuple(self._dataset.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the kind of its numbers, `str_` for text."""
        return np.dtype(np.str_) if self._text else self._dataset.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Read some rows: a number, a slice, or an array of numbers in any order.

        Raises InputError when the file is damaged there.
        """
        if isinstance(rows, np.ndarray) and rows.dtype.kind in "iu":
            # HDF5 reads rising rows only.
            rising, place = np.unique(rows, return_inverse=True)
            return self[:0] if not len(rising) else self._read(rising)[place]
        return self._read(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.asarray(self._read(slice(None)), dtype=dtype)

    def _read(self, rows: Any) -> NDArray[Any]:
        try:
            values = self._dataset[rows]
            return text(values) if self._text else values
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self._path}: {self._dataset.name} is damaged; extract the store again."
            ) from error


def text(values: Any) -> NDArray[np.str_]:
    """Return the text in UTF-8 of an HDF5 dataset, as h5py reads it, as an array of `str_`.

    Raises UnicodeDecodeError for other bytes.
    """
    array = np.asarray(values)
    flat = [item.decode() if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    return np.array(flat, dtype=np.str_).reshape(array.shape)
