"""The folders of a store's photographs and of its run."""

from pathlib import Path

from common.errors import InputError
from workbench.store import Store
from workbench.store.photographs import Photographs

_WORDS = {"run": "the model's run folder is", "data": "the photographs are"}


def folder(store: Store, key: str, option: Path | None) -> Path:
    """Return the folder of the option, else the one that the store records as "run" or "data".

    Raises InputError when it records none.
    """
    if option:
        return option
    value = store.provenance.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"The store does not record where {_WORDS[key]}; give it with --{key}.")
    return Path(value)


def photographs(store: Store, data: Path | None) -> Photographs:
    """Return the photographs in the folder `data`, else in the one that the store records.

    Raises InputError when it records none, and when the folder is missing.
    """
    return Photographs(folder(store, "data", data), store)
