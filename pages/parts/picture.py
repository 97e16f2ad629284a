"""A picture from a visitor: read within limits, made as small as models see it, and kept in this session only."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.parts import cached, held, state
from pages.parts.frame import escape
from zoo import limited
from zoo.errors import DataError
from zoo.reading import Bounds, read_picture

KINDS = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]
LARGEST = 20 * 2**20  # bytes
SEEN = "What the models see: 64 × 96 pixels."


def ask(label: str, name: str) -> np.ndarray | None:
    """An uploader; the picture as uint8 [96, 64, 3], None where there is none. What cannot be read says why."""
    bounds = Bounds.of(cached.settings())
    bounds = replace(bounds, bytes=min(LARGEST, bounds.bytes))
    limited.warm()
    file = held.uploader(
        label,
        KINDS,
        f"picture-{name}-{state.kept(f'forgotten-{name}', 0)}",
        bounds.bytes,
        help="JPEG, PNG, WebP, GIF, BMP or TIFF. It stays in this session; it is not stored or logged.",
    )
    if file is None:
        return None
    of, pixels, sentence = state.kept(f"picture-{name}", (None, None, ""))
    if of != file.file_id:
        pixels, sentence = None, ""
        if file.content is None:
            return None
        try:
            pixels = read_picture(file.content, file.name, bounds)
        except DataError as error:
            sentence = str(error)
        state.keep(f"picture-{name}", (file.file_id, pixels, sentence))
        held.drop(file.file_id)
    if sentence:
        st.error(escape(sentence), title="This picture could not be used")
    return pixels


def forget(name: str) -> None:
    """A new uploader holds no file."""
    state.keep(f"forgotten-{name}", state.kept(f"forgotten-{name}", 0) + 1)
    state.keep(f"picture-{name}", (None, None, ""))
