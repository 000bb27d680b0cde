"""Answers that are there already: files of them, then the cache."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from common.errors import InputError
from workbench.attribution import attribution_file
from workbench.attribution.attribution_file import Attributions
from workbench.attribution.cache import Cache
from workbench.attribution.questions import Questions
from workbench.attribution.request import Attribution, AttributionRequest, Progress
from workbench.attribution.serialization import origin
from workbench.store import Store


class LayeredCache:
    """What files of answers hold, and the cache, which alone takes new ones."""

    def __init__(self, files: Sequence[Attributions], cache: Cache | None) -> None:
        """Take the files, the first being asked first, and the cache, if there is one."""
        self._cache = cache
        self._places: list[Attributions | Cache] = [*files, *([cache] if cache else [])]

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        """Return an answer that has its evidence, else one without, None where there is none.

        What is wrong with a damaged file is said on stderr.
        """
        plain = None
        for place in self._places:
            try:
                made = place.get(location_id, question)
            except InputError as error:
                print(error, file=sys.stderr)
                continue
            if made is not None and made.evidence is not None:
                return made
            plain = plain or made
        return plain

    def put(self, made: Attribution) -> None:
        """Keep an answer in the cache; it never raises."""
        if self._cache:
            self._cache.put(made)


class Recorded:
    """An `Explainer` where no model can be had: it knows questions, and answers none of them."""

    def __init__(self, store: Store) -> None:
        """Take the store whose locations are asked about."""
        self._questions = Questions(store)

    def question(self, location_id: str, question: AttributionRequest) -> AttributionRequest:
        """Return the question with its classes by name; raises as `Explainer.question` does."""
        return self._questions.question(location_id, question)

    def explain(
        self, location_id: str, question: AttributionRequest, progress: Progress
    ) -> NoReturn:
        """Raise InputError."""
        raise InputError(
            "The files of explanations do not have this one, and without the model and its "
            "photographs it cannot be computed."
        )

    def examine(self, made: Attribution, progress: Progress) -> NoReturn:
        """Raise InputError."""
        self.explain(made.location_id, made.request, progress)


def opened(paths: Sequence[Path], store: Store) -> list[Attributions]:
    """Open files of answers about the locations of a store.

    Raises InputError as `attribution_file.read` does, and for a file about another store's.
    """
    files = [attribution_file.read(path) for path in paths]
    here = origin(store)
    for file in files:
        if file.origin.checkpoint_sha256 != here.checkpoint_sha256:
            raise InputError(
                f"{file.path}: explains another checkpoint than the store's; open it with the "
                "store that it was made from."
            )
        if file.origin.data_sha256 != here.data_sha256:
            raise InputError(
                f"{file.path}: explains other photographs than the store's; open it with the "
                "store that it was made from."
            )
    return files
