"""The store: one HDF5 file for each extraction, specified by `docs/reference/store-format.md`.

Only this package reads and writes stores.

    contents      the `Store` and its arrays
    schema        the datasets and attributes of the format, as data
    reading       from a file to a `Store`
    writing       from a `Store` to a file
    validation    whether a file meets the specification
    verification  whether checkpoint and photographs are still those of the extraction
    column        a dataset that is read when it is indexed
    hdf5          opening and creating HDF5 files
    probe         reads a file in a process of its own, which HDF5 may crash
    tree          what is in a file, as text
    query         locations that match a condition
    photographs   the photographs of the locations
    fingerprint   a hash of what a store holds
    provenance    where the run and the photographs are
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
