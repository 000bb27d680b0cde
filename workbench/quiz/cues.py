"""The cues that people can name, and how much of a map lies on them in painted photographs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.metrics import expected_shares, mass_accuracy
from workbench.attribution.result import Attribution

ELEMENTS_OF_CUES: Mapping[str, tuple[str, ...]] = {
    "vegetation": ("tree", "shrub", "ground cover", "field", "garden plant"),
    "road lines": ("road line",),
    "poles": ("pole", "marker post"),
    "soil": ("soil",),
    "sky": ("sky", "cloud", "sun"),
    "houses": ("house", "landmark"),
    "signs": ("route marker", "signboard"),
    "cars": ("car",),
}
"""The elements of the painted country (docs/reference/painted-country.md) that each cue means.

No element belongs to two cues; hills, roads, fences and some others belong to none.
"""
CUES = tuple(ELEMENTS_OF_CUES)
FindMap = Callable[[str], Attribution | None]
"""Returns the map of a location that is known already."""


@dataclass(frozen=True)
class CueShares:
    """How much of one map lies on each of the K `CUES`, in [0, 1].

    `shares` (K,) are those of |map|, `expected` (K,) what the rows of the image in which a cue
    stands would give it (`metrics.expected_shares`); NaN for a map of zeros. Both are 0 for a cue
    that the photographs do not show.
    """

    shares: NDArray[np.float64]
    expected: NDArray[np.float64]

    def of(self, cues: Sequence[str]) -> tuple[float, float]:
        """Return the share of |map| on all of these cues together, and what is expected."""
        chosen = [CUES.index(cue) for cue in cues]
        return float(self.shares[chosen].sum()), float(self.expected[chosen].sum())


FindShares = Callable[[str], CueShares | None]
"""Returns how much of a location's map lies on each cue, None without a map."""


def cue_shares(attribution: Attribution, masks: Masks) -> CueShares:
    """Return how much of a map lies on each cue; raises InputError as the masks do."""
    weights = np.abs(attribution.values)
    places = {element.name: place for place, element in enumerate(masks.elements)}
    of_elements = masks.shares(attribution.location_id, weights.shape[-1])
    of_cues = np.stack(
        [
            of_elements[[places[name] for name in names if name in places]].sum(axis=0)
            for names in ELEMENTS_OF_CUES.values()
        ]
    )
    if not weights.any():
        unknown = np.full(len(CUES), np.nan)
        return CueShares(unknown, unknown)
    shares = np.array([mass_accuracy(weights, mask) for mask in of_cues])
    return CueShares(shares, expected_shares(weights, of_cues))


def shares_finder(find_map: FindMap, masks: Masks) -> FindShares:
    """Return what finds the shares of the cues, and computes those of a location once."""
    known: dict[str, CueShares] = {}

    def find(location_id: str) -> CueShares | None:
        if location_id not in known:
            attribution = find_map(location_id)
            if attribution is None:
                return None
            known[location_id] = cue_shares(attribution, masks)
        return known[location_id]

    return find
