"""The pictures that item towers look at: files of a folder, or the posters that we draw."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, UnidentifiedImageError

from zoo.catalogue import Catalogue
from zoo.content import PICTURE, Pictures
from zoo.errors import DataError
from zoo.ids import id_text
from zoo.posters import pictures as drawn

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
MOST_PIXELS = 50_000_000  # of one file: a larger one is no poster
DRAWN = "drawn by Menagerie: genre and decade are in these posters by construction"


def pictures_of(catalogue: Catalogue, folder: Path | None) -> Pictures:
    """uint8 [I, 96, 64, 3] of the whole catalogue: from files, or drawn where no folder is given.

    A file that is no picture counts as missing, and standard error says so. Drawn posters show genre and year; an item
    of which neither is known has none.

    Raises
    ------
    DataError if the folder is not there or holds no picture of any item
    """
    if folder is None:
        told = (catalogue.items["genres"].list.len().fill_null(0) > 0) | catalogue.items["year"].is_not_null()
        return Pictures(drawn(catalogue), told.to_numpy(), DRAWN) if told.any() else Pictures.none(len(catalogue))
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder. Give --pictures a folder of item_id.jpg, .png or .webp.")
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS}
    ids = id_text(catalogue.items["item_id"]).to_list()
    pixels, present, broken = np.zeros((len(ids), *PICTURE), dtype=np.uint8), np.zeros(len(ids), dtype=bool), []
    for row, path in ((row, files[item]) for row, item in enumerate(ids) if item in files):
        picture = read(path)
        if picture is None:
            broken.append(path.name)
            continue
        pixels[row], present[row] = picture, True
    if broken:
        few = ", ".join(broken[:3])
        print(f"note: {len(broken):,} files of {folder} are no pictures and count as missing: {few}", file=sys.stderr)
    if not present.any():
        raise DataError(
            f"{folder} holds no picture of any item (found {len(files):,} files). Name each after its item: "
            f"{pl.Series(ids).head(1).item()}.jpg."
        )
    return Pictures(pixels, present, f"{present.sum():,} of {len(ids):,} items, from {folder.name}")


def read(path: Path) -> np.ndarray | None:
    """uint8 [96, 64, 3]; None where the file is no picture that can be read whole."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            small = image.convert("RGB").resize((PICTURE[1], PICTURE[0]), Image.Resampling.BOX)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(small, dtype=np.uint8)
