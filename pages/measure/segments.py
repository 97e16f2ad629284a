"""For whom a model works: one metric by groups of users, a histogram over users, and who they are."""

import streamlit as st

from pages.parts import frame, groups, histogram, people

frame.title("Segments", "For whom does it work? By group, by user, down to one person's history and lists.")
data = frame.dataset()
asked = groups.controls(data)
if asked is None:
    st.info("No model of this data set has been measured yet: `menagerie evaluate --save` measures them.")
    frame.end()
groups.show(data, asked)
st.markdown("## Who is behind it")
picked = histogram.show(data, asked, histogram.group(asked))
people.listed(data, asked, picked)
people.one_person(data, asked)
