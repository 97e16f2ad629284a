"""Two to four models on the same taste, side by side."""

import streamlit as st

from pages.parts import filters, frame, lists, models, overlap, taste

frame.title("Compare", "The same taste, several models. Point at a card to find it in the other lists.")
data = frame.dataset()
taste.bar(data)
chosen = models.pick_several(data, most=4)
asked = taste.current(data)

if not asked:
    lists.invite(data)
elif len(chosen) < 2:
    st.info("Pick one more model: a comparison needs two.")
else:
    limits = filters.bar(data)
    answers = lists.ask(data, chosen, asked, limits)
    overlap.show(data, chosen, answers)
    lists.show(data, chosen, asked, answers, limits)
