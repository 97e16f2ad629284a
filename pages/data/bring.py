"""Bring a file: one's own history becomes a taste; many people's get their lists, to take home."""

import streamlit as st

from pages.parts import bulk, downloads, frame, leaving, models, upload

frame.title("Bring", "A history from elsewhere, over the items of this catalogue.")
data = frame.dataset()
brought = upload.ask(data)
if brought is None:
    upload.explain()
    leaving.offer()
    frame.end()

bulk.report(data, brought)
if len(brought.histories.user_ids) == 1:
    bulk.offer_as_taste(data, brought)
st.markdown("## Lists for everybody in the file")
model = models.pick_one(data)
k = st.slider("List length (items)", 5, 100, 20, step=5)
table = bulk.lists(data, brought, model, k) if model else None
if table is not None:
    bulk.preview(table, brought, model)
    downloads.offer(table, f"{model.name}-top-{k}")
leaving.offer()
