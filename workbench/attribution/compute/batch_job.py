"""Many locations of a store explained into one file, by one process or several."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import numpy as np
from tqdm import tqdm

from common import distributed
from common.distributed import Processes, on_all_ranks
from common.errors import InputError, Interrupted
from common.files import atomic_write, check_writable, file_lock
from common.progress import ProgressCallback
from common.signals import StopSignal, stop_signal
from trainer import checkpoint as checkpoints
from workbench.attribution import attribution_file
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.cache import AttributionFolder
from workbench.attribution.explainer import Explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint, request_to_json
from workbench.store import Store
from workbench.store.query import select

GO_ON = "run the same command to go on"
ASKED = "question.json"
"""In the folder of the answers on their way: what they answer, its states not yet by name."""


@dataclass(frozen=True)
class Request:
    """What is asked for: a question about the locations for which `where` holds.

    With a `limit` no more than so many, evenly spread over them; with `evidence` each map is
    examined, too.
    """

    store: Path
    out: Path
    question: AttributionRequest
    where: str = ""
    limit: int | None = None
    evidence: bool = False
    overwrite: bool = False


class _EndedError(Exception):
    """Raised through the explainer to leave it."""


def explained(request: Request, store: Store, explainer: Explainer) -> AttributionFile:
    """Write the file that is asked for, going on where an earlier start was ended, and return it.

    Each answer is kept in a folder beside the file as soon as it is there, and all go into the file
    at the end. Processes that `distributed.process_group` has joined share the work. A location that
    cannot be explained is named in the file, with the reason. Raises InputError when none can be,
    none is meant, the file is there and not to be overwritten, or the disk is full, and Interrupted
    when it was asked to end.
    """
    processes = distributed.current_processes()
    with ExitStack() as stack:
        work = on_all_ranks(processes, lambda: _Work(request, store, explainer))
        on_all_ranks(processes, lambda: work.begin(stack) if processes.is_main else None)
        with stop_signal() as stop:
            on_all_ranks(processes, lambda: work.share(processes, stop))
            if processes.any(stop.received):
                raise Interrupted(f"asked to end; {work.progress()}, {GO_ON}.")
        on_all_ranks(processes, lambda: work.finish() if processes.is_main else None)
        return attribution_file.read(request.out)


def chosen(store: Store, where: str, limit: int | None) -> list[str]:
    """Return the ids that are meant, in the store's order; raises InputError when none is."""
    rows = np.flatnonzero(select(store, where)) if where else np.arange(len(store))
    if not len(rows):
        raise InputError(f"--where {where!r}: holds for none of the {len(store)} locations.")
    if limit is not None and limit < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(np.int64)]
    return [store.location_ids[row] for row in rows]


