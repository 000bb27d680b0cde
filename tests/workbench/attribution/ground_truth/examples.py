"""A store over painted states, without a model behind it."""

from pathlib import Path

import numpy as np

from trainer.data import layout
from workbench.store import Store


def painted_store(split: Path) -> Store:
    """Return a store of the locations of one split, whose logits are all 0."""
    index = layout.index_folder(split)
    count = len(index.locations)
    name = tuple(index.class_names)
    return Store(
        class_names=name,
        location_ids=tuple(place.id for place in index.locations),
        labels=np.array([name.index(place.class_name) for place in index.locations]),
        latitudes=np.array([place.latitude for place in index.locations]),
        longitudes=np.array([place.longitude for place in index.locations]),
        image_paths=np.array([place.images for place in index.locations]),
        logits=np.zeros((count, len(name)), dtype=np.float32),
        features=np.zeros((count, 2), dtype=np.float32),
        provenance={"data": str(split), "run": str(split / "gone"), "size": 32},
    )
