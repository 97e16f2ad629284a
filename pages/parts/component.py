"""A component of our own: JavaScript and CSS from pages/parts/web, read once when the app starts."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

WEB = Path(__file__).parent / "web"


def component(name: str, *scripts: str) -> ComponentRenderer:
    """A component made of base.js, the shared `scripts` and its own name.js, with the CSS beside them."""
    parts = ["base", *scripts, name]
    js = "\n".join((WEB / f"{part}.js").read_text("utf-8") for part in parts)
    css = "\n".join(path.read_text("utf-8") for part in parts if (path := WEB / f"{part}.css").exists())
    mount = st.components.v2.component(f"menagerie.{name}", js=js, css=css)

    def show(*, data: Any, **options: Any) -> Any:
        # In a list of one, for Streamlit looks into a dict for data frames and imports pandas and pyarrow to know one:
        # 60 MB, and a second that the first visitor waits
        return mount(data=[data], **options)

    return show
