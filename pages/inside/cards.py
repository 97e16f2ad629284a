"""A card per model of the data set: the best first, as far as the test users tell."""

import streamlit as st

from pages.parts import cached, cards, frame, own_card, own_model

frame.title("Zoo", "The models that learned from this data: what each one is, how good it is, and how sure that is.")
data = frame.dataset()
entries = cards.ordered(cached.entries(data))
ends = cards.scale(data, entries)
pairs = cards.told_apart(data)
st.markdown(f"*{frame.escape(cards.lead(entries, pairs))}*")
for entry in entries:
    cards.show(data, entry, entries, ends, pairs)
for own in own_model.all_of(data):
    own_card.show(data, own)
cards.show_references(data, ends)
