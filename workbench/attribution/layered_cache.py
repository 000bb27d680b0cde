"""Attributions that were computed before: in attribution files, then in the cache."""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import InputError
from common.text import print_text
from workbench.attribution import attribution_file
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.cache import AttributionCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint
from workbench.store import Store


class LayeredCache:
    """Looks into attribution files, then into a cache; only the cache takes new attributions."""

    def __init__(self, files: Sequence[AttributionFile], cache: AttributionCache | None) -> None:
        """Take the files in the order in which they are searched, and the cache if there is one."""
        self._cache = cache
        self._layers: list[AttributionFile | AttributionCache] = [
            *files,
            *([cache] if cache else []),
        ]

    def get(self, location_id: str, request: AttributionRequest) -> Attribution | None:
        """Return an attribution with checks, else one without, None where there is none.

        Errors of a damaged file are printed to stderr.
        """
        unchecked = None
        for layer in self._layers:
            try:
                attribution = layer.get(location_id, request)
            except InputError as error:
                print_text(error, file=sys.stderr)
                continue
            if attribution is not None and attribution.checks is not None:
                return attribution
            unchecked = unchecked or attribution
        return unchecked

    def put(self, attribution: Attribution) -> None:
        """Write an attribution to the cache; never raises."""
        if self._cache:
            self._cache.put(attribution)


def open_files(paths: Sequence[Path], store: Store) -> list[AttributionFile]:
    """Open attribution files of a store.

    Raises InputError as `attribution_file.read` does, and for a file of another store.
    """
    files = [attribution_file.read(path) for path in paths]
    expected = fingerprint(store)
    for file in files:
        if file.fingerprint.checkpoint_sha256 != expected.checkpoint_sha256:
            raise InputError(
                f"{file.path}: was computed with a different checkpoint; open it with the "
                "store that it was computed for."
            )
        if file.fingerprint.data_sha256 != expected.data_sha256:
            raise InputError(
                f"{file.path}: was computed from different photographs; open it with the "
                "store that it was computed for."
            )
    return files
