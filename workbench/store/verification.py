"""Whether checkpoint and photographs are still those of the extraction."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from common.errors import InputError
from common.json_text import read_object
from common.system_errors import explain
from workbench.store.contents import Store
from workbench.store.photographs import Photographs

MAX_LISTED = 20


@dataclass(frozen=True)
class VerificationResult:
    """Whether something is unchanged, and a message about it."""

    unchanged: bool
    message: str


def verify(store: Store, run: Path | None, data: Path | None) -> Iterator[VerificationResult]:
    """Hash the checkpoint and all photographs and yield which are missing or have changed.

    `run` and `data` are the folders of today, None for those of the extraction.
    """
    yield _checkpoint(store, run or _recorded(store, "run"))
    yield from _photographs(store, data or _recorded(store, "data"))


def _recorded(store: Store, key: str) -> Path:
    value = store.provenance.get(key)
    return Path(value) if isinstance(value, str) and value else Path("unknown")


def _checkpoint(store: Store, run: Path) -> VerificationResult:
    known = store.provenance.get("checkpoint_sha256")
    if not known:
        return VerificationResult(False, "checkpoint: the store has no hash of it")
    name = Path(str(store.provenance.get("checkpoint", ""))).name
    path = run / name
    try:
        if not name:
            raise FileNotFoundError
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == known
    except (FileNotFoundError, ValueError):  # Or a path that holds a NUL.
        return VerificationResult(False, f"checkpoint: {path} is missing{_newer(run)}")
    except OSError as error:
        return VerificationResult(False, f"checkpoint: {path}: {explain(error)}")
    return VerificationResult(
        same, f"checkpoint: {path} {'is the same' if same else 'has changed'}"
    )


def _newer(run: Path) -> str:
    """Name the checkpoint of a later training, which has removed the weights of the store."""
    weights = (read_object(run / "best.json") or {}).get("weights")
    return f"; the run's best checkpoint is {weights} now: extract again" if weights else ""


def _photographs(store: Store, data: Path) -> Iterator[VerificationResult]:
    if store.image_sha256 is None:
        yield VerificationResult(
            False, "photographs: the store has no hashes of them; extract it again"
        )
        return
    try:
        photographs = Photographs(data, store)
    except InputError as error:
        yield VerificationResult(False, f"photographs: {error}")
        return
    missing: list[str] = []
    changed: list[str] = []
    for location in tqdm(
        store.location_ids, "Reading photographs", unit="location", delay=2, dynamic_ncols=True
    ):
        for path, same in photographs.compare(location, missing_ok=True).items():
            if same is None:
                missing.append(str(path))
            elif not same:
                changed.append(str(path))
    below = f" below {photographs.root}"
    yield _count(missing, 4 * len(store), "photographs are missing or unreadable", below)
    yield _count(changed, 4 * len(store) - len(missing), "photographs have changed", below)


def _count(names: list[str], total: int, what: str, where: str) -> VerificationResult:
    if not names:
        return VerificationResult(True, f"photographs: none of {total:,} {what}{where}")
    listed = "".join(f"\n  {name}" for name in names[:MAX_LISTED])
    more = f"\n  and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
    return VerificationResult(
        False, f"photographs: {len(names):,} of {total:,} {what}:{listed}{more}"
    )
