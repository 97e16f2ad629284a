"""How posters are drawn: colours by genre and country, motifs by decade. zoo/posters.py puts them together."""

from zoo.drawing import early, late
from zoo.drawing.shapes import Motif

STYLES: dict[int | None, tuple[Motif, ...]] = {
    1920: (early.iris, early.lantern),
    1930: (early.rays, early.tower),
    1940: (early.blinds, early.street),
    1950: (early.kites, early.orbits),
    1960: (early.cut_paper, early.torn_discs),
    1970: (late.arcs, late.sunset),
    1980: (late.horizon, late.neon),
    1990: (late.halftone, late.ripples, late.barcode),
    2000: (late.venn, late.bubbles, late.crossing),
    2010: (late.peaks, late.dunes, late.skyline),
    2020: (late.tiles, late.folds),
    None: (late.calm,),
}


def style_of(year: int | None) -> int | None:
    """The decade whose style an item has: the first one for all before 1930, the last one for all after 2020."""
    return None if year is None else min(2020, max(1920, year // 10 * 10))
