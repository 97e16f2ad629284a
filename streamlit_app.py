"""The frame of the app: navigation and theme. Pages live in pages/<section>/; this is the only router.

menagerie serve --zoo ZOO          or: MENAGERIE_ZOO=ZOO streamlit run streamlit_app.py
"""

import streamlit as st

from pages.parts import frame
from pages.parts.component import WEB

st.logo(str(WEB / "logo.svg"), size="large")
page = st.navigation(
    {
        "Try": [
            st.Page("pages/try/recommend.py", title="Recommend", default=True),
            st.Page("pages/try/compare.py", title="Compare"),
            st.Page("pages/try/prompt.py", title="Prompt"),
            st.Page("pages/try/what_if.py", title="What if", url_path="what-if"),
        ],
        "Measure": [
            st.Page("pages/measure/leaderboard.py", title="Leaderboard"),
            st.Page("pages/measure/segments.py", title="Segments"),
            st.Page("pages/measure/catalogue.py", title="Catalogue"),
        ],
        "Inside": [
            st.Page("pages/inside/cards.py", title="Zoo", url_path="zoo"),
            st.Page("pages/inside/similar.py", title="Similar"),
            st.Page("pages/inside/latent.py", title="Latent"),
        ],
        "Data": [st.Page("pages/data/bring.py", title="Bring")],
    }
)
st.set_page_config(page_title=f"{page.title} · Menagerie", page_icon=str(WEB / "icon.svg"), layout="wide")
frame.run(page)
