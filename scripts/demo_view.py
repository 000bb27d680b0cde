"""Prepare the demo's first view: `python scripts/demo_view.py FILE.h5`.

It takes the two neighbouring states that the model confuses most often, and the location of one
that it takes for the other with the greatest confidence; explains why the model names the other
state rather than the true one, with all checks, into the store's cache; and prints the part of the
dashboard's address after "#" that shows it. What is in the cache is not computed again.
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
from workbench.attribution.explainer import open_explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import fingerprint
from workbench.evaluation.census import neighbors
from workbench.evaluation.confusions import confused_pairs
from workbench.evaluation.predictions import Predictions
from workbench.store import provenance
from workbench.store.companions import cache_folder

CACHE_BYTES = 2_000_000_000


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
    location = store.location_ids[pair.examples[0]]
    explainer = open_explainer(store, provenance.photographs(store, None), None)
    request = explainer.resolve(location, AttributionRequest(contrast_target=true))
    cache = AttributionCache(cache_folder(path.resolve()), fingerprint(store), CACHE_BYTES)
    kept = cache.get(location, request)
    if kept is None or not kept.checks:
        with fraction_bar(location) as report:
            kept = explainer.explain(location, request, subrange(report, 0, 0.3))
            cache.put(explainer.check(kept, subrange(report, 0.3, 1)))
    cell = {"kind": "cell", "true": [true], "predicted": [predicted]}
    return urlencode(
        {
            "page": "location",
            "selection": json.dumps([{"op": "replace", "filter": cell}], separators=(",", ":")),
            "location": location,
            "contrast": true,
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
