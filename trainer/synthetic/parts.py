"""What a location consists of before it is painted.

World coordinates are metres east and north of the camera. Colours are sRGB in 0..1.
"""

from dataclasses import dataclass

from trainer.synthetic.camera import Array
from trainer.synthetic.generator import Values

Tint = tuple[float, float, float]


@dataclass(frozen=True)
class Thing:
    """A cut-out standing on the ground: metres along and right of the road's middle, and high."""

    element: int
    kind: str
    variant: int
    along: float
    right: float
    height: float
    first: Tint
    second: Tint


@dataclass(frozen=True)
class Ribbon:
    """A fence, wall or guardrail that runs along the road, metres along and right of its middle."""

    element: int
    kind: str
    start: float
    end: float
    right: float
    tint: Tint


@dataclass(frozen=True)
class Patch:
    """Something flat on the ground: an ellipse or rectangle around a point beside the road."""

    kind: str
    along: float
    right: float
    half_along: float
    half_right: float
    tint: Tint


@dataclass(frozen=True)
class Chance:
    """What means nothing."""

    day: float
    hour_angle: float
    """From which the colour of the light follows, at one latitude for all."""
    overcast: float
    """0 (clear) .. 1 (closed)."""
    cloud_cover: float
    cloud_offset: tuple[float, float]
    road_angle: float
    """Compass direction in which the road runs, radians."""
    bend: float
    """Metres by which the road swings to the right, far away."""
    lane: float
    """Width of a lane, metres."""
    road: Tint
    paved: bool
    """If not, the road shows the soil and has no lines."""
    shoulder: float
    """Width of the shoulder, metres."""
    gravel: Tint | None
    """Colour of the shoulder; None for the soil."""
    verges: tuple[float, float]
    """Width of mown verges left and right of it, metres, 0 for none."""
    lots: Array
    """(16, 16) values in 0..1; a lot below `lot_share` means nothing."""
    lot_tints: Array
    """(3, 256)."""
    lot_share: float
    patches: tuple[Patch, ...]
    ribbons: tuple[Ribbon, ...]
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class Ridge:
    """A skyline: amplitudes of its waves (2, WAVES, 2: broad and fine), shape and height."""

    waves: Array
    shape: str
    height: float
    """Tangent of the elevation of its typical top."""
    bearing: float
    """Radians; where a volcano stands."""
    distance: float
    """Share of haze, 0..1."""
    shift: int


@dataclass(frozen=True)
class Look:
    """How the land of one place looks; colours are sRGB in 0..1, shares in 0..1."""

    blue: float
    """Depth of the sky's colour, 0 is usual."""
    haze: float
    """Distance after which two thirds of the colour is lost, metres."""
    soil: Tint
    cover: Tint
    cover_share: float
    field: Tint
    field_share: float
    foliage: Tint
    tree_height: float
    pointed: bool
    """Whether the far woods have pointed crowns."""
    forest: float
    """Share of the far horizon closed by forest."""
    rock: Tint
    forested: float
    """Share of the hills that carries the colour of the foliage instead of the rock."""
    snow_peaks: float
    """Upper share of the relief that is white."""
    snow: bool
    """Whether snow lies on the ground."""
    centre: str
    edge: bool
    pole: str
    wires: int
    spacing: float
    """Metres between poles."""


@dataclass(frozen=True)
class Scene:
    """Everything that :func:`trainer.synthetic.view.views` needs to paint a location."""

    name: str
    """<year>_<panoid>."""
    latitude: float
    longitude: float
    season: str
    values: Values
    look: Look
    chance: Chance
    sun_azimuth: float
    sun_elevation: float
    """Radians."""
    ridges: tuple[Ridge, ...]
    forest_waves: Array
    plots: Array
    """(16, 16) values in 0..1; a plot below the share of fields is a field."""
    offset: tuple[float, float]
    """Where in the textures this place lies, metres."""
    water_side: int
    """-1 left of the road, 1 right, 0 none."""
    water_distance: float
    pole_side: int
    pole_phase: float
    things: tuple[Thing, ...]
    ribbons: tuple[Ribbon, ...]


def bent(bend: float, along: float) -> float:
    """How far right the middle of the road lies ``along`` metres ahead, metres."""
    return bend * along * along / (along * along + 120.0**2)
