"""Where a store's photographs and its model are: where they were, unless somebody knows better."""

from pathlib import Path

from common.errors import InputError
from workbench.store import Store

_WORDS = {"run": "the model's run folder is", "data": "the photographs are"}


def folder(store: Store, key: str, given: Path | None) -> Path:
    """Return the folder that was given, else the one that the store names as "run" or "data".

    Raises InputError when it names none.
    """
    if given:
        return given
    value = store.provenance.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"The store does not say where {_WORDS[key]}; say it with --{key}.")
    return Path(value)
