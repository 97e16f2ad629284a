"""Pictures from anybody: each becomes 96 x 64 pixels, or one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from zoo.errors import DataError
from zoo.pictures import MOST_PIXELS, uploaded

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8))
RED, BLUE = Image.new("RGB", (20, 30), "red"), Image.new("RGB", (20, 30), "blue")


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """What says how large a picture is, and nothing of the picture."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT\0\0\0\0")
    parts = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (saved(RED, "PNG"), (255, 0, 0)),
        (saved(RED.convert("CMYK"), "JPEG"), (255, 0, 0)),
        (saved(RED.convert("P"), "PNG"), (255, 0, 0)),
        (saved(RED, "WEBP", lossless=True), (255, 0, 0)),
        (saved(RED, "TIFF"), (255, 0, 0)),
        (saved(RED, "BMP"), (255, 0, 0)),
        (saved(RED, "GIF", save_all=True, append_images=[BLUE]), (255, 0, 0)),  # the first of its frames
        (saved(Image.new("L", (20, 30), 90), "PNG"), (90, 90, 90)),
        (saved(Image.fromarray(np.full((30, 20), 90 * 256, dtype=np.uint16)), "PNG"), (90, 90, 90)),
        (saved(Image.new("RGBA", (20, 30), (255, 0, 0, 0)), "PNG"), (255, 255, 255)),  # what is transparent is white
        (saved(Image.new("RGBA", (20, 30), (255, 0, 0, 255)), "PNG"), (255, 0, 0)),
        (saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), (9, 8, 7)),
        (saved(Image.new("RGB", (9000, 1), (9, 8, 7)), "PNG"), (9, 8, 7)),
        (saved(Image.new("1", (20, 30), 1), "PNG"), (255, 255, 255)),
    ],
)
def test_every_kind_of_picture_becomes_its_colours(content, colour):
    pixels = uploaded(content, "x.png")
    assert (pixels.shape, pixels.dtype) == ((96, 64, 3), np.uint8)
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(axis=0), colour, atol=3)


def test_a_picture_that_its_camera_turned_is_turned_back():
    halves = Image.new("RGB", (40, 60), "red")
    halves.paste("blue", (0, 30, 40, 60))  # below
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    straight, turned = uploaded(saved(halves, "PNG"), "a"), uploaded(saved(halves, "JPEG", quality=95, exif=exif), "b")
    assert straight[10, 30].tolist() == [255, 0, 0]
    assert turned[10, 30, 2] > 200 > 60 > turned[10, 30, 0]


def test_a_photograph_keeps_its_places():
    few = NOISE.resize((4, 6))  # colours in squares, small and large
    small, big = (few.resize(size, Image.Resampling.NEAREST) for size in ((64, 96), (1600, 2400)))
    np.testing.assert_allclose(uploaded(saved(big, "PNG"), "big").astype(int), np.asarray(small).astype(int), atol=40)
    assert np.abs(uploaded(saved(big, "PNG"), "big").astype(int) - np.asarray(small)).mean() < 2


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture at all", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"GIF89a",
     png_header(0, 8)],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_one_sentence(content):
    with pytest.raises(DataError, match=r"holiday\.jpg (is no picture that can be read|begins like a picture)"):
        uploaded(content, "holiday.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_ends_early_is_refused(kind):
    whole = saved(NOISE, kind)
    with pytest.raises(DataError, match=r"cannot be read to its end|no picture"):
        uploaded(whole[: len(whole) // 3], "x")


@pytest.mark.parametrize("size", [(10_000, 10_000), (30_000, 30_000), (MOST_PIXELS + 1, 1)])
def test_a_huge_picture_is_refused_by_its_header(size):
    with pytest.raises(DataError, match=r"x is too large.*at most 25,000,000 pixels"):
        uploaded(png_header(*size), "x")  # there is nothing behind the header to be decoded
