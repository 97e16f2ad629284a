"""The pictures that item towers look at: files of a folder, or the posters that we draw."""

import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.catalogue import Catalogue
from zoo.content import PICTURE, Pictures
from zoo.errors import DataError
from zoo.ids import id_text
from zoo.posters import pictures as drawn

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
MOST_PIXELS = 25_000_000  # of one file: a larger one is no poster, and would need hundreds of megabytes for a moment
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # of an upload: readers that run no other program
SHRUNK = 1024  # pixels of the longer side, before colours are converted: a copy of a large picture is 200 MB
BROKEN = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
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
    except BROKEN:
        return None
    return np.asarray(small, dtype=np.uint8)


def uploaded(content: bytes, name: str) -> np.ndarray:
    """uint8 [96, 64, 3] of somebody's file: turned as its camera says, the first frame, on white where transparent.

    The whole picture is fitted into 2:3, as those of a folder are.

    Raises
    ------
    DataError if it is no picture, has more than MOST_PIXELS (told by its header, before it is decoded), or ends early
    """
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise DataError(_too_large(name)) from None
    except BROKEN:
        raise DataError(f"{name} is no picture that can be read. Take one of {', '.join(FORMATS)}.") from None
    with image:
        if image.width * image.height > MOST_PIXELS:
            raise DataError(_too_large(name, f": {image.width:,} × {image.height:,} pixels"))
        try:
            whole = _shrunk(image)
        except (*BROKEN, MemoryError, TypeError):
            raise DataError(f"{name} begins like a picture, but cannot be read to its end. Save it anew.") from None
    ground = Image.new("RGBA", whole.size, "white")
    ground.alpha_composite(whole)
    small = ground.convert("RGB").resize((PICTURE[1], PICTURE[0]), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.uint8)


def _shrunk(image: Image.Image) -> Image.Image:
    """Upright, in RGBA."""
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    image.thumbnail((SHRUNK, SHRUNK))
    return ImageOps.exif_transpose(image).convert("RGBA")


def _too_large(name: str, size: str = "") -> str:
    return f"{name} is too large{size}. Take a picture of at most {MOST_PIXELS:,} pixels."
