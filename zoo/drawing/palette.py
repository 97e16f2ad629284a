"""Colours of posters: a hue for each genre, an accent for each country, quieter the older the item. OKLCH -> #rrggbb.

Ottosson 2020, "A perceptual color space for image processing": equal steps of lightness look equal in every hue, so
that white titles can be read on all of them.
"""

import math
from dataclasses import dataclass
from random import Random

# genre -> (hue in degrees, colourfulness, lift of lightness in per cent: dark yellow would be mud)
GENRES = {
    "drama": (218, 0.6, 0), "comedy": (78, 1.0, 7), "crime": (28, 0.95, 0), "horror": (12, 1.2, -4),
    "animation": (190, 1.0, 4), "thriller": (275, 0.85, -2), "action": (45, 1.1, 3), "adventure": (150, 0.9, 2),
    "science fiction": (250, 1.1, 0), "romance": (358, 0.95, 4), "mystery": (298, 0.8, -2), "fantasy": (315, 1.0, 2),
    "war": (118, 0.6, -2), "western": (62, 0.85, 3), "musical": (338, 1.1, 3), "documentary": (240, 0.2, 2),
    "history": (95, 0.6, 3), "family": (165, 0.9, 6), "biography": (55, 0.55, 2), "film noir": (280, 0.2, -5),
    "classics": (62, 0.6, 2), "poetry": (338, 0.7, 2), "nonfiction": (240, 0.3, 2), "young adult": (190, 1.0, 4),
}  # fmt: skip
SAME = {"sci fi": "science fiction", "children": "family", "suspense": "thriller"}
COUNTRIES = {
    "USA": 75, "UK": 255, "France": 285, "Japan": 20, "Italy": 145, "South Korea": 345, "Hong Kong": 95, "Germany": 110,
    "West Germany": 110, "Spain": 50, "Sweden": 230, "Soviet Union": 32, "China": 40, "India": 60, "Taiwan": 205,
    "Denmark": 5, "Australia": 130, "Canada": 15,
}  # fmt: skip
NEUTRAL_HUE = 75  # a warm grey


@dataclass(frozen=True)
class Palette:
    """Six tints, dark to light; lightness in per cent of white, before the genre's lift."""

    deep: str  # 30
    ground: str  # 39
    soft: str  # 47, near to the ground
    mid: str  # 57
    lit: str  # 71
    accent: str  # 83, the country's hue


def palette(genre: str | None, country: str | None, year: int | None, jitter: float = 0.0) -> Palette:
    """The tints of an item; jitter: degrees by which its hue leaves that of its genre."""
    hue, strength, lift = _of_genre(genre)
    chroma = strength * (0.04 + 0.05 * age(year))
    hue += jitter if genre else 0.0
    country_hue = NEUTRAL_HUE if country is None else COUNTRIES.get(country, Random(f"hue {country}").uniform(0, 360))
    tints = ((0.30, 0.9), (0.39, 1.0), (0.47, 1.05), (0.57, 1.15), (0.71, 1.2))
    shades = [hex_colour(light + lift / 100, chroma * more, hue + 40 * (light - 0.39)) for light, more in tints]
    deep, ground, soft, mid, lit = shades
    return Palette(deep, ground, soft, mid, lit, hex_colour(0.83, 0.085 if country else 0.03, country_hue))


def age(year: int | None) -> float:
    """0 for the 1920s and before, 1 for the 2010s and after; what has no year is half-way."""
    return 0.5 if year is None else min(1.0, max(0.0, (year - 1925) / 90))


def _of_genre(genre: str | None) -> tuple[float, float, float]:
    if not genre:
        return NEUTRAL_HUE, 0.15, 0
    name = genre.lower().replace("-", " ")
    name = SAME.get(name, name)
    return GENRES.get(name) or (Random(f"hue {name}").uniform(0, 360), 0.8, 0)


def hex_colour(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH (0..1, 0..0.4, degrees) -> "#rrggbb", cut to what screens can show.

    >>> hex_colour(1.0, 0.0, 0.0), hex_colour(0.0, 0.0, 0.0)
    ('#ffffff', '#000000')
    """
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l, m, s = (  # cone responses
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    linear = (
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    )
    return "#" + "".join(f"{round(255 * _gamma(min(1.0, max(0.0, light)))):02x}" for light in linear)


def _gamma(light: float) -> float:
    """Linear light -> sRGB."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
