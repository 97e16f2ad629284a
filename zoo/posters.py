"""A poster for every item, drawn from what is known of it: a few flat shapes on 200 x 300, the lower third left calm.

    first genre     the hue (zoo/drawing/palette.py)
    decade          the style: the iris of silent film, rays, blinds, ... tiles (zoo/drawing); older ones are quieter
    country         the colour of the one accent, and which way round the picture stands
    id              everything else: which motif of the style, where, how large

What is not known is neutral: grey, a calm style, no mirror. One list of shapes gives both the page's SVG and the pixels
that models look at. So whatever learns from these pictures learns genre and decade: they are in there by construction.
"""

from dataclasses import dataclass
from itertools import groupby
from random import Random

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

from zoo.catalogue import Catalogue
from zoo.drawing import STYLES, style_of
from zoo.drawing.palette import palette
from zoo.drawing.shapes import HEIGHT, WIDTH, Disc, Pie, Polygon, Shape

PIXELS = (96, 64, 3)  # rows, columns, RGB: what item towers take
GENRES_SHOWN = 18
_FINER = 4  # pixels are drawn larger and averaged


@dataclass(frozen=True)
class Facts:
    """What a poster shows of an item."""

    item_id: str
    genre: str | None = None  # the principal one
    year: int | None = None
    country: str | None = None


@dataclass(frozen=True)
class Poster:
    """Shapes from back to front on a ground; colours are #rrggbb."""

    ground: str
    shapes: list[Shape]


def poster(facts: Facts) -> Poster:
    """The poster of an item. The same facts give the same picture on every machine."""
    roll = Random(facts.item_id)  # seeded by the text's SHA-512: the same everywhere
    colours = palette(facts.genre, facts.country, facts.year, roll.uniform(-12, 12))
    shapes = roll.choice(STYLES[style_of(facts.year)])(roll, colours)
    mirrored = bool(facts.country) and Random(f"side {facts.country}").random() < 0.5
    return Poster(colours.ground, [_mirrored(shape) for shape in shapes] if mirrored else shapes)


def svg(picture: Poster) -> str:
    """The picture as an <svg> without text, less than 1,500 bytes; nothing of a title enters it."""
    parts = []
    for (fill, are_discs), shapes in groupby(picture.shapes, key=lambda shape: (shape.fill, type(shape) is Disc)):
        if are_discs:
            parts.append(f'<g fill="{fill}">{"".join(map(_circle, shapes))}</g>')
        else:
            parts.append(f'<path fill="{fill}" d="{"".join(map(_outline, shapes))}"/>')
    ground = f'<path fill="{picture.ground}" d="M0 0h{WIDTH}v{HEIGHT}H0z"/>'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMin slice">'
    )
    return head + ground + "".join(parts) + "</svg>"


def pixels(picture: Poster) -> np.ndarray:
    """The same picture as uint8 [96, 64, 3]."""
    scale = PIXELS[1] * _FINER / WIDTH
    image = Image.new("RGB", (PIXELS[1] * _FINER, PIXELS[0] * _FINER), picture.ground)
    draw = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if isinstance(shape, Polygon):
            draw.polygon([(x * scale, y * scale) for x, y in shape.points], fill=shape.fill)
            continue
        x, y, r = shape.x * scale, shape.y * scale, shape.r * scale
        box = (x - r, y - r, x + r, y + r)
        if isinstance(shape, Disc):
            draw.ellipse(box, fill=shape.fill)
        else:
            draw.pieslice(box, shape.turn * 90, (shape.turn + shape.quarters) * 90, fill=shape.fill)
    return np.asarray(image.resize((PIXELS[1], PIXELS[0]), Image.Resampling.BOX), dtype=np.uint8)


def pictures(catalogue: Catalogue) -> np.ndarray:
    """uint8 [I, 96, 64, 3], the posters of a catalogue in the order of its columns."""
    return np.stack([pixels(poster(facts)) for facts in facts_of(catalogue)])


def facts_of(catalogue: Catalogue) -> list[Facts]:
    """What posters show of each item, in the order of the columns."""
    items = catalogue.items
    countries = items["countries"].to_list() if _is_lists(items, "countries") else [None] * len(items)
    rows = zip(items["item_id"], principal_genres(catalogue), items["year"], countries, strict=True)
    return [Facts(str(item), genre, year, (of_item or [None])[0]) for item, genre, year, of_item in rows]


def principal_genres(catalogue: Catalogue) -> list[str | None]:
    """The genre that stands for each item: the first; where every list is in alphabetical order, the rarest.

    Only the most frequent genres stand for items: more hues could not be told apart.
    """
    rank = {genre: number for number, genre in enumerate(catalogue.genres()[:GENRES_SHOWN])}
    lists = [[genre for genre in genres or () if genre in rank] for genres in catalogue.items["genres"].to_list()]
    if all(genres == sorted(genres) for genres in lists):  # then the first one says nothing
        return [max(genres, key=rank.__getitem__, default=None) for genres in lists]
    return [genres[0] if genres else None for genres in lists]


def _is_lists(items: pl.DataFrame, column: str) -> bool:
    return items.schema.get(column) == pl.List(pl.String)


def _mirrored(shape: Shape) -> Shape:
    if isinstance(shape, Polygon):
        return Polygon(tuple((WIDTH - x, y) for x, y in shape.points), shape.fill)
    if isinstance(shape, Disc):
        return shape._replace(x=WIDTH - shape.x)
    return shape._replace(x=WIDTH - shape.x, turn=(2 - shape.turn - shape.quarters) % 4)


def _circle(disc: Shape) -> str:
    return f'<circle cx="{disc.x}" cy="{disc.y}" r="{disc.r}"/>' if isinstance(disc, Disc) else ""


def _outline(shape: Shape) -> str:
    if isinstance(shape, Polygon):
        (x, y), *others = shape.points
        return f"M{x} {y}L{' '.join(f'{x} {y}' for x, y in others)}z"
    return _pie_path(shape) if isinstance(shape, Pie) else ""


def _pie_path(pie: Pie) -> str:
    """From the centre along the first edge, round the arc, and back."""
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1))  # clockwise from the right: y points down
    (x0, y0), (x1, y1) = turns[pie.turn % 4], turns[(pie.turn + pie.quarters) % 4]
    r = pie.r
    return f"M{pie.x} {pie.y}l{x0 * r} {y0 * r}a{r} {r} 0 0 1 {(x1 - x0) * r} {(y1 - y0) * r}z"
