"""The catalogue owner's view: what each model shows, to whom, how evenly, and what never."""

import streamlit as st

from pages.parts import evenness, frame, shelf

frame.title("Catalogue", "For whoever owns the items: what is shown, to whom, how evenly, and what never.")
data = frame.dataset()
asked = shelf.controls(data)
exposed = shelf.exposures(data, asked.k)
if not exposed:
    st.info("No lists are kept of these models yet: `menagerie evaluate --save` keeps them.")
    frame.end()
shelf.summary(data, asked, exposed)
if asked.item is None:
    shelf.unseen(data, asked, exposed)
if asked.what == "all":
    evenness.show(data, asked.k, exposed)
