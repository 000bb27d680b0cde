"""Scores of an unfinished study, kept beside its output, so that the next start resumes."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from common.resume_buffer import ResumeBuffer, Writer
from workbench.attribution.ground_truth.scores import MapScores
from workbench.attribution.ground_truth.study import Key, MethodConfig

SCORES = 1
"""Kind of the buffer's records."""


class KeptScores:
    """The scores of a study in a resume buffer beside the file `out`; nothing is kept without one.

    `known` are those of an earlier start of the same `request`. `configs` are all methods and
    controls. Raises InputError for a buffer that is damaged or of another request, unless
    `overwrite`.
    """

    def __init__(
        self,
        out: Path | None,
        request: Mapping[str, Any],
        configs: Sequence[MethodConfig],
        *,
        overwrite: bool,
    ) -> None:
        self.known: dict[Key, MapScores] = {}
        self._configs = list(configs)
        self._buffer = ResumeBuffer(out, request) if out else None
        self._stack = ExitStack()
        self._writer: Writer | None = None
        if self._buffer is None:
            return
        if self._buffer.load(overwrite=overwrite) is None:
            self._buffer.begin({})
        self._buffer.recover()
        results = self._buffer.results()
        for number in results.keys(SCORES):
            row, index = divmod(number, len(self._configs))
            content = results.payload(number, SCORES)
            self.known[row, self._configs[index]] = MapScores.load(content)

    def __enter__(self) -> Self:
        """Open the buffer for writing."""
        if self._buffer:
            self._writer = self._stack.enter_context(self._buffer.writer(0))
        return self

    def __exit__(self, *_: object) -> None:
        """Close the buffer; whole records stay."""
        self._stack.close()

    def put(self, key: Key, scores: MapScores) -> None:
        """Keep the scores of a map."""
        if self._writer:
            row, config = key
            number = row * len(self._configs) + self._configs.index(config)
            self._writer.put(number, SCORES, scores.dump)
            self._writer.finish()

    def remove(self) -> None:
        """Remove the buffer, once the results are written."""
        if self._buffer:
            self._buffer.remove()
