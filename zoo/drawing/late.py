"""Motifs of posters from the 1970s on, and of items without a year. The picture is above y = 210."""

import math
from random import Random

from zoo.drawing.palette import Palette
from zoo.drawing.shapes import Disc, Pie, Shape, box, polygon

# 1970s: stripes that turn a corner


def arcs(roll: Random, p: Palette) -> list[Shape]:
    x, y, step = roll.choice((0, 200)), roll.randint(150, 212), roll.randint(23, 29)
    fills = (p.soft, p.ground, p.mid, p.ground, p.lit, p.ground, p.accent)
    return [Disc(x, y, step * (8 - i) - 6, fill) for i, fill in enumerate(fills)]


def sunset(roll: Random, p: Palette) -> list[Shape]:
    x, y = roll.randint(70, 130), roll.randint(128, 165)
    rings: list[Shape] = [
        Pie(x, y, 150 - 26 * i, 2, 2, fill) for i, fill in enumerate((p.soft, p.mid, p.lit, p.accent))
    ]
    bands: list[Shape] = [
        box(fill, 0, y + 14 * i, 200, 14) for i, fill in enumerate((p.mid, p.ground, p.soft, p.ground))
    ]
    return [*rings, *bands]


# 1980s: the grid


def horizon(roll: Random, p: Palette) -> list[Shape]:
    y, x = roll.randint(118, 140), roll.randint(60, 140)
    sun: list[Shape] = [Pie(x, y, 62, 2, 2, p.lit)]
    cuts: list[Shape] = [box(p.ground, 0, y - 34 + i * 10, 200, 2 + 1.5 * i) for i in range(4)]
    lines: list[Shape] = [polygon(p.mid, (x, y), (end - 2, 300), (end + 3, 300)) for end in range(-260, 461, 72)]
    rows: list[Shape] = [box(p.mid, 0, y + 8 * 1.75**i, 200, 2) for i in range(5)]
    return [*sun, *cuts, box(p.deep, 0, y, 200, 300), *lines, *rows, box(p.accent, 0, y - 1, 200, 3)]


