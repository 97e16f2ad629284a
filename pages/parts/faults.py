"""A fault of ours on a page: one sentence and an id for the visitor; what mends it, for the operator and the log."""

import logging

import streamlit as st

from pages.parts import state
from zoo import logs, telemetry

logger = logging.getLogger("menagerie.page")
SENTENCE = (
    "The fault is ours, not yours. What you chose is kept: go on with another page, or load this one again. Whoever "
    "runs this server finds the fault under the number **{id}**."
)


def show(error: Exception) -> bool:
    """Called by Streamlit for what no page expected; True: nothing else is shown."""
    page = state.kept("path") or "recommend"
    told = telemetry.error(f"{page.capitalize()} stopped: {logs.place(error)}.", page)
    logger.error("A page stopped.", exc_info=error, extra={"page": page, "error": told})
    st.error(SENTENCE.format(id=told), title="This page could not be drawn")
    return True
