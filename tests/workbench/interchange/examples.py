"""Stores whose names try to break out of a cell, a row, a path or a formula."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from embeddings.results import NeighborGraph, PrincipalComponents, Projection, ProjectionQuality
from tests.examples import small_store
from workbench import store as stores
from workbench.store import Store

HOSTILE = (
    '=HYPERLINK("http://example.com";"Ohio")',
    "+1",
    "-2",
    "@SUM(1)",
    "'quoted",
    "'=both",
    "tab\there",
    "line\nend",
    "return\rhere",
    'double "quotes", comma',
    "Ōsaka ＝ 東京 🗾",
    "back\\slash",
    "NA",
    "007",
    "a/b",
    "..",
)


def hostile_store(path: Path, locations: int = 3) -> Store:
    """Write a store of all that `workbench.project` finds too, without photographs, and read it."""
    generator = np.random.default_rng(0)
    names = [f"{name}/{number}" for name in HOSTILE for number in range(locations)]
    count = len(names)
    label = np.repeat(np.arange(len(HOSTILE)), locations)
    latitude = (30.0 + label).astype(np.float64)
    latitude[0] = np.nan
    made = Store(
        class_names=HOSTILE,
        location_ids=tuple(names),
        labels=label,
        latitudes=latitude,
        longitudes=(-90.0 - label).astype(np.float64),
        image_paths=np.array(
            [[f"{name}_{degree}.jpg" for degree in (0, 90, 180, 270)] for name in names]
        ),
        logits=generator.normal(size=(count, len(HOSTILE))).astype(np.float32),
        features=generator.normal(size=(count, 8)).astype(np.float32),
        provenance={"data": "", "checkpoint": "", "fusion": "medium", "size": 16},
        splits=(label % 3).astype(np.int8),
        projections={
            name: Projection(name, generator.normal(size=(count, 2)).astype("f4"), {}, 0, "x 1")
            for name in ("pca", "tsne-50", "umap")
        },
    )
    stores.write(path, completed(made))
    return stores.read(path)


def completed(store: Store) -> Store:
    """Return a store with components, neighbours and the quality of its maps."""
    generator = np.random.default_rng(1)
    count = len(store)
    width = store.features.shape[1]
    score = generator.normal(size=(count, 4)).astype(np.float32)
    quality = ProjectionQuality(
        3, count, 0.9, 0.9, 0.5, 0.6, generator.random(count, dtype=np.float32)
    )
    return replace(
        store,
        components=PrincipalComponents(
            mean=np.zeros(width, np.float32),
            loadings=np.eye(4, width, dtype=np.float32),
            explained_variance=np.ones(4, np.float32),
            explained_variance_ratio=np.full(4, 0.25, np.float32),
            scores=score,
            parameters={},
            seed=0,
            library="x 1",
        ),
        neighbors=NeighborGraph(
            indices=((np.arange(count)[:, None] + [1, 2, 3]) % count).astype(np.int32),
            distances=np.sort(generator.random((count, 3), dtype=np.float32), axis=1),
            metric="euclidean",
            exact=True,
            seed=0,
            library="x 1",
        ),
        projections={
            name: replace(made, quality=quality) for name, made in store.projections.items()
        },
    )


def photographed_store(path: Path, data: Path) -> Store:
    """Write a store with its photographs and all that `workbench.project` finds, and read it."""
    small_store(path, data, locations=3)
    stores.write(path, completed(stores.read(path)))
    return stores.read(path)
