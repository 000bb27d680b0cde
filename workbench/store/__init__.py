"""The store, one HDF5 file for each extraction; `docs/store.md` specifies it.

This package is the only one that reads and writes it. `specification` has its datasets as data,
`contents` says what they mean in Python, `checking` holds a file against the specification,
`verification` against the checkpoint and the photographs that it was made from.
"""

from workbench.store.contents import HEADINGS, SPLITS, Rows, Store
from workbench.store.reading import read
from workbench.store.schema import FORMAT, MAP_NAME, VERSION
from workbench.store.writing import extend, remove, write

__all__ = [
    "FORMAT",
    "HEADINGS",
    "MAP_NAME",
    "SPLITS",
    "VERSION",
    "Rows",
    "Store",
    "extend",
    "read",
    "remove",
    "write",
]
