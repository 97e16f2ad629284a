"""Motifs of posters up to the 1960s. The picture is above y = 210; below, a title stands."""

import math
from random import Random

from zoo.drawing.palette import Palette
from zoo.drawing.shapes import Disc, Pie, Shape, box, polygon

# Before 1930: the iris of silent film


def iris(roll: Random, p: Palette) -> list[Shape]:
    x, y = roll.randint(70, 130), roll.randint(88, 122)
    widths = [(112, p.ground), (88, p.soft), (66, p.mid), (46, p.lit), (15, p.accent)]
    return [box(p.deep, 0, 0, 200, 300), *(Disc(x, y, r, fill) for r, fill in widths)]


def lantern(roll: Random, p: Palette) -> list[Shape]:
    x, half = roll.randint(20, 60), roll.randint(42, 64)
    beam = polygon(p.soft, (x, 70), (200, 105 - half * 1.5), (200, 105 + half * 1.5))
    inner = polygon(p.mid, (x, 70), (200, 105 - half * 0.7), (200, 105 + half * 0.7))
    return [box(p.deep, 0, 0, 200, 300), beam, inner, Disc(x, 70, 20, p.lit), Disc(x, 70, 9, p.accent)]


# 1930s: rays and steps


def rays(roll: Random, p: Palette) -> list[Shape]:
    x, n = roll.randint(60, 140), roll.choice((7, 9, 11))
    angles = [math.pi * (1 + i / n) for i in range(n + 1)]
    ends = [(x + 320 * math.cos(angle), 205 + 320 * math.sin(angle)) for angle in angles]
    beams: list[Shape] = [polygon(p.soft, (x, 205), ends[i], ends[i + 1]) for i in range(0, n, 2)]
    return [*beams, Pie(x, 205, 74, 2, 2, p.mid), Pie(x, 205, 52, 2, 2, p.lit), Pie(x, 205, 22, 2, 2, p.accent)]


def tower(roll: Random, p: Palette) -> list[Shape]:
    x = roll.randint(75, 125)
    sizes = [(130, 140, p.soft), (92, 100, p.mid), (54, 62, p.lit)]
    steps: list[Shape] = [box(fill, x - width / 2, top, width, 300 - top) for width, top, fill in sizes]
    side = -1 if x > 100 else 1
    return [Disc(x + side * 62, 66, roll.randint(20, 30), p.soft), *steps, box(p.accent, x - 3, 26, 6, 36)]


# 1940s: light through blinds


def blinds(roll: Random, p: Palette) -> list[Shape]:
    slant, step = roll.randint(-46, 46), roll.randint(23, 29)
    lamp = Disc(roll.randint(60, 140), roll.randint(70, 120), roll.randint(44, 60), p.lit)
    tops = range(12, 215, step)
    slats = [
        polygon(p.deep, (0, y), (200, y + slant), (200, y + slant + step * 0.5), (0, y + step * 0.5)) for y in tops
    ]
    return [box(p.soft, 0, 0, 200, 300), lamp, *slats]


def street(roll: Random, p: Palette) -> list[Shape]:
    x, wide = roll.randint(45, 155), roll.randint(44, 62)
    cone = polygon(p.mid, (x - 5, 48), (x + 5, 48), (x + wide, 215), (x - wide, 215))
    walls = [box(p.deep, 0, 0, max(0, x - wide - 26), 300), box(p.deep, x + wide + 26, 0, 200, 300)]
    return [box(p.ground, 0, 0, 200, 300), cone, Disc(x, 44, 14, p.accent), *walls, box(p.lit, x - 7, 168, 14, 47)]


# 1950s: kites and boomerangs


def kites(roll: Random, p: Palette) -> list[Shape]:
    shapes: list[Shape] = []
    for x, fill in zip((38, 100, 162), roll.sample((p.soft, p.mid, p.lit), 3), strict=True):
        waist, top, half = roll.randint(60, 120), roll.randint(8, 34), roll.randint(24, 34)
        shapes.append(polygon(fill, (x, top), (x + half, waist), (x, 210), (x - half, waist)))
    return [*shapes, Disc(roll.choice((69, 131)), roll.randint(34, 60), 10, p.accent)]


def orbits(roll: Random, p: Palette) -> list[Shape]:
    x, y, turn = roll.randint(80, 120), roll.randint(92, 118), roll.random() * math.pi
    shapes: list[Shape] = []
    for i in range(3):
        angle = turn + i * math.pi / 3
        tip, side = (86 * math.cos(angle), 86 * math.sin(angle)), (-24 * math.sin(angle), 24 * math.cos(angle))
        corners = [
            (x + tip[0], y + tip[1]),
            (x + side[0], y + side[1]),
            (x - tip[0], y - tip[1]),
            (x - side[0], y - side[1]),
        ]
        shapes += [polygon((p.soft, p.mid, p.soft)[i], *corners), Disc(round(x + tip[0]), round(y + tip[1]), 7, p.lit)]
    return [*shapes, Disc(x, y, 26, p.lit), Disc(x, y, 11, p.accent)]


# 1960s: cut paper


def cut_paper(roll: Random, p: Palette) -> list[Shape]:
    n = roll.choice((4, 5))
    lit, width = roll.randrange(n), 200 / n
    shapes: list[Shape] = []
    for i in range(n):
        left, right, end = i * width + roll.randint(3, 9), (i + 1) * width - roll.randint(1, 7), roll.randint(90, 205)
        fill = p.lit if i == lit else (p.soft, p.mid)[i % 2]
        shapes.append(
            polygon(
                fill,
                (left, 0),
                (right, 0),
                (right - roll.randint(0, 8), end + roll.randint(-9, 9)),
                (left + roll.randint(0, 8), end),
            )
        )
    return [*shapes, polygon(p.accent, (120, 178), (152, 171), (156, 198), (117, 203))]


def torn_discs(roll: Random, p: Palette) -> list[Shape]:
    x, y, r = roll.randint(78, 122), roll.randint(88, 112), roll.randint(64, 76)
    gap, turn = roll.randint(10, 20), roll.randrange(4)
    shift = ((0, gap), (-gap, 0), (0, -gap), (gap, 0))[turn]
    halves = [Pie(x + shift[0], y + shift[1], r, turn, 2, p.mid), Pie(x, y, r, (turn + 2) % 4, 2, p.lit)]
    return [polygon(p.soft, (0, 60), (200, 30), (200, 150), (0, 180)), *halves, Disc(x, y, 13, p.accent)]
