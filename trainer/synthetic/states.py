"""The table of the fifty states: where each lies and how it departs from its climate.

Sources, all public geography: boundaries and latitudes from the US Census (the boxes are drawn
inside the boundaries, so they cover a part of each state); climates from the Koeppen-Geiger map;
soils from the official state soils of the Natural Resources Conservation Service (Iowa's Tama,
Georgia's Tifton, Vermont's Tunbridge ...); trees from the range maps of the US Forest Service;
relief from the physiographic divisions of the US Geological Survey. Road lines, poles and their
spacing are stylised: they give neighbours a habit of their own, as real counties have.
"""

from dataclasses import dataclass, replace

from trainer.synthetic import climates
from trainer.synthetic.climates import Look


@dataclass(frozen=True)
class Box:
    """A rectangle inside a state, degrees: south and north latitude, west and east longitude."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True)
class State:
    """One row of the table."""

    name: str
    box: Box
    look: Look


SUBARCTIC, DESERT, TROPICAL = climates.SUBARCTIC, climates.HOT_DESERT, climates.TROPICAL
CORN, COAST, NEW_ENGLAND = climates.CORN_BELT, climates.SUBTROPICAL, climates.NEW_ENGLAND
PLAINS, ROCKIES, SOUTH = climates.GREAT_PLAINS, climates.ROCKIES, climates.DEEP_SOUTH
PACIFIC, APPALACHIA, SAGE = climates.PACIFIC, climates.APPALACHIA, climates.SAGEBRUSH
NORTH, ATLANTIC = climates.NORTH_WOODS, climates.MID_ATLANTIC

# fmt: off
STATES = (
    State("Alabama", Box(31.2, 34.8, -88.0, -85.7), replace(
        SOUTH, soil=(184, 92, 58), relief=2.2, density=36, road=(126, 118, 112))),
    State("Alaska", Box(61.5, 67.5, -157.0, -143.0), SUBARCTIC),
    State("Arizona", Box(32.3, 36.8, -113.5, -109.3), DESERT),
    State("Arkansas", Box(33.2, 36.3, -93.9, -91.5), replace(
        SOUTH, soil=(150, 98, 70), relief=4.5, trees=(("pine", 0.45), ("broad", 0.55)),
        field=(140, 170, 84), field_share=0.30, shoulder="gravel", autumn=0.2)),
    State("California", Box(35.8, 38.6, -121.0, -119.9), climates.MEDITERRANEAN),
    State("Colorado", Box(37.2, 40.8, -108.8, -102.3), replace(
        ROCKIES, soil=(164, 106, 80), relief=20.0, snow_peaks=0.42, rock=(132, 110, 106),
        trees=(("spruce", 0.4), ("pine", 0.2), ("birch", 0.4)))),
    State("Connecticut", Box(41.35, 41.98, -73.3, -71.9), replace(
        NEW_ENGLAND, soil=(128, 84, 64), relief=3.0, foliage=(64, 106, 50), snow=0.16,
        trees=(("broad", 0.8), ("oak", 0.1), ("spruce", 0.1)), shoulder="paved", wires=4)),
    State("Delaware", Box(38.5, 39.35, -75.66, -75.48), replace(
        ATLANTIC, soil=(170, 148, 112), relief=0.3, ridge="flat", field_share=0.50, forest=0.45,
        density=14, water=0.20, spacing=44, snow=0.06)),
    State("Florida", Box(27.0, 29.8, -82.2, -81.4), COAST),
    State("Georgia", Box(30.9, 34.6, -84.8, -83.5), replace(
        SOUTH, soil=(188, 80, 50), relief=1.4, foliage=(60, 106, 46), shoulder="soil", wires=3)),
    State("Hawaii", Box(19.35, 19.9, -155.8, -155.25), TROPICAL),
    State("Idaho", Box(42.2, 44.2, -116.8, -111.3), replace(
        SAGE, soil=(160, 138, 112), cover=(142, 152, 98), cover_share=0.66, field=(104, 142, 62),
        field_share=0.35, relief=10.0, forested=0.3, snow_peaks=0.25, snow=0.2, shrub_count=45,
        trees=(("spruce", 0.6), ("cottonwood", 0.4)), tree_height=9.0)),
    State("Illinois", Box(37.8, 42.3, -89.3, -88.2), replace(
        CORN, soil=(52, 44, 38), field=(84, 132, 46), field_share=0.82, relief=0.2, density=6,
        forest=0.2)),
    State("Indiana", Box(38.9, 41.5, -87.2, -85.0), replace(
        CORN, soil=(84, 68, 52), cover=(118, 154, 72), relief=0.7, density=10, forest=0.38,
        edge=False, spacing=38)),
    State("Iowa", Box(40.8, 43.4, -95.5, -91.5), replace(
        CORN, soil=(60, 46, 34), field=(108, 152, 44), cover=(124, 156, 60), relief=2.0,
        ridge="rolling", rock=(120, 140, 76), forested=0.2, forest=0.12, density=4, snow=0.2,
        road=(150, 148, 142), wires=2)),
    State("Kansas", Box(37.1, 39.9, -101.8, -95.3), replace(
        PLAINS, soil=(116, 96, 72), field=(222, 184, 84), field_share=0.70, relief=0.6,
        wires=3)),
    State("Kentucky", Box(36.8, 37.8, -87.5, -83.6), replace(
        APPALACHIA, soil=(140, 94, 58), cover=(92, 156, 82), field=(110, 166, 92),
        field_share=0.35, relief=4.0, ridge="rolling", density=20, forest=0.55)),
    State("Louisiana", Box(30.2, 32.9, -93.4, -91.8), replace(
        COAST, soil=(112, 90, 70), cover=(96, 142, 64), field=(120, 164, 70), field_share=0.30,
        foliage=(58, 92, 50), trees=(("oak", 0.55), ("pine", 0.3), ("cypress", 0.15)),
        shrubs=(("bush", 1.0),), pole="wood", water=0.4, road=(128, 126, 126), shoulder="grass")),
    State("Maine", Box(44.6, 46.8, -69.8, -68.2), replace(
        NEW_ENGLAND, soil=(102, 88, 76), foliage=(40, 82, 52), relief=4.5, snow=0.36,
        trees=(("spruce", 0.65), ("birch", 0.2), ("broad", 0.15)), water=0.25, density=66,
        centre="dashed yellow", shoulder="gravel")),
    State("Maryland", Box(39.3, 39.68, -77.4, -76.5), replace(
        ATLANTIC, soil=(146, 98, 66), cover=(112, 154, 68), relief=2.0, wires=3,
        field_share=0.30, road=(96, 96, 98))),
    State("Massachusetts", Box(42.1, 42.65, -73.0, -71.2), replace(
        NEW_ENGLAND, soil=(122, 100, 76), relief=2.6, foliage=(62, 98, 54), density=40,
        trees=(("broad", 0.55), ("pine", 0.35), ("birch", 0.1)), road=(84, 84, 90), edge=True)),
    State("Michigan", Box(42.0, 44.6, -85.9, -84.1), replace(
        NORTH, soil=(140, 114, 82), trees=(("broad", 0.6), ("pine", 0.25), ("spruce", 0.15)),
        relief=0.8, water=0.28, road=(122, 120, 118), wires=3)),
    State("Minnesota", Box(43.7, 47.8, -96.0, -93.0), replace(
        NORTH, soil=(66, 54, 44), field=(116, 156, 62), field_share=0.45, snow=0.42, forest=0.5,
        trees=(("broad", 0.3), ("spruce", 0.4), ("birch", 0.3)), density=16)),
    State("Mississippi", Box(31.1, 34.8, -90.0, -88.6), replace(
        SOUTH, soil=(160, 104, 70), cover=(132, 146, 72), field=(196, 192, 168),
        field_share=0.35, relief=0.8, density=26, forest=0.6, shoulder="grass")),
    State("Missouri", Box(36.7, 40.4, -94.4, -91.7), replace(
        CORN, soil=(120, 84, 58), field_share=0.40, relief=2.6, ridge="rolling", density=18,
        forest=0.55, trees=(("oak", 0.5), ("broad", 0.5)), snow=0.1, shoulder="grass")),
    State("Montana", Box(45.2, 48.8, -112.5, -104.3), replace(
        ROCKIES, soil=(128, 110, 84), cover=(182, 166, 98), cover_share=0.86, density=7,
        forest=0.18, field=(214, 182, 96), field_share=0.30, relief=11.0, snow_peaks=0.4,
        snow=0.28, rock=(108, 116, 132))),
    State("Nebraska", Box(40.2, 42.6, -101.8, -96.9), replace(
        PLAINS, soil=(150, 128, 92), field=(132, 158, 62), field_share=0.55, relief=1.8,
        ridge="rolling", cover=(176, 168, 96))),
    State("Nevada", Box(39.1, 41.8, -119.8, -114.3), replace(
        SAGE, soil=(196, 174, 144), cover_share=0.40, relief=9.0, density=2, snow_peaks=0.12)),
    State("New Hampshire", Box(42.85, 44.2, -71.9, -71.25), replace(
        NEW_ENGLAND, soil=(112, 100, 88), relief=9.0, ridge="ridges", rock=(124, 126, 130),
        forested=0.75, snow=0.32, foliage=(48, 90, 54))),
    State("New Jersey", Box(39.7, 40.9, -74.65, -74.35), replace(
        ATLANTIC, soil=(190, 172, 138), trees=(("pine", 0.5), ("broad", 0.5)), relief=0.8,
        foliage=(66, 98, 54), density=30, wires=4, spacing=32)),
    State("New Mexico", Box(32.1, 36.9, -108.9, -103.2), replace(
        SAGE, soil=(206, 160, 112), cover=(168, 152, 98), rock=(190, 132, 92), ridge="mesa",
        relief=6.5, trees=(("juniper", 0.9), ("mesquite", 0.1)), density=16, shrub_count=60,
        snow=0.04, snow_peaks=0.0, forested=0.15)),
    State("New York", Box(42.1, 43.1, -78.6, -73.6), replace(
        ATLANTIC, soil=(110, 92, 72), relief=4.5, ridge="rolling", snow=0.24, autumn=0.35,
        trees=(("broad", 0.7), ("spruce", 0.3)), field_share=0.3, shoulder="gravel")),
    State("North Carolina", Box(35.3, 36.4, -81.2, -77.3), replace(
        SOUTH, soil=(188, 106, 68), cover=(108, 148, 68), relief=3.6, ridge="ridges", autumn=0.2,
        trees=(("pine", 0.5), ("broad", 0.5)), road=(102, 98, 98), snow=0.03)),
    State("North Dakota", Box(46.1, 48.8, -103.8, -97.6), replace(
        PLAINS, soil=(78, 66, 54), field=(190, 182, 78), field_share=0.75, relief=0.3, snow=0.4,
        density=2, cover=(156, 156, 92), wires=1)),
    State("Ohio", Box(39.3, 41.2, -84.6, -82.0), replace(
        CORN, soil=(98, 80, 60), cover=(108, 150, 70), field=(112, 144, 60), field_share=0.50,
        relief=1.5, ridge="rolling", density=16, forest=0.5, centre="double yellow", wires=4)),
    State("Oklahoma", Box(34.6, 36.8, -99.5, -94.8), replace(
        PLAINS, soil=(186, 94, 62), cover=(162, 156, 84), field_share=0.35, relief=1.2,
        density=7, forest=0.2, trees=(("oak", 0.6), ("juniper", 0.4)), tree_height=6.5,
        shoulder="soil", snow=0.05)),
    State("Oregon", Box(42.2, 45.0, -123.5, -117.4), replace(
        PACIFIC, soil=(124, 82, 58), cover=(128, 140, 72), relief=8.0, density=30, forest=0.6,
        trees=(("spruce", 0.65), ("pine", 0.35)), shoulder="gravel", centre="solid yellow")),
    State("Pennsylvania", Box(39.9, 41.8, -80.3, -75.6), replace(
        ATLANTIC, soil=(132, 90, 70), relief=6.0, ridge="ridges", forest=0.8, density=30,
        snow=0.18, field=(124, 156, 80), shoulder="grass")),
    State("Rhode Island", Box(41.55, 41.98, -71.75, -71.5), replace(
        NEW_ENGLAND, soil=(138, 122, 96), relief=1.2, water=0.35, snow=0.12, density=30,
        forest=0.75, trees=(("broad", 0.7), ("pine", 0.3)), wires=4, spacing=32)),
    State("South Carolina", Box(33.3, 34.6, -81.6, -80.0), replace(
        SOUTH, soil=(198, 148, 106), relief=0.5, cover=(130, 152, 76), water=0.1,
        trees=(("pine", 0.6), ("oak", 0.25), ("palm", 0.15)), road=(136, 130, 126))),
    State("South Dakota", Box(43.2, 45.8, -103.8, -97.0), replace(
        PLAINS, soil=(112, 90, 66), cover=(184, 172, 110), field_share=0.30, relief=3.0,
        ridge="rolling", snow=0.28, rock=(184, 166, 122), road=(160, 128, 118))),
    State("Tennessee", Box(35.1, 36.4, -89.0, -84.5), replace(
        APPALACHIA, soil=(166, 94, 60), relief=6.0, snow=0.04, edge=True, density=30,
        trees=(("broad", 0.8), ("juniper", 0.2)), shoulder="gravel")),
    State("Texas", Box(30.0, 33.5, -101.5, -95.5), replace(
        PLAINS, soil=(168, 134, 98), cover=(166, 152, 82), field_share=0.20, relief=1.0,
        density=12, forest=0.25, trees=(("oak", 0.5), ("mesquite", 0.5)), tree_height=6.0,
        foliage=(84, 110, 58), shrubs=(("tuft", 0.5), ("bush", 0.3), ("agave", 0.2)), snow=0.01,
        shoulder="paved", centre="double yellow", lane=3.8, pole="steel")),
    State("Utah", Box(37.2, 40.8, -113.9, -109.2), replace(
        SAGE, soil=(206, 126, 86), rock=(196, 104, 70), ridge="mesa", relief=12.0, density=12,
        snow_peaks=0.15, shrub_count=60)),
    State("Vermont", Box(42.85, 44.9, -73.0, -72.6), replace(
        NEW_ENGLAND, soil=(112, 86, 58), cover=(96, 148, 62), field=(116, 158, 72),
        field_share=0.35, relief=7.5, ridge="ridges", autumn=0.5, snow=0.32, density=30,
        trees=(("broad", 0.7), ("spruce", 0.2), ("birch", 0.1)), centre="solid yellow")),
    State("Virginia", Box(36.7, 38.1, -79.6, -77.3), replace(
        APPALACHIA, soil=(172, 100, 64), relief=5.0, edge=True, field_share=0.22, density=30,
        trees=(("broad", 0.65), ("pine", 0.35)), road=(94, 92, 94))),
    State("Washington", Box(46.3, 48.8, -121.8, -117.3), replace(
        PACIFIC, relief=19.0, ridge="peaks", snow_peaks=0.45, density=58)),
    State("West Virginia", Box(38.2, 39.15, -81.5, -80.1), replace(
        APPALACHIA, soil=(120, 92, 68), relief=14.0, density=56, forest=0.95, field_share=0.05,
        snow=0.14, foliage=(50, 98, 46))),
    State("Wisconsin", Box(42.7, 45.5, -90.5, -88.2), replace(
        NORTH, soil=(106, 78, 52), cover=(102, 150, 64), field=(112, 158, 66), field_share=0.50,
        relief=2.2, ridge="rolling", density=20, road=(104, 104, 106), centre="double yellow")),
    State("Wyoming", Box(41.2, 44.8, -110.8, -104.3), replace(
        ROCKIES, soil=(162, 134, 102), cover=(168, 158, 114), cover_share=0.62, density=4,
        forest=0.10, relief=8.0, shrub_count=55, shrubs=(("sage", 1.0),), snow_peaks=0.25,
        road=(140, 118, 112), snow=0.26)),
)
# fmt: on


def spread(count: int) -> tuple[State, ...]:
    """``count`` states (2..50) in the order of the table, one climate in turn, the oddest first."""
    groups = [
        [state for state in STATES if state.look.climate == climate.climate]
        for climate in climates.CLIMATES
    ]
    ranked = [
        group[turn]
        for turn in range(max(map(len, groups)))
        for group in groups
        if turn < len(group)
    ]
    chosen = set(ranked[:count])
    return tuple(state for state in STATES if state in chosen)
