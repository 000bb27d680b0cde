"""A store over painted states, without a model behind it."""

from pathlib import Path

import numpy as np

from trainer.data import layout
from workbench.store import Store


def painted_store(split: Path) -> Store:
    """Return a store of the locations of one split, whose logits are all 0."""
    index = layout.index(split)
    count = len(index.location)
    name = tuple(index.class_name)
    return Store(
        class_name=name,
        location_id=tuple(place.id for place in index.location),
        label=np.array([name.index(place.class_name) for place in index.location]),
        latitude=np.array([place.latitude for place in index.location]),
        longitude=np.array([place.longitude for place in index.location]),
        image=np.array([place.image for place in index.location]),
        logit=np.zeros((count, len(name)), dtype=np.float32),
        feature=np.zeros((count, 2), dtype=np.float32),
        provenance={"data": str(split), "run": str(split / "gone"), "size": 32},
    )
