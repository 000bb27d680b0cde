"""Attributions for figures: from attribution files, from the cache, or computed."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from common.photographs import DECODE_ERRORS, describe_error, open_rgb, read_bytes, to_square
from common.photographs import unusable_message as unusable
from common.progress import fraction_bar, subrange
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import Explainer, RequestResolver, open_explainer
from workbench.attribution.layered_cache import LayeredCache, open_files
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint
from workbench.export.models import Model
from workbench.export.options import Options
from workbench.store.companions import cache_folder

CACHE_SIZE = 2_000_000_000
"""Bytes, as in the dashboard, which shares the cache."""
LARGEST_VIEW = 512
"""Pixels of a photograph's side in a figure."""


Known = Callable[[str, AttributionRequest], Attribution | None]
"""Returns the attribution of a location for a resolved request, None where there is none."""


class Maps:
    """The attributions of a model's locations."""

    def __init__(self, model: Model, options: Options, known: Known | None = None) -> None:
        """Take a model; nothing is opened before it is needed.

        `known` returns attributions in place of files and cache.
        """
        self._model, self._options = model, options
        self._is_given = known is not None
        self._known = known or (lambda *key: self._cache.get(*key))

    def get(self, location_id: str, request: AttributionRequest) -> Attribution:
        """Return an attribution with its checks.

        Raises InputError where it is not known and cannot be computed, with the way to it.
        """
        store = self._model.store
        request = RequestResolver(store).resolve(location_id, request)
        known = self._known(location_id, request)
        if known is not None and (known.checks is not None or not self._options.compute):
            return known
        if self._is_given:
            raise InputError(
                f"{location_id}: its map is not computed yet; wait until the page shows it."
            )
        if not self._options.compute:
            raise InputError(
                f"{location_id}: no file has this map; leave out --no-compute, or write "
                f"one with `resnetbolt attribute {self._model.path} --out MAPS.h5` and pass "
                "--attributions MAPS.h5."
            )
        with fraction_bar(f"Explaining {location_id}") as report:
            known = known or self._explainer.explain(location_id, request, subrange(report, 0, 0.3))
            self._cache.put(known)
            checked = self._explainer.check(known, subrange(report, 0.3, 1))
        self._cache.put(checked)
        return checked

    @cached_property
    def files(self) -> list[AttributionFile]:
        """The attribution files of this model among those of the command."""
        found = []
        for path in self._options.attributions:
            try:
                found += open_files([path], self._model.store)
            except InputError:
                if len(self._options.stores) == 1:
                    raise
        return found

    @cached_property
    def _cache(self) -> LayeredCache:
        folder = cache_folder(self._model.path.resolve())
        cache = AttributionCache(folder, fingerprint(self._model.store), CACHE_SIZE)
        return LayeredCache(self.files, cache)

    @cached_property
    def _explainer(self) -> Explainer:
        return open_explainer(self._model.store, self._model.photographs, self._model.run)


def read_views(model: Model, location_id: str) -> NDArray[np.uint8]:
    """Return the photographs of a location, (4, H, W, 3), as squares.

    They have the size of the largest, up to `LARGEST_VIEW`. Raises InputError.
    """
    paths = model.photographs.paths(location_id)
    for path in model.photographs.changed(location_id):
        raise InputError(f"{path}: has changed since the store was extracted; extract it again.")
    images = []
    for path in paths:
        try:
            images.append(open_rgb(read_bytes(path), LARGEST_VIEW))
        except DECODE_ERRORS as error:
            raise InputError(unusable(path, describe_error(error))) from error
    side = min(LARGEST_VIEW, max(max(image.size) for image in images))
    return np.stack([np.asarray(to_square(image, side)) for image in images])