class _Work:
    """The locations of a request, their questions with classes by name, and what is answered."""

    def __init__(self, request: Request, store: Store, explainer: Explainer) -> None:
        self._request, self._store, self._explainer = request, store, explainer
        self._answers = AttributionFolder(_parts(request.out), fingerprint(store))
        self._failure: dict[str, str] = {}
        self._question: dict[str, AttributionRequest] = {}
        request.question.validate(store.class_names)
        if (
            request.question.baseline_location
            and request.question.baseline_location not in store.location_ids
        ):
            raise InputError(
                f"--baseline-location {request.question.baseline_location!r}: the store knows no such location."
            )
        for name in chosen(store, request.where, request.limit):
            try:
                self._question[name] = explainer.resolve(name, request.question)
            except InputError as error:
                self._failure[name] = str(error)

    def begin(self, stack: ExitStack) -> None:
        """Take up the folder of answers, or make one, and keep other commands from the file."""
        out, folder = self._request.out, self._answers.folder
        if out.resolve() == self._request.store.resolve():
            raise InputError(f"{out}: is the store itself; name another file.")
        stack.enter_context(file_lock(out))
        check_writable(out, overwrite=self._request.overwrite)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InputError(f"{folder}: is no folder of this command; move it away.")
        folder.mkdir(exist_ok=True)
        asked, begun = request_to_json(self._request.question), folder / ASKED
        if begun.exists() and begun.read_text("utf-8") != asked and not self._request.overwrite:
            raise InputError(
                f"{folder}: holds answers to another question; finish that, name another file, or "
                "say --overwrite."
            )
        with atomic_write(begun) as partial:
            partial.write_text(asked, "utf-8")
        self._forget_failures()  # Of an earlier start: what was mended since is tried again.

    def share(self, processes: Processes, stop: StopSignal) -> None:
        """Answer this process's part of the questions, until asked to end."""
        mine = list(self._question)[processes.rank :: processes.world_size]
        left = [name for name in mine if not self._is_answered(name)]
        failure: dict[str, str] = {}
        with _bar(len(mine) - len(left), len(mine), processes) as bar:

            def between(_fraction: float, stage: str = "", /) -> None:
                if stop.received:
                    raise _EndedError
                bar.set_postfix_str(stage, refresh=False)
                bar.update(0)

            for name in left:
                with suppress(_EndedError):
                    why = self._answer(name, between)
                    failure |= {name: why} if why else {}
                    bar.update()
                if stop.received:
                    return
        with atomic_write(self._answers.folder / _failures(str(processes.rank))) as partial:
            partial.write_text(json.dumps(failure), "utf-8")

    def progress(self) -> str:
        """Say how far all processes have come."""
        done = sum(map(self._is_answered, self._question))
        return f"{done} of {len(self._question)} locations are done"

    def finish(self) -> None:
        """Write the file of all answers, and remove the folder."""
        for path in self._answers.folder.glob(_failures("*")):
            self._failure |= json.loads(path.read_text("utf-8"))
        names = [name for name in self._question if name not in self._failure]
        missing = sum(not self._is_answered(name) for name in names)
        if missing:
            raise InputError(
                f"{self._answers.folder}: {missing} answers are missing; start all processes where "
                f"they share this folder, and {GO_ON}."
            )
        if names:
            self._write(names)
        self._forget_failures()
        (self._answers.folder / ASKED).unlink()
        self._answers.remove()
        if not names:
            name, why = next(iter(self._failure.items()))
            raise InputError(f"none of {len(self._failure)} locations was explained; {name}: {why}")

    def _write(self, names: list[str]) -> None:
        request = self._request
        asked = {
            "question": asdict(request.question),
            "where": request.where,
            "limit": request.limit,
            "evidence": request.evidence,
            "created": datetime.now(UTC).isoformat(),
            "versions": checkpoints.versions(),
        }
        attribution_file.write(
            request.out,
            map(self._answered, names),
            len(names),
            fingerprint(self._store),
            asked,
            self._store.provenance,
            list(self._failure.items()),
        )

    def _is_answered(self, name: str) -> bool:
        return self._answers.contains(name, self._question[name], checked=self._request.evidence)

    def _answered(self, name: str) -> Attribution:
        made = self._answers.get(name, self._question[name])
        if made is None or (self._request.evidence and not made.checks):
            raise InputError(
                f"{self._answers.folder}: the answer about {name} was damaged; {GO_ON}."
            )
        # An earlier start may have asked for it where this one did not.
        return made if self._request.evidence else replace(made, checks=None)

    def _answer(self, name: str, between: ProgressCallback) -> str:
        """Answer the question about one location; return why that cannot be, "" where it can."""
        steps = self._steps(name, between)
        while True:
            try:
                made = next(steps, None)
            except InputError as error:
                return str(error)
            if made is None:
                return ""
            self._answers.put(made)  # What this raises is not the location's fault.

    def _steps(self, name: str, between: ProgressCallback) -> Iterator[Attribution]:
        """Yield the map, unless it is known, and the map with its evidence, if that is wanted."""
        made = self._answers.get(name, self._question[name])
        if made is None:
            made = self._explainer.explain(name, self._question[name], between)
            yield made
        if self._request.evidence:
            yield self._explainer.check(made, between)

    def _forget_failures(self) -> None:
        for path in self._answers.folder.glob(_failures("*")):
            path.unlink()


def _parts(out: Path) -> Path:
    """Return the folder of the answers that are on their way into a file."""
    return out.with_name(f".{out.name}.parts")


def _failures(process: str) -> str:
    return f"failures-{process}.json"


def _bar(done: int, total: int, processes: Processes) -> "tqdm[NoReturn]":
    many = f" (process 1 of {processes.world_size})" if processes.world_size > 1 else ""
    return tqdm(
        desc=f"Explaining locations{many}",
        total=total,
        initial=done,
        unit="location",
        dynamic_ncols=True,
        mininterval=0.5,
        miniters=0,  # So that steps within a location are shown, too;
        smoothing=0,  # which would count as quick locations.
        disable=not processes.is_main,
    )
