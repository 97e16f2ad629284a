"""Pictures that are larger than they look, broken ones, and what is no picture."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, PngImagePlugin

from tests.uploads.cases import PICTURE, case


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png_of(width: int, height: int, rows: int, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG that claims a size, and holds so many rows of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    squeeze = zlib.compressobj(1)
    body = b"".join(squeeze.compress(bytes(1 + width)) for _ in range(rows)) + squeeze.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def with_text(megabytes: int) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "x" * (megabytes * 2**20), zip=True)
    return saved(Image.new("RGB", (9, 9)), "PNG", pnginfo=told)


@case("picture", "poster.png", PICTURE)
def pictures() -> Iterator:
    noise = Image.fromarray((np.arange(60 * 40 * 3).reshape(60, 40, 3) * 7919 % 256).astype(np.uint8))
    png, jpeg = saved(noise, "PNG"), saved(noise, "JPEG")
    yield "a PNG of 20,000 × 20,000", lambda: png_of(20_000, 20_000, 2_000)
    yield "a PNG of 4,900 × 5,000, within the limit", lambda: png_of(4_900, 5_000, 5_000)
    yield "a PNG that claims two billion pixels a side", png_of(2**31 - 1, 2**31 - 1, 0)
    yield "a PNG of no size", png_of(0, 0, 0)
    yield "a PNG without pixels", png_of(500, 500, 0)
    yield "a PNG with a text of 80 MB", lambda: with_text(80)
    yield "a JPEG that claims 65,000 × 65,000", claiming(jpeg, 65_000, 65_000)
    yield "a JPEG that claims 4,000 × 4,000", claiming(jpeg, 4_000, 4_000)
    yield "a WebP of 16,000 × 1,500", lambda: saved(Image.new("RGB", (16_000, 1_500)), "WEBP", quality=1, method=0)
    yield (
        "a WebP of 16,000 × 1,700, over the limit",
        lambda: saved(Image.new("RGB", (16_000, 1_700)), "WEBP", quality=1, method=0),
    )
    yield (
        "a GIF of 2,000 frames",
        lambda: saved(
            Image.new("P", (9, 9)),
            "GIF",
            save_all=True,
            append_images=[Image.new("P", (9, 9), n % 255) for n in range(2_000)],
        ),
    )
    yield "a TIFF of 5,000 × 4,900", lambda: saved(Image.new("L", (5_000, 4_900)), "TIFF", compression="tiff_deflate")
    yield "a BMP of 5,000 × 1,300", lambda: saved(Image.new("RGB", (5_000, 1_300)), "BMP")
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "YCbCr", "I", "F"):
        form = "PNG" if mode in ("1", "L", "LA", "P", "RGBA", "I;16") else "TIFF"
        yield f"colours of the kind {mode}", lambda mode=mode, form=form: saved(Image.new(mode, (50, 70)), form)
    for about, content in (("PNG", png), ("JPEG", jpeg), ("WebP", saved(noise, "WEBP")), ("GIF", saved(noise, "GIF"))):
        yield f"a {about} cut in half", content[: len(content) // 2]
        yield f"a {about} of noise behind its header", content[:60] + bytes((n * 91) % 256 for n in range(3_000))
        yield f"a {about} with something behind its end", content + b"PK\3\4<script>alert(1)</script>"
    yield "SVG with a script", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    yield "text", b"user,item\n1,2\n"
    yield "nothing", b""
    yield "its magic number only", b"\x89PNG\r\n\x1a\n"
    yield "over the bytes that are allowed", lambda: png + bytes(21 * 2**20)
    yield (
        "odd EXIF",
        lambda: saved(noise, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff\x09\0\0\0"),
    )


def good_pictures() -> list[tuple[str, bytes]]:
    """One of each kind, small."""
    image = Image.fromarray((np.arange(60 * 40 * 3).reshape(60, 40, 3) * 7919 % 256).astype(np.uint8))
    return [(f"good.{form.lower()}", saved(image, form)) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")]
