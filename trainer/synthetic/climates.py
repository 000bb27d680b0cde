"""What the land looks like under each climate: the starting points of the table of states.

The classes follow the Koeppen-Geiger map of the United States (1991-2020), land cover the
National Land Cover Database, tree mixtures the range maps of the US Forest Service, and soils the
colour of the moist topsoil in the Munsell notation of the state soils, rounded to sRGB.
"""

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """How the land of one state looks; colours are sRGB in 0..255, shares and chances in 0..1."""

    climate: str
    """Koeppen-Geiger class and a common name."""
    soil: Colour
    cover: Colour
    """Grass, heath or scrub between the trees."""
    cover_share: float
    """Share of open ground that is covered; the rest is bare soil."""
    field: Colour
    """The crop of the state."""
    field_share: float
    """Share of the land beside the road under that crop."""
    foliage: Colour
    trees: tuple[tuple[str, float], ...]
    """Kind of tree and its share."""
    tree_height: float
    """Metres."""
    density: float
    """Trees near the road, mean number in a scene."""
    forest: float
    """Share of the far horizon closed by forest."""
    shrubs: tuple[tuple[str, float], ...]
    shrub_count: float
    """Mean number in a scene."""
    relief: float
    """Height of the skyline, degrees above the horizon."""
    ridge: str
    """Shape of the skyline: flat, rolling, ridges, peaks, mesa or volcano."""
    rock: Colour
    forested: float
    """Share of the hills that carries the colour of the foliage instead of the rock."""
    snow_peaks: float
    """Upper share of the relief that is white."""
    snow: float
    """Chance that snow lies on the ground."""
    autumn: float
    """Chance that broadleaved trees stand in autumn colours."""
    water: float
    """Chance that the sea or a lake lies on one side of the road."""
    road: Colour
    centre: str
    """Line in the middle: double yellow, solid yellow, dashed yellow, dashed white or none."""
    edge: bool
    """Whether white lines run along the edges."""
    shoulder: str
    """Strip beside the road: gravel, soil, grass or paved."""
    lane: float
    """Width of a lane, metres."""
    pole: str
    """wood, concrete, steel or none."""
    spacing: float
    """Metres between poles."""
    wires: int


