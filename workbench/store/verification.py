"""Whether checkpoint and photographs are still those that a store was made from."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from common.errors import InputError
from workbench.store.contents import Store
from workbench.store.photographs import Photographs

LISTED = 20  # Photographs that are named.


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is as it was, and the words for a person."""

    same: bool
    words: str


def verify(store: Store, run: Path | None, data: Path | None) -> Iterator[Finding]:
    """Hash the checkpoint and every photograph, and say which are gone or have changed.

    `run` and `data` are where they are now, None for where they were at extraction.
    """
    yield _checkpoint(store, run or _remembered(store, "run"))
    yield from _photographs(store, data or _remembered(store, "data"))


def _remembered(store: Store, key: str) -> Path:
    value = store.provenance.get(key)
    return Path(value) if isinstance(value, str) and value else Path("unknown")


def _checkpoint(store: Store, run: Path) -> Finding:
    known = store.provenance.get("checkpoint_sha256")
    if not known:
        return Finding(False, "checkpoint: the store has no hash of it")
    name = Path(str(store.provenance.get("checkpoint", ""))).name
    path = run / name
    if not name or not path.is_file():
        return Finding(False, f"checkpoint: {path} is gone{_further(run)}")
    with path.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == known
    return Finding(same, f"checkpoint: {path} {'is the same' if same else 'has changed'}")


def _further(run: Path) -> str:
    """Say so where the run has gone on: the trainer removes weights that it no longer names."""
    try:
        weights = json.loads((run / "best.json").read_text("utf-8"))["weights"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"; the run's best checkpoint is {weights} now: extract again"


def _photographs(store: Store, data: Path) -> Iterator[Finding]:
    if store.image_sha256 is None:
        yield Finding(False, "photographs: the store has no hashes of them; extract it again")
        return
    try:
        photographs = Photographs(data, store)
    except InputError as error:
        yield Finding(False, f"photographs: {error}")
        return
    gone: list[str] = []
    changed: list[str] = []
    for location in tqdm(
        store.location_ids, "Reading photographs", unit="location", delay=2, dynamic_ncols=True
    ):
        for path, same in photographs.compared(location, gone=True).items():
            if same is None:
                gone.append(str(path))
            elif not same:
                changed.append(str(path))
    yield _count(gone, 4 * len(store), "photographs are gone", f" below {photographs.root}")
    there = 4 * len(store) - len(gone)
    yield _count(changed, there, "photographs have changed", f" below {photographs.root}")


def _count(found: list[str], of: int, what: str, where: str) -> Finding:
    if not found:
        return Finding(True, f"photographs: none of {of:,} {what}{where}")
    listed = "".join(f"\n  {name}" for name in found[:LISTED])
    more = f"\n  and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
    return Finding(False, f"photographs: {len(found):,} of {of:,} {what}:{listed}{more}")
