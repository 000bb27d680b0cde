"""A hash of what a store holds, by which results that were computed from it recognise it."""

import hashlib
import json

import numpy as np

from workbench.store.contents import Store


def content_sha256(store: Store) -> str:
    """Return a SHA-256 (hexadecimal) of predictions, projections and provenance.

    Features are not read: the provenance says what they were extracted from.
    """
    projections = list(store.projections.values())
    document = [
        dict(store.provenance),
        store.class_names,
        store.location_ids,
        [[item.name, item.method, dict(item.parameters), item.seed] for item in projections],
        store.components and [dict(store.components.parameters), store.components.seed],
        store.neighbors and [store.neighbors.metric, store.neighbors.seed],
    ]
    result = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    arrays = [store.labels, store.latitudes, store.longitudes, store.logits]
    arrays += [] if store.splits is None else [store.splits]
    for values in [*arrays, *(item.coordinates for item in projections)]:
        result.update(np.ascontiguousarray(values).tobytes())
    return result.hexdigest()