SUBARCTIC = Look(
    climate="Dfc, subarctic",
    soil=(96, 88, 82), cover=(128, 118, 78), cover_share=0.75, field=(120, 92, 70),
    field_share=0.0, foliage=(34, 62, 52), trees=(("spire", 0.9), ("birch", 0.1)),
    tree_height=8.0, density=60, forest=0.65, shrubs=(("bush", 1.0),), shrub_count=14,
    relief=23.0, ridge="peaks", rock=(92, 100, 116), forested=0.25, snow_peaks=0.62, snow=0.5,
    autumn=0.3, water=0.25, road=(112, 112, 114), centre="dashed yellow", edge=True,
    shoulder="gravel", lane=3.5, pole="none", spacing=60, wires=0,
)  # fmt: skip
HOT_DESERT = Look(
    climate="BWh, hot desert",
    soil=(202, 146, 98), cover=(158, 144, 92), cover_share=0.22, field=(190, 160, 100),
    field_share=0.0, foliage=(92, 122, 74), trees=(("saguaro", 0.8), ("mesquite", 0.2)),
    tree_height=6.0, density=34, forest=0.0, shrubs=(("sage", 0.7), ("agave", 0.3)),
    shrub_count=70, relief=11.0, ridge="mesa", rock=(178, 96, 66), forested=0.0, snow_peaks=0.0,
    snow=0.0, autumn=0.0, water=0.0, road=(134, 124, 118), centre="dashed yellow", edge=True,
    shoulder="soil", lane=3.6, pole="wood", spacing=70, wires=1,
)  # fmt: skip
TROPICAL = Look(
    climate="Af, tropical rainforest",
    soil=(104, 56, 44), cover=(74, 142, 60), cover_share=0.92, field=(128, 178, 78),
    field_share=0.25, foliage=(36, 120, 44), trees=(("palm", 0.75), ("broad", 0.25)),
    tree_height=11.0, density=44, forest=0.55, shrubs=(("bush", 0.6), ("agave", 0.4)),
    shrub_count=40, relief=19.0, ridge="volcano", rock=(74, 84, 72), forested=0.7,
    snow_peaks=0.0, snow=0.0, autumn=0.0, water=0.75, road=(78, 76, 78),
    centre="dashed white", edge=True, shoulder="grass", lane=3.2, pole="wood", spacing=45,
    wires=2,
)  # fmt: skip
CORN_BELT = Look(
    climate="Dfa, hot-summer humid continental, corn belt",
    soil=(70, 56, 44), cover=(112, 146, 66), cover_share=0.93, field=(96, 140, 50),
    field_share=0.70, foliage=(62, 102, 48), trees=(("broad", 0.8), ("oak", 0.2)),
    tree_height=12.0, density=9, forest=0.30, shrubs=(("bush", 1.0),), shrub_count=5,
    relief=0.8, ridge="flat", rock=(104, 120, 84), forested=0.7, snow_peaks=0.0, snow=0.14,
    autumn=0.15, water=0.0, road=(126, 126, 124), centre="dashed yellow", edge=True,
    shoulder="gravel", lane=3.4, pole="wood", spacing=45, wires=3,
)  # fmt: skip
SUBTROPICAL = Look(
    climate="Cfa/Am, humid subtropical coast",
    soil=(206, 192, 164), cover=(118, 158, 74), cover_share=0.82, field=(132, 170, 92),
    field_share=0.12, foliage=(52, 104, 54), trees=(("palm", 0.5), ("pine", 0.3), ("oak", 0.2)),
    tree_height=11.0, density=24, forest=0.50, shrubs=(("agave", 0.6), ("bush", 0.4)),
    shrub_count=26, relief=0.3, ridge="flat", rock=(96, 120, 84), forested=0.9, snow_peaks=0.0,
    snow=0.0, autumn=0.0, water=0.35, road=(146, 144, 140), centre="double yellow", edge=True,
    shoulder="soil", lane=3.5, pole="concrete", spacing=40, wires=3,
)  # fmt: skip
NEW_ENGLAND = Look(
    climate="Dfb, warm-summer humid continental, mixed forest",
    soil=(108, 90, 68), cover=(98, 132, 62), cover_share=0.86, field=(128, 142, 76),
    field_share=0.06, foliage=(54, 96, 50), trees=(("broad", 0.55), ("spruce", 0.35),
    ("birch", 0.1)), tree_height=13.0, density=62, forest=0.92, shrubs=(("bush", 1.0),),
    shrub_count=16, relief=5.0, ridge="rolling", rock=(112, 112, 104), forested=0.92,
    snow_peaks=0.0, snow=0.26, autumn=0.40, water=0.10, road=(94, 94, 98),
    centre="double yellow", edge=True, shoulder="grass", lane=3.1, pole="wood", spacing=38,
    wires=3,
)  # fmt: skip
GREAT_PLAINS = Look(
    climate="BSk/Dfa, great plains",
    soil=(124, 100, 72), cover=(172, 158, 92), cover_share=0.88, field=(206, 176, 88),
    field_share=0.55, foliage=(88, 108, 60), trees=(("broad", 0.7), ("cottonwood", 0.3)),
    tree_height=9.0, density=2.5, forest=0.06, shrubs=(("tuft", 1.0),), shrub_count=22,
    relief=1.3, ridge="flat", rock=(166, 152, 104), forested=0.1, snow_peaks=0.0, snow=0.16,
    autumn=0.1, water=0.02, road=(140, 134, 126), centre="dashed yellow", edge=True,
    shoulder="grass", lane=3.6, pole="wood", spacing=55, wires=2,
)  # fmt: skip
MEDITERRANEAN = Look(
    climate="Csa, Mediterranean",
    soil=(172, 138, 98), cover=(214, 184, 108), cover_share=0.86, field=(104, 132, 62),
    field_share=0.30, foliage=(74, 94, 54), trees=(("oak", 0.6), ("palm", 0.15),
    ("cypress", 0.25)), tree_height=8.5, density=16, forest=0.10, shrubs=(("bush", 0.5),
    ("sage", 0.5)), shrub_count=22, relief=7.0, ridge="rolling", rock=(204, 174, 108),
    forested=0.25, snow_peaks=0.0, snow=0.0, autumn=0.0, water=0.12, road=(116, 114, 114),
    centre="double yellow", edge=True, shoulder="soil", lane=3.5, pole="wood", spacing=50, wires=4,
)  # fmt: skip
ROCKIES = Look(
    climate="Dfb/BSk, Rocky Mountains",
    soil=(146, 112, 86), cover=(158, 152, 96), cover_share=0.70, field=(178, 166, 96),
    field_share=0.12, foliage=(52, 84, 62), trees=(("spruce", 0.6), ("pine", 0.2),
    ("birch", 0.2)), tree_height=11.0, density=16, forest=0.35, shrubs=(("sage", 0.7),
    ("tuft", 0.3)), shrub_count=28, relief=16.0, ridge="peaks", rock=(122, 112, 112),
    forested=0.35, snow_peaks=0.35, snow=0.22, autumn=0.2, water=0.04, road=(108, 106, 108),
    centre="dashed yellow", edge=True, shoulder="gravel", lane=3.5, pole="wood", spacing=60,
    wires=1,
)  # fmt: skip
DEEP_SOUTH = Look(
    climate="Cfa, humid subtropical, red clay and pines",
    soil=(176, 84, 54), cover=(122, 148, 68), cover_share=0.72, field=(150, 152, 86),
    field_share=0.18, foliage=(52, 98, 48), trees=(("pine", 0.75), ("broad", 0.25)),
    tree_height=17.0, density=34, forest=0.75, shrubs=(("bush", 1.0),), shrub_count=18,
    relief=1.6, ridge="rolling", rock=(92, 118, 84), forested=0.95, snow_peaks=0.0, snow=0.01,
    autumn=0.1, water=0.03, road=(120, 114, 110), centre="double yellow", edge=True,
    shoulder="soil", lane=3.2, pole="wood", spacing=42, wires=2,
)  # fmt: skip
PACIFIC = Look(
    climate="Csb, warm-summer Mediterranean, conifer rainforest",
    soil=(88, 70, 54), cover=(84, 128, 58), cover_share=0.88, field=(132, 154, 80),
    field_share=0.18, foliage=(30, 74, 46), trees=(("spruce", 0.9), ("broad", 0.1)),
    tree_height=20.0, density=54, forest=0.80, shrubs=(("bush", 0.7), ("fern", 0.3)),
    shrub_count=26, relief=9.0, ridge="ridges", rock=(88, 100, 100), forested=0.85,
    snow_peaks=0.22, snow=0.06, autumn=0.1, water=0.06, road=(92, 92, 96),
    centre="double yellow", edge=True, shoulder="gravel", lane=3.4, pole="wood", spacing=45,
    wires=3,
)  # fmt: skip
APPALACHIA = Look(
    climate="Cfa/Cfb, Appalachian hardwood forest",
    soil=(134, 98, 66), cover=(104, 146, 64), cover_share=0.88, field=(136, 158, 84),
    field_share=0.15, foliage=(56, 104, 48), trees=(("broad", 0.85), ("oak", 0.15)),
    tree_height=15.0, density=44, forest=0.85, shrubs=(("bush", 1.0),), shrub_count=18,
    relief=10.0, ridge="ridges", rock=(84, 108, 100), forested=0.95, snow_peaks=0.0, snow=0.09,
    autumn=0.28, water=0.02, road=(104, 102, 100), centre="double yellow", edge=False,
    shoulder="grass", lane=2.9, pole="wood", spacing=40, wires=3,
)  # fmt: skip
SAGEBRUSH = Look(
    climate="BWk/BSk, cold desert and sagebrush steppe",
    soil=(184, 158, 124), cover=(150, 148, 116), cover_share=0.48, field=(170, 160, 110),
    field_share=0.04, foliage=(82, 100, 78), trees=(("juniper", 1.0),), tree_height=4.5,
    density=6, forest=0.04, shrubs=(("sage", 1.0),), shrub_count=90, relief=8.0, ridge="ridges",
    rock=(148, 122, 108), forested=0.08, snow_peaks=0.08, snow=0.12, autumn=0.0, water=0.01,
    road=(130, 128, 124), centre="dashed yellow", edge=True, shoulder="gravel", lane=3.6,
    pole="wood", spacing=75, wires=1,
)  # fmt: skip
NORTH_WOODS = Look(
    climate="Dfb, northern lakes and woods",
    soil=(94, 74, 54), cover=(104, 140, 68), cover_share=0.90, field=(130, 152, 78),
    field_share=0.30, foliage=(48, 92, 54), trees=(("broad", 0.45), ("spruce", 0.35),
    ("birch", 0.2)), tree_height=12.0, density=24, forest=0.65, shrubs=(("bush", 1.0),),
    shrub_count=12, relief=1.2, ridge="flat", rock=(90, 112, 92), forested=0.9, snow_peaks=0.0,
    snow=0.32, autumn=0.25, water=0.22, road=(112, 112, 114), centre="dashed yellow", edge=True,
    shoulder="gravel", lane=3.5, pole="wood", spacing=50, wires=2,
)  # fmt: skip
MID_ATLANTIC = Look(
    climate="Cfa/Dfa, Atlantic hardwoods and towns",
    soil=(126, 98, 72), cover=(110, 146, 70), cover_share=0.90, field=(142, 158, 84),
    field_share=0.25, foliage=(62, 106, 52), trees=(("broad", 0.8), ("spruce", 0.1),
    ("oak", 0.1)), tree_height=13.0, density=26, forest=0.65, shrubs=(("bush", 1.0),),
    shrub_count=14, relief=2.6, ridge="rolling", rock=(96, 116, 96), forested=0.9,
    snow_peaks=0.0, snow=0.14, autumn=0.25, water=0.05, road=(106, 106, 108),
    centre="double yellow", edge=True, shoulder="paved", lane=3.3, pole="wood", spacing=36,
    wires=4,
)  # fmt: skip

CLIMATES = (
    SUBARCTIC, HOT_DESERT, TROPICAL, CORN_BELT, SUBTROPICAL, NEW_ENGLAND, GREAT_PLAINS,
    MEDITERRANEAN, ROCKIES, DEEP_SOUTH, PACIFIC, APPALACHIA, SAGEBRUSH, NORTH_WOODS, MID_ATLANTIC,
)  # fmt: skip
"""Every climate, the most unlike first: a data set of few states takes one of each in turn."""
