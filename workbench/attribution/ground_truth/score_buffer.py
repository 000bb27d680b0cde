"""Scores of an unfinished study, beside its output, so that the next start resumes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.resume_buffer import ResumeBuffer, Writer
from workbench.attribution.ground_truth.scores import MapScores
from workbench.attribution.ground_truth.study import Key, MethodConfig

SCORES = 1
"""Kind of the buffer's records."""


class ScoreBuffer:
    """The scores of an earlier start of a study, `known`, and those that `put` adds to them."""

    def __init__(
        self, known: Mapping[Key, MapScores], configs: Sequence[MethodConfig], writer: Writer | None
    ) -> None:
        self.known = known
        self._configs = configs
        self._writer = writer

    def put(self, key: Key, scores: MapScores) -> None:
        """Write the scores of a map, unless nothing is kept."""
        if self._writer:
            row, config = key
            number = row * len(self._configs) + self._configs.index(config)
            self._writer.put(number, SCORES, scores.dump)
            self._writer.finish()


@contextmanager
def score_buffer(
    out: Path | None,
    request: Mapping[str, Any],
    configs: Sequence[MethodConfig],
    *,
    overwrite: bool,
) -> Iterator[ScoreBuffer]:
    """Yield the buffer beside the file `out`, whose lock is held; nothing is kept without one.

    It is removed at the end of the block, and stays if that ends early. `configs` are all methods
    and controls. Raises InputError for a buffer that is damaged or of another request, unless
    `overwrite`.
    """
    if out is None:
        yield ScoreBuffer({}, configs, None)
        return
    buffer = ResumeBuffer(out, request)
    if buffer.load(overwrite=overwrite) is None:
        buffer.begin({})
    buffer.recover()
    results = buffer.results()
    known = {
        (row, configs[index]): MapScores.load(results.payload(number, SCORES))
        for number in results.keys(SCORES)
        for row, index in [divmod(number, len(configs))]
    }
    with buffer.writer(0) as writer:
        yield ScoreBuffer(known, configs, writer)
    buffer.remove()
