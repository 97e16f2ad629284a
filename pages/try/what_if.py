"""A model's list under other wishes: more varied, less popular, truer to a taste's genres, or blended."""

import streamlit as st

from pages.parts import filters, frame, lists, models, taste, what_if, what_if_cost, wishes, wishes_workings

frame.title("What if?", "Move a slider: the list, what it is like and what that costs move with it.")
data = frame.dataset()
taste.bar(data)
model = models.pick_one(data)
asked = taste.current(data)

if not asked:
    lists.invite(data)
elif model is not None:
    limits = filters.bar(data)
    left, right = st.columns([2, 3], gap="large")
    with left:
        wished = wishes.controls(data, model, asked)
    changed = what_if.ask(data, wished, asked, limits)
    if isinstance(changed, str):
        what_if.refuse(data, wished, asked, limits, changed)
        frame.end()
    said = st.container()
    what_if.figures(data, changed)
    what_if.show(data, wished, changed, limits)
    wishes_workings.show(data, wished)
    with right:  # last: the list does not wait for the test users
        cost = what_if_cost.show(data, wished)
    with said:
        what_if.say(data, wished, changed, cost and what_if_cost.words(cost))
