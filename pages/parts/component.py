"""A component of our own: JavaScript and CSS from pages/parts/web, read once when the app starts."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

WEB = Path(__file__).parent / "web"


def component(name: str, *scripts: str) -> ComponentRenderer:
    """A component made of base.js, the shared `scripts` and its own name.js, with the CSS beside them."""
    parts = ["base", *scripts, name]
    js = "\n".join((WEB / f"{part}.js").read_text("utf-8") for part in parts)
    css = "\n".join(path.read_text("utf-8") for part in parts if (path := WEB / f"{part}.css").exists())
    return st.components.v2.component(f"menagerie.{name}", js=js, css=css)
