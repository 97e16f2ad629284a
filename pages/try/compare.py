"""Two to four columns on the same taste, side by side: several models, or one model under several settings."""

import streamlit as st

from pages.parts import differ, filters, frame, lists, memo, models, panels, taste, why

frame.title("Compare", "The same taste, several models. Point at a card, or tap it, to find it in the other lists.")
data = frame.dataset()
taste.bar(data)
columns = models.pick_several(data)
asked = taste.current(data)

if not asked:
    lists.invite(data)
else:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row:
        limits = filters.bar(data)
    shown = panels.several(data, columns, limits)
    answers = lists.ask(data, shown, asked)
    if len(shown) < 2:
        st.info("Pick one more model, or double this column with ⋯: a comparison needs two.")
    differ.show(data, shown, answers)
    because = why.known_by(data, shown, asked, answers)
    lists.show(data, shown, asked, answers, build=panels.options(data, limits), because=because)
    with row:
        memo.offer(data, shown, asked, answers)
    why.show(data, shown, asked, answers)
