"""What posters are drawn of: three kinds of flat shapes, in whole units of 200 x 300, y downwards."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from zoo.drawing.palette import Palette

WIDTH, HEIGHT = 200, 300


class Disc(NamedTuple):
    x: int
    y: int
    r: int
    fill: str


class Polygon(NamedTuple):
    points: tuple[tuple[int, int], ...]
    fill: str


class Pie(NamedTuple):
    """One or two quarters of a disc, clockwise from `turn` (0: right, 1: down, 2: left, 3: up)."""

    x: int
    y: int
    r: int
    turn: int
    quarters: int
    fill: str


Shape = Disc | Polygon | Pie
Motif = Callable[[Random, Palette], list[Shape]]  # a stream of numbers and the colours -> shapes from back to front


def polygon(fill: str, *points: tuple[float, float]) -> Polygon:
    return Polygon(tuple((round(x), round(y)) for x, y in points), fill)


def box(fill: str, x: float, y: float, width: float, height: float) -> Polygon:
    return polygon(fill, (x, y), (x + width, y), (x + width, y + height), (x, y + height))