def neon(roll: Random, p: Palette) -> list[Shape]:
    x, y, size, up = roll.randint(80, 120), roll.randint(96, 112), roll.randint(66, 92), roll.choice((1, 1, -1))
    fills = (p.accent, p.deep, p.lit, p.deep, p.mid, p.ground)
    shapes: list[Shape] = [box(p.deep, 0, 0, 200, 300)]
    for i, fill in enumerate(fills):
        half = size - 9 * i - 5 * (i // 2)
        shapes.append(
            polygon(fill, (x, y - up * half * 1.05), (x + half, y + up * half * 0.72), (x - half, y + up * half * 0.72))
        )
    return shapes


# 1990s: the printed dot


def halftone(roll: Random, p: Palette) -> list[Shape]:
    angle, lit = roll.random() * math.tau, roll.randrange(24)
    dots: list[Shape] = []
    for i in range(24):
        x, y = 30 + 47 * (i % 4), 44 + 33 * (i // 4)
        along = (math.cos(angle) * (x - 100) / 100 + math.sin(angle) * (y - 126) / 110) / 1.42
        dots.append(Disc(x, y, round(10 + 7 * along), p.accent if i == lit else p.mid))
    return sorted(dots, key=lambda dot: dot.fill)


def ripples(roll: Random, p: Palette) -> list[Shape]:
    x, y = roll.randint(50, 150), roll.randint(70, 130)
    dots: list[Shape] = []
    for ring, (n, size, fill) in enumerate(((6, 11, p.lit), (9, 8, p.mid), (12, 6, p.soft))):
        turn, radius = roll.random(), 34 + 30 * ring
        for i in range(n):
            angle = math.tau * (i + turn) / n
            dots.append(Disc(round(x + radius * math.cos(angle)), round(y + radius * math.sin(angle)), size, fill))
    return [*dots, Disc(x, y, 15, p.accent)]


def barcode(roll: Random, p: Palette) -> list[Shape]:
    bars: list[Shape] = []
    x, lit = roll.randint(8, 16), roll.randint(2, 6)
    while x < 186:
        width, top = roll.randint(4, 20), roll.randint(32, 72)
        fill = p.accent if len(bars) == lit else roll.choice((p.soft, p.mid, p.lit))
        bars.append(box(fill, x, top, width, 205 - top - roll.randint(0, 34)))
        x += width + roll.randint(5, 9)
    return bars


# 2000s: overlapping circles


def venn(roll: Random, p: Palette) -> list[Shape]:
    x, y, r, d = roll.randint(86, 114), roll.randint(90, 110), roll.randint(54, 64), roll.randint(22, 32)
    half = math.acos(d / r)  # the lens where both discs are
    edge = [-half + 2 * half * i / 10 for i in range(11)]
    right = [(x - d + r * math.cos(angle), y + r * math.sin(angle)) for angle in edge]
    left = [(x + d - r * math.cos(angle), y - r * math.sin(angle)) for angle in edge[1:-1]]
    return [
        Disc(x - d, y, r, p.soft),
        Disc(x + d, y, r, p.mid),
        polygon(p.lit, *right, *left),
        Disc(x, y, 8, p.accent),
    ]


def bubbles(roll: Random, p: Palette) -> list[Shape]:
    places = roll.sample([(46, 50), (140, 42), (92, 104), (164, 120), (32, 140), (112, 176)], 5)
    sizes = [58, 40, 30, 22, 13]
    fills = (p.soft, p.mid, p.soft, p.lit, p.accent)
    return [Disc(x + roll.randint(-12, 12), y, r, fill) for (x, y), r, fill in zip(places, sizes, fills, strict=True)]


def crossing(roll: Random, p: Palette) -> list[Shape]:
    y, tilt, wide = roll.randint(60, 120), roll.randint(50, 110), roll.randint(26, 40)
    bands = [(y, tilt, p.soft), (y + tilt, -tilt, p.mid), (y + wide * 1.6, tilt * 0.4, p.lit)]
    shapes: list[Shape] = [
        polygon(fill, (0, a), (200, a + b), (200, a + b + wide), (0, a + wide)) for a, b, fill in bands
    ]
    return [*shapes, Disc(roll.choice((46, 154)), roll.randint(30, 52), 15, p.accent)]


# 2010s: landscapes of three planes


def peaks(roll: Random, p: Palette) -> list[Shape]:
    x, z = roll.randint(40, 90), roll.randint(120, 170)
    sun = Disc(roll.randint(50, 150), roll.randint(46, 80), roll.randint(20, 34), p.accent)
    far = polygon(p.mid, (x - 130, 220), (x, roll.randint(78, 100)), (x + 130, 220))
    near = polygon(p.soft, (z - 110, 240), (z, roll.randint(110, 140)), (z + 110, 240))
    return [sun, far, near, polygon(p.deep, (0, 200), (200, 172), (200, 300), (0, 300))]


def dunes(roll: Random, p: Palette) -> list[Shape]:
    sun = Disc(roll.randint(40, 160), roll.randint(50, 84), roll.randint(28, 44), p.lit)
    shapes: list[Shape] = [sun]
    for i, fill in enumerate((p.mid, p.soft, p.deep)):
        y, rise, turn = 112 + 38 * i, roll.randint(14, 24), roll.random() * math.tau
        crest = [(x, y - rise * math.sin(turn + x / 42)) for x in range(0, 201, 20)]
        shapes.append(polygon(fill, *crest, (200, 300), (0, 300)))
    return [*shapes, Disc(sun.x, sun.y, 9, p.accent)]


def skyline(roll: Random, p: Palette) -> list[Shape]:
    shapes: list[Shape] = [Disc(roll.randint(50, 150), roll.randint(60, 90), roll.randint(26, 40), p.lit)]
    for base, fill in ((70, p.mid), (112, p.soft)):
        x = -6
        while x < 200:
            width = roll.randint(24, 46)
            shapes.append(box(fill, x, base + roll.randint(0, 56), width, 240))
            x += width + (3 if base == 70 else 12)
    return [*shapes, box(p.accent, roll.randint(20, 170), roll.randint(140, 165), 9, 9)]


# 2020s: tiles


def tiles(roll: Random, p: Palette) -> list[Shape]:
    shapes: list[Shape] = []
    for cell in range(9):
        x, y, kind = cell % 3 * 67, cell // 3 * 70, roll.random()
        turn, fill = roll.randrange(4), roll.choice((p.soft, p.mid, p.soft, p.lit))
        corner = (x + 67 * (turn in (1, 2)), y + 70 * (turn in (2, 3)))
        if kind < 0.7:
            shapes.append(Pie(*corner, 67, turn, 1, fill))
        elif kind < 0.85:
            shapes.append(Disc(x + 33, y + 35, 20, p.accent))
    return shapes


def folds(roll: Random, p: Palette) -> list[Shape]:
    shapes: list[Shape] = []
    for row in range(4):
        for column in range(3):
            x, y = column * 67, row * 52
            a, b = roll.sample((p.soft, p.mid, p.lit, p.ground), 2)
            if roll.random() < 0.75:
                shapes += [
                    polygon(a, (x, y), (x + 67, y), (x, y + 52)),
                    polygon(b, (x + 67, y), (x + 67, y + 52), (x, y + 52)),
                ]
    return [
        *sorted(shapes, key=lambda shape: shape.fill),
        Disc(roll.choice((33, 100, 167)), roll.choice((52, 104)), 13, p.accent),
    ]


def calm(roll: Random, p: Palette) -> list[Shape]:
    """What has no year: a horizon."""
    y = roll.randint(110, 165)
    moon = Disc(roll.randint(60, 140), y - roll.randint(10, 60), roll.randint(30, 52), p.mid)
    return [moon, box(p.soft, 0, y, 200, 300 - y), box(p.lit, 0, y, 200, 2)]
