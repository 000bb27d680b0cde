"""Prepare the demo's first view: `python scripts/demo_view.py FILE.h5`.

It takes the two neighbouring states that the model confuses most often, and explains why the model
names the wrong one, with all checks, at a location: of the three with the greatest confidence the
first whose map is supported, or else the first. It prints the part of the dashboard's address after
"#" that shows it. Maps are kept in the store's cache and not computed again.
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode

from common.cli import cli_errors
from common.errors import InputError
from common.progress import fraction_bar, subrange
from workbench import store as stores
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import Explainer, open_explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import fingerprint
from workbench.attribution.verdict import SUPPORTED, verdict
from workbench.evaluation.census import neighbors
from workbench.evaluation.confusions import confused_pairs
from workbench.evaluation.predictions import Predictions
from workbench.store import provenance
from workbench.store.companions import cache_folder

CACHE_BYTES = 2_000_000_000
TRIES = 3
"""Locations that are explained at most: each takes a minute on two cores."""


def main(arguments: list[str]) -> int:
    """Print the view of a store and return the exit status."""
    with cli_errors("scripts/demo_view.py", interrupted="run it again"):
        (path,) = map(Path, arguments)
        print(view(path))
    return 0


def view(path: Path) -> str:
    """Return the address of the view; raises InputError where the model confuses no neighbours."""
    predictions = Predictions(store := stores.read(path))
    beside = neighbors(store.class_names)
    pairs = confused_pairs(
        store.labels,
        predictions.predicted_labels,
        predictions.confidences,
        len(store.class_names),
    )
    pair = next(
        (one for one in pairs if beside is not None and beside[one.true, one.predicted]), None
    )
    if pair is None:
        raise InputError(f"{path}: the model confuses no neighbouring states.")
    true, predicted = store.class_names[pair.true], store.class_names[pair.predicted]
    explainer = open_explainer(store, provenance.photographs(store, None), None)
    cache = AttributionCache(cache_folder(path.resolve()), fingerprint(store), CACHE_BYTES)
    locations = [store.location_ids[row] for row in pair.examples[:TRIES]]
    supported = (
        location
        for location in locations
        if verdict(_checked(explainer, cache, location)).label == SUPPORTED
    )
    location = next(supported, locations[0])
    cell = {"kind": "cell", "true": [true], "predicted": [predicted]}
    return urlencode(
        {
            "page": "location",
            "selection": json.dumps([{"op": "replace", "filter": cell}], separators=(",", ":")),
            "location": location,
        }
    )


def _checked(explainer: Explainer, cache: AttributionCache, location: str) -> Attribution:
    request = explainer.resolve(location, AttributionRequest())
    kept = cache.get(location, request)
    if kept is None or not kept.checks:
        with fraction_bar(location) as report:
            kept = explainer.explain(location, request, subrange(report, 0, 0.3))
            cache.put(kept := explainer.check(kept, subrange(report, 0.3, 1)))
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
