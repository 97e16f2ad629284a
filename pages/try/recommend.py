"""One model's answer to one taste, as cards that follow every like and dislike."""

import streamlit as st

from pages.parts import filters, frame, lists, memo, models, panels, taste, why

frame.title("Recommend", "Say what you like, or borrow somebody's taste. The list follows every click.")
data = frame.dataset()
taste.bar(data)
model = models.pick_one(data)
asked = taste.current(data)

if not asked:
    taste.welcome(data)
    lists.invite(data)
elif model is not None:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row:
        shown = [panels.single(model, filters.bar(data))]
    answers = lists.ask(data, shown, asked)
    lists.show(data, shown, asked, answers, because=why.known_by(data, shown, asked, answers))
    with row:
        memo.offer(data, shown, asked, answers)
    why.show(data, shown, asked, answers)
