"""Results of earlier starts: the same request finds its result, another one leaves it alone.

Each result carries the request that it answers, as a JSON object: a store in its provenance, a
projection in its parameters, an attribution or Parquet file in its metadata, a run in its
configuration. A folder of files carries it in `<command>.json`.
"""

import filecmp
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.errors import InputError
from common.files import atomic_write_text
from common.json_text import read_object
from common.text import print_text

Request = Mapping[str, Any]
"""Everything that a result depends on, as JSON; its keys are words for messages."""
FILE_REMEDY = "choose another file or pass --overwrite"
FOLDER_REMEDY = "choose another folder or pass --overwrite"


def differences(recorded: Request, request: Request) -> list[str]:
    """Return the keys of a request whose values differ from those that a result carries."""
    request = json.loads(json.dumps(request))
    return [key for key, value in request.items() if recorded.get(key) != value]


def refuse_other(
    path: Path, recorded: Request | None, request: Request, remedy: str = FILE_REMEDY
) -> None:
    """Raise InputError unless the result at `path` answers a request.

    `recorded` is the request that it carries, None if it carries none.
    """
    if recorded is None:
        raise InputError(f"{path}: already exists; {remedy}.")
    if keys := differences(recorded, request):
        raise InputError(
            f"{path}: already exists, from a different request (different {', '.join(keys)}); "
            f"{remedy}."
        )


def print_finished(path: Path) -> None:
    """Say that this command has nothing to do."""
    print_text(f"{path}: was finished by an earlier start of this command.")


def is_finished(
    path: Path, recorded: Request | None, request: Request, remedy: str = FILE_REMEDY
) -> bool:
    """Return True and print it if the result at `path` answers a request.

    Raises as `refuse_other` does.
    """
    refuse_other(path, recorded, request, remedy)
    print_finished(path)
    return True


def refuse_other_content(path: Path, new: Path) -> None:
    """Raise InputError unless `path` has the bytes of `new`, for formats that carry no request."""
    if not filecmp.cmp(path, new, shallow=False):
        raise InputError(f"{path}: already exists with different content; {FILE_REMEDY}.")
    print_finished(path)


def read_record(folder: Path, command: str) -> Mapping[str, Any]:
    """Return the record in `<command>.json`, empty if a folder has none or it is damaged."""
    record = read_object(folder / f"{command}.json") or {}
    files = record.get("files")
    is_valid = (
        isinstance(record.get("request"), dict)
        and isinstance(record.get("finished"), bool)
        and isinstance(files, list)
        # No paths that lead out of the folder.
        and all(isinstance(name, str) and Path(name).name == name for name in files)
    )
    return record if is_valid else {}


def record_text(request: Request, files: Collection[str] = (), *, finished: bool = True) -> str:
    """Return the record of a folder: the request that its files answer, and their names."""
    document = {"request": request, "files": list(files), "finished": finished}
    return json.dumps(document, indent=1) + "\n"


def folder_is_finished(
    folder: Path, command: str, request: Request, files: Collection[str], *, overwrite: bool
) -> bool:
    """Return True and print it if a folder has all `files` of a request.

    Files of an unfinished start are written again. Raises InputError where those of another request
    would be replaced, unless `overwrite`.
    """
    record = read_record(folder, command)
    existing = [name for name in {*files, *record.get("files", ())} if (folder / name).exists()]
    if overwrite or not existing:
        return False
    refuse_other(folder / min(existing), record.get("request"), request, FOLDER_REMEDY)
    if not record["finished"] or not all((folder / name).exists() for name in files):
        return False
    print_finished(folder)
    return True


@contextmanager
def recorded(
    folder: Path, command: str, request: Request, files: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Create a folder and write `files` into it in the block, after a kill to be written again.

    The block may add to the record, which is yielded, and change its "files"; with "finished"
    False the same command writes them again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{command}.json"
    record = {"request": request, "files": list(files), "finished": True}
    atomic_write_text(path, json.dumps(record | {"finished": False}, indent=1) + "\n")
    yield record
    atomic_write_text(path, json.dumps(record, indent=1) + "\n")
